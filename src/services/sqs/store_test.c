/* SPDX-License-Identifier: MIT */
/* The record is a format on disk: every later version must read today's bytes. `record` is of the
 * catalog's format 3. */
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

static void check_queue(const struct sqs_queue *read)
{
	assert_true(read->number == UINT64_MAX);
	assert_true(str_equal(read->name, STR("q.fifo")));
	assert_true(str_equal(read->dead_letter_arn, STR("arn:d")));
	assert_int_equal(read->max_receive_count, 7);
	assert_int_equal(read->redrive_permission, SQS_REDRIVE_BY_QUEUE);
	assert_int_equal(read->redrive_source_count, 1);
	assert_int_equal(read->delay_seconds, 1);
	assert_int_equal(read->message_size_max, 2048);
	assert_int_equal(read->retention_seconds, 60);
	assert_int_equal(read->wait_seconds, 2);
	assert_int_equal(read->visibility_seconds, 3);
	assert_int_equal(read->kms_reuse_seconds, 600);
	assert_int_equal(read->dedup_scope, SQS_DEDUP_GROUP);
	assert_true(read->is_fifo && read->has_content_dedup && read->is_per_group_limit);
	assert_false(read->has_sqs_managed_sse);
	assert_int_equal(read->tag_count, 2);
}

static void test_record_of_format_3_is_read_whole(void **state)
{
	(void)state;
	check_queue(&queue);
}

/* Its bytes in hexadecimal digits, as format 4 has them. */
static const char format_4[] =
	"01061431383434363734343037333730393535313631350a0c3131313132323232333333330e0965752d"
	"776573742d311206712e6669666f162961726e3a6177733a7371733a65752d776573742d313a31313131"
	"32323232333333333a712e6669666f1a107b2253746174656d656e74223a5b5d7d1e37012061726e3a61"
	"77733a69616d3a3a3131313132323232333333333a757365722f7514414944414558414d504c45555345"
	"52303030303122337b22646561644c657474657254617267657441726e223a2261726e3a64222c226d61"
	"7852656365697665436f756e74223a377d263b7b22726564726976655065726d697373696f6e223a2262"
	"795175657565222c22736f75726365517565756541726e73223a5b2261726e3a73225d7d2a07616c6961"
	"732f6b2cb00934023880203c78400444064882a0abfef9624c84a0abfef9625001540158015c01620802"
	"01610131016200";

static void test_record_round_trips(void **state)
{
	struct buf first = {0}, second = {0}, hex = {0};
	struct sqs_queue again;

	(void)state;
	sqs_queue_encode(&first, &arena, &queue);
	for (size_t i = 0; i < first.size; i++)
		buf_format(&hex, "%02x", (unsigned char)first.data[i]);
	assert_str(buf_str(&hex), format_4);
	assert_int_equal(sqs_queue_decode(&arena, buf_str(&first), &again), ERR_OK);
	check_queue(&again);
	sqs_queue_encode(&second, &arena, &again);
	assert_true(str_equal(buf_str(&first), buf_str(&second)));
	buf_done(&first);
	buf_done(&second);
	buf_done(&hex);
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
	assert_int_equal(decode("{"), ERR_DAMAGED);
	assert_int_equal(decode("{\"version\":1}"), ERR_DAMAGED);
	assert_int_equal(decode("{\"version\":1,\"number\":\"1\",\"redrivePolicy\":\"x\"}"),
			 ERR_DAMAGED);
	assert_int_equal(decode("\x01\x06\x01"
				"1\x66\x01"),
			 ERR_VERSION); /* 25, bytes */
}
