/* SPDX-License-Identifier: MIT */
/* Records and input templates, by AWS's documentation. */
#include "services/pipes/event.h"

#include "base/fixture.h"
#include "format/json.h"

static const struct str queue_arn = STR_INIT("arn:aws:sqs:eu-west-1:123456789012:q");
static const struct pipe_names names = {
	.pipe_arn = STR_INIT("arn:pipe"),
	.pipe_name = STR_INIT("p"),
	.source_arn = STR_INIT("arn:source"),
	.enrichment_arn = STR_INIT(""),
	.target_arn = STR_INIT("arn:target"),
	.now_ms = 1700000000123,
};

static struct pipe_event event_of(struct str body)
{
	static const struct shape_pair system[] = {
		{STR_INIT("MessageGroupId"), STR_INIT("g")},
		{STR_INIT("SenderId"), STR_INIT("AIDA")},
	};
	static const struct target_attribute attributes[] = {
		{STR_INIT("colour"), STR_INIT("String"), STR_INIT("red")},
		{STR_INIT("bytes"), STR_INIT("Binary"), STR_INIT("\1\2")},
	};
	const struct source_message message = {
		.id = STR("i"),
		.receipt = STR("r"),
		.body = body,
		.md5 = STR("m"),
		.system = system,
		.system_count = 2,
		.attributes = attributes,
		.attribute_count = 2,
	};

	return pipe_event_of_message(&arena, queue_arn, &message);
}

static void test_a_record_has_the_members_of_aws(void **unused)
{
	struct pipe_event event = event_of(STR("hello"));

	(void)unused;
	assert_true(str_equal(
		event.json,
		STR("{\"messageId\":\"i\",\"receiptHandle\":\"r\",\"body\":\"hello\","
		    "\"attributes\":{\"MessageGroupId\":\"g\",\"SenderId\":\"AIDA\"},"
		    "\"messageAttributes\":{\"colour\":{\"stringValue\":\"red\","
		    "\"stringListValues\":[],\"binaryListValues\":[],\"dataType\":\"String\"},"
		    "\"bytes\":{\"binaryValue\":\"AQI=\",\"stringListValues\":[],"
		    "\"binaryListValues\":[],\"dataType\":\"Binary\"}},\"md5OfBody\":\"m\","
		    "\"eventSource\":\"aws:sqs\","
		    "\"eventSourceARN\":\"arn:aws:sqs:eu-west-1:123456789012:q\","
		    "\"awsRegion\":\"eu-west-1\"}")));
	assert_true(str_equal(event.decoded, event.json));
	assert_false(event.is_json);
}

static void test_a_body_of_json_is_decoded(void **unused)
{
	static const struct str texts[] = {STR_INIT("5"), STR_INIT("\"x\""), STR_INIT("{\"a\":"),
					   STR_INIT("[1,]"), STR_INIT("")};
	struct pipe_event event = event_of(STR(" {\"a\" : [1, 2]} "));

	(void)unused;
	assert_true(event.is_json);
	assert_true(str_find(event.decoded, STR("\"body\":{\"a\":[1,2]},\"attributes\""), 0) !=
		    SIZE_MAX);
	assert_true(str_find(event.json, STR("\"body\":\" {\\\"a\\\" : [1, 2]} \""), 0) !=
		    SIZE_MAX);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(event_of(texts[i]).is_json);
}

static void test_input_templates(void **unused)
{
	static const struct {
		struct str text, wanted;
	} cases[] = {
		{STR_INIT("Hello, sender"), STR_INIT("Hello, sender")},
		{STR_INIT("<$.attributes.SenderId>"), STR_INIT("AIDA")},
		{STR_INIT("Hello, <$.attributes.SenderId>"), STR_INIT("Hello, AIDA")},
		{STR_INIT("<$.body>"), STR_INIT("{\"key\": \"v\", \"list\": [{\"n\": 1}, {\"n\": "
						"2}], \"deep\": {\"x\": \"say \\\"hi\\\"\"}}")},
		{STR_INIT("<$.body.key>"), STR_INIT("v")},
		{STR_INIT("<$.body.deep.x>"), STR_INIT("say \"hi\"")},
		{STR_INIT("{\"k\": <$.body.key>, \"n\": <$.body.list[1].n>}"),
		 STR_INIT("{\"k\": \"v\", \"n\": 2}")},
		{STR_INIT("{\"k\": \"<$.body.key>!\", \"d\": <$.body.deep>}"),
		 STR_INIT("{\"k\": \"v!\", \"d\": {\"x\":\"say \\\"hi\\\"\"}}")},
		{STR_INIT("{\"all\": <$.body.list[*].n>}"), STR_INIT("{\"all\": [1,2]}")},
		{STR_INIT("{\"none\": <$.body.none>, \"x\": \"<$.body.none>\"}"),
		 STR_INIT("{\"none\": \"\", \"x\": \"\"}")},
		{STR_INIT("{\"p\":<aws.pipes.pipe-arn>,\"n\":\"<aws.pipes.pipe-name>\",\"s\":"
			  "<aws.pipes.source-arn>,\"t\":<aws.pipes.target-arn>,\"e\":"
			  "<aws.pipes.enrichment-arn>}"),
		 STR_INIT("{\"p\":\"arn:pipe\",\"n\":\"p\",\"s\":\"arn:source\",\"t\":"
			  "\"arn:target\",\"e\":\"\"}")},
		{STR_INIT("<aws.pipes.event.ingestion-time>"),
		 STR_INIT("2023-11-14T22:13:20.123Z")},
		{STR_INIT("<b>bold</b>"), STR_INIT("<b>bold</b>")},
	};
	struct pipe_event event = event_of(STR("{\"key\": \"v\", \"list\": [{\"n\": 1}, {\"n\": "
					       "2}], \"deep\": {\"x\": \"say \\\"hi\\\"\"}}"));

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str text = pipe_input(&arena, cases[i].text, &event, &names);
		if (!str_equal(text, cases[i].wanted))
			fail_msg("%.*s: %.*s", STR_ARG(cases[i].text), STR_ARG(text));
	}
	assert_true(str_equal(pipe_input(&arena, STR(""), &event, &names), event.json));
	assert_true(str_equal(pipe_input(&arena, STR("<aws.pipes.event>"), &event, &names),
			      event.json));
	assert_true(str_equal(pipe_input(&arena, STR("<aws.pipes.event.json>"), &event, &names),
			      event.decoded));
}

static void test_the_event_as_json_needs_a_body_of_json(void **unused)
{
	struct pipe_event event = event_of(STR("plain"));

	(void)unused;
	assert_true(
		str_equal(pipe_input(&arena, STR("{\"e\":<aws.pipes.event.json>}"), &event, &names),
			  STR("{\"e\":\"\"}")));
}

static void test_parameters_are_texts_or_paths(void **unused)
{
	static const struct {
		struct str text, wanted;
	} cases[] = {
		{STR_INIT("fixed"), STR_INIT("fixed")},
		{STR_INIT("$.attributes.MessageGroupId"), STR_INIT("g")},
		{STR_INIT("$.body.n"), STR_INIT("7")},
		{STR_INIT("$.body.none"), STR_INIT("")},
		{STR_INIT("$"), STR_INIT("$")},
		{STR_INIT("$5"), STR_INIT("$5")},
	};
	struct pipe_event event = event_of(STR("{\"n\":7}"));

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_true(
			str_equal(pipe_parameter(&arena, cases[i].text, &event), cases[i].wanted));
}
