/* SPDX-License-Identifier: MIT */
/*
 * A filter policy, and behind a zero byte a message: its body, and the value of its attributes "a",
 * a String.Array, "b", a Number, and "c", a String. The policy is refused with a sentence, or it
 * has at most 150 combinations and matches the same message always or never.
 */
#include "match/filter_policy.h"

#include "fuzz.h"
#include "match/fields.h"
#include "match/matcher.h"

static size_t match_all(const struct matcher *matcher, struct arena *arena, struct str text)
{
	const struct filter_attribute given[] = {
		{STR("a"), STR("String.Array"), text},
		{STR("b"), STR("Number"), text},
		{STR("c"), STR("String"), text},
		{STR("d"), STR("Binary"), text},
	};
	struct match_scratch *scratch = match_scratch_new();
	struct match_attribute *attributes;
	yyjson_val *body;
	void *const *users;
	size_t found = 0;

	if (filter_body_read(arena, text, &body) == ERR_OK)
		found += matcher_match(matcher, scratch, body, &users);
	if (filter_attributes_read(arena, given, 4, &attributes) == ERR_OK)
		found += matcher_match_attributes(matcher, scratch, attributes, 4, &users);
	if (filter_attributes_read(arena, given + 1, 3, &attributes) == ERR_OK)
		found += matcher_match_attributes(matcher, scratch, attributes, 3, &users);
	match_scratch_free(&scratch);
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str message = str_of(data, size), text = str_cut(&message, 0), problem = {0};
	struct filter_policy policy;
	struct arena arena;

	arena_init(&arena);
	for (int scope = FILTER_ATTRIBUTES; scope <= FILTER_BODY; scope++) {
		enum err err = filter_policy_parse(&arena, (enum filter_scope)scope, text, &policy,
						   &problem);
		check(err == ERR_OK || (err == ERR_INVALID && problem.size > 0));
		if (err || policy.is_empty || !message.data)
			continue;
		check(event_pattern_combinations(&policy.pattern, false) <=
		      FILTER_COMBINATIONS_MAX);
		struct matcher *matcher = matcher_new();
		(void)matcher_add(matcher, &policy.pattern, NULL);
		check(match_all(matcher, &arena, message) == match_all(matcher, &arena, message));
		matcher_free(&matcher);
	}
	arena_done(&arena);
	return 0;
}
