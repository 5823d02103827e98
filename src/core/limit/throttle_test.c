/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/fixture.h"
#include "core/limit/throttle.h"
#include "wire/facts.h"

#define ONE STR_INIT("111122223333")
#define TWO STR_INIT("444455556666")

static struct service store;
static const struct operation operations[] = {
	{.name = STR_INIT("Get"), .action = STR_INIT("store:Get"), .service = &store, .index = 0},
	{.name = STR_INIT("Put"), .action = STR_INIT("store:Put"), .service = &store, .index = 1},
};
static struct service store = {
	.name = STR_INIT("store"), .operation_count = 2, .operations = operations};
static const struct service *const services[] = {&store};

static struct throttle *throttle;
static int64_t now_ms;

static int setup(void **state)
{
	(void)state;
	now_ms = clock_base_ms();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	throttle_free(&throttle);
	return 0;
}

static void use(const struct throttle_rule *rules, size_t count, size_t own_count)
{
	throttle = throttle_new(rules, count, own_count, services, 1);
}

static struct throttle_request request_of(struct str account, int operation)
{
	return (struct throttle_request){
		.operation = &operations[operation], .account = account, .base_ms = now_ms};
}

static bool passes(struct str account, int operation)
{
	struct throttle_request request = request_of(account, operation);

	return throttle_admits(throttle, &request);
}

static int passing(struct str account, int operation, int attempts)
{
	int count = 0;

	while (attempts-- > 0)
		count += passes(account, operation);
	return count;
}

static bool passes_resource(const char *arn, bool has_quota)
{
	struct throttle_request request = request_of((struct str)ONE, 0);

	return throttle_admits_resource(throttle, &request, str_from(arn), has_quota);
}

static const struct str all_actions[] = {STR_INIT("store:*")};
static const struct throttle_rule three_a_second = {
	.actions = all_actions, .action_count = 1, .rate_milli = 2000, .burst = 3};

static void test_a_burst_passes_and_then_the_rate(void **state)
{
	(void)state;
	use(&three_a_second, 1, 0);
	assert_int_equal(passing((struct str)ONE, 0, 10), 3);
	now_ms += 499;
	assert_int_equal(passing((struct str)ONE, 0, 10), 0);
	now_ms += 1;
	assert_int_equal(passing((struct str)ONE, 0, 10), 1);
	now_ms += 1000;
	assert_int_equal(passing((struct str)ONE, 0, 10), 2);
	now_ms += 3600000;
	assert_int_equal(passing((struct str)ONE, 0, 10), 3);
}

static void test_time_that_goes_back_adds_no_tokens(void **state)
{
	(void)state;
	use(&three_a_second, 1, 0);
	assert_int_equal(passing((struct str)ONE, 0, 10), 3);
	now_ms -= 60000;
	assert_int_equal(passing((struct str)ONE, 0, 10), 0);
}

static void test_centuries_do_not_overflow(void **state)
{
	(void)state;
	use(&three_a_second, 1, 0);
	now_ms += INT64_C(31557600000000);
	assert_int_equal(passing((struct str)ONE, 0, 10), 3);
}

static void test_accounts_and_operations_have_buckets_of_their_own(void **state)
{
	(void)state;
	use(&three_a_second, 1, 0);
	assert_int_equal(passing((struct str)ONE, 0, 10), 3);
	assert_int_equal(passing((struct str)ONE, 1, 10), 3);
	assert_int_equal(passing((struct str)TWO, 0, 10), 3);
}

static void test_a_shared_bucket_is_for_all_operations(void **state)
{
	struct throttle_rule shared = three_a_second;

	(void)state;
	shared.is_shared = true;
	use(&shared, 1, 0);
	assert_int_equal(passing((struct str)ONE, 0, 2), 2);
	assert_int_equal(passing((struct str)ONE, 1, 10), 1);
	assert_int_equal(passing((struct str)TWO, 1, 10), 3);
}

static void test_own_rules_replace_the_others(void **state)
{
	struct throttle_rule rules[] = {three_a_second, three_a_second};

	(void)state;
	rules[0].burst = 5;
	rules[0].account = (struct str)ONE;
	use(rules, 2, 1);
	assert_int_equal(passing((struct str)ONE, 0, 10), 5);
	assert_int_equal(passing((struct str)TWO, 0, 10), 3);
}

static void test_several_rules_of_a_kind_hold_together(void **state)
{
	struct throttle_rule rules[] = {three_a_second, three_a_second};

	(void)state;
	rules[0].burst = 5;
	use(rules, 2, 0);
	assert_int_equal(passing((struct str)ONE, 0, 10), 3);
}

static void test_resources_have_buckets_for_all_callers(void **state)
{
	struct throttle_rule rule = three_a_second;

	(void)state;
	rule.scope = THROTTLE_RESOURCE;
	rule.burst = 1;
	use(&rule, 1, 0);
	assert_true(passes((struct str)ONE, 0));
	assert_true(passes_resource("arn:a", false));
	assert_false(passes_resource("arn:a", false));
	assert_true(passes_resource("arn:b", false));
}

static void test_quotas_are_of_those_that_have_one(void **state)
{
	struct throttle_rule rule = three_a_second;

	(void)state;
	rule.scope = THROTTLE_QUOTA;
	rule.burst = 1;
	use(&rule, 1, 0);
	for (int i = 0; i < 5; i++)
		assert_true(passes_resource("arn:a", false));
	assert_true(passes_resource("arn:a", true));
	assert_false(passes_resource("arn:a", true));
}

static void test_without_rules_for_it_everything_passes(void **state)
{
	static const struct str put[] = {STR_INIT("store:Put")};
	struct throttle_rule rule = three_a_second;

	(void)state;
	rule.actions = put;
	use(&rule, 1, 0);
	assert_int_equal(passing((struct str)ONE, 0, 100), 100);
	assert_int_equal(passing((struct str)ONE, 1, 100), 3);
	throttle_free(&throttle);
	assert_int_equal(passing((struct str)ONE, 1, 100), 100);
}

static void test_quotas_of_models_become_rules(void **state)
{
	static const struct throttle_class both = {
		.scope = THROTTLE_CLASS_SHARED, .rate_milli = 1000, .burst = 2};
	static const struct throttle_class one = {
		.scope = THROTTLE_CLASS_QUOTA, .rate_milli = 500, .burst = 1};
	static const struct operation_facts of_both = {.throttle = &both};
	static const struct operation_facts of_one = {.throttle = &one}, of_none;
	static const struct operation some[] = {
		{.action = STR_INIT("s:A"), .facts = &of_both},
		{.action = STR_INIT("s:B"), .facts = &of_one},
		{.action = STR_INIT("s:C"), .facts = &of_none},
		{.action = STR_INIT("s:D"), .facts = &of_both},
	};
	static const struct service service = {.operation_count = 4, .operations = some};
	const struct service *const list[] = {&service};
	size_t count;

	(void)state;
	const struct throttle_rule *rules = throttle_aws_rules(&arena, list, 1, &count);
	assert_int_equal(count, 2);
	assert_int_equal(rules[0].action_count, 2);
	assert_true(str_equal(rules[0].actions[1], STR("s:D")));
	assert_true(rules[0].is_shared);
	assert_int_equal(rules[0].scope, THROTTLE_ACCOUNT);
	assert_int_equal(rules[0].rate_milli, 1000);
	assert_int_equal(rules[1].action_count, 1);
	assert_int_equal(rules[1].scope, THROTTLE_QUOTA);
	assert_false(rules[1].is_shared);
	assert_int_equal(rules[1].burst, 1);
}

/* A bucket in use keeps its slot, however many accounts call. */
static void test_invented_accounts_do_not_replace_a_throttled_one(void **state)
{
	struct throttle_rule rule = three_a_second;
	char account[16];

	(void)state;
	rule.burst = 100;
	rule.rate_milli = 100;
	use(&rule, 1, 0);
	assert_int_equal(passing((struct str)ONE, 0, 200), 100);
	for (int i = 0; i < 4 * LIMIT_THROTTLE_BUCKETS; i++) {
		snprintf(account, sizeof(account), "%012d", i);
		assert_true(passes(str_from(account), 0));
	}
	assert_int_equal(passing((struct str)ONE, 0, 10), 0);
}
