/* SPDX-License-Identifier: MIT */
/* store_private: what the files of the store share. Under the store's lock, unless said
 * otherwise. */
#ifndef TERN_METRIC_STORE_PRIVATE_H
#define TERN_METRIC_STORE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/snapshot.h"
#include "metric/pending.h"
#include "metric/rows.h"
#include "metric/store.h"

struct metric_rows {
	struct buf bytes;
	struct metric_row_state state;
};

/* Points of a series that are not in a file, by step: 60 and 1 s. */
struct metric_open {
	struct metric_rows minutes;
	struct metric_rows *seconds; /* NULL: none */
};

struct metric_series {
	_Atomic uint32_t references; /* of the store, and of snapshots of the table */
	uint32_t number;
	bool is_removed;
	const struct metric_key *key; /* constant */
	uint64_t hash;
	_Atomic int64_t last_s;
	struct metric_pending pending;
	struct metric_open open;
};

struct metric_store {
	struct metric_store_options options;
	pthread_mutex_t mutex;
	struct map by_key;
	struct snapshot_table *table; /* in order of their keys */
	struct {
		struct metric_series **items; /* by number - 1; NULL: removed */
		size_t count, capacity;
	} all;
	struct {
		struct metric_series **items; /* with pending points */
		size_t count, capacity;
	} dirty;
	uint64_t series_count, dropped_series;
};

/* ---- reading: any thread ---- */

/* Collects points and adds up those of the same step. */
struct metric_gather {
	struct arena *arena;
	int64_t start_s, end_s;
	uint32_t period_s;
	struct metric_point *items;
	size_t count, capacity;
	bool is_unordered;
};
void metric_gather_add(struct metric_gather *gather, const struct metric_point *point);
/* Orders the points; items move to the arena. */
void metric_gather_end(struct metric_gather *gather);
/* ERR_DAMAGED */
must_check enum err metric_gather_rows(struct metric_gather *gather, struct str rows,
				       uint32_t step_s);

#endif
