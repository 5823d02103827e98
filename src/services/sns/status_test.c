/* SPDX-License-Identifier: MIT */
/* The events of delivery status logs, as SNS writes them. */
#include "services/sns/status.h"

#include "base/fixture.h"

#define TOPIC "arn:aws:sns:us-east-1:111122223333:t"

static const struct topic topic = {.arn = STR_INIT(TOPIC)};
static const struct sns_message message = {
	.id = STR_INIT("m-1"), .body = STR_INIT("hello"), .timestamp_ms = 1700000000123};

static void test_a_success(void **state)
{
	struct sns_delivery_status status = {
		.topic = &topic,
		.message = &message,
		.body = message.body,
		.destination = STR("http://localhost/"),
		.is_delivered = true,
		.status_code = 204,
		.response = STR("a \"b\""),
		.dwell_ms = 7,
		.attempts = 1,
	};

	(void)state;
	assert_str(sns_status_text(&arena, &status, STR("d-1")),
		   "{\"notification\":{\"messageMD5Sum\":\"5d41402abc4b2a76b9719d911017c592\","
		   "\"messageId\":\"m-1\",\"topicArn\":\"" TOPIC "\",\"timestamp\":"
		   "\"2023-11-14 22:13:20.123\"},\"delivery\":{\"deliveryId\":\"d-1\","
		   "\"destination\":\"http://localhost/\",\"providerResponse\":"
		   "\"a \\\"b\\\"\",\"dwellTimeMs\":7,\"statusCode\":204},"
		   "\"status\":\"SUCCESS\"}");
}

static void test_a_failure_has_its_attempts(void **state)
{
	struct sns_delivery_status status = {
		.topic = &topic,
		.message = &message,
		.destination = STR("q"),
		.status_code = sns_status_code_of(STR("AccessDenied")),
		.response = sns_status_of_queue(&arena, STR(""), STR("AccessDenied"), STR("no")),
		.attempts = 3,
	};

	(void)state;
	struct str text = sns_status_text(&arena, &status, STR("d-1"));
	assert_true(str_find(text,
			     STR("\"attempts\":3,\"statusCode\":403},"
				 "\"status\":\"FAILURE\"}"),
			     0) != SIZE_MAX);
	assert_true(str_find(text,
			     STR("\"{\\\"ErrorCode\\\":\\\"AccessDenied\\\","
				 "\\\"ErrorMessage\\\":\\\"no\\\","
				 "\\\"sqsRequestId\\\":\\\"Unrecoverable\\\"}\""),
			     0) != SIZE_MAX);
}

static void test_roles_and_rates_select(void **state)
{
	struct shape_pair pairs[] = {
		{STR("HTTPFailureFeedbackRoleArn"), STR("r")},
		{STR("HTTPSuccessFeedbackRoleArn"), STR("r")},
		{STR("HTTPSuccessFeedbackSampleRate"), STR("0")},
		{STR("SQSSuccessFeedbackRoleArn"), STR("r")},
	};
	struct topic draft = {
		.arn = STR(TOPIC), .policy = STR("{}"), .feedback = pairs, .feedback_count = 4};
	const struct topic *made = sns_topic_new(&draft);

	(void)state;
	assert_true(sns_status_is_wanted(made, SNS_PROTOCOL_HTTP, false));
	assert_true(sns_status_is_wanted(made, SNS_PROTOCOL_HTTPS, false));
	assert_false(sns_status_is_wanted(made, SNS_PROTOCOL_HTTP, true));
	assert_true(sns_status_is_wanted(made, SNS_PROTOCOL_SQS, true));
	assert_false(sns_status_is_wanted(made, SNS_PROTOCOL_SQS, false));
	assert_false(sns_status_is_wanted(made, SNS_PROTOCOL_EMAIL, true));
	assert_false(sns_status_is_wanted(made, SNS_PROTOCOL_LAMBDA, true));
	sns_topic_release(made);
}
