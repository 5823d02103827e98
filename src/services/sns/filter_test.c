/* SPDX-License-Identifier: MIT */
#include "services/sns/filter.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/fixture.h"

static struct filter_policy parse(const char *text, enum filter_scope scope)
{
	struct filter_policy policy;
	struct str problem;

	if (filter_policy_parse(&arena, scope, str_from(text), &policy, &problem))
		fail_msg("%s: %.*s", text, STR_ARG(problem));
	return policy;
}

static bool has(const struct sns_filter_result *result, const struct subscription *subscription)
{
	for (size_t i = 0; i < result->count; i++)
		if (result->subscriptions[i] == subscription)
			return true;
	return false;
}

static void test_a_message_is_compared_with_both_scopes_at_once(void **state)
{
	struct subscription subscriptions[3] = {{.protocol = SNS_PROTOCOL_SQS},
						{.protocol = SNS_PROTOCOL_SQS},
						{.protocol = SNS_PROTOCOL_HTTP}};
	static const char *const texts[] = {"{\"a\":[\"x\"]}", "{\"b\":{\"c\":[1]}}",
					    "{\"b\":{\"c\":[2]}}"};
	struct sns_attribute attributes[] = {{STR("a"), STR("String"), STR("x")}};
	struct sns_message message = {
		.body = STR("{\"b\":{\"c\":1}}"), .attributes = attributes, .attribute_count = 1};
	struct sns_filters *filters = sns_filters_new();
	struct sns_filter_rule *rules[3];
	struct sns_filter_result result;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct filter_policy policy =
			parse(texts[i], i == 0 ? FILTER_ATTRIBUTES : FILTER_BODY);
		rules[i] = sns_filters_add(filters, &policy, &subscriptions[i]);
	}
	sns_filters_begin(filters, &arena, &message, &result);
	sns_filters_end(filters);
	assert_int_equal(result.count, 2);
	assert_true(has(&result, &subscriptions[0]) && has(&result, &subscriptions[1]));
	assert_false(result.has_invalid_attributes || result.has_invalid_body);
	message.bodies[SNS_PROTOCOL_HTTP] = STR("{\"b\":{\"c\":2}}");
	message.bodies[SNS_PROTOCOL_SQS] = STR("no json");
	sns_filters_begin(filters, &arena, &message, &result);
	sns_filters_end(filters);
	assert_int_equal(result.count, 2);
	assert_true(has(&result, &subscriptions[0]) && has(&result, &subscriptions[2]));
	assert_true(result.has_invalid_body);
	attributes[0].type = STR("String.Array");
	sns_filters_begin(filters, &arena, &message, &result);
	sns_filters_end(filters);
	assert_int_equal(result.count, 1);
	assert_true(result.has_invalid_attributes);
	for (size_t i = 0; i < 3; i++)
		sns_filters_remove(filters, rules[i]);
	sns_filters_begin(filters, &arena, &message, &result);
	sns_filters_end(filters);
	assert_int_equal(result.count, 0);
	sns_filters_free(&filters);
}

/* ---- threads ---- */

static struct sns_filters *shared;
static struct subscription steady = {.protocol = SNS_PROTOCOL_SQS};
static _Atomic bool has_ended;
static _Atomic uint64_t misses;

static void *publish(void *context)
{
	struct sns_attribute attributes[] = {{STR("a"), STR("String"), STR("x")}};
	struct sns_message message = {
		.body = STR("{}"), .attributes = attributes, .attribute_count = 1};
	struct sns_filter_result result;
	struct arena own;

	(void)context;
	arena_init(&own);
	while (!atomic_load(&has_ended)) {
		arena_reset(&own);
		sns_filters_begin(shared, &own, &message, &result);
		if (!has(&result, &steady))
			atomic_fetch_add(&misses, 1);
		sns_filters_end(shared);
	}
	arena_done(&own);
	return NULL;
}

static void test_rules_come_and_go_while_messages_are_published(void **state)
{
	struct filter_policy policy = parse("{\"a\":[\"x\"]}", FILTER_ATTRIBUTES);
	struct filter_policy other = parse("{\"b\":[{\"exists\":false}]}", FILTER_ATTRIBUTES);
	struct subscription passing = {.protocol = SNS_PROTOCOL_SQS};
	pthread_t threads[2];

	(void)state;
	shared = sns_filters_new();
	struct sns_filter_rule *rule = sns_filters_add(shared, &policy, &steady);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, publish, NULL), 0);
	for (size_t i = 0; i < 2000; i++)
		sns_filters_remove(shared, sns_filters_add(shared, &other, &passing));
	atomic_store(&has_ended, true);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&misses), 0);
	sns_filters_remove(shared, rule);
	sns_filters_free(&shared);
}
