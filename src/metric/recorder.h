/* SPDX-License-Identifier: MIT */
/*
 * recorder: samples that threads add, without waiting for each other, until they are taken.
 *
 * Each thread has a table of its own, which is made with its first sample and stays until the
 * recorder is freed.
 */
#ifndef TERN_METRIC_RECORDER_H
#define TERN_METRIC_RECORDER_H

#include "metric/metric.h"

struct metric_recorder;
struct metric_recorder *metric_recorder_new(void);
/* No thread adds any more. Accepts NULL, leaves NULL. */
void metric_recorder_free(struct metric_recorder **recorder);

/* Any thread: `count` samples of that value of a series, which is not 0. */
void metric_recorder_add(struct metric_recorder *recorder, uint32_t series, double value,
			 double count);

/* One thread at a time: takes what all threads have added; a series is visited once a thread. The
 * point lives until visit returns; its time is 0. */
typedef void (*metric_recorder_fn)(void *context, uint32_t series,
				   const struct metric_point *point);
void metric_recorder_take(struct metric_recorder *recorder, metric_recorder_fn visit,
			  void *context);

#endif
