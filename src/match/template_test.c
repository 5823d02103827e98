/* SPDX-License-Identifier: MIT */
/* Paths and placeholders; services/events/transform_test.c has AWS's recorded results. */
#include "match/template.h"

#include "base/fixture.h"

static const struct str event = STR_INIT("{\"a\":{\"b-c\":[{\"n\":1},{\"n\":\"two\"},{}]},\"s\":"
					 "\"say \\\"hi\\\"\\n\",\"x/y\":true}");

static void test_selectors_collect_items(void **unused)
{
	static const struct {
		struct str path, wanted;
	} cases[] = {
		{STR_INIT("$.a.b-c[*].n"), STR_INIT("[1,\"two\"]")},
		{STR_INIT("$.a.b-c[*]"), STR_INIT("[{\"n\":1},{\"n\":\"two\"},{}]")},
		{STR_INIT("$.a.b-c[1].n"), STR_INIT("\"two\"")},
		{STR_INIT("$.a[*]"), STR_INIT("[]")},
		{STR_INIT("$.x/y"), STR_INIT("true")},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(template_is_selector(cases[i].path));
		struct str found = template_select(&arena, event, cases[i].path);
		if (!str_equal(found, cases[i].wanted))
			fail_msg("%.*s: %.*s", STR_ARG(cases[i].path), STR_ARG(found));
	}
	assert_null(template_select(&arena, event, STR("$.none")).data);
	assert_false(template_is_path(STR("$.a[*]")));
	assert_false(template_is_selector(STR("$.a[x]")));
	assert_false(template_is_selector(STR("a")));
}

static void test_next_passes_over_lone_brackets(void **unused)
{
	struct str text = STR("1 < 2\n<first> <second"), name;
	size_t at = 0;

	(void)unused;
	assert_true(template_next(text, &at, &name));
	assert_true(str_equal(name, STR("first")));
	assert_false(template_next(text, &at, &name));
}

static struct str value_at(void *context, struct arena *memory, struct str name)
{
	(void)context;
	return template_select(memory, event, name);
}

static void test_free_text_gets_plain_strings(void **unused)
{
	static const struct {
		struct str text, wanted;
	} cases[] = {
		{STR_INIT("<$.s>"), STR_INIT("say \"hi\"\n")},
		{STR_INIT("Hello, <$.a.b-c[1].n>!"), STR_INIT("Hello, two!")},
		{STR_INIT("<$.a.b-c[0]> < <$.none>."), STR_INIT("{\"n\":1} < .")},
		{STR_INIT("nothing"), STR_INIT("nothing")},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str text = template_fill_text(&arena, cases[i].text, value_at, NULL);
		if (!str_equal(text, cases[i].wanted))
			fail_msg("%.*s: %.*s", STR_ARG(cases[i].text), STR_ARG(text));
	}
}

static void test_json_gets_json_outside_of_quotes(void **unused)
{
	(void)unused;
	assert_true(str_equal(
		template_fill(&arena, STR("{\"a\":<$.s>,\"b\":\"<$.a.b-c[1].n>\",\"c\":<$.x/y>}"),
			      value_at, NULL),
		STR("{\"a\":\"say \\\"hi\\\"\\n\",\"b\":\"two\",\"c\":true}")));
	assert_true(str_equal(template_quote(&arena, STR("a\"b")), STR("\"a\\\"b\"")));
}
