/* SPDX-License-Identifier: MIT */
/* Tests of the dialects, on the shapes of SQS. */
#include "api/sqs.h"
#include "base/fixture.h"
#include "wire/credential.h"
#include "wire/json.h"
#include "wire/query.h"

static struct buf out;

static int teardown(void **state)
{
	(void)state;
	buf_done(&out);
	return 0;
}

static const struct operation *send_batch = &sqs_operations[SQS_SEND_MESSAGE_BATCH];

static void check_batch(const struct sqs_send_message_batch_in *in)
{
	assert_str(in->queue_url, "http://h/1/q");
	assert_int_equal(in->entries_count, 2);
	assert_str(in->entries[0].id, "a");
	assert_true(in->entries[0].has_delay_seconds);
	assert_int_equal(in->entries[0].delay_seconds, 5);
	assert_false(in->entries[1].has_delay_seconds);
	assert_int_equal(in->entries[1].message_attributes_count, 1);
	assert_str(in->entries[1].message_attributes[0].key, "k");
	assert_str(in->entries[1].message_attributes[0].value.data_type, "Binary");
	assert_str(in->entries[1].message_attributes[0].value.binary_value, "hi");
	assert_null(in->entries[0].message_attributes);
}

static void test_json_and_query_give_the_same_struct(void **state)
{
	(void)state;
	struct sqs_send_message_batch_in in = {0};
	struct str problem;
	struct form form;

	struct str json = STR(
		"{\"QueueUrl\":\"http://h/1/q\",\"Unknown\":{\"x\":[1]},\"Entries\":["
		"{\"Id\":\"a\",\"MessageBody\":\"b\",\"DelaySeconds\":5,\"MessageGroupId\":null},"
		"{\"MessageBody\":\"c\",\"Id\":\"d\",\"MessageAttributes\":{\"k\":"
		"{\"BinaryValue\":\"aGk=\",\"DataType\":\"Binary\"}}}]}");
	assert_int_equal(wire_json_decode(&arena, json, send_batch->in, &in, &problem), ERR_OK);
	check_batch(&in);

	/* Numbers out of order and with gaps. */
	struct str query =
		STR("Action=SendMessageBatch&QueueUrl=http%3A%2F%2Fh%2F1%2Fq"
		    "&SendMessageBatchRequestEntry.7.Id=d"
		    "&SendMessageBatchRequestEntry.7.MessageAttribute.1.Name=k"
		    "&SendMessageBatchRequestEntry.7.MessageAttribute.1.Value.DataType=Binary"
		    "&SendMessageBatchRequestEntry.7.MessageAttribute.1.Value.BinaryValue=aGk%3D"
		    "&SendMessageBatchRequestEntry.1.DelaySeconds=5"
		    "&SendMessageBatchRequestEntry.1.Id=a");
	assert_int_equal(form_parse(&arena, query, &form), ERR_OK);
	in = (struct sqs_send_message_batch_in){0};
	assert_int_equal(wire_query_decode(&arena, &form, send_batch->in, &in, &problem), ERR_OK);
	check_batch(&in);
}

static void assert_problem(const char *json, const char *expected)
{
	struct sqs_receive_message_in in = {0};
	struct str problem;

	assert_int_equal(wire_json_decode(&arena, str_from(json),
					  sqs_operations[SQS_RECEIVE_MESSAGE].in, &in, &problem),
			 ERR_INVALID);
	assert_true(str_equal(problem, str_from(expected)));
}

static void test_json_wrong_kinds_get_aws_texts(void **state)
{
	(void)state;

	assert_problem("{\"MaxNumberOfMessages\":\"1\"}",
		       "STRING_VALUE can not be converted to an Integer");
	assert_problem("{\"QueueUrl\":{}}", "Start of structure or map found where not expected.");
	assert_problem("{\"QueueUrl\":[]}", "Start of list found where not expected");
	assert_problem("{\"MaxNumberOfMessages\":2147483648}",
		       "NUMBER_VALUE can not be converted to an Integer");
	assert_problem("{", "The request body is not valid JSON.");
}

static void test_json_casts_scalars_to_strings(void **state)
{
	(void)state;
	struct sqs_set_queue_attributes_in in = {0};
	struct str problem;

	struct str json = STR("{\"QueueUrl\":7,\"Attributes\":{\"a\":30,\"b\":true}}");
	assert_int_equal(wire_json_decode(&arena, json, sqs_operations[SQS_SET_QUEUE_ATTRIBUTES].in,
					  &in, &problem),
			 ERR_OK);
	assert_str(in.queue_url, "7");
	assert_str(in.attributes[0].value, "30");
	assert_str(in.attributes[1].value, "true");
}

static void test_answers_leave_out_what_is_empty(void **state)
{
	(void)state;
	struct sqs_receive_message_out value = {0};
	const struct operation *receive = &sqs_operations[SQS_RECEIVE_MESSAGE];

	wire_json_encode(&out, receive->out, &value);
	assert_str(buf_str(&out), "{}");
	buf_reset(&out);
	wire_query_encode(&out, receive, &value, STR("id"));
	assert_str(buf_str(&out),
		   "<?xml version=\"1.0\"?><ReceiveMessageResponse "
		   "xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><ReceiveMessageResult/>"
		   "<ResponseMetadata><RequestId>id</RequestId></ResponseMetadata>"
		   "</ReceiveMessageResponse>");
}

static void test_answers_carry_lists_and_maps(void **state)
{
	(void)state;
	struct shape_pair attribute = {STR("SentTimestamp"), STR("1")};
	struct sqs_message message = {
		.body = STR("<b>"), .attributes = &attribute, .attributes_count = 1};
	struct sqs_receive_message_out value = {.messages = &message, .messages_count = 1};
	const struct operation *receive = &sqs_operations[SQS_RECEIVE_MESSAGE];

	wire_json_encode(&out, receive->out, &value);
	assert_str(buf_str(&out),
		   "{\"Messages\":[{\"Body\":\"<b>\",\"Attributes\":{\"SentTimestamp\":\"1\"}}]}");
	buf_reset(&out);
	wire_query_encode(&out, receive, &value, STR("id"));
	assert_true(
		str_find(buf_str(&out),
			 STR("<Message><Body>&lt;b&gt;</Body><Attribute><Name>SentTimestamp</Name>"
			     "<Value>1</Value></Attribute></Message>"),
			 0) != SIZE_MAX);
	buf_reset(&out);
	wire_query_encode_json(&out, receive, &value, STR("id"));
	assert_true(str_starts(
		buf_str(&out),
		STR("{\"ReceiveMessageResponse\":{\"ReceiveMessageResult\":{\"messages\":[")));
}

static void test_credentials_are_read_from_their_end(void **state)
{
	(void)state;
	struct credential credential;

	assert_true(credential_parse_header(
		STR("AWS4-HMAC-SHA256 Credential=a/b/20260101/eu-west-1/sqs/aws4_request, "
		    "SignedHeaders=host, Signature=0"),
		&credential));
	assert_str(credential.access_key, "a/b");
	assert_str(credential.region, "eu-west-1");
	assert_str(credential.service, "sqs");
	assert_false(credential_parse_header(STR("Basic xyz"), &credential));
	assert_false(credential_parse_scope(STR("a/b/aws4_request"), &credential));
}
