/* SPDX-License-Identifier: MIT */
/*
 * log: one line an event, as key=value text or JSON.
 *
 * The first two fields are time and level, then msg, then the given fields. Values are quoted as
 * needed. Lines go to standard error in one write each. Any thread. Never log bodies or secrets.
 */
#ifndef TERN_BASE_LOG_H
#define TERN_BASE_LOG_H

#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

struct log_field {
	const char *key;
	enum { LOG_FIELD_STR, LOG_FIELD_I64 } kind;
	struct str text;
	int64_t number;
};
static inline struct log_field log_str(const char *key, struct str text)
{
	return (struct log_field){key, LOG_FIELD_STR, text, 0};
}
static inline struct log_field log_i64(const char *key, int64_t number)
{
	return (struct log_field){key, LOG_FIELD_I64, {0}, number};
}

void log_setup(enum log_level least, enum log_format format);
bool log_wants(enum log_level level);
void log_write(enum log_level level, const char *message, const struct log_field *fields,
	       size_t field_count);
/* log_event(LOG_INFO, "listening", log_str("address", s), log_i64("port", 4566)); at least one
 * field */
#define log_event(level, message, ...)                                                             \
	log_write((level), (message), (const struct log_field[]){__VA_ARGS__},                     \
		  sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

#endif
