/* SPDX-License-Identifier: MIT */
#include "services/sns/envelope.h"

#include "base/fixture.h"
#include "format/json.h"

#define TOPIC "arn:aws:sns:us-east-1:000000000000:t"
#define ID "7c4c9a4e-1b7e-4b0e-9b0f-000000000001"
#define BASE STR("http://localhost:4566")

static const struct sns_signature none;
static const struct sns_signature signature = {STR_INIT("1"), STR_INIT("c2ln"),
					       STR_INIT("http://localhost:4566/x.pem")};

static struct sns_message message_of(struct str subject)
{
	return (struct sns_message){
		.id = STR("m-1"),
		.topic_arn = STR(TOPIC),
		.subject = subject,
		.body = STR("a \"b\"\n\xc3\xa9"),
		.timestamp_ms = 1700000000123,
	};
}

static struct str envelope_of(const struct sns_message *message, const struct sns_signature *by)
{
	struct sns_envelope envelope = sns_envelope_new(&arena, message, message->body, by, BASE);

	return sns_envelope_for(&arena, &envelope, STR(ID));
}

static void test_a_notification_has_the_members_in_the_order_of_aws(void **state)
{
	struct sns_message message = message_of(STR("s"));

	(void)state;
	assert_str(envelope_of(&message, &signature),
		   "{\n  \"Type\" : \"Notification\",\n  \"MessageId\" : \"m-1\",\n"
		   "  \"TopicArn\" : \"" TOPIC "\",\n  \"Subject\" : \"s\",\n"
		   "  \"Message\" : \"a \\\"b\\\"\\n\xc3\xa9\",\n"
		   "  \"Timestamp\" : \"2023-11-14T22:13:20.123Z\",\n"
		   "  \"SignatureVersion\" : \"1\",\n  \"Signature\" : \"c2ln\",\n"
		   "  \"SigningCertURL\" : \"http://localhost:4566/x.pem\",\n"
		   "  \"UnsubscribeURL\" : \"http://localhost:4566/?Action=Unsubscribe&"
		   "SubscriptionArn=" TOPIC ":" ID "\"\n}");
}

static void test_what_a_message_lacks_is_left_out(void **state)
{
	struct sns_message message = message_of((struct str){0});
	yyjson_val *root;

	(void)state;
	message.sequence = STR("10000000000000000000");
	message.is_replayed = true;
	assert_int_equal(json_parse(&arena, envelope_of(&message, &none), &root), ERR_OK);
	assert_int_equal(yyjson_obj_size(root), 8);
	assert_str(json_text(json_member(root, "SequenceNumber")), "10000000000000000000");
	assert_true(yyjson_get_bool(json_member(root, "Replayed")));
	assert_null(json_member(root, "Signature"));
	assert_null(json_member(root, "Subject"));
	assert_null(json_member(root, "MessageAttributes"));
}

static void test_attributes_have_type_and_value(void **state)
{
	static const struct sns_attribute attributes[] = {
		{STR_INIT("b"), STR_INIT("Binary"), STR_INIT("\x01\x02\x03")},
		{STR_INIT("s"), STR_INIT("String.Array"), STR_INIT("[\"x\"]")},
	};
	struct sns_message message = message_of((struct str){0});
	yyjson_val *root;

	(void)state;
	message.attributes = attributes;
	message.attribute_count = 2;
	struct str text = envelope_of(&message, &none);
	assert_true(str_ends(text, STR("\",\n  \"MessageAttributes\" : {\n    \"b\" : "
				       "{\"Type\":\"Binary\",\"Value\":\"AQID\"},\n    \"s\" : "
				       "{\"Type\":\"String.Array\",\"Value\":\"[\\\"x\\\"]\"}\n  "
				       "}\n}")));
	assert_int_equal(json_parse(&arena, text, &root), ERR_OK);
	text = sns_envelope_lambda(&arena, &message, STR("x"), &none, BASE, STR(TOPIC ":" ID));
	assert_int_equal(json_parse(&arena, text, &root), ERR_OK);
	yyjson_val *record = yyjson_arr_get_first(json_member(root, "Records"));
	yyjson_val *value =
		json_member(json_member(json_member(record, "Sns"), "MessageAttributes"), "s");
	assert_str(json_text(json_member(value, "Value")), "[\"x\"]");
}

static void test_a_function_gets_all_members_in_a_record(void **state)
{
	struct sns_message message = message_of((struct str){0});

	(void)state;
	assert_str(sns_envelope_lambda(&arena, &message, STR("x"), &signature, BASE,
				       STR(TOPIC ":" ID)),
		   "{\"Records\":[{\"EventSource\":\"aws:sns\",\"EventVersion\":\"1.0\","
		   "\"EventSubscriptionArn\":\"" TOPIC ":" ID
		   "\",\"Sns\":{\"Type\":\"Notification\",\"MessageId\":\"m-1\",\"TopicArn\":"
		   "\"" TOPIC "\",\"Subject\":null,\"Message\":\"x\",\"Timestamp\":"
		   "\"2023-11-14T22:13:20.123Z\",\"SignatureVersion\":\"1\",\"Signature\":"
		   "\"c2ln\",\"SigningCertUrl\":\"http://localhost:4566/x.pem\","
		   "\"UnsubscribeUrl\":\"http://localhost:4566/?Action=Unsubscribe&"
		   "SubscriptionArn=" TOPIC ":" ID "\",\"MessageAttributes\":{}}}]}");
}

static void test_signed_texts_have_names_and_values_in_byte_order(void **state)
{
	struct sns_message message = message_of((struct str){0});

	(void)state;
	assert_str(
		sns_signed_notification(&arena, &message, STR("x")),
		"Message\nx\nMessageId\nm-1\nTimestamp\n2023-11-14T22:13:20.123Z\nTopicArn\n" TOPIC
		"\nType\nNotification\n");
	message.subject = STR("s");
	assert_str(sns_signed_notification(&arena, &message, STR("x")),
		   "Message\nx\nMessageId\nm-1\nSubject\ns\nTimestamp\n2023-11-14T22:13:20.123Z\n"
		   "TopicArn\n" TOPIC "\nType\nNotification\n");
}

static void test_a_confirmation_names_the_url_that_confirms(void **state)
{
	struct sns_control control = {
		.id = STR("m-1"),
		.topic_arn = STR(TOPIC),
		.subscription_arn = STR(TOPIC ":" ID),
		.token = STR("0a"),
		.base_url = BASE,
		.timestamp_ms = 1700000000123,
	};
#define TEXT                                                                                       \
	"You have chosen to subscribe to the topic " TOPIC                                         \
	".%sTo confirm the subscription, visit the SubscribeURL included in this message."
#define URL "http://localhost:4566/?Action=ConfirmSubscription&TopicArn=" TOPIC "&Token=0a"

	(void)state;
	assert_str(sns_signed_control(&arena, &control),
		   arena_cstr(&arena,
			      arena_format(&arena,
					   "Message\n" TEXT "\nMessageId\nm-1\nSubscribeURL\n" URL
					   "\nTimestamp\n2023-11-14T22:13:20.123Z\nToken\n0a\n"
					   "TopicArn\n" TOPIC "\nType\nSubscriptionConfirmation\n",
					   "\n")));
	assert_str(sns_envelope_control(&arena, &control, &none),
		   arena_cstr(&arena,
			      arena_format(&arena,
					   "{\n  \"Type\" : \"SubscriptionConfirmation\",\n"
					   "  \"MessageId\" : \"m-1\",\n  \"Token\" : \"0a\",\n"
					   "  \"TopicArn\" : \"" TOPIC "\",\n  \"Message\" : "
					   "\"" TEXT "\",\n  \"SubscribeURL\" : \"" URL
					   "\",\n  \"Timestamp\" : "
					   "\"2023-11-14T22:13:20.123Z\"\n}",
					   "\\n")));
	control.is_unsubscribe = true;
	assert_true(str_starts(sns_envelope_control(&arena, &control, &none),
			       STR("{\n  \"Type\" : \"UnsubscribeConfirmation\"")));
}
