/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/fixture.h"
#include "journal/recent.h"

enum { RING = 10000 };

static void add(struct recent *recent, uint32_t segment, uint32_t offset, size_t size)
{
	char *bytes = heap_alloc(size);

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(segment * 31 + (offset + i) * 7);
	recent_add(recent, segment, offset, str_of(bytes, size));
	heap_free(bytes);
}

/* True if the bytes are there; then they are right. */
static bool find(struct recent *recent, uint32_t segment, uint32_t offset, uint32_t size)
{
	char *out = heap_alloc(size);
	bool is_found = recent_find(recent, segment, offset, size, out);

	for (uint32_t i = 0; is_found && i < size; i++)
		assert_int_equal(out[i], (char)(segment * 31 + (offset + i) * 7));
	heap_free(out);
	return is_found;
}

static void test_recent_finds_records_within_a_batch(void **state)
{
	struct recent *recent = recent_new(RING);

	(void)state;
	assert_false(find(recent, 1, 0, 10));
	add(recent, 1, 0, 1000);
	add(recent, 1, 4096, 500);
	add(recent, 2, 0, 300);
	assert_true(find(recent, 1, 0, 1000));
	assert_true(find(recent, 1, 900, 100));
	assert_false(find(recent, 1, 900, 101));
	assert_false(find(recent, 1, 1000, 1));
	assert_false(find(recent, 1, 4095, 2));
	assert_true(find(recent, 1, 4096, 500));
	assert_true(find(recent, 2, 100, 200));
	assert_false(find(recent, 2, 300, 1));
	assert_false(find(recent, 3, 0, 1));
	recent_free(&recent);
	assert_null(recent);
	recent_free(&recent);
}

static void test_recent_drops_the_oldest_for_the_newest(void **state)
{
	struct recent *recent = recent_new(RING);
	uint32_t offset = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t size = 1 + i * 37 % 3000;
		add(recent, 1, offset, size);
		assert_true(find(recent, 1, offset, size));
		if (offset > RING)
			assert_false(find(recent, 1, offset - RING, 1));
		/* At most one batch is left out at the end of the ring, and one overwritten. */
		if (offset > 3000)
			assert_true(find(recent, 1, offset - 3000 + 1 + (3000 - 1) / 2, 1));
		offset += size;
	}
	/* Too large for the ring: not kept, and nothing is lost for it. */
	add(recent, 1, offset, RING + 1);
	assert_false(find(recent, 1, offset, 1));
	assert_true(find(recent, 1, offset - 1, 1));
	add(recent, 1, offset + RING + 1, RING);
	assert_true(find(recent, 1, offset + RING + 1, RING));
	assert_false(find(recent, 1, offset - 1, 1));
	recent_free(&recent);
}

static void test_recent_is_bounded_in_batches(void **state)
{
	struct recent *recent = recent_new(1 << 20);

	(void)state;
	for (uint32_t i = 0; i <= LIMIT_JOURNAL_RECENT_BATCHES; i++)
		add(recent, 1, i * 10, 10);
	assert_false(find(recent, 1, 0, 10));
	assert_true(find(recent, 1, 10, 10));
	assert_true(find(recent, 1, LIMIT_JOURNAL_RECENT_BATCHES * 10, 10));
	recent_free(&recent);
}
