/* SPDX-License-Identifier: MIT */
/*
 * Event patterns and filter policies: cases of documentation and of recordings of AWS, one a line
 * of cases/<file>. Each is a JSON object with "pattern" (an object, or text that may be no JSON)
 * and either "event" and "matches", or "problem".
 */
#include "match/event_pattern.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fixture.h"
#include "format/json.h"
#include "match/matcher.h"

static struct str text_of(yyjson_val *value)
{
	if (yyjson_is_str(value))
		return json_text(value);
	size_t size;
	char *text = yyjson_val_write(value, 0, &size);
	struct str copy = arena_copy(&arena, str_of(text, size));
	free(text);
	return copy;
}

static bool complain(struct str line, const char *result)
{
	print_error("%.*s\n  %s\n", STR_ARG(line), result);
	return false;
}

static bool run_case(struct str line, enum pattern_dialect dialect)
{
	struct event_pattern pattern;
	struct str problem = {0};
	yyjson_val *root;

	if (json_parse(&arena, line, &root) != ERR_OK)
		fail_msg("no JSON: %.*s", STR_ARG(line));
	struct str expected = json_text(json_member(root, "problem"));
	enum err err = event_pattern_parse(&arena, dialect, text_of(json_member(root, "pattern")),
					   &pattern, &problem);
	if (err && (err != ERR_INVALID || !str_equal(problem, expected)))
		return complain(line, arena_cstr(&arena, problem));
	if (err)
		return true;
	if (expected.size > 0)
		return complain(line, "is accepted");
	bool matches = event_pattern_matches(&pattern, json_member(root, "event"));
	if (matches != yyjson_get_bool(json_member(root, "matches")))
		return complain(line, matches ? "matches" : "does not match");
	return true;
}

static size_t run_file(const char *name, enum pattern_dialect dialect)
{
	char path[1024], *line = NULL;
	size_t count = 0, wrong = 0, room = 0;

	snprintf(path, sizeof(path), "%s/%s", CASES, name);
	FILE *file = fopen(path, "re");
	if (!file)
		fail_msg("cannot read %s", path);
	for (ssize_t size; (size = getline(&line, &room, file)) > 0;) {
		if (line[0] == '#')
			continue;
		wrong += !run_case(arena_copy(&arena, str_of(line, (size_t)size - 1)), dialect);
		count++;
	}
	free(line);
	fclose(file);
	assert_int_equal(wrong, 0);
	return count;
}

static void test_event_patterns_are_read_as_aws_reads_them(void **state)
{
	(void)state;
	assert_true(run_file("events.jsonl", PATTERN_EVENTS) >= 250);
}

static void test_filter_policies_are_read_as_aws_reads_them(void **state)
{
	(void)state;
	assert_true(run_file("sns.jsonl", PATTERN_SNS) >= 20);
}

/* ---- facts about a pattern ---- */

static struct event_pattern parse(const char *text)
{
	struct event_pattern pattern;
	struct str problem;

	assert_int_equal(
		event_pattern_parse(&arena, PATTERN_SNS, str_from(text), &pattern, &problem),
		ERR_OK);
	return pattern;
}

static void test_combinations_are_counted_as_sns_does(void **state)
{
	struct event_pattern flat = parse("{\"a\": [1, 2, 3], \"b\": [1, 2]}");
	struct event_pattern nested = parse("{\"a\": {\"b\": {\"c\": [1, 2, 3]}}, \"d\": [1, 2]}");
	struct event_pattern either =
		parse("{\"a\": [1, 2], \"$or\": [{\"b\": [1, 2, 3]}, {\"c\": [1]}]}");

	(void)state;
	assert_int_equal(event_pattern_combinations(&flat, false), 6);
	assert_int_equal(event_pattern_combinations(&nested, false), 6);
	assert_int_equal(event_pattern_combinations(&nested, true), 9 * 2);
	assert_int_equal(event_pattern_combinations(&either, false), 2 * 3 + 2);
}

static void test_keys_and_nesting_are_told(void **state)
{
	struct event_pattern flat = parse("{\"a\": [1], \"b\": [1], \"a\": [2]}");
	struct event_pattern either =
		parse("{\"a\": {\"x\": [1]}, \"$or\": [{\"b\": [1]}, {\"c\": [1], \"a\": [1]}]}");

	(void)state;
	assert_int_equal(flat.top_keys, 2);
	assert_false(flat.is_nested);
	assert_int_equal(flat.conjunctions[0].count, 2);
	assert_int_equal(either.top_keys, 3);
	assert_true(either.is_nested);
	assert_int_equal(either.count, 2);
}

static struct str repeat(const char *begin, const char *item, size_t count, const char *end)
{
	struct buf out = {0};

	buf_append(&out, str_from(begin));
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_append_char(&out, ',');
		buf_append(&out, str_from(item));
	}
	buf_append(&out, str_from(end));
	struct str copy = arena_copy(&arena, buf_str(&out));
	buf_done(&out);
	return copy;
}

static enum err parse_only(struct str text)
{
	struct event_pattern pattern;
	struct str problem;

	return event_pattern_parse(&arena, PATTERN_EVENTS, text, &pattern, &problem);
}

static void test_what_a_pattern_may_grow_to_is_bounded(void **state)
{
	(void)state;
	assert_int_equal(parse_only(repeat("{\"a\":[", "1", LIMIT_PATTERN_VALUES, "]}")), ERR_OK);
	assert_int_equal(parse_only(repeat("{\"a\":[", "1", LIMIT_PATTERN_VALUES + 1, "]}")),
			 ERR_INVALID);
	assert_int_equal(parse_only(repeat("{\"a\":[{\"anything-but\":[", "\"x\"",
					   LIMIT_PATTERN_VALUES + 1, "]}]}")),
			 ERR_INVALID);
	assert_int_equal(
		parse_only(repeat("{\"$or\":[", "{\"a\":[1]}", LIMIT_PATTERN_CONJUNCTIONS, "]}")),
		ERR_OK);
	assert_int_equal(parse_only(repeat("{\"$or\":[", "{\"a\":[1]}",
					   LIMIT_PATTERN_CONJUNCTIONS + 1, "]}")),
			 ERR_INVALID);
	assert_int_equal(parse_only(repeat("{\"a\":[\"", "x", LIMIT_PATTERN_SIZE, "\"]}")),
			 ERR_TOOLARGE);
	struct str nested = repeat("", "{\"a\":[1]}", 1, "");
	for (size_t i = 0; i < 70; i++)
		nested = arena_format(&arena, "{\"a\":%.*s}", STR_ARG(nested));
	assert_int_equal(parse_only(nested), ERR_INVALID);
}

static void test_combinations_of_or_are_bounded_in_bytes(void **state)
{
	char long_text[4000];
	struct str either = repeat("\"$or\":[", "{\"b\":[1]}", 900, "]");

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = 0;
	assert_int_equal(parse_only(arena_format(&arena, "{\"a\":[\"%s\"],%.*s}", long_text,
						 STR_ARG(either))),
			 ERR_INVALID);
}

static void write_paths(struct buf *out, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_format(out, "\"p%zu\":[null],", i);
}

/* Comparing each path of a conjunction with the others took minutes. */
static void test_many_paths_in_many_combinations_take_little_time_and_memory(void **state)
{
	struct str either = repeat("\"$or\":[", "{\"a\":[1]}", 900, "]}");
	struct buf text = {0};
	size_t before = arena.total;

	(void)state;
	buf_append_char(&text, '{');
	write_paths(&text, 9000);
	buf_append(&text, either);
	assert_int_equal(parse_only(buf_str(&text)), ERR_INVALID);
	buf_reset(&text);
	buf_append(&text, repeat("{\"$or\":[", "{\"a\":[1]}", 100, "],"));
	write_paths(&text, 9000);
	buf_append(&text, STR("\"z\":[null]}"));
	assert_int_equal(parse_only(buf_str(&text)), ERR_OK);
	assert_true(arena.total - before < 64 << 20);
	buf_done(&text);
}
