/* SPDX-License-Identifier: MIT */
/*
 * An event pattern, and behind a zero byte an event. The pattern is refused with a sentence, or it
 * matches alone, beside other rules, and after other rules were removed, always or never, whether
 * the event is parsed or text.
 */
#include "format/json.h"
#include "fuzz.h"
#include "match/matcher.h"

static const char *const others[] = {
	"{\"a\":[\"x\",{\"anything-but\":\"y\"}],\"b\":{\"c\":[{\"exists\":false}]}}",
	"{\"$or\":[{\"a\":[{\"wildcard\":\"*x*y\"}]},{\"b\":{\"c\":[{\"numeric\":[\">\",1]}]}}]}",
};

static bool find(void *const *users, size_t count, const void *user)
{
	for (size_t i = 0; i < count; i++)
		if (users[i] == user)
			return true;
	return false;
}

static bool matches(const struct matcher *matcher, yyjson_val *event, struct str text,
		    const void *user)
{
	struct match_scratch *scratch = match_scratch_new();
	void *const *users;

	size_t count = matcher_match(matcher, scratch, event, &users);
	check(count <= matcher_rule_count(matcher));
	bool is_found = find(users, count, user);
	size_t again = 0;
	check(matcher_match_text(matcher, scratch, text, &users, &again) == ERR_OK);
	check(again == count && find(users, again, user) == is_found);
	match_scratch_free(&scratch);
	return is_found;
}

static void compare(struct arena *arena, const struct event_pattern *pattern, yyjson_val *event,
		    struct str text)
{
	struct matcher *matcher = matcher_new();
	struct match_rule *rules[sizeof(others) / sizeof(others[0])];
	struct event_pattern other;
	struct str problem;
	int user = 0;

	bool expected = event_pattern_matches(pattern, event);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		check(event_pattern_parse(arena, PATTERN_EVENTS, str_from(others[i]), &other,
					  &problem) == ERR_OK);
		rules[i] = matcher_add(matcher, &other, NULL);
		if (i == 0)
			(void)matcher_add(matcher, pattern, &user);
		check(matches(matcher, event, text, &user) == expected);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		matcher_remove(matcher, rules[i]);
		check(matches(matcher, event, text, &user) == expected);
	}
	matcher_free(&matcher);
}

/* Text that is no JSON is refused or taken; nothing beyond it is read. */
static void match_any_text(const struct event_pattern *pattern, struct str text)
{
	struct matcher *matcher = matcher_new();
	struct match_scratch *scratch = match_scratch_new();
	void *const *users;
	size_t count = 0;

	(void)matcher_add(matcher, pattern, NULL);
	enum err err = matcher_match_text(matcher, scratch, text, &users, &count);
	check(err == ERR_OK || err == ERR_INVALID || err == ERR_TOOLARGE);
	check(count <= 1);
	match_scratch_free(&scratch);
	matcher_free(&matcher);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str event_text = str_of(data, size), text = str_cut(&event_text, 0), problem = {0};
	struct event_pattern pattern;
	struct arena arena;
	yyjson_val *event;

	arena_init(&arena);
	for (int dialect = PATTERN_EVENTS; dialect <= PATTERN_SNS; dialect++) {
		enum err err = event_pattern_parse(&arena, (enum pattern_dialect)dialect, text,
						   &pattern, &problem);
		if (err == ERR_INVALID)
			check(problem.size > 0);
		if (err)
			continue;
		check(pattern.count > 0 && event_pattern_combinations(&pattern, true) > 0);
		if (!event_text.data)
			continue;
		if (json_parse_limited(&arena, event_text, LIMIT_JSON_VALUES, &event) == ERR_OK)
			compare(&arena, &pattern, event, event_text);
		else
			match_any_text(&pattern, event_text);
	}
	arena_done(&arena);
	return 0;
}
