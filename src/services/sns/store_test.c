/* SPDX-License-Identifier: MIT */
/* Every member of a snapshot that lasts comes back from its record. */
#include "services/sns/store.h"

#include "base/fixture.h"

static struct shape_pair pairs[] = {{STR_INIT("a"), STR_INIT("1")}, {STR_INIT("b"), STR_INIT("")}};

static struct topic make_topic(void)
{
	return (struct topic){
		.account = STR("111122223333"),
		.region = STR("eu-west-1"),
		.name = STR("t.fifo"),
		.arn = STR("arn:aws:sns:eu-west-1:111122223333:t.fifo"),
		.serial = UINT32_MAX,
		.created_ms = 1700000000001,
		.is_fifo = true,
		.has_content_dedup = true,
		.throughput_scope = STR("MessageGroup"),
		.display_name = STR("T"),
		.kms_key = STR("alias/k"),
		.signature_version = STR("2"),
		.policy = STR("{\"Statement\":[]}"),
		.policy_names = {pairs, 2},
		.feedback = pairs,
		.feedback_count = 1,
		.tags = pairs,
		.tag_count = 2,
		.deleted_count = 4,
	};
}

static void test_topic_comes_back(void **state)
{
	const struct topic topic = make_topic();
	struct topic found;
	struct buf bytes = {0}, again = {0};

	(void)state;
	sns_topic_encode(&bytes, &topic);
	assert_int_equal(sns_topic_decode(&arena, buf_str(&bytes), &found), ERR_OK);
	assert_true(str_equal(found.arn, topic.arn));
	assert_true(str_equal(found.throughput_scope, topic.throughput_scope));
	assert_true(found.is_fifo && found.has_content_dedup);
	assert_true(found.serial == UINT32_MAX);
	assert_int_equal(found.policy_names.count, 2);
	assert_int_equal(found.feedback_count, 1);
	assert_int_equal(found.tag_count, 2);
	assert_true(str_equal(found.tags[1].key, STR("b")));
	assert_null(found.tracing.data);
	sns_topic_encode(&again, &found);
	assert_true(str_equal(buf_str(&bytes), buf_str(&again)));
	buf_done(&bytes);
	buf_done(&again);
}

static struct subscription make_subscription(void)
{
	return (struct subscription){
		.arn = STR("arn:aws:sns:eu-west-1:111122223333:t:i"),
		.topic_arn = STR("arn:aws:sns:eu-west-1:111122223333:t"),
		.id = STR("i"),
		.account = STR("111122223333"),
		.region = STR("eu-west-1"),
		.protocol = SNS_PROTOCOL_EMAIL_JSON,
		.endpoint = STR("a@example.com"),
		.principal = STR("arn:u"),
		.created_ms = 1700000000003,
		.is_pending = true,
		.needs_unsubscribe_auth = true,
		.is_raw = true,
		.filter_policy = STR("{\"a\":[1]}"),
		.filter_scope = SNS_FILTER_SCOPE_BODY,
		.redrive_policy = STR("{}"),
		.dead_letter_arn = STR("arn:d"),
	};
}

static void test_subscription_comes_back(void **state)
{
	const struct subscription subscription = make_subscription();
	struct subscription found;
	struct buf bytes = {0}, again = {0};

	(void)state;
	sns_subscription_encode(&bytes, &subscription);
	assert_int_equal(sns_subscription_decode(&arena, buf_str(&bytes), &found), ERR_OK);
	assert_int_equal(found.protocol, SNS_PROTOCOL_EMAIL_JSON);
	assert_int_equal(found.filter_scope, SNS_FILTER_SCOPE_BODY);
	assert_true(found.is_pending && found.needs_unsubscribe_auth && found.is_raw);
	assert_false(found.is_authenticated);
	assert_null(found.role_arn.data);
	sns_subscription_encode(&again, &found);
	assert_true(str_equal(buf_str(&bytes), buf_str(&again)));
	buf_done(&bytes);
	buf_done(&again);
}

static void test_records_without_a_name_are_damaged(void **state)
{
	struct topic topic = make_topic();
	struct subscription subscription = make_subscription();
	struct buf bytes = {0};

	(void)state;
	topic.arn = (struct str){0};
	sns_topic_encode(&bytes, &topic);
	assert_int_equal(sns_topic_decode(&arena, buf_str(&bytes), &topic), ERR_DAMAGED);
	buf_reset(&bytes);
	subscription.topic_arn = (struct str){0};
	sns_subscription_encode(&bytes, &subscription);
	assert_int_equal(sns_subscription_decode(&arena, buf_str(&bytes), &subscription),
			 ERR_DAMAGED);
	buf_done(&bytes);
}
