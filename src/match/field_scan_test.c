/* SPDX-License-Identifier: MIT */
/*
 * Events as text against the same events parsed: random documents of few names, with blanks,
 * escapes, duplicate names, nested arrays and all kinds of numbers, at every alignment to blocks.
 */
#include <stdlib.h>

#include "base/fixture.h"
#include "match/matcher.h"
#include "match/scan.h"

enum { ROUNDS = 30000, RULES = 60, DEPTH = 6 };

static struct prng prng;

static uint32_t below(uint32_t bound)
{
	return (uint32_t)prng_below(&prng, bound);
}

static void blanks(struct buf *out)
{
	static const char kinds[] = " \n\t\r";

	while (below(8) == 0)
		buf_append_char(out, kinds[below(4)]);
}

static void text(struct buf *out)
{
	static const char *const parts[] = {"a",
					    "b",
					    "c",
					    "{",
					    "}",
					    "[",
					    "]",
					    "\\\"",
					    "\\\\",
					    "\\u0041",
					    "\\n",
					    ",",
					    ":",
					    "\xC3\xA9",
					    "a long part of a text, ",
					    " ",
					    "\\ud83d\\ude00"};

	buf_append_char(out, '"');
	for (uint32_t i = below(5); i > 0; i--)
		buf_append(out, str_from(parts[below(sizeof(parts) / sizeof(parts[0]))]));
	buf_append_char(out, '"');
}

static void name(struct buf *out)
{
	static const char *const names[] = {"a",   "b", "c",  "a.b",  "\\u0061",
					    "b.c", "x", "y{", "z\\\""};

	buf_format(out, "\"%s\"", names[below(sizeof(names) / sizeof(names[0]))]);
}

static void scalar(struct buf *out)
{
	static const char *const scalars[] = {"1",
					      "2",
					      "-1",
					      "0",
					      "-0",
					      "1.0",
					      "2.50",
					      "1e2",
					      "true",
					      "false",
					      "null",
					      "123456789012345678",
					      "1234567890123456789",
					      "18446744073709551615",
					      "18446744073709551616",
					      "-9223372036854775808",
					      "1E-2"};

	if (below(2))
		text(out);
	else
		buf_append(out, str_from(scalars[below(sizeof(scalars) / sizeof(scalars[0]))]));
}

static void value(struct buf *out, uint32_t depth)
{
	uint32_t kind = depth == 0 ? 9 : below(10);

	blanks(out);
	if (kind < 4) {
		buf_append_char(out, '{');
		for (uint32_t i = 0, count = below(5); i < count; i++) {
			buf_append(out, i > 0 ? STR(",") : STR(""));
			blanks(out);
			name(out);
			blanks(out);
			buf_append_char(out, ':');
			value(out, depth - 1);
		}
		blanks(out);
		buf_append_char(out, '}');
	} else if (kind < 6) {
		buf_append_char(out, '[');
		for (uint32_t i = 0, count = below(4); i < count; i++) {
			buf_append(out, i > 0 ? STR(",") : STR(""));
			value(out, depth - 1);
		}
		blanks(out);
		buf_append_char(out, ']');
	} else {
		scalar(out);
	}
	blanks(out);
}

static void add_rules(struct matcher *matcher)
{
	static const char *const paths[] = {"a", "b", "c", "a.b", "a.c", "b.c", "a.b.c", "c.c.a"};
	static const char *const wanted[] = {"\"a\"",
					     "1",
					     "2.5",
					     "null",
					     "true",
					     "100",
					     "{\"prefix\":\"a\"}",
					     "{\"suffix\":\"b\"}",
					     "{\"exists\":true}",
					     "{\"exists\":false}",
					     "{\"anything-but\":[\"a\",\"b\"]}",
					     "{\"numeric\":[\">\",0]}",
					     "18446744073709551615",
					     "{\"wildcard\":\"*\\\"*\"}"};
	enum {
		PATHS = sizeof(paths) / sizeof(paths[0]),
		WANTED = sizeof(wanted) / sizeof(wanted[0])
	};

	for (size_t i = 0; i < RULES; i++) {
		struct event_pattern pattern;
		struct str problem, first = str_from(paths[below(PATHS)]);
		struct str second = str_from(paths[below(PATHS)]);
		struct str rule =
			arena_format(&arena, "{\"%.*s\":[%s],\"%.*s\":[%s,%s]}", STR_ARG(first),
				     wanted[below(WANTED)], STR_ARG(second), wanted[below(WANTED)],
				     wanted[below(WANTED)]);
		if (event_pattern_parse(&arena, PATTERN_EVENTS, rule, &pattern, &problem) == ERR_OK)
			(void)matcher_add(matcher, &pattern, (void *)(i + 1));
	}
	assert_true(matcher_rule_count(matcher) > RULES / 2);
}

static int compare_users(const void *a, const void *b)
{
	uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;

	return (x > y) - (x < y);
}

static size_t sorted(void *const *users, size_t count, uintptr_t out[RULES])
{
	for (size_t i = 0; i < count; i++)
		out[i] = (uintptr_t)users[i];
	qsort(out, count, sizeof(*out), compare_users);
	return count;
}

static void test_text_and_parsed_events_match_alike(void **unused)
{
	struct matcher *matcher = matcher_new();
	struct match_scratch *scratch = match_scratch_new();
	uintptr_t parsed[RULES], scanned[RULES];
	struct buf out = {0};
	size_t matches = 0;
	struct arena memory;

	(void)unused;
	prng_init(&prng, 5);
	add_rules(matcher);
	arena_init(&memory);
	for (size_t round = 0; round < ROUNDS; round++) {
		void *const *users;
		yyjson_val *event;
		size_t count = 0;
		buf_reset(&out);
		value(&out, DEPTH);
		/* Exactly as long as the text, so that a sanitizer sees what is read behind it. */
		struct str exact = heap_copy(buf_str(&out));
		arena_reset(&memory);
		assert_int_equal(json_parse(&memory, exact, &event), ERR_OK);
		size_t wanted = matcher_match(matcher, scratch, event, &users);
		wanted = sorted(users, wanted, parsed);
		if (matcher_match_text(matcher, scratch, exact, &users, &count) != ERR_OK)
			fail_msg("not taken: %.*s", STR_ARG(exact));
		count = sorted(users, count, scanned);
		if (count != wanted || memcmp(parsed, scanned, count * sizeof(*parsed)) != 0)
			fail_msg("%zu and %zu rules match: %.*s", wanted, count, STR_ARG(exact));
		matches += count;
		heap_free((void *)exact.data);
	}
	assert_true(matches > ROUNDS / 10);
	arena_done(&memory);
	buf_done(&out);
	match_scratch_free(&scratch);
	matcher_free(&matcher);
}

static void test_texts_that_end_early_are_refused(void **unused)
{
	static const char whole[] = "{\"a\": {\"b\": [1, \"x\\\"y\", {\"c\": null}]}, \"b\": "
				    "{\"x\": [[], {}]}, \"c\": -1.5}";
	struct matcher *matcher = matcher_new();
	struct match_scratch *scratch = match_scratch_new();
	struct event_pattern pattern;
	void *const *users;
	struct str problem;
	size_t count;

	(void)unused;
	assert_int_equal(event_pattern_parse(&arena, PATTERN_EVENTS,
					     STR("{\"a\":{\"b\":[1]},\"c\":[{\"exists\":true}]}"),
					     &pattern, &problem),
			 ERR_OK);
	(void)matcher_add(matcher, &pattern, NULL);
	for (size_t size = 0; size < sizeof(whole) - 1; size++) {
		struct str exact = heap_copy(str_of(whole, size));
		assert_int_equal(matcher_match_text(matcher, scratch, exact, &users, &count),
				 ERR_INVALID);
		heap_free((void *)exact.data);
	}
	assert_int_equal(matcher_match_text(matcher, scratch, str_from(whole), &users, &count),
			 ERR_OK);
	assert_int_equal(count, 1);
	match_scratch_free(&scratch);
	matcher_free(&matcher);
}

static void test_brackets_end_at_every_place_of_a_block(void **unused)
{
	(void)unused;
	for (size_t before = 0; before < 200; before++) {
		for (int kind = 0; kind < 3; kind++) {
			struct buf out = {0};
			buf_append(&out, STR("{\""));
			for (size_t i = 0; i < before; i++)
				buf_append_char(&out, kind == 0 ? '}' : kind == 1 ? 'x' : '\\');
			if (kind == 2 && before % 2 == 1)
				buf_append_char(&out, '"');
			buf_append(&out, STR("\":[{}]}"));
			size_t size = out.size;
			buf_append(&out, STR("}}]]\"\\"));
			struct str exact = heap_copy(buf_str(&out));
			assert_int_equal(scan_brackets(exact, 0), size);
			assert_int_equal(scan_brackets(str_slice(exact, 0, size - 1), 0), SIZE_MAX);
			heap_free((void *)exact.data);
			buf_done(&out);
		}
	}
}

/* A path's values are then not in the order of their scopes. */
static void test_an_event_may_name_a_path_twice_in_an_object(void **unused)
{
	static const struct {
		const char *event;
		size_t count;
	} cases[] = {
		{"{\"l\":[{\"a\":[1,2],\"a\":1,\"b\":[3],\"b\":1}]}", 1},
		{"{\"l\":[{\"a\":[1,2],\"a\":3},{\"b\":[1],\"b\":1}]}", 0},
	};
	struct matcher *matcher = matcher_new();
	struct match_scratch *scratch = match_scratch_new();
	struct event_pattern pattern;
	void *const *users;
	struct str problem;

	(void)unused;
	assert_int_equal(event_pattern_parse(&arena, PATTERN_EVENTS,
					     STR("{\"l\":{\"a\":[1],\"b\":[1]}}"), &pattern,
					     &problem),
			 ERR_OK);
	(void)matcher_add(matcher, &pattern, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		yyjson_val *event;
		size_t count = 0;
		assert_int_equal(json_parse(&arena, str_from(cases[i].event), &event), ERR_OK);
		assert_int_equal(matcher_match(matcher, scratch, event, &users), cases[i].count);
		assert_int_equal(matcher_match_text(matcher, scratch, str_from(cases[i].event),
						    &users, &count),
				 ERR_OK);
		assert_int_equal(count, cases[i].count);
	}
	match_scratch_free(&scratch);
	matcher_free(&matcher);
}
