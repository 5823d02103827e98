/* SPDX-License-Identifier: MIT */
/*
 * pending: the points of one series that have got samples since the last commit, a few. One owner
 * at a time.
 */
#ifndef TERN_METRIC_PENDING_H
#define TERN_METRIC_PENDING_H

#include "metric/metric.h"

struct metric_pending_point {
	uint32_t step_s;
	struct metric_point point; /* its bins belong to it */
	size_t bin_capacity;
};

struct metric_pending {
	struct metric_pending_point *items;
	size_t count, capacity;
};

/* Adds samples of a time that is a multiple of step_s; copies the bins. */
void metric_pending_add(struct metric_pending *pending, uint32_t step_s,
			const struct metric_point *point);
void metric_pending_done(struct metric_pending *pending); /* empty and valid again */

#endif
