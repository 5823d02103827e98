/* SPDX-License-Identifier: MIT */
/*
 * rows: points one after another in few bytes, in any order of time: what is in memory and in the
 * journal until it is sealed. A gauge or a count takes two to four bytes.
 */
#ifndef TERN_METRIC_ROWS_H
#define TERN_METRIC_ROWS_H

#include "metric/metric.h"

/* The values to which the next row has the differences; zeroed at first. */
struct metric_row_state {
	int64_t time_s, sum;
};

/* Appends a point whose time is a multiple of step_s. */
void metric_row_append(struct buf *out, struct metric_row_state *state, uint32_t step_s,
		       const struct metric_point *point);
/* The next point, with bins in the arena. False: the bytes end, or they are damaged: then
 * reader->is_short. */
bool metric_row_next(struct byte_reader *reader, struct metric_row_state *state, uint32_t step_s,
		     struct arena *arena, struct metric_point *out_point);

/* ---- parts that blocks use, too ---- */

enum metric_kind {
	METRIC_SINGLE, /* one sample */
	METRIC_ONES,   /* samples of 1 */
	METRIC_SAME,   /* several equal samples */
	METRIC_SET,    /* number, sum, minimum, maximum */
	METRIC_BINS,   /* the same, and bins */
	METRIC_KINDS,
};
enum metric_kind metric_kind_of(const struct metric_point *point);
void metric_bins_append(struct buf *out, const struct metric_bin *bins, size_t count);
/* NULL: damaged. */
const struct metric_bin *metric_bins_read(struct byte_reader *reader, struct arena *arena,
					  size_t *out_count);

static inline uint64_t metric_zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}
static inline int64_t metric_unzigzag(uint64_t value)
{
	return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}
/* True if the double is a whole number of at most 2^52. */
bool metric_is_whole(double value);

#endif
