/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/fixture.h"
#include "services/sqs/handle.h"

static struct core core;
static const struct queue_handle given = {.queue = UINT64_MAX - 1,
					  .seq = 0x0123456789abcdef,
					  .receive = 7,
					  .received_ms = 1700000000001};

static int setup(void **state)
{
	(void)state;
	memset(core.handle_key, 'k', sizeof(core.handle_key));
	return 0;
}

static void test_handle_opens_to_the_sealed_fields(void **state)
{
	struct queue_handle found;

	(void)state;
	struct str text = sqs_handle_seal(&core, &arena, &given);
	assert_true(text.size <= 200);
	assert_true(sqs_handle_open(&core, text, given.queue, &found));
	assert_true(found.queue == given.queue && found.seq == given.seq);
	assert_true(found.receive == given.receive && found.received_ms == given.received_ms);
}

static void test_handle_opens_for_its_queue_and_key_only(void **state)
{
	struct queue_handle found;
	struct core other = core;

	(void)state;
	struct str text = sqs_handle_seal(&core, &arena, &given);
	assert_false(sqs_handle_open(&core, text, given.queue + 1, &found));
	other.handle_key[31] ^= 1;
	assert_false(sqs_handle_open(&other, text, given.queue, &found));
}

static void test_handle_that_was_changed_does_not_open(void **state)
{
	struct queue_handle found;

	(void)state;
	struct str text = sqs_handle_seal(&core, &arena, &given);
	char *changed = arena_cstr(&arena, text);
	for (size_t i = 0; i < text.size; i++) {
		changed[i] = text.data[i] == 'A' ? 'B' : 'A';
		assert_false(
			sqs_handle_open(&core, str_of(changed, text.size), given.queue, &found));
		changed[i] = text.data[i];
	}
	for (size_t size = 0; size < text.size; size++)
		assert_false(sqs_handle_open(&core, str_of(changed, size), given.queue, &found));
	assert_true(sqs_handle_open(&core, str_of(changed, text.size), given.queue, &found));
}

/* Bytes of b that are also at the same place in a. */
static size_t count_equal(const uint8_t *a, const uint8_t *b, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += a[i] == b[i];
	return count;
}

static void test_handle_does_not_show_its_content(void **state)
{
	struct queue_handle next = given;
	uint8_t bytes[64], other[64];
	size_t size, other_size;

	(void)state;
	next.seq++;
	assert_true(base64_parse(sqs_handle_seal(&core, &arena, &given), bytes, &size));
	assert_true(base64_parse(sqs_handle_seal(&core, &arena, &next), other, &other_size));
	assert_int_equal(size, other_size);
	/* All but the version differs, as random bytes do: one in 256 is equal by chance. */
	assert_true(count_equal(bytes, other, size) < 6);
	/* "ef cd ab" of the sequence number are in no handle in the clear. */
	assert_true(str_find(str_of(bytes, size), STR("\xef\xcd\xab"), 0) == SIZE_MAX);
}

static void test_handle_of_the_same_receive_is_the_same(void **state)
{
	(void)state;
	assert_true(str_equal(sqs_handle_seal(&core, &arena, &given),
			      sqs_handle_seal(&core, &arena, &given)));
}
