/* SPDX-License-Identifier: MIT */
#include "deliver/endpoint.h"

#include <stdio.h>

#include "base/fixture.h"

enum { BUSY_MAX = 2, FAILURES = 5 };

static struct endpoints *endpoints;
static struct endpoint_wait waits[4];

static int setup(void **state)
{
	(void)state;
	endpoints = endpoints_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	endpoints_free(&endpoints);
	return 0;
}

static enum endpoint_verdict admit(struct endpoint *endpoint, int which, int64_t now_ms)
{
	return endpoint_admit(endpoints, endpoint, &waits[which], BUSY_MAX, now_ms);
}

static void fail_once(struct endpoint *endpoint, int64_t now_ms)
{
	assert_int_equal(admit(endpoint, 0, now_ms), ENDPOINT_BEGIN);
	endpoint_note(endpoint, &waits[0], false, now_ms);
}

static void test_so_many_begin_so_many_wait_and_the_rest_goes_back(void **state)
{
	struct endpoint *endpoint = endpoint_find(endpoints, STR("a"));

	(void)state;
	assert_int_equal(admit(endpoint, 0, 0), ENDPOINT_BEGIN);
	assert_int_equal(admit(endpoint, 0, 0), ENDPOINT_BEGIN);
	assert_int_equal(admit(endpoint, 1, 0), ENDPOINT_WAIT);
	assert_int_equal(admit(endpoint, 2, 0), ENDPOINT_WAIT);
	assert_int_equal(admit(endpoint, 3, 0), ENDPOINT_FULL);
	assert_null(endpoint_next(endpoint, BUSY_MAX));
	endpoint_note(endpoint, &waits[0], true, 0);
	assert_ptr_equal(endpoint_next(endpoint, BUSY_MAX), &waits[1]);
	assert_int_equal(admit(endpoint, 1, 0), ENDPOINT_BEGIN);
	endpoint_leave(endpoint, &waits[1]);
	assert_ptr_equal(endpoint_next(endpoint, BUSY_MAX), &waits[2]);
	assert_null(endpoint_next(endpoint, BUSY_MAX));
	endpoint_note(endpoint, &waits[0], true, 0);
	endpoint_release(endpoints, endpoint);
	assert_int_equal(endpoints_count(endpoints), 0);
}

static void test_a_circuit_opens_probes_and_closes(void **state)
{
	struct endpoint *endpoint = endpoint_find(endpoints, STR("a"));

	(void)state;
	for (int i = 0; i < FAILURES - 1; i++)
		fail_once(endpoint, 100);
	fail_once(endpoint, 100);
	endpoint_release(endpoints, endpoint);
	assert_int_equal(endpoints_open(endpoints, 100), 1);
	assert_ptr_equal(endpoint_find(endpoints, STR("a")), endpoint);
	assert_int_equal(admit(endpoint, 0, 1099), ENDPOINT_OPEN);
	/* One probe, and no second beside it. */
	assert_int_equal(admit(endpoint, 0, 1100), ENDPOINT_BEGIN);
	assert_int_equal(admit(endpoint, 1, 1100), ENDPOINT_OPEN);
	endpoint_note(endpoint, &waits[0], false, 1200);
	assert_int_equal(admit(endpoint, 0, 3199), ENDPOINT_OPEN);
	assert_int_equal(admit(endpoint, 0, 3200), ENDPOINT_BEGIN);
	endpoint_note(endpoint, &waits[0], true, 3300);
	assert_int_equal(admit(endpoint, 0, 3300), ENDPOINT_BEGIN);
	assert_int_equal(admit(endpoint, 1, 3300), ENDPOINT_BEGIN);
	endpoint_leave(endpoint, &waits[0]);
	endpoint_leave(endpoint, &waits[1]);
	endpoint_release(endpoints, endpoint);
	assert_int_equal(endpoints_count(endpoints), 0);
}

/* An attempt that began before the circuit opened ends beside the probe, which decides alone. */
static void test_an_earlier_attempt_that_fails_is_not_the_probe(void **state)
{
	struct endpoint *endpoint = endpoint_find(endpoints, STR("a"));

	(void)state;
	assert_int_equal(admit(endpoint, 3, 0), ENDPOINT_BEGIN);
	for (int i = 0; i < FAILURES; i++)
		fail_once(endpoint, 0);
	assert_int_equal(admit(endpoint, 0, 1000), ENDPOINT_BEGIN);
	endpoint_note(endpoint, &waits[3], false, 1100);
	assert_int_equal(admit(endpoint, 1, 1100), ENDPOINT_OPEN);
	endpoint_note(endpoint, &waits[0], false, 1200);
	assert_int_equal(admit(endpoint, 0, 3199), ENDPOINT_OPEN);
	assert_int_equal(admit(endpoint, 0, 3200), ENDPOINT_BEGIN);
	endpoint_note(endpoint, &waits[0], true, 3300);
	endpoint_release(endpoints, endpoint);
}

static void test_a_success_forgets_earlier_failures(void **state)
{
	struct endpoint *endpoint = endpoint_find(endpoints, STR("a"));

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < FAILURES - 1; i++)
			fail_once(endpoint, 0);
		assert_int_equal(admit(endpoint, 0, 0), ENDPOINT_BEGIN);
		endpoint_note(endpoint, &waits[0], true, 0);
	}
	endpoint_release(endpoints, endpoint);
}

static void test_endpoints_with_failures_are_bounded(void **state)
{
	char key[16];

	(void)state;
	for (int i = 0; i < LIMIT_DELIVER_ENDPOINTS + 10; i++) {
		snprintf(key, sizeof(key), "host-%d", i);
		struct endpoint *endpoint = endpoint_find(endpoints, str_from(key));
		fail_once(endpoint, 0);
		endpoint_release(endpoints, endpoint);
	}
	assert_int_equal(endpoints_count(endpoints), LIMIT_DELIVER_ENDPOINTS);
}
