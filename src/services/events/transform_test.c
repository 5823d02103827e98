/* SPDX-License-Identifier: MIT */
/* Recorded results of AWS, and the rules of its documentation. */
#include "services/events/transform.h"

#include "base/fixture.h"
#include "match/template.h"
#include "services/events/envelope.h"

static const struct shape_pair paths[] = {
	{STR_INIT("foo"), STR_INIT("$.detail.foo")},
	{STR_INIT("number"), STR_INIT("$.detail.number")},
	{STR_INIT("object"), STR_INIT("$.detail.object")},
	{STR_INIT("list"), STR_INIT("$.detail.list")},
	{STR_INIT("second"), STR_INIT("$.detail.list[1]")},
	{STR_INIT("nothing"), STR_INIT("$.detail.nothing")},
	{STR_INIT("null"), STR_INIT("$.detail.null")},
	{STR_INIT("said"), STR_INIT("$.detail.said")},
	{STR_INIT("type"), STR_INIT("$.detail-type")},
};
enum { PATHS = sizeof(paths) / sizeof(paths[0]) };

static struct str event(void)
{
	static const struct str resources[] = {STR_INIT("r1"), STR_INIT("r2")};
	const struct events_event event = {
		.id = STR("i"),
		.source = STR("s"),
		.detail_type = STR("t"),
		.account = STR("123456789012"),
		.region = STR("us-east-1"),
		.time_ms = 1700000000999,
		.resources = resources,
		.resource_count = 2,
		.detail = STR("{ \"foo\" : \"baz\", \"number\": 1.50,\n \"object\": {\"acc_id\": "
			      "\"0a787\", \"sf_id\": \"b z\"}, \"list\": [\"ACTIVE\", "
			      "\"INACTIVE\"], \"null\": null, \"said\": \"a \\\"b\\\"\"}"),
	};

	return events_envelope(&arena, &event);
}

static void test_envelope_has_its_members_in_order(void **unused)
{
	(void)unused;
	assert_true(str_equal(
		event(),
		STR("{\"version\":\"0\",\"id\":\"i\",\"detail-type\":\"t\",\"source\":\"s\","
		    "\"account\":\"123456789012\",\"time\":\"2023-11-14T22:13:20Z\",\"region\":"
		    "\"us-east-1\",\"resources\":[\"r1\",\"r2\"],\"detail\":{\"foo\":\"baz\","
		    "\"number\":1.50,\"object\":{\"acc_id\":\"0a787\",\"sf_id\":\"b z\"},\"list\":["
		    "\"ACTIVE\",\"INACTIVE\"],\"null\":null,\"said\":\"a \\\"b\\\"\"}}")));
}

static void test_templates(void **unused)
{
	static const struct {
		struct str text, wanted;
	} cases[] = {
		{STR_INIT("{\"x\": <foo>}"), STR_INIT("{\"x\": \"baz\"}")},
		{STR_INIT("{\"x\": <object>}"),
		 STR_INIT("{\"x\": {\"acc_id\":\"0a787\",\"sf_id\":\"b z\"}}")},
		{STR_INIT("{\"x\": <number>, \"y\": <null>}"),
		 STR_INIT("{\"x\": 1.50, \"y\": null}")},
		{STR_INIT("{\"x\": <nothing>}"), STR_INIT("{\"x\": \"\"}")},
		{STR_INIT("{\"x\": \"a <foo> b\"}"), STR_INIT("{\"x\": \"a baz b\"}")},
		{STR_INIT("[<foo>, <list>]"), STR_INIT("[\"baz\", [\"ACTIVE\",\"INACTIVE\"]]")},
		{STR_INIT("\"in <object>\""), STR_INIT("\"in {acc_id:0a787,sf_id:b z}\"")},
		{STR_INIT("\"in <list>, <second>\""),
		 STR_INIT("\"in [ACTIVE,INACTIVE], INACTIVE\"")},
		{STR_INIT("\"in <nothing>.\""), STR_INIT("\"in .\"")},
		{STR_INIT("\"one <foo>\"\n\"two <type>\""), STR_INIT("\"one baz\"\n\"two t\"")},
		{STR_INIT("<foo>"), STR_INIT("\"baz\"")},
		{STR_INIT("\"<said>\""), STR_INIT("\"a \\\"b\\\"\"")},
		{STR_INIT("\"\\\"<foo>\\\"\""), STR_INIT("\"\\\"baz\\\"\"")},
		{STR_INIT("{\"a\": \"1 < 2\"}"), STR_INIT("{\"a\": \"1 < 2\"}")},
		{STR_INIT("{\"a\": <aws.events.rule-arn>, \"b\": \"<aws.events.rule-name>\"}"),
		 STR_INIT("{\"a\": \"arn:rule\", \"b\": \"name\"}")},
		{STR_INIT("<aws.events.event.ingestion-time>"),
		 STR_INIT("\"2023-11-14T22:13:21Z\"")},
		{STR_INIT("<aws.events.event>"),
		 STR_INIT("{\"version\":\"0\",\"id\":\"i\",\"detailType\":\"t\",\"source\":\"s\","
			  "\"account\":\"123456789012\",\"time\":\"2023-11-14T22:13:20Z\","
			  "\"region\":\"us-east-1\",\"resources\":[\"r1\",\"r2\"]}")},
	};
	struct transform_context context = {
		.event = event(),
		.rule_arn = STR("arn:rule"),
		.rule_name = STR("name"),
		.ingestion_ms = 1700000001000,
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str problem = {0};
		assert_true(
			transform_check(&arena, STR("t"), cases[i].text, paths, PATHS, &problem));
		struct str text = transform_template(&arena, cases[i].text, paths, PATHS, &context);
		if (!str_equal(text, cases[i].wanted))
			fail_msg("%.*s: %.*s", STR_ARG(cases[i].text), STR_ARG(text));
	}
	struct str whole =
		transform_template(&arena, STR("<aws.events.event.json>"), paths, PATHS, &context);
	assert_true(str_equal(whole, context.event));
}

static void test_placeholders_must_be_known(void **unused)
{
	struct str problem = {0};

	(void)unused;
	assert_false(
		transform_check(&arena, STR("t"), STR("{\"a\": <b c>}"), paths, PATHS, &problem));
	assert_true(str_equal(problem,
			      STR("InputTemplate for target t contains invalid placeholder b c.")));
	assert_true(transform_check(&arena, STR("t"), STR("\"a < b\n>\""), paths, PATHS, &problem));
	const struct shape_pair bad = {STR("x"), STR("detail.x")};
	assert_false(transform_check(&arena, STR("t"), STR("<x>"), &bad, 1, &problem));
}

static void test_paths(void **unused)
{
	static const struct {
		struct str path, wanted;
	} cases[] = {
		{STR_INIT("$.detail.foo"), STR_INIT("\"baz\"")},
		{STR_INIT("$.detail.list[0]"), STR_INIT("\"ACTIVE\"")},
		{STR_INIT("$.resources"), STR_INIT("[\"r1\",\"r2\"]")},
		{STR_INIT("$.resources[1]"), STR_INIT("\"r2\"")},
		{STR_INIT("$.detail.number"), STR_INIT("1.50")},
	};
	static const struct str absent[] = {STR_INIT("$.detail.x"), STR_INIT("$.resources[2]"),
					    STR_INIT("$.resources.a"), STR_INIT("$.source[0]"),
					    STR_INIT("$.detail.foo.b")};
	static const struct str invalid[] = {
		STR_INIT(""),	  STR_INIT("a"),       STR_INIT("$."),
		STR_INIT("$a"),	  STR_INIT("$.a["),    STR_INIT("$.a[x]"),
		STR_INIT("$..a"), STR_INIT("$.a[-1]"), STR_INIT("$.a[]")};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(template_is_path(cases[i].path));
		assert_true(str_equal(template_path(event(), cases[i].path), cases[i].wanted));
	}
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		assert_true(template_is_path(absent[i]));
		assert_null(template_path(event(), absent[i]).data);
	}
	assert_true(str_equal(template_path(event(), STR("$")), event()));
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
		assert_false(template_is_path(invalid[i]));
}
