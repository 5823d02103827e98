/* SPDX-License-Identifier: MIT */
/*
 * Many patterns at once against a plain evaluation of each: every assignment of values to paths is
 * tried. Patterns and events are random, from few names and values, so that they meet.
 */
#include "match/matcher.h"

#include <malloc.h>

#include "base/fixture.h"
#include "format/json.h"
#include "match/predicate.h"

/* ---- a plain evaluation ---- */

enum { VALUES_MAX = 256, DEPTH_MAX = 8 };

struct member {
	const void *array;
	size_t index;
};

struct plain_value {
	struct str path;
	struct match_value value;
	struct member members[DEPTH_MAX];
	size_t depth;
};

static struct plain_value values[VALUES_MAX];
static size_t value_count;

static struct match_value plain_of(yyjson_val *value)
{
	if (yyjson_is_str(value))
		return (struct match_value){.kind = MATCH_STRING, .text = json_text(value)};
	if (yyjson_is_null(value))
		return (struct match_value){.kind = MATCH_NULL};
	if (yyjson_is_bool(value))
		return (struct match_value){.kind = yyjson_get_bool(value) ? MATCH_TRUE
									   : MATCH_FALSE};
	return (struct match_value){.kind = MATCH_NUMBER,
				    .number = match_number_of(yyjson_get_num(value))};
}

static void flatten(yyjson_val *value, struct str path, struct member *members, size_t depth)
{
	size_t index, count;
	yyjson_val *key, *item;

	if (yyjson_is_obj(value)) {
		yyjson_obj_foreach(value, index, count, key, item) {
			struct str name = json_text(key);
			flatten(item,
				path.data ? arena_format(&arena, "%.*s.%.*s", STR_ARG(path),
							 STR_ARG(name))
					  : name,
				members, depth);
		}
	} else if (yyjson_is_arr(value)) {
		yyjson_arr_foreach(value, index, count, item) {
			members[depth] = (struct member){value, index};
			flatten(item, path, members, depth + 1);
		}
	} else {
		struct plain_value *out = &values[value_count++];
		assert_true(value_count < VALUES_MAX);
		*out = (struct plain_value){.path = path, .value = plain_of(value), .depth = depth};
		memcpy(out->members, members, depth * sizeof(*members));
	}
}

static bool are_together(const struct plain_value *a, const struct plain_value *b)
{
	for (size_t i = 0; i < a->depth; i++)
		for (size_t j = 0; j < b->depth; j++)
			if (a->members[i].array == b->members[j].array &&
			    a->members[i].index != b->members[j].index)
				return false;
	return true;
}

static bool fulfils(const struct requirement *requirement, struct plain_value *value)
{
	struct str rest = requirement->predicates;

	for (size_t i = 0; i < requirement->count; i++) {
		struct predicate predicate = predicate_decode(&rest);
		if (predicate_matches(&predicate, &value->value, &arena))
			return true;
	}
	return false;
}

static bool is_absent_enough(const struct requirement *requirement)
{
	struct str rest = requirement->predicates;

	for (size_t i = 0; i < value_count; i++)
		if (str_equal(values[i].path, requirement->path))
			return false;
	for (size_t i = 0; i < requirement->count; i++)
		if (predicate_decode(&rest).kind == PREDICATE_ABSENT)
			return true;
	return false;
}

static bool assign(const struct conjunction *conjunction, size_t from,
		   const struct plain_value **chosen, size_t count)
{
	if (from == conjunction->count)
		return true;
	const struct requirement *requirement = conjunction->requirements[from];
	if (is_absent_enough(requirement))
		return assign(conjunction, from + 1, chosen, count);
	for (size_t i = 0; i < value_count; i++) {
		if (!str_equal(values[i].path, requirement->path) ||
		    !fulfils(requirement, &values[i]))
			continue;
		bool fits = true;
		for (size_t j = 0; j < count; j++)
			fits = fits && are_together(chosen[j], &values[i]);
		chosen[count] = &values[i];
		if (fits && assign(conjunction, from + 1, chosen, count + 1))
			return true;
	}
	return false;
}

static bool matches_plainly(const struct event_pattern *pattern)
{
	const struct plain_value *chosen[64];

	for (size_t i = 0; i < pattern->count; i++) {
		assert_true(pattern->conjunctions[i].count <= 64);
		if (assign(&pattern->conjunctions[i], 0, chosen, 0))
			return true;
	}
	return false;
}

/* ---- random patterns and events ---- */

static uint64_t seed;

static size_t below(size_t bound)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (size_t)(seed >> 33) % bound;
}

static const char *const names[] = {"a", "b", "c", "d"};
static const char *const texts[] = {"x", "xy",	     "yx",	 "xyxy",	"XY",
				    "",	 "10.0.0.1", "10.0.1.1", "2001:db8::1", "xyzxyzxyz"};
static const char *const numbers[] = {"0", "1", "2.5", "-1", "1e0", "3"};
static const char *const leaves[] = {
	"null",
	"true",
	"false",
	"{\"prefix\":\"x\"}",
	"{\"prefix\":\"xy\"}",
	"{\"prefix\":\"\"}",
	"{\"prefix\":{\"equals-ignore-case\":\"Xy\"}}",
	"{\"suffix\":\"x\"}",
	"{\"suffix\":\"yx\"}",
	"{\"suffix\":{\"equals-ignore-case\":\"Y\"}}",
	"{\"equals-ignore-case\":\"xY\"}",
	"{\"wildcard\":\"*\"}",
	"{\"wildcard\":\"x*\"}",
	"{\"wildcard\":\"*y*\"}",
	"{\"wildcard\":\"*xyzx*y*\"}",
	"{\"wildcard\":\"*xyzxyzxy*\"}",
	"{\"wildcard\":\"x*x*y\"}",
	"{\"numeric\":[\">\",0]}",
	"{\"numeric\":[\"<=\",1]}",
	"{\"numeric\":[\">\",0,\"<\",2.6]}",
	"{\"numeric\":[\"=\",1]}",
	"{\"numeric\":[\">=\",2.5]}",
	"{\"anything-but\":\"x\"}",
	"{\"anything-but\":[1,2]}",
	"{\"anything-but\":{\"prefix\":[\"x\",\"1\"]}}",
	"{\"anything-but\":{\"wildcard\":\"*y*\"}}",
	"{\"exists\":true}",
	"{\"exists\":false}",
	"{\"cidr\":\"10.0.0.0/24\"}",
	"{\"cidr\":\"10.0.0.0/8\"}",
	"{\"cidr\":\"2001:db8::/32\"}",
};

static void put_leaf(struct buf *out)
{
	switch (below(4)) {
	case 0:
		buf_format(out, "\"%s\"", texts[below(sizeof(texts) / sizeof(texts[0]))]);
		break;
	case 1:
		buf_append(out, str_from(numbers[below(sizeof(numbers) / sizeof(numbers[0]))]));
		break;
	default:
		buf_append(out, str_from(leaves[below(sizeof(leaves) / sizeof(leaves[0]))]));
	}
}

static void put_pattern(struct buf *out, size_t depth)
{
	size_t count = 1 + below(3), skip = below(4);

	buf_append_char(out, '{');
	for (size_t i = 0; i < count; i++) {
		const char *name = names[(i + skip) % 4];
		buf_append(out, i > 0 ? STR(",") : STR(""));
		if (depth > 0 && i == 0 && below(6) == 0) {
			buf_append(out, STR("\"$or\":["));
			put_pattern(out, depth - 1);
			buf_append_char(out, ',');
			put_pattern(out, depth - 1);
			buf_append_char(out, ']');
			continue;
		}
		buf_format(out, "\"%s\":", name);
		if (depth > 0 && below(2) == 0) {
			put_pattern(out, depth - 1);
			continue;
		}
		buf_append_char(out, '[');
		for (size_t j = 0, leaf_count = 1 + below(3); j < leaf_count; j++) {
			buf_append(out, j > 0 ? STR(",") : STR(""));
			put_leaf(out);
		}
		buf_append_char(out, ']');
	}
	buf_append_char(out, '}');
}

static void put_value(struct buf *out, size_t depth)
{
	static const char *const constants[] = {"null", "true", "false"};
	size_t kind = below(depth > 0 ? 8 : 4);

	if (kind == 0) {
		buf_append(out, str_from(constants[below(3)]));
	} else if (kind == 1) {
		buf_append(out, str_from(numbers[below(sizeof(numbers) / sizeof(numbers[0]))]));
	} else if (kind < 4) {
		buf_format(out, "\"%s\"", texts[below(sizeof(texts) / sizeof(texts[0]))]);
	} else if (kind < 6) {
		buf_append_char(out, '[');
		for (size_t i = 0, count = below(4); i < count; i++) {
			buf_append(out, i > 0 ? STR(",") : STR(""));
			put_value(out, depth - 1);
		}
		buf_append_char(out, ']');
	} else {
		size_t count = 1 + below(4);
		buf_append_char(out, '{');
		for (size_t i = 0; i < count; i++) {
			buf_format(out, "%s\"%s\":", i > 0 ? "," : "", names[i]);
			put_value(out, depth - 1);
		}
		buf_append_char(out, '}');
	}
}

static yyjson_val *random_event(void)
{
	struct buf text = {0};
	yyjson_val *event;

	buf_append_char(&text, '{');
	for (size_t i = 0; i < 4; i++) {
		buf_format(&text, "%s\"%s\":", i > 0 ? "," : "", names[i]);
		put_value(&text, 3);
	}
	buf_append_char(&text, '}');
	assert_int_equal(json_parse(&arena, arena_copy(&arena, buf_str(&text)), &event), ERR_OK);
	buf_done(&text);
	return event;
}

static struct event_pattern random_pattern(void)
{
	struct event_pattern pattern;
	struct buf text = {0};
	struct str problem;

	put_pattern(&text, 2);
	enum err err =
		event_pattern_parse(&arena, PATTERN_EVENTS, buf_str(&text), &pattern, &problem);
	if (err)
		fail_msg("%.*s: %.*s", STR_ARG(buf_str(&text)), STR_ARG(problem));
	buf_done(&text);
	return pattern;
}

/* ---- the two agree ---- */

enum { RULES = 200, EVENTS = 40, ROUNDS = 30 };

struct rule {
	struct event_pattern pattern;
	struct match_rule *rule;
	size_t found;
};

static struct rule rules[RULES];

static size_t compare(const struct matcher *matcher, struct match_scratch *scratch)
{
	struct member members[DEPTH_MAX];
	yyjson_val *event = random_event();
	void *const *users;
	size_t matches = 0;

	for (size_t i = 0; i < RULES; i++)
		rules[i].found = 0;
	size_t count = matcher_match(matcher, scratch, event, &users);
	for (size_t i = 0; i < count; i++)
		((struct rule *)users[i])->found++;
	value_count = 0;
	flatten(event, (struct str){0}, members, 0);
	for (size_t i = 0; i < RULES; i++) {
		bool expected = rules[i].rule && matches_plainly(&rules[i].pattern);
		matches += expected;
		if (rules[i].found != expected)
			fail_msg("rule %zu was found %zu times, not %d", i, rules[i].found,
				 expected);
	}
	return matches;
}

static void change_rules(struct matcher *matcher)
{
	for (size_t i = 0; i < RULES; i++) {
		if (below(2) == 0)
			continue;
		if (rules[i].rule)
			matcher_remove(matcher, rules[i].rule);
		rules[i].rule = NULL;
		if (below(4) == 0)
			continue;
		rules[i].pattern = random_pattern();
		rules[i].rule = matcher_add(matcher, &rules[i].pattern, &rules[i]);
	}
}

static void test_random_rules_match_as_a_plain_evaluation_says(void **state)
{
	struct matcher *matcher = matcher_new();
	struct match_scratch *scratch = match_scratch_new();
	size_t matches = 0;

	(void)state;
	seed = 1;
	memset(rules, 0, sizeof(rules));
	for (size_t round = 0; round < ROUNDS; round++) {
		change_rules(matcher);
		for (size_t i = 0; i < EVENTS; i++)
			matches += compare(matcher, scratch);
	}
	/* Neither everything nor nothing. */
	assert_in_range(matches, ROUNDS * EVENTS, ROUNDS * EVENTS * RULES / 2);
	match_scratch_free(&scratch);
	matcher_free(&matcher);
}

static struct match_rule *add(struct matcher *matcher, const char *text, void *user)
{
	struct event_pattern pattern;
	struct str problem;

	assert_int_equal(
		event_pattern_parse(&arena, PATTERN_EVENTS, str_from(text), &pattern, &problem),
		ERR_OK);
	return matcher_add(matcher, &pattern, user);
}

static size_t match(const struct matcher *matcher, struct match_scratch *scratch, const char *text)
{
	void *const *users;
	yyjson_val *event;

	assert_int_equal(json_parse(&arena, str_from(text), &event), ERR_OK);
	return matcher_match(matcher, scratch, event, &users);
}

static void test_rules_that_were_removed_leave_nothing(void **state)
{
	struct matcher *matcher = matcher_new();
	struct match_scratch *scratch = match_scratch_new();
	struct match_rule *added[4];

	(void)state;
	for (size_t round = 0; round < 3; round++) {
		added[0] = add(matcher, "{\"a\":[\"x\"]}", NULL);
		added[1] = add(matcher, "{\"a\":[\"x\",{\"numeric\":[\">\",1]}],\"b\":[1]}", NULL);
		added[2] = add(matcher, "{\"a\":[{\"exists\":false}]}", NULL);
		added[3] = add(matcher, "{\"$or\":[{\"a\":[\"x\"]},{\"b\":[1]}]}", NULL);
		assert_int_equal(matcher_rule_count(matcher), 4);
		assert_int_equal(match(matcher, scratch, "{\"a\":\"x\",\"b\":1}"), 3);
		assert_int_equal(match(matcher, scratch, "{\"b\":1}"), 2);
		for (size_t i = 0; i < 4; i++)
			matcher_remove(matcher, added[(i + round) % 4]);
		assert_int_equal(match(matcher, scratch, "{\"a\":\"x\",\"b\":1}"), 0);
	}
	assert_int_equal(matcher_rule_count(matcher), 0);
	match_scratch_free(&scratch);
	matcher_free(&matcher);
}

/* An array in which each element has all but one of the values that the pattern needs together. */
static void test_arrays_that_almost_match_take_little_time(void **state)
{
	struct matcher *matcher = matcher_new();
	struct match_scratch *scratch = match_scratch_new();
	struct buf pattern = {0}, event = {0};

	(void)state;
	buf_append(&pattern, STR("{\"a\":{"));
	for (size_t i = 0; i < 40; i++)
		buf_format(&pattern, "%s\"k%zu\":[1]", i > 0 ? "," : "", i);
	buf_append(&pattern, STR("}}"));
	(void)add(matcher, arena_cstr(&arena, buf_str(&pattern)), NULL);
	buf_append(&event, STR("{\"a\":["));
	for (size_t i = 0; i < 2000; i++) {
		buf_append(&event, i > 0 ? STR(",{") : STR("{"));
		for (size_t j = 0; j < 40; j++)
			buf_format(&event, "%s\"k%zu\":%d", j > 0 ? "," : "", j, j != i % 40);
		buf_append_char(&event, '}');
	}
	buf_append(&event, STR("]}"));
	/* Trying all assignments would take 2,000 to the power of 40 steps. */
	assert_int_equal(match(matcher, scratch, arena_cstr(&arena, buf_str(&event))), 0);
	buf_done(&pattern);
	buf_done(&event);
	match_scratch_free(&scratch);
	matcher_free(&matcher);
}

/* Heap that the scratch keeps after an event with an array that all of `rule_count` rules match. */
static size_t heap_of_match(size_t rule_count, struct str event)
{
	struct matcher *matcher = matcher_new();
	struct match_scratch *scratch = match_scratch_new();

	for (size_t i = 0; i < rule_count; i++)
		(void)add(matcher, "{\"a\":[1]}", NULL);
	size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
	assert_int_equal(match(matcher, scratch, arena_cstr(&arena, event)), rule_count);
	size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
	match_scratch_free(&scratch);
	matcher_free(&matcher);
	return after - before;
}

/* Sanitizers count no heap: there the test only runs the code. */
static void test_memory_of_an_event_does_not_grow_with_the_rules(void **state)
{
	struct buf text = {0};

	(void)state;
	buf_append(&text, STR("{\"a\":[1"));
	for (size_t i = 0; i < 20000; i++)
		buf_append(&text, STR(",1"));
	buf_append(&text, STR("]}"));
	struct str event = arena_copy(&arena, buf_str(&text));
	buf_done(&text);
	assert_true(heap_of_match(300, event) <= 2 * heap_of_match(1, event));
}

static void test_numbers_have_any_count_of_digits(void **state)
{
	struct matcher *matcher = matcher_new();
	struct match_scratch *scratch = match_scratch_new();

	(void)state;
	struct str text = arena_format(&arena, "{\"a\":[1.%0100dE+2]}", 0);
	(void)add(matcher, arena_cstr(&arena, text), NULL);
	assert_int_equal(match(matcher, scratch, "{\"a\":1}"), 0);
	assert_int_equal(match(matcher, scratch, "{\"a\":100}"), 1);
	match_scratch_free(&scratch);
	matcher_free(&matcher);
}

static void test_a_path_named_twice_keeps_its_last_predicates(void **state)
{
	struct matcher *matcher = matcher_new();
	struct match_scratch *scratch = match_scratch_new();

	(void)state;
	(void)add(matcher, "{\"a\":{\"b\":[1]},\"c\":[1],\"a.b\":[2]}", NULL);
	assert_int_equal(match(matcher, scratch, "{\"a\":{\"b\":1},\"c\":1}"), 0);
	assert_int_equal(match(matcher, scratch, "{\"a\":{\"b\":2},\"c\":1}"), 1);
	assert_int_equal(match(matcher, scratch, "{\"a\":{\"b\":2},\"c\":2}"), 0);
	match_scratch_free(&scratch);
	matcher_free(&matcher);
}

static void test_ranges_are_found_by_each_number_in_them(void **state)
{
	struct matcher *matcher = matcher_new();
	struct match_scratch *scratch = match_scratch_new();
	struct match_rule *added[300];
	int lows[300], highs[300];

	(void)state;
	seed = 2;
	for (size_t i = 0; i < 300; i++) {
		lows[i] = (int)below(1000);
		highs[i] = lows[i] + 1 + (int)below(i % 10 == 0 ? 900 : 20);
		struct str text = arena_format(
			&arena, "{\"a\":[{\"numeric\":[\">=\",%d,\"<\",%d]}]}", lows[i], highs[i]);
		added[i] = add(matcher, arena_cstr(&arena, text), NULL);
	}
	for (size_t round = 0; round < 2; round++) {
		for (int number = 0; number < 1000; number += 3) {
			struct str text = arena_format(&arena, "{\"a\":%d}", number);
			size_t expected = 0;
			for (size_t i = 0; i < 300; i++)
				expected += added[i] && lows[i] <= number && number < highs[i];
			assert_int_equal(match(matcher, scratch, arena_cstr(&arena, text)),
					 expected);
		}
		for (size_t i = round; i < 300; i += 2) {
			matcher_remove(matcher, added[i]);
			added[i] = NULL;
		}
	}
	match_scratch_free(&scratch);
	matcher_free(&matcher);
}
