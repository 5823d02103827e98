/* SPDX-License-Identifier: MIT */
/* Patterns against a plain recursive matcher, and the cost of a match. */
#include "access/pattern.h"
#include "base/fixture.h"

enum { STEPS = 1000000 };

static struct policy_steps steps;
static struct policy_key key;

static bool matches(struct str text, struct str subject)
{
	static const struct pattern_syntax syntax = {.has_wildcards = true, .has_variables = true};
	struct policy_request request = {
		.principal = &principal_anonymous,
		.steps = &steps,
		.keys = &key,
		.key_count = key.count,
	};
	struct store store = {.arena = &arena};
	struct pattern pattern;

	steps = (struct policy_steps){.left = STEPS};
	if (!pattern_compile(&store, text, syntax, &pattern))
		fail_msg("too many wildcards: %.*s", STR_ARG(text));
	return pattern_matches(&pattern, subject, &request);
}

static uint64_t taken(void)
{
	return STEPS - steps.left;
}

static struct str repeat(const char *text, size_t count)
{
	struct buf out = {0};

	for (size_t i = 0; i < count; i++)
		buf_append(&out, str_from(text));
	struct str copy = arena_copy(&arena, buf_str(&out));
	buf_done(&out);
	return copy;
}

static struct str join(struct str a, struct str b, struct str c)
{
	return arena_join(&arena, (const struct str[]){a, b, c}, 3);
}

/* ---- meaning ---- */

static bool reads_as(struct str pattern, struct str text)
{
	if (pattern.size == 0)
		return text.size == 0;
	struct str rest = str_slice(pattern, 1, SIZE_MAX);
	if (pattern.data[0] == '*') {
		size_t size = text.size > 0 ? str_utf8_sequence(text) : 0;
		return reads_as(rest, text) ||
		       (text.size > 0 && reads_as(pattern, str_slice(text, size, SIZE_MAX)));
	}
	if (text.size == 0)
		return false;
	if (pattern.data[0] == '?')
		return reads_as(rest, str_slice(text, str_utf8_sequence(text), SIZE_MAX));
	return pattern.data[0] == text.data[0] && reads_as(rest, str_slice(text, 1, SIZE_MAX));
}

static struct str make(struct prng *prng, const char *const *pieces, size_t count, size_t most)
{
	struct str text = STR("");

	for (size_t size = prng_below(prng, most + 1); size > 0; size--)
		text = join(text, str_from(pieces[prng_below(prng, count)]), STR(""));
	return text;
}

static void test_patterns_match_like_the_plain_matcher(void **state)
{
	static const char *const pieces[] = {"a", "b", "\xc3\xa9", "\xe2\x82\xac", "?", "*"};
	struct prng prng;
	size_t matched = 0;

	(void)state;
	prng_init(&prng, 7);
	for (int i = 0; i < 200000; i++) {
		struct str pattern = make(&prng, pieces, 6, 9);
		struct str text = make(&prng, pieces, 4, 9);
		bool is = reads_as(pattern, text);
		if (matches(pattern, text) != is)
			fail_msg("\"%.*s\" on \"%.*s\"", STR_ARG(pattern), STR_ARG(text));
		matched += is;
		arena_reset(&arena);
	}
	assert_in_range(matched, 5000, 195000);
}

/* Segments longer than the search compares at once. */
static void test_long_segments_are_found(void **state)
{
	struct str segment = join(repeat("x", 63), STR("?y"), repeat("z", 70));
	struct str pattern = join(STR("*"), segment, STR("?end*"));

	(void)state;
	struct str text = join(repeat("x", 63), STR("ay"), repeat("z", 70));
	assert_true(matches(pattern, join(STR("xx"), text,
					  STR("\xc3\xa9"
					      "end"))));
	assert_false(matches(pattern, join(STR("xx"), text, STR("end"))));
	assert_false(matches(pattern, join(STR("xx"), str_slice(text, 3, SIZE_MAX), STR(" end"))));
	/* Not the first place that begins like it. */
	assert_true(matches(pattern,
			    join(repeat("x", 300), str_slice(text, 63, SIZE_MAX), STR(" end"))));
}

static void test_variables_are_found_among_wildcards(void **state)
{
	static const struct str value = STR_INIT("a?c");

	(void)state;
	key = (struct policy_key){.name = STR("app:k"), .values = &value, .count = 1};
	assert_true(matches(STR("*${app:k}*?${app:k}"), STR("xxa?cxa?c")));
	assert_false(matches(STR("*${app:k}*?${app:k}"), STR("xxa?ca?c")));
	assert_false(matches(STR("*?${app:k}?*"), STR("xxabcx"))); /* its wildcards mean nothing */
	assert_true(matches(STR("*?${app:k}?*"), STR("xxa?cx")));
	assert_false(matches(STR("*${app:other}*"), STR("x")));
	key = (struct policy_key){0};
}

/* ---- cost ---- */

/* A segment as long as the search compares at once: only its last byte differs. */
static struct str hostile(void)
{
	return join(STR("*"), repeat("a?", 31), STR("b*"));
}

static void test_a_match_takes_steps_for_the_text_only(void **state)
{
	uint64_t few, many;

	(void)state;
	assert_false(matches(hostile(), repeat("a", 1000)));
	few = taken();
	assert_false(matches(hostile(), repeat("a", 8000)));
	many = taken();
	assert_in_range(few, 50, 1000);
	assert_in_range(many, 4 * few, 9 * few);
	assert_false(matches(join(STR("*"), repeat("a*", 62), STR("b*")), repeat("a", 8000)));
	assert_true(taken() < many);
	/* The segment at the end is compared, not searched. */
	assert_false(matches(join(STR("*"), repeat("a?", 63), STR("b")), repeat("a", 8000)));
	assert_in_range(taken(), 1, 10);
}

/* For segments too long to be followed at once it is the product, and counted. */
static void test_long_hostile_segments_use_up_the_steps(void **state)
{
	(void)state;
	struct str pattern = join(STR("*?"), repeat("a", 4000), STR("b*"));
	assert_false(matches(pattern, repeat("a", 8000)));
	assert_true(taken() > 100000);
	assert_true(steps.is_exhausted == (steps.left == 0));
}

static void test_texts_over_the_limit_are_given_up(void **state)
{
	(void)state;
	assert_true(matches(STR("*b*"),
			    join(repeat("a", LIMIT_POLICY_TEXT_SIZE - 1), STR("b"), STR(""))));
	assert_false(steps.is_exhausted);
	assert_false(
		matches(STR("*b*"), join(repeat("a", LIMIT_POLICY_TEXT_SIZE), STR("b"), STR(""))));
	assert_true(steps.is_exhausted);
	/* Without wildcards within, a text is compared as far as the pattern goes. */
	assert_true(matches(STR("a*"), repeat("a", 30000)));
	assert_false(steps.is_exhausted);
}
