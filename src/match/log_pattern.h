/* SPDX-License-Identifier: MIT */
/*
 * log_pattern: filter patterns of CloudWatch Logs: terms of a text, or a condition about members of
 * a JSON object.
 *
 *   ERROR "out of memory" -retry           all terms but the last one, which must not occur
 *   ?ERROR ?WARN                           one of them
 *   { $.status >= 500 && $.path = "v1-*" }
 *
 * Patterns of columns ([a, b]) and regular expressions (%...%) are refused. A pattern is one block
 * of memory in an arena, which it shares with its text. Matching takes time in proportion to the
 * message and the pattern. Any thread.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
#ifndef TERN_MATCH_LOG_PATTERN_H
#define TERN_MATCH_LOG_PATTERN_H

#include "base/base.h"

struct log_pattern;

/* ERR_INVALID: *out_problem is a sentence, in the arena. The empty text matches all messages. */
must_check enum err log_pattern_parse(struct arena *arena, struct str text,
				      const struct log_pattern **out_pattern,
				      struct str *out_problem);
/* `scratch` takes a message that must be parsed; the caller resets it. */
bool log_pattern_matches(const struct log_pattern *pattern, struct arena *scratch,
			 struct str message);

#endif
