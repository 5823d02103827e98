/* SPDX-License-Identifier: MIT */
/* The records are a format on disk: every later version must read today's bytes. */
#include "services/sns/store.h"

#include "base/fixture.h"

static const char topic_record[] =
	"{\"version\":1,\"account\":\"111122223333\",\"region\":\"eu-west-1\",\"name\":\"t.fifo\","
	"\"topicArn\":\"arn:aws:sns:eu-west-1:111122223333:t.fifo\","
	"\"fifoThroughputScope\":\"MessageGroup\",\"displayName\":\"T\","
	"\"kmsMasterKeyId\":\"alias/k\",\"signatureVersion\":\"2\",\"archivePolicy\":\"{}\","
	"\"policy\":\"{\\\"Statement\\\":[]}\",\"createdMs\":1700000000001,\"archiveDays\":30,"
	"\"archivedSinceMs\":1700000000002,\"subscriptionsDeleted\":4,\"fifoTopic\":true,"
	"\"contentBasedDeduplication\":true,\"serial\":4294967295,"
	"\"policyPrincipals\":{\"arn:aws:iam::111122223333:user/u\":\"AIDAEXAMPLEUSER00001\"},"
	"\"feedback\":{\"SQSSuccessFeedbackSampleRate\":\"7\"},\"tags\":{\"a\":\"1\",\"b\":\"\"}}";

static const char subscription_record[] =
	"{\"version\":1,\"subscriptionArn\":\"arn:aws:sns:eu-west-1:111122223333:t:i\","
	"\"topicArn\":\"arn:aws:sns:eu-west-1:111122223333:t\",\"id\":\"i\","
	"\"account\":\"111122223333\",\"region\":\"eu-west-1\",\"endpoint\":\"arn:q\","
	"\"subscriptionPrincipal\":\"arn:u\",\"filterPolicy\":\"{\\\"a\\\":[1]}\","
	"\"redrivePolicy\":\"{}\",\"deadLetterTargetArn\":\"arn:d\",\"createdMs\":1700000000003,"
	"\"pendingConfirmation\":true,\"confirmationWasAuthenticated\":false,"
	"\"authenticateOnUnsubscribe\":true,\"rawMessageDelivery\":true,\"protocol\":\"sqs\","
	"\"filterPolicyScope\":\"MessageBody\"}";

static void assert_text(struct buf *out, const char *wanted)
{
	buf_append_char(out, '\0');
	assert_string_equal(out->data, wanted);
	buf_done(out);
}

static void test_topic_is_written_as_it_was_read(void **state)
{
	struct topic topic;
	struct buf out = {0};

	(void)state;
	assert_int_equal(sns_topic_decode(&arena, str_from(topic_record), &topic), ERR_OK);
	sns_topic_encode(&out, &topic);
	assert_text(&out, topic_record);
	assert_true(topic.is_fifo && topic.has_content_dedup);
	assert_int_equal(topic.archive_days, 30);
	assert_true(topic.serial == UINT32_MAX);
	assert_int_equal(topic.tag_count, 2);
	assert_int_equal(topic.feedback_count, 1);
	assert_null(topic.tracing.data);
}

static void test_subscription_is_written_as_it_was_read(void **state)
{
	struct subscription subscription;
	struct buf out = {0};

	(void)state;
	assert_int_equal(
		sns_subscription_decode(&arena, str_from(subscription_record), &subscription),
		ERR_OK);
	sns_subscription_encode(&out, &subscription);
	assert_text(&out, subscription_record);
	assert_int_equal(subscription.protocol, SNS_PROTOCOL_SQS);
	assert_int_equal(subscription.filter_scope, SNS_FILTER_SCOPE_BODY);
	assert_null(subscription.role_arn.data);
}

static void test_damaged_and_newer_records_are_distinguished(void **state)
{
	struct subscription subscription;
	struct topic topic;

	(void)state;
	assert_int_equal(sns_topic_decode(&arena, STR("[]"), &topic), ERR_DAMAGED);
	assert_int_equal(sns_topic_decode(&arena, STR("{\"version\":1}"), &topic), ERR_DAMAGED);
	assert_int_equal(sns_topic_decode(&arena, STR("{\"version\":2}"), &topic), ERR_VERSION);
	assert_int_equal(sns_subscription_decode(&arena, STR("{\"version\":1}"), &subscription),
			 ERR_DAMAGED);
}
