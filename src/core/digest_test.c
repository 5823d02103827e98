/* SPDX-License-Identifier: MIT */
#include "core/digest.h"

#include <string.h>

#include "base/fixture.h"
#include "core/request_context.h"

enum { CALLS = 40 };

static const struct operation on_net = {.place = OPERATION_ON_NET};
static const struct operation on_control = {.place = OPERATION_ON_CONTROL};

static struct dispatch_thread thread;
static struct request_context contexts[CALLS];
static struct str texts[CALLS][10];
static uint8_t digests[CALLS][10][16];
static size_t order[CALLS], resumed_count;

static int setup(void **state)
{
	(void)state;
	thread = (struct dispatch_thread){0};
	resumed_count = 0;
	memset(digests, 0, sizeof(digests));
	for (size_t i = 0; i < CALLS; i++)
		contexts[i] = (struct request_context){
			.magic = REQUEST_CONTEXT_MAGIC,
			.thread = &thread,
			.call = {.arena = &arena, .operation = &on_net},
		};
	return 0;
}

static enum err note_order(struct call *call)
{
	order[resumed_count++] = (size_t)(request_context_of(call) - contexts);
	return ERR_PARKED;
}

/* Texts of different sizes: of one block, of several, and much longer than the others. */
static enum err begin(size_t index, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t size = i == 3 ? 5000 : 37 * index + i;
		char *text = arena_bytes(&arena, size + 1);
		memset(text, (int)('a' + (index + i) % 26), size);
		texts[index][i] = str_of(text, size);
	}
	return call_digest(&contexts[index].call, texts[index], count, digests[index], note_order);
}

static void check_digests(size_t index, size_t count)
{
	uint8_t expected[16];

	for (size_t i = 0; i < count; i++) {
		md5(texts[index][i], expected);
		assert_memory_equal(digests[index][i], expected, sizeof(expected));
	}
}

static void test_digest_resumes_calls_in_their_order_with_their_digests(void **state)
{
	static const size_t counts[] = {1, 10, 1, 1, 7, 10, 1, 2};

	(void)state;
	for (size_t i = 0; i < CALLS; i++)
		assert_int_equal(begin(i, counts[i % 8]), ERR_PARKED);
	assert_int_equal(resumed_count, 0);
	digest_turn(&thread);
	assert_int_equal(resumed_count, CALLS);
	for (size_t i = 0; i < CALLS; i++) {
		assert_int_equal(order[i], i);
		check_digests(i, counts[i % 8]);
	}
	digest_turn(&thread);
	assert_int_equal(resumed_count, CALLS);
}

static void test_digest_of_a_single_call_is_computed_in_the_turn(void **state)
{
	(void)state;
	assert_int_equal(begin(0, 1), ERR_PARKED);
	digest_turn(&thread);
	assert_int_equal(resumed_count, 1);
	check_digests(0, 1);
}

static void test_digest_does_not_wait_on_a_thread_without_turns(void **state)
{
	(void)state;
	contexts[0].thread = NULL; /* an internal request */
	contexts[1].call.operation = &on_control;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(begin(i, 2), ERR_PARKED);
		assert_int_equal(resumed_count, i + 1);
		check_digests(i, 2);
	}
}

static enum err begin_another(struct call *call)
{
	(void)note_order(call);
	return begin(1, 1);
}

static void test_digest_of_a_later_call_is_left_for_the_next_turn(void **state)
{
	(void)state;
	texts[0][0] = STR("first");
	assert_int_equal(call_digest(&contexts[0].call, texts[0], 1, digests[0], begin_another),
			 ERR_PARKED);
	digest_turn(&thread);
	assert_int_equal(resumed_count, 1);
	digest_turn(&thread);
	assert_int_equal(resumed_count, 2);
	check_digests(1, 1);
}
