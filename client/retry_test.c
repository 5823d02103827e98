/* SPDX-License-Identifier: MIT */
/* Tests of the retry policy. */
#include "base/fixture.h"
#include "client/retry.h"

static void test_retry_knows_what_is_worth_another_attempt(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *code;
		enum tern_retry kind;
	} cases[] = {
		{0, "", TERN_RETRY_TRANSIENT},
		{500, "InternalError", TERN_RETRY_TRANSIENT},
		{502, "", TERN_RETRY_TRANSIENT},
		{503, "ServiceUnavailable", TERN_RETRY_TRANSIENT},
		{504, "", TERN_RETRY_TRANSIENT},
		{501, "", TERN_RETRY_NEVER},
		{400, "RequestTimeout", TERN_RETRY_TRANSIENT},
		{400, "ThrottlingException", TERN_RETRY_THROTTLED},
		{403, "RequestThrottled", TERN_RETRY_THROTTLED},
		{503, "SlowDown", TERN_RETRY_THROTTLED},
		{429, "", TERN_RETRY_THROTTLED},
		{403, "RequestTimeTooSkewed", TERN_RETRY_SKEWED},
		{400, "QueueDoesNotExist", TERN_RETRY_NEVER},
		{403, "OverLimit", TERN_RETRY_NEVER},
		{404, "", TERN_RETRY_NEVER},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(tern_retry_classify(cases[i].status, str_from(cases[i].code)),
				 cases[i].kind);
}

static void test_retry_delay_doubles_up_to_its_limit(void **state)
{
	(void)state;
	const struct tern_retry_policy policy = {.attempts_max = 9,
						 .transient_base_ms = 50,
						 .throttled_base_ms = 1000,
						 .delay_max_ms = 300};
	static const int64_t bounds[] = {50, 100, 200, 300, 300};

	for (int i = 0; i < 5; i++) {
		uint64_t bound = (uint64_t)bounds[i];
		assert_int_equal(
			tern_retry_delay_ms(&policy, TERN_RETRY_TRANSIENT, i + 1, bound - 1),
			bounds[i] - 1);
		assert_int_equal(tern_retry_delay_ms(&policy, TERN_RETRY_TRANSIENT, i + 1, bound),
				 0);
	}
	assert_int_equal(tern_retry_delay_ms(&policy, TERN_RETRY_THROTTLED, 1, 299), 299);
	assert_int_equal(tern_retry_delay_ms(&policy, TERN_RETRY_THROTTLED, 1, 300), 0);
	assert_int_equal(tern_retry_delay_ms(&policy, TERN_RETRY_TRANSIENT, 1000, 299), 299);
}

static void test_retry_delay_uses_the_whole_range(void **state)
{
	(void)state;
	struct prng prng;
	int64_t least = INT64_MAX, most = 0;

	prng_init(&prng, 1);
	for (int i = 0; i < 2000; i++) {
		int64_t delay = tern_retry_delay_ms(&tern_retry_standard, TERN_RETRY_THROTTLED, 1,
						    prng_next(&prng));
		least = delay < least ? delay : least;
		most = delay > most ? delay : most;
	}
	assert_in_range(least, 0, 20);
	assert_in_range(most, 980, 999);
}

static void test_retry_budget_runs_out_and_fills_again(void **state)
{
	(void)state;
	struct tern_retry_budget budget;
	int taken = 0;

	tern_retry_budget_init(&budget);
	while (tern_retry_budget_take(&budget, TERN_RETRY_TRANSIENT))
		taken++;
	assert_int_equal(taken, TERN_RETRY_BUDGET_MAX / 5);
	for (int i = 0; i < 4; i++)
		tern_retry_budget_give(&budget, TERN_RETRY_NEVER);
	assert_false(tern_retry_budget_take(&budget, TERN_RETRY_TRANSIENT));
	tern_retry_budget_give(&budget, TERN_RETRY_NEVER);
	assert_false(tern_retry_budget_take(&budget, TERN_RETRY_THROTTLED));
	assert_true(tern_retry_budget_take(&budget, TERN_RETRY_TRANSIENT));
	tern_retry_budget_give(&budget, TERN_RETRY_THROTTLED);
	assert_true(tern_retry_budget_take(&budget, TERN_RETRY_THROTTLED));
}

static void test_retry_budget_has_a_ceiling(void **state)
{
	(void)state;
	struct tern_retry_budget budget;

	tern_retry_budget_init(&budget);
	tern_retry_budget_give(&budget, TERN_RETRY_THROTTLED);
	assert_int_equal(atomic_load(&budget.tokens), TERN_RETRY_BUDGET_MAX);
}
