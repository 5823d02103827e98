/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/fixture.h"
#include "core/limit/penalty.h"

static struct penalty *penalty;

static int setup(void **state)
{
	(void)state;
	penalty = penalty_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	penalty_free(&penalty);
	return 0;
}

static uint32_t failed(const char *source, int64_t now_ms)
{
	return penalty_failed(penalty, str_from(source), now_ms);
}

static void fail_often(const char *source, int count)
{
	while (count-- > 0)
		(void)failed(source, 1000);
}

static void test_the_first_failures_cost_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < LIMIT_AUTH_FAILURES; i++)
		assert_int_equal(failed("192.0.2.1", 1000), 0);
	assert_true(failed("192.0.2.1", 1000) > 0);
	assert_int_equal(failed("192.0.2.2", 1000), 0);
}

static void test_the_delay_grows_to_its_limit(void **state)
{
	uint32_t before = 0;

	(void)state;
	fail_often("192.0.2.1", LIMIT_AUTH_FAILURES);
	for (int i = 0; i < 100; i++) {
		uint32_t delay_ms = failed("192.0.2.1", 1000);
		assert_true(delay_ms > before || delay_ms == LIMIT_AUTH_DELAY_MS);
		before = delay_ms;
	}
	assert_int_equal(before, LIMIT_AUTH_DELAY_MS);
}

static void test_quiet_sources_are_forgiven(void **state)
{
	const int64_t memory_ms = (int64_t)LIMIT_AUTH_MEMORY_S * 1000;

	(void)state;
	fail_often("192.0.2.1", 50);
	assert_int_equal(failed("192.0.2.1", 1000 + memory_ms), LIMIT_AUTH_DELAY_MS);
	assert_int_equal(failed("192.0.2.1", 1001 + 2 * memory_ms), 0);
}

static void test_neighbours_in_a_network_are_one_source(void **state)
{
	(void)state;
	fail_often("2001:db8::1", 50);
	assert_int_equal(failed("2001:db8::ffff:1", 1000), LIMIT_AUTH_DELAY_MS);
	assert_int_equal(failed("2001:db8:0:1::1", 1000), 0);
	assert_int_equal(failed("unix:1000", 1000), 0);
}

static void test_they_are_counted(void **state)
{
	(void)state;
	fail_often("192.0.2.1", LIMIT_AUTH_FAILURES + 3);
	assert_int_equal(penalty_stats_read(penalty).failures, LIMIT_AUTH_FAILURES + 3);
	assert_int_equal(penalty_stats_read(penalty).delayed, 3);
}

/* A source that keeps failing keeps its slot, however many others fail. */
static void test_a_source_that_keeps_failing_keeps_its_slot(void **state)
{
	char source[16];

	(void)state;
	fail_often("192.0.2.1", 50);
	for (int i = 0; i < 4 * LIMIT_AUTH_SOURCES; i++) {
		snprintf(source, sizeof(source), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
		(void)failed(source, 1000 + i);
		if (i % 1024 == 0)
			assert_int_equal(failed("192.0.2.1", 1001 + i), LIMIT_AUTH_DELAY_MS);
	}
}
