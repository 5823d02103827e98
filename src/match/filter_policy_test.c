/* SPDX-License-Identifier: MIT */
/*
 * Filter policies: cases/filter_policies.jsonl, and random policies of one matcher against a plain
 * evaluation that reads the policy's JSON and knows nothing of predicates.
 */
#include "match/filter_policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fixture.h"
#include "match/fields.h"
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

/* ---- cases ---- */

static bool complain(struct str line, const char *result)
{
	print_error("%.*s\n  %s\n", STR_ARG(line), result);
	return false;
}

static size_t read_attributes(yyjson_val *object, struct filter_attribute **out)
{
	size_t index, count, size = yyjson_obj_size(object);
	yyjson_val *key, *value;

	*out = arena_array(&arena, struct filter_attribute, size + 1);
	yyjson_obj_foreach(object, index, count, key, value) {
		(*out)[index] = (struct filter_attribute){
			.name = json_text(key),
			.type = json_text(json_member(value, "Type")),
			.value = json_text(json_member(value, "Value")),
		};
	}
	return size;
}

static bool matches(const struct filter_policy *policy, yyjson_val *attributes, struct str body)
{
	struct matcher *matcher = matcher_new();
	struct match_scratch *scratch = match_scratch_new();
	struct match_attribute *read;
	struct filter_attribute *given;
	void *const *users;
	yyjson_val *root;
	size_t found = 0;

	(void)matcher_add(matcher, &policy->pattern, NULL);
	if (attributes) {
		size_t count = read_attributes(attributes, &given);
		if (filter_attributes_read(&arena, given, count, &read) == ERR_OK)
			found = matcher_match_attributes(matcher, scratch, read, count, &users);
	} else if (filter_body_read(&arena, body, &root) == ERR_OK) {
		found = matcher_match(matcher, scratch, root, &users);
	}
	match_scratch_free(&scratch);
	matcher_free(&matcher);
	return found > 0;
}

static bool run_case(struct str line)
{
	struct filter_policy policy;
	struct str problem = {0};
	yyjson_val *root;

	if (json_parse(&arena, line, &root) != ERR_OK)
		fail_msg("no JSON: %.*s", STR_ARG(line));
	yyjson_val *body = json_member(root, "body");
	struct str scope = json_text(json_member(root, "scope"));
	struct str expected = json_text(json_member(root, "problem"));
	enum err err = filter_policy_parse(
		&arena,
		body || str_equal(scope, STR("MessageBody")) ? FILTER_BODY : FILTER_ATTRIBUTES,
		text_of(json_member(root, "policy")), &policy, &problem);
	if (err)
		return str_equal(problem, expected) || complain(line, arena_cstr(&arena, problem));
	if (expected.size > 0)
		return complain(line, "is accepted");
	if (json_member(root, "accepted"))
		return true;
	bool is_match = policy.is_empty ||
			matches(&policy, json_member(root, "attributes"), json_text(body));
	return is_match == yyjson_get_bool(json_member(root, "matches")) ||
	       complain(line, is_match ? "matches" : "does not match");
}

static void test_policies_are_read_and_match_as_aws_documents(void **state)
{
	char *line = NULL;
	size_t count = 0, wrong = 0, room = 0;
	FILE *file = fopen(CASES "/filter_policies.jsonl", "re");

	(void)state;
	assert_non_null(file);
	for (ssize_t size; (size = getline(&line, &room, file)) > 0;) {
		if (line[0] == '#')
			continue;
		wrong += !run_case(arena_copy(&arena, str_of(line, (size_t)size - 1)));
		count++;
	}
	free(line);
	fclose(file);
	assert_int_equal(wrong, 0);
	assert_true(count >= 300);
}

static void test_a_policy_of_more_than_256_kilobytes_is_refused(void **state)
{
	struct filter_policy policy;
	struct str problem;
	char *text = arena_bytes(&arena, LIMIT_PATTERN_SIZE + 1);
	static const char begin[] = "{\"a\":[\"x\"]}";

	(void)state;
	memset(text, ' ', LIMIT_PATTERN_SIZE + 1);
	memcpy(text, begin, sizeof(begin) - 1);
	assert_int_equal(filter_policy_parse(&arena, FILTER_BODY, str_of(text, LIMIT_PATTERN_SIZE),
					     &policy, &problem),
			 ERR_OK);
	assert_int_equal(filter_policy_parse(&arena, FILTER_BODY,
					     str_of(text, LIMIT_PATTERN_SIZE + 1), &policy,
					     &problem),
			 ERR_INVALID);
}

/* ---- a plain evaluation ---- */

static bool plain_number(yyjson_val *range, double value)
{
	for (size_t i = 0; i + 1 < yyjson_arr_size(range); i += 2) {
		struct str op = json_text(yyjson_arr_get(range, i));
		double bound = yyjson_get_num(yyjson_arr_get(range, i + 1));
		bool is_equal = op.data[op.size - 1] == '=' && value == bound;
		bool is_in = op.data[0] == '<'	 ? value < bound
			     : op.data[0] == '>' ? value > bound
						 : false;
		if (!is_equal && !is_in)
			return false;
	}
	return true;
}

static bool plain_equal(yyjson_val *rule, yyjson_val *value)
{
	if (yyjson_is_num(rule) && yyjson_is_num(value))
		return yyjson_get_num(rule) == yyjson_get_num(value);
	return yyjson_equals(rule, value);
}

static bool plain_rule(yyjson_val *rule, yyjson_val *value)
{
	yyjson_val *inner;
	size_t index, count;
	yyjson_val *item;

	if (!yyjson_is_obj(rule))
		return plain_equal(rule, value);
	if ((inner = json_member(rule, "exists")))
		return yyjson_get_bool(inner);
	if ((inner = json_member(rule, "prefix")))
		return yyjson_is_str(value) && str_starts(json_text(value), json_text(inner));
	if ((inner = json_member(rule, "suffix")))
		return yyjson_is_str(value) && str_ends(json_text(value), json_text(inner));
	if ((inner = json_member(rule, "equals-ignore-case")))
		return yyjson_is_str(value) && str_equal_nocase(json_text(value), json_text(inner));
	if ((inner = json_member(rule, "numeric")))
		return yyjson_is_num(value) && plain_number(inner, yyjson_get_num(value));
	inner = json_member(rule, "anything-but");
	assert_non_null(inner);
	if (yyjson_is_obj(inner))
		return !plain_rule(inner, value);
	yyjson_arr_foreach(inner, index, count, item)
		if (plain_equal(item, value))
			return false;
	return true;
}

static bool plain_key(yyjson_val *rules, yyjson_val *value)
{
	size_t index, count;
	yyjson_val *rule, *item;

	yyjson_arr_foreach(rules, index, count, rule) {
		yyjson_val *exists = json_member(rule, "exists");
		if (!value || (yyjson_is_arr(value) && yyjson_arr_size(value) == 0)) {
			if (exists && !yyjson_get_bool(exists))
				return true;
			continue;
		}
		if (!yyjson_is_arr(value)) {
			if (plain_rule(rule, value))
				return true;
			continue;
		}
		size_t i, n;
		yyjson_arr_foreach(value, i, n, item)
			if (plain_rule(rule, item))
				return true;
	}
	return false;
}

/* `message`: the attributes as an object of JSON. */
static bool plain_policy(yyjson_val *policy, yyjson_val *message)
{
	size_t index, count, i, n;
	yyjson_val *key, *rules, *choice;

	yyjson_obj_foreach(policy, index, count, key, rules) {
		bool is_match = false;
		if (yyjson_equals_str(key, "$or")) {
			yyjson_arr_foreach(rules, i, n, choice)
				is_match = is_match || plain_policy(choice, message);
		} else {
			is_match = plain_key(rules, json_member(message, yyjson_get_str(key)));
		}
		if (!is_match)
			return false;
	}
	return true;
}

/* ---- random policies and messages ---- */

static uint64_t seed;

static size_t below(size_t bound)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (size_t)(seed >> 33) % bound;
}

#define PICK(list) (list)[below(sizeof(list) / sizeof((list)[0]))]

static const char *const names[] = {"a", "b", "c"};
static const char *const values[] = {"\"x\"", "\"xy\"", "\"Y\"", "\"\"", "1",
				     "2.5",   "-1",	"true",	 "null", "1.0"};
static const char *const rules[] = {
	"{\"prefix\":\"x\"}",
	"{\"suffix\":\"y\"}",
	"{\"equals-ignore-case\":\"XY\"}",
	"{\"anything-but\":[\"x\",\"Y\"]}",
	"{\"anything-but\":[1,2.5]}",
	"{\"anything-but\":{\"prefix\":\"x\"}}",
	"{\"anything-but\":{\"suffix\":\"y\"}}",
	"{\"numeric\":[\">\",0]}",
	"{\"numeric\":[\">=\",-1,\"<\",2.5]}",
	"{\"numeric\":[\"=\",1]}",
	"{\"exists\":true}",
	"{\"exists\":false}",
};

static void put_policy(struct buf *out, size_t depth)
{
	size_t first = below(3), keys = 1 + below(2);

	buf_append_char(out, '{');
	for (size_t i = 0; i < keys; i++) {
		buf_format(out, "%s\"%s\":[", i > 0 ? "," : "", names[(first + i) % 3]);
		for (size_t j = 0, count = 1 + below(3); j < count; j++)
			buf_format(out, "%s%s", j > 0 ? "," : "",
				   below(2) ? PICK(values) : PICK(rules));
		buf_append_char(out, ']');
	}
	if (depth > 0 && below(3) == 0) {
		buf_append(out, STR(",\"$or\":["));
		put_policy(out, depth - 1);
		buf_append_char(out, ',');
		put_policy(out, depth - 1);
		buf_append_char(out, ']');
	}
	buf_append_char(out, '}');
}

/* A name that a policy has twice keeps its last rules, which the plain evaluation does not know. */
static bool has_name_twice(yyjson_val *policy, bool *seen)
{
	size_t index, count, i, n;
	yyjson_val *key, *value, *choice;

	yyjson_obj_foreach(policy, index, count, key, value) {
		if (!yyjson_equals_str(key, "$or")) {
			size_t name = (size_t)(yyjson_get_str(key)[0] - 'a');
			if (seen[name])
				return true;
			seen[name] = true;
			continue;
		}
		yyjson_arr_foreach(value, i, n, choice) {
			bool inner[3] = {seen[0], seen[1], seen[2]};
			if (has_name_twice(choice, inner))
				return true;
		}
	}
	return false;
}

static size_t random_message(struct filter_attribute *out, struct str *out_json)
{
	struct buf json = {0};
	size_t count = 0;

	buf_append_char(&json, '{');
	for (size_t i = 0; i < 3; i++) {
		const char *value = PICK(values);
		bool is_array = below(3) == 0;
		if (below(4) == 0)
			continue;
		struct str text = str_from(value);
		out[count] = (struct filter_attribute){str_from(names[i]), STR("Number"), text};
		if (is_array) {
			text = below(4) == 0 ? STR("[]")
					     : arena_format(&arena, "[%s,%s]", value, PICK(values));
			out[count].type = STR("String.Array");
			out[count].value = text;
		} else if (value[0] == '"') {
			out[count].type = STR("String");
			out[count].value = str_slice(text, 1, text.size - 2);
		} else if (value[0] == 't' || value[0] == 'n') {
			continue;
		}
		buf_format(&json, "%s\"%s\":%.*s", count > 0 ? "," : "", names[i], STR_ARG(text));
		count++;
	}
	buf_append_char(&json, '}');
	*out_json = arena_copy(&arena, buf_str(&json));
	buf_done(&json);
	return count;
}

enum { POLICIES = 60, MESSAGES = 200 };

static void compare_round(void)
{
	struct matcher *matcher = matcher_new();
	struct match_scratch *scratch = match_scratch_new();
	yyjson_val *texts[POLICIES], *message;
	struct filter_attribute given[3];
	struct match_attribute *read;
	struct str problem, json;
	size_t count = 0;
	void *const *users;

	while (count < POLICIES) {
		struct filter_policy policy;
		struct buf text = {0};
		bool seen[3] = {0};
		put_policy(&text, 1);
		struct str copy = arena_copy(&arena, buf_str(&text));
		buf_done(&text);
		assert_int_equal(json_parse(&arena, copy, &texts[count]), ERR_OK);
		if (has_name_twice(texts[count], seen))
			continue;
		if (filter_policy_parse(&arena, FILTER_ATTRIBUTES, copy, &policy, &problem))
			fail_msg("%.*s: %.*s", STR_ARG(copy), STR_ARG(problem));
		(void)matcher_add(matcher, &policy.pattern, &texts[count]);
		count++;
	}
	for (size_t i = 0; i < MESSAGES; i++) {
		bool is_found[POLICIES] = {0};
		size_t attributes = random_message(given, &json);
		assert_int_equal(json_parse(&arena, json, &message), ERR_OK);
		assert_int_equal(filter_attributes_read(&arena, given, attributes, &read), ERR_OK);
		size_t found = matcher_match_attributes(matcher, scratch, read, attributes, &users);
		for (size_t j = 0; j < found; j++)
			is_found[(yyjson_val **)users[j] - texts] = true;
		for (size_t j = 0; j < POLICIES; j++)
			if (is_found[j] != plain_policy(texts[j], message))
				fail_msg("%.*s: %.*s: %d", STR_ARG(text_of(texts[j])),
					 STR_ARG(json), is_found[j]);
	}
	match_scratch_free(&scratch);
	matcher_free(&matcher);
}

static void test_random_policies_match_as_a_plain_evaluation_says(void **state)
{
	(void)state;
	for (seed = 1; seed < 40; seed++) {
		uint64_t before = seed;
		compare_round();
		arena_reset(&arena);
		seed = before;
	}
}
