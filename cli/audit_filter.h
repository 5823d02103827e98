/* SPDX-License-Identifier: MIT */
/*
 * audit_filter: which records of the audit log are wanted.
 *
 * Texts may hold "*" for any characters; small and capital letters are the same. Main thread.
 */
#ifndef TERN_CLI_AUDIT_FILTER_H
#define TERN_CLI_AUDIT_FILTER_H

#include "format/json.h"
#include "option.h"

#define AUDIT_TIME_SIZE 20 /* "2026-11-24T00:00:00Z" */

/* A text that is empty is asked for by nobody. */
struct audit_filter {
	struct str user;	 /* name, ARN, id or access key */
	struct str event;	 /* "CreateQueue" */
	struct str source;	 /* "sqs" or "sqs.amazonaws.com" */
	struct str error;	 /* "AccessDenied" */
	struct str account;	 /* of the caller or of what was called */
	struct str resource;	 /* ARN, or what follows its account */
	struct str since, until; /* as eventTime is written, so that texts compare as times */
};

bool audit_filter_wants(const struct audit_filter *filter, yyjson_val *record);
/*
 * "15m", "2h", "3d" before now, or a date, "2026-11-24", with a time behind it if wanted, in UTC.
 * A date alone is its beginning, or its end if `is_end`. False if it is neither.
 */
bool audit_filter_parse_time(struct arena *arena, struct str text, int64_t now_ms, bool is_end,
			     struct str *out_time);

#endif
