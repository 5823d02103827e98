/* SPDX-License-Identifier: MIT */
#include "deliver/rate.h"

#include "base/fixture.h"

static void test_a_second_at_once_and_then_evenly(void **state)
{
	struct rates *rates = rates_new();
	int64_t wait_ms;

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_true(rates_take(rates, 1, 10000, false, 5000, &wait_ms));
	for (int i = 1; i <= 20; i++) {
		assert_false(rates_take(rates, 1, 10000, false, 5000, &wait_ms));
		assert_in_range(wait_ms, 100 * i, 100 * i + 2);
	}
	/* Another source has its own rate. */
	assert_true(rates_take(rates, 2, 10000, false, 5000, &wait_ms));
	rates_free(&rates);
}

static void test_later_attempts_wait_behind_earlier_ones(void **state)
{
	struct rates *rates = rates_new();
	int64_t wait_ms, first_ms;

	(void)state;
	assert_true(rates_take(rates, 1, 1000, false, 1000, &wait_ms));
	assert_false(rates_take(rates, 1, 1000, false, 1000, &first_ms));
	assert_false(rates_take(rates, 1, 1000, false, 2000, &wait_ms));
	assert_true(wait_ms >= 900);
	assert_true(rates_take(rates, 1, 1000, true, 1000 + first_ms, &wait_ms));
	assert_false(rates_take(rates, 1, 1000, true, 1000 + first_ms, &wait_ms));
	rates_free(&rates);
}

static void test_the_table_is_bounded(void **state)
{
	struct rates *rates = rates_new();
	int64_t wait_ms;

	(void)state;
	for (uint64_t i = 1; i <= LIMIT_DELIVER_RATES + 1; i++)
		assert_true(rates_take(rates, i, 1000, false, 1000, &wait_ms));
	/* The first has been forgotten, the last has not. */
	assert_true(rates_take(rates, 1, 1000, false, 1000, &wait_ms));
	assert_false(rates_take(rates, LIMIT_DELIVER_RATES + 1, 1000, false, 1000, &wait_ms));
	rates_free(&rates);
}
