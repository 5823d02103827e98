/* SPDX-License-Identifier: MIT */
/*
 * block: the points of one series in one span of time, in few bits: a column a statistic, of scaled
 * whole numbers as differences in Rice codes.
 *
 * Sizes at 1,440 minutes: a constant gauge takes 50 bytes, a count with a mean of 1,000 a minute
 * about 0.9 bytes a point. Numbers with more than four decimals take eight bytes. Pure functions.
 */
#ifndef TERN_METRIC_BLOCK_H
#define TERN_METRIC_BLOCK_H

#include "metric/metric.h"

enum { METRIC_BLOCK_POINTS = 16384 };

/* Appends points whose times ascend, are multiples of step_s and not before span_s. */
void metric_block_append(struct buf *out, uint32_t step_s, int64_t span_s,
			 const struct metric_point *points, size_t count);
/* The points of all bytes, in the arena. ERR_DAMAGED. */
must_check enum err metric_block_read(struct str bytes, uint32_t step_s, int64_t span_s,
				      struct arena *arena, struct metric_point **out_points,
				      size_t *out_count);

#endif
