/* SPDX-License-Identifier: MIT */
/* The record is a format on disk: every later version must read today's bytes. */
#include "base/fixture.h"
#include "services/sqs/store.h"

static const char record[] =
	"{\"version\":1,\"number\":\"18446744073709551615\",\"account\":\"111122223333\","
	"\"region\":\"eu-west-1\",\"name\":\"q.fifo\","
	"\"arn\":\"arn:aws:sqs:eu-west-1:111122223333:q.fifo\",\"policy\":\"{\\\"Statement\\\":[]}"
	"\","
	"\"redrivePolicy\":\"{\\\"deadLetterTargetArn\\\":\\\"arn:d\\\",\\\"maxReceiveCount\\\":"
	"7"
	"}\",\"redriveAllowPolicy\":\"{\\\"redrivePermission\\\":\\\"byQueue\\\","
	"\\\"sourceQueueArns\\\":[\\\"arn:s\\\"]}\",\"kmsMasterKeyId\":\"alias/k\","
	"\"delaySeconds\":1,\"maximumMessageSize\":2048,\"messageRetentionPeriod\":60,"
	"\"receiveMessageWaitTimeSeconds\":2,\"visibilityTimeout\":3,"
	"\"kmsDataKeyReusePeriodSeconds\":600,\"createdMs\":1700000000001,"
	"\"modifiedMs\":1700000000002,\"fifoQueue\":true,"
	"\"contentBasedDeduplication\":true,"
	"\"perMessageGroupIdLimit\":true,\"sqsManagedSseEnabled\":false,\"groupScope\":true,"
	"\"policyPrincipals\":{\"arn:aws:iam::111122223333:user/u\":\"AIDAEXAMPLEUSER00001\"},"
	"\"tags\":{\"a\":\"1\",\"b\":\"\"}}";

static struct sqs_queue queue;

static int setup(void **state)
{
	(void)state;
	return sqs_queue_decode(&arena, str_from(record), &queue) == ERR_OK ? 0 : -1;
}

static void test_record_is_written_as_it_was_read(void **state)
{
	struct buf out = {0};

	(void)state;
	sqs_queue_encode(&out, &arena, &queue);
	buf_append_char(&out, '\0');
	assert_string_equal(out.data, record);
	buf_done(&out);
}

static void test_record_is_read_whole(void **state)
{
	(void)state;
	assert_true(queue.number == UINT64_MAX);
	assert_true(str_equal(queue.name, STR("q.fifo")));
	assert_true(str_equal(queue.dead_letter_arn, STR("arn:d")));
	assert_int_equal(queue.max_receive_count, 7);
	assert_int_equal(queue.redrive_permission, SQS_REDRIVE_BY_QUEUE);
	assert_int_equal(queue.redrive_source_count, 1);
	assert_int_equal(queue.delay_seconds, 1);
	assert_int_equal(queue.message_size_max, 2048);
	assert_int_equal(queue.retention_seconds, 60);
	assert_int_equal(queue.wait_seconds, 2);
	assert_int_equal(queue.visibility_seconds, 3);
	assert_int_equal(queue.kms_reuse_seconds, 600);
	assert_int_equal(queue.dedup_scope, SQS_DEDUP_GROUP);
	assert_true(queue.is_fifo && queue.has_content_dedup && queue.is_per_group_limit);
	assert_false(queue.has_sqs_managed_sse);
	assert_int_equal(queue.tag_count, 2);
}

static enum err decode(const char *text)
{
	struct sqs_queue draft;

	return sqs_queue_decode(&arena, str_from(text), &draft);
}

static void test_damaged_and_newer_records_are_distinguished(void **state)
{
	(void)state;
	assert_int_equal(decode(""), ERR_DAMAGED);
	assert_int_equal(decode("[]"), ERR_DAMAGED);
	assert_int_equal(decode("{\"version\":1}"), ERR_DAMAGED);
	assert_int_equal(decode("{\"version\":1,\"number\":\"1\",\"redrivePolicy\":\"x\"}"),
			 ERR_DAMAGED);
	assert_int_equal(decode("{\"version\":2,\"number\":\"1\"}"), ERR_VERSION);
}
