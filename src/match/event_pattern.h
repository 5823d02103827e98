/* SPDX-License-Identifier: MIT */
/*
 * event_pattern: an event pattern of EventBridge or a filter policy of SNS, parsed.
 *
 * A pattern is an OR of conjunctions; each conjunction names paths and, for each, predicates of
 * which one must hold. "$or" multiplies conjunctions, so their number is bounded. Paths are joined
 * with points: {"a": {"b": [1]}} and {"a.b": [1]} are the same pattern, and events are read alike.
 * A path that a pattern names twice keeps its last predicates, as at AWS. Grammar:
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
 * https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
 * Pure, any thread.
 */
#ifndef TERN_MATCH_EVENT_PATTERN_H
#define TERN_MATCH_EVENT_PATTERN_H

#include "base/base.h"
#include "match/conjunctions.h"

enum pattern_dialect {
	PATTERN_EVENTS,
	PATTERN_SNS /* knows fewer forms of prefix, suffix and anything-but */
};

struct event_pattern {
	size_t count;
	const struct conjunction *conjunctions;
	size_t top_keys; /* different keys of the outermost object, also those inside its "$or" */
	bool is_nested;	 /* some path was written as an object inside an object */
};

/*
 * Parses `text`. ERR_INVALID: it is no pattern; *out_problem is what AWS says behind
 * "Event pattern is not valid. Reason: " or "FilterPolicy: ", with the location if AWS tells one.
 * ERR_TOOLARGE: more than LIMIT_PATTERN_SIZE bytes. The result, the problem and all texts are the
 * arena's.
 */
must_check enum err event_pattern_parse(struct arena *arena, enum pattern_dialect dialect,
					struct str text, struct event_pattern *out_pattern,
					struct str *out_problem);

/*
 * How many combinations of values the pattern stands for as SNS counts them: for each conjunction
 * the product over its paths of predicates times, if `has_depths`, the depth of nesting. Stops at
 * UINT32_MAX.
 */
uint32_t event_pattern_combinations(const struct event_pattern *pattern, bool has_depths);

#endif
