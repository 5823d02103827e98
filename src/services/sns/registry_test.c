/* SPDX-License-Identifier: MIT */
/* Counts of subscriptions by topic and subscriber. */
#include "services/sns/registry.h"

#include "base/fixture.h"

#define TOPIC "arn:aws:sns:us-east-1:111122223333:t"

static void put(struct sns_registry *registry, const char *id, const char *account,
		const char *filter)
{
	const struct subscription draft = {
		.id = str_from(id),
		.arn = arena_format(&arena, TOPIC ":%s", id),
		.topic_arn = STR(TOPIC),
		.account = str_from(account),
		.region = STR("us-east-1"),
		.endpoint = str_from(id),
		.protocol = SNS_PROTOCOL_SQS,
		.filter_policy = filter ? str_from(filter) : (struct str){0},
	};

	sns_registry_put_subscription(registry, sns_subscription_new(&draft));
}

static size_t filters_of(struct sns_registry *registry, const char *account)
{
	return sns_registry_count_filters(registry, str_from(account), STR("us-east-1"));
}

static void test_filter_policies_are_counted_by_subscriber(void **state)
{
	struct sns_registry *registry = sns_registry_new();

	(void)state;
	put(registry, "a", "1", "{}");
	put(registry, "b", "1", NULL);
	put(registry, "c", "1", "{\"a\":[1]}");
	put(registry, "d", "2", "{\"a\":[1]}");
	assert_int_equal(filters_of(registry, "1"), 2);
	assert_int_equal(filters_of(registry, "2"), 1);
	assert_int_equal(filters_of(registry, "3"), 0);
	put(registry, "a", "1", NULL);
	assert_int_equal(filters_of(registry, "1"), 1);
	assert_int_equal(sns_registry_count_of_topic(registry, STR(TOPIC), false), 4);
	assert_int_equal(sns_registry_count_of_topic(registry, STR(TOPIC), true), 0);
	sns_registry_free(&registry);
}
