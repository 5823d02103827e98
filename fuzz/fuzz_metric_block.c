/* SPDX-License-Identifier: MIT */
/*
 * Points of metrics as a block and as rows: what is read as a block is written again, and is then
 * read as the same points; rows are read to their end or to the damage.
 */
#include "fuzz.h"
#include "metric/block.h"
#include "metric/rows.h"

enum { STEP_S = 60 };

/* Bits, as numbers that are not equal to themselves may come. */
static bool is_same(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static void check_same(const struct metric_point *a, const struct metric_point *b)
{
	check(a->time_s == b->time_s);
	check(is_same(a->sum, b->sum) || a->sum == b->sum);
	check(is_same(a->count, b->count) || a->count == b->count);
	check(a->bin_count == b->bin_count);
}

static void check_block(struct str data, struct arena *arena)
{
	struct metric_point *points, *again;
	size_t count, again_count;
	struct buf bytes = {0};

	if (metric_block_read(data, STEP_S, 0, arena, &points, &count))
		return;
	metric_block_append(&bytes, STEP_S, 0, points, count);
	check(metric_block_read(buf_str(&bytes), STEP_S, 0, arena, &again, &again_count) == ERR_OK);
	check(again_count == count);
	for (size_t i = 0; i < count; i++)
		check_same(&points[i], &again[i]);
	buf_done(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct byte_reader reader = byte_reader_of(str_of(data, size));
	struct metric_row_state state = {0};
	struct metric_point point;
	struct arena arena;

	arena_init(&arena);
	check_block(str_of(data, size), &arena);
	while (metric_row_next(&reader, &state, STEP_S, &arena, &point))
		check(point.time_s % STEP_S == 0);
	arena_done(&arena);
	return 0;
}
