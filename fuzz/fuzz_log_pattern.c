/* SPDX-License-Identifier: MIT */
/* Filter patterns of CloudWatch Logs: the first line is a pattern, the rest a message. A pattern
 * gives the same answer again, and its refusal is a sentence. */
#include "fuzz.h"
#include "match/log_pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str data = str_of(bytes, size);
	const struct log_pattern *pattern;
	struct arena arena, scratch;
	struct str rest = data, problem = {0};
	struct str text = str_cut(&rest, '\n');

	arena_init(&arena);
	arena_init(&scratch);
	if (text.size <= 1024) {
		if (log_pattern_parse(&arena, text, &pattern, &problem) == ERR_OK) {
			bool is_match = log_pattern_matches(pattern, &scratch, rest);
			arena_reset(&scratch);
			check(log_pattern_matches(pattern, &scratch, rest) == is_match);
		} else {
			check(problem.size > 0);
		}
	}
	arena_done(&scratch);
	arena_done(&arena);
	return 0;
}
