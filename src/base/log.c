/* SPDX-License-Identifier: MIT */
/* log: builds a line in a buffer of the thread and writes it at once, so that lines never mix. */
#include "base/log.h"

#include <stdatomic.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

static _Atomic int least_level = LOG_INFO;
static _Atomic int line_format = LOG_TEXT;

static const struct str level_names[] = {
	[LOG_DEBUG] = STR_INIT("debug"),
	[LOG_INFO] = STR_INIT("info"),
	[LOG_WARN] = STR_INIT("warn"),
	[LOG_ERROR] = STR_INIT("error"),
};

void log_setup(enum log_level least, enum log_format format)
{
	least_level = (int)least;
	line_format = (int)format;
}

bool log_wants(enum log_level level)
{
	return (int)level >= least_level;
}

/* A JSON string; also what text values that need quotes look like. */
static void append_quoted(struct buf *line, struct str text)
{
	buf_append_char(line, '"');
	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = (unsigned char)text.data[i];
		if (c == '"' || c == '\\')
			buf_append_char(line, '\\');
		if (c < 0x20 || c == 0x7f)
			buf_format(line, "\\u%04x", c);
		else
			buf_append_char(line, (char)c);
	}
	buf_append_char(line, '"');
}

static bool needs_quotes(struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = (unsigned char)text.data[i];
		if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f)
			return true;
	}
	return text.size == 0;
}

static void append_pair(struct buf *line, struct str key, struct str value)
{
	if (line_format == LOG_JSON) {
		buf_append(line, line->size > 1 ? STR(",") : STR(""));
		append_quoted(line, key);
		buf_append_char(line, ':');
		append_quoted(line, value);
		return;
	}
	buf_append(line, line->size > 0 ? STR(" ") : STR(""));
	buf_append(line, key);
	buf_append_char(line, '=');
	if (needs_quotes(value))
		append_quoted(line, value);
	else
		buf_append(line, value);
}

static void append_number(struct buf *line, struct str key, int64_t number)
{
	if (line_format == LOG_JSON) {
		buf_append(line, line->size > 1 ? STR(",") : STR(""));
		append_quoted(line, key);
		buf_append_char(line, ':');
	} else {
		buf_append(line, line->size > 0 ? STR(" ") : STR(""));
		buf_append(line, key);
		buf_append_char(line, '=');
	}
	buf_append_i64(line, number);
}

void log_write(enum log_level level, const char *message, const struct log_field *fields,
	       size_t field_count)
{
	struct buf line = {0};
	char time[CLOCK_TEXT_MAX];

	if (!log_wants(level))
		return;
	if (line_format == LOG_JSON)
		buf_append_char(&line, '{');
	int time_size = clock_format_iso(clock_now_ms(), time);
	append_pair(&line, STR("time"), str_of(time, (size_t)time_size));
	append_pair(&line, STR("level"), level_names[level]);
	append_pair(&line, STR("msg"), str_from(message));
	for (size_t i = 0; i < field_count; i++) {
		struct str key = str_from(fields[i].key);
		if (fields[i].kind == LOG_FIELD_I64)
			append_number(&line, key, fields[i].number);
		else
			append_pair(&line, key, fields[i].text);
	}
	buf_append(&line, line_format == LOG_JSON ? STR("}\n") : STR("\n"));

	/* A log that cannot be written has nowhere to be reported. */
	ssize_t ignored = write(STDERR_FILENO, line.data, line.size);
	(void)ignored;
	buf_done(&line);
}
