/* SPDX-License-Identifier: MIT */
#include "match/log_pattern.h"

#include "base/fixture.h"

static bool match(const char *text, const char *message)
{
	const struct log_pattern *pattern;
	struct str problem = {0};
	struct arena scratch;

	if (log_pattern_parse(&arena, str_from(text), &pattern, &problem) != ERR_OK)
		fail_msg("%s: %.*s", text, STR_ARG(problem));
	arena_init(&scratch);
	bool is_match = log_pattern_matches(pattern, &scratch, str_from(message));
	arena_done(&scratch);
	return is_match;
}

static void test_terms(void **unused)
{
	static const struct {
		const char *pattern, *message;
		bool is_match;
	} cases[] = {
		{"", "anything", true},
		{"  ", "", true},
		{"ERROR", "an ERROR here", true},
		{"ERROR", "an error here", false},
		{"ERROR", "ERRORS", true},
		{"ERROR ARGUMENTS", "[ERROR 400] INVALID ARGUMENTS", true},
		{"ERROR ARGUMENTS", "[ERROR 400]", false},
		{"\"INTERNAL SERVER ERROR\"", "500 INTERNAL SERVER ERROR", true},
		{"\"INTERNAL SERVER ERROR\"", "INTERNAL ERROR SERVER", false},
		{"\"a \\\"b\\\"\"", "x a \"b\" y", true},
		{"ERROR -ARGUMENTS", "ERROR 400", true},
		{"ERROR -ARGUMENTS", "ERROR ARGUMENTS", false},
		{"ERROR -\"a b\"", "ERROR a b", false},
		{"?ERROR ?WARN", "a WARN", true},
		{"?ERROR ?WARN", "an INFO", false},
		{"?ERROR ?\"a b\"", "a b", true},
		/* Optional terms beside others have no effect. */
		{"INFO ?ERROR", "INFO", true},
		{"?ERROR -INFO", "ERROR", true},
		{"?ERROR -INFO", "ERROR INFO", false},
		{"?ERROR -INFO", "nothing", false},
		{"-INFO", "nothing", true},
		{"\xc3\xa4_1", "x \xc3\xa4_1", true},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (match(cases[i].pattern, cases[i].message) != cases[i].is_match)
			fail_msg("%s on %s", cases[i].pattern, cases[i].message);
}

static const char message[] =
	"{\"eventType\":\"UpdateTrail\",\"status\":404,\"ratio\":0.5,\"none\":null,\"yes\":true,"
	"\"no\":false,\"user\":{\"id\":1,\"name\":\"Ann\"},\"list\":[{\"v\":7},\"x\"],\"a b\":1,"
	"\"ip\":\"123.123.4.5\",\"n\":\"12\",\"big\":1e3}";

static void test_conditions(void **unused)
{
	static const struct {
		const char *pattern;
		bool is_match;
	} cases[] = {
		{"{ $.eventType = \"UpdateTrail\" }", true},
		{"{$.eventType=UpdateTrail}", true},
		{"{ $.eventType = \"Update\" }", false},
		{"{ $.eventType = Update* }", true},
		{"{ $.eventType = \"*Trail\" }", true},
		{"{ $.eventType = \"*ate*ai*\" }", true},
		{"{ $.eventType != \"UpdateTrail\" }", false},
		{"{ $.eventType != \"Other\" }", true},
		{"{ $.missing = \"x\" }", false},
		{"{ $.missing != \"x\" }", false},
		{"{ $.missing NOT EXISTS }", true},
		{"{ $.status NOT EXISTS }", false},
		{"{ $.none IS NULL }", true},
		{"{ $.status IS NULL }", false},
		{"{ $.yes IS TRUE }", true},
		{"{ $.no IS TRUE }", false},
		{"{ $.no IS FALSE }", true},
		{"{ $.yes = true }", true},
		{"{ $.status = 404 }", true},
		{"{ $.status = 404.0 }", true},
		{"{ $.status = 4* }", true},
		{"{ $.status = 5* }", false},
		{"{ $.status != 404 }", false},
		{"{ $.status > 403 }", true},
		{"{ $.status > 404 }", false},
		{"{ $.status >= 404 }", true},
		{"{ $.status < 404 }", false},
		{"{ $.status <= 404 }", true},
		{"{ $.ratio < 1 }", true},
		{"{ $.ratio > -1 }", true},
		{"{ $.big = 1000 }", true},
		{"{ $.big >= 1e3 }", true},
		{"{ $.n = 12 }", true},
		{"{ $.n > 3 }", false},
		{"{ $.user.id = 1 }", true},
		{"{ $.user.name = \"Ann\" }", true},
		{"{ $.user = \"Ann\" }", false},
		{"{ $.user != \"Ann\" }", false},
		{"{ $.list[0].v = 7 }", true},
		{"{ $.list[1] = x }", true},
		{"{ $.list[2] NOT EXISTS }", true},
		{"{ $['a b'] = 1 }", true},
		{"{ $[\"a b\"] = 1 }", true},
		{"{ $.ip = 123.123.* }", true},
		{"{ $.status = 404 && $.yes IS TRUE }", true},
		{"{ $.status = 404 && $.no IS TRUE }", false},
		{"{ $.status = 5 || $.yes IS TRUE }", true},
		{"{ $.status = 404 || $.status = 1 && $.no IS TRUE }", true},
		{"{ ($.status = 404 || $.status = 1) && $.no IS TRUE }", false},
		{"{ (($.status = 404)) }", true},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (match(cases[i].pattern, message) != cases[i].is_match)
			fail_msg("%s", cases[i].pattern);
	assert_false(match("{ $.a NOT EXISTS }", "no JSON"));
	assert_false(match("{ $.a NOT EXISTS }", "{ broken"));
	assert_true(match("{ $.a NOT EXISTS }", "  {}"));
}

static void test_wrong_patterns_are_refused_with_a_reason(void **unused)
{
	static const struct {
		const char *pattern, *problem;
	} cases[] = {
		{"foo-bar", "Invalid character(s) in term 'foo-bar'"},
		{"\"open", "Invalid filter pattern: a quotation is not closed."},
		{"-", "Invalid filter pattern: a term is empty."},
		{"[a, b]", "Filter patterns of columns, [a, b], are not supported."},
		{"%a+%", "Regular expressions in filter patterns are not supported."},
		{"{ $.a = %x% }", "Regular expressions in filter patterns are not supported."},
		{"{ a = 1 }",
		 "Invalid filter pattern: a selector such as $.name is missing at 'a = 1 }'."},
		{"{ $ = 1 }", "Invalid filter pattern: '$' selects nothing."},
		{"{ $.a ~ 1 }", "Invalid filter pattern: an operator is missing at '~ 1 }'."},
		{"{ $.a > \"x\" }",
		 "Invalid filter pattern: 'x' is no number, and only numbers have an order."},
		{"{ $.a NOT = 1 }", "Invalid filter pattern: EXISTS is missing at ' = 1 }'."},
		{"{ $.a IS = 1 }",
		 "Invalid filter pattern: NULL, TRUE or FALSE is missing at ' = 1 }'."},
		{"{ $.a = 1", "Invalid filter pattern: '}' is missing at ''."},
		{"{ ($.a = 1 }", "Invalid filter pattern: ')' is missing."},
		{"{ $.a = 1 } x", "Invalid filter pattern: 'x' follows the condition."},
		{"{ $.a[x] = 1 }", "Invalid filter pattern: '' is no index of an array."},
		{"{ $.a = }", "Invalid filter pattern: a value is missing at '}'."},
	};
	const struct log_pattern *pattern;
	struct str problem;

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str text = str_from(cases[i].pattern);
		assert_int_equal(log_pattern_parse(&arena, text, &pattern, &problem), ERR_INVALID);
		assert_str(problem, cases[i].problem);
	}
}

static void test_the_depth_of_parentheses_is_bounded(void **unused)
{
	const struct log_pattern *pattern;
	struct buf text = {0};
	struct str problem;

	(void)unused;
	buf_format(&text, "{ ");
	for (int i = 0; i < 400; i++)
		buf_append_char(&text, '(');
	assert_int_equal(log_pattern_parse(&arena, buf_str(&text), &pattern, &problem),
			 ERR_INVALID);
	assert_str(problem, "Invalid filter pattern: it is nested too deeply.");
	buf_done(&text);
}
