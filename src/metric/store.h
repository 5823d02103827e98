/* SPDX-License-Identifier: MIT */
/*
 * store: the points of all series: those of the last hours in memory and in a journal, older ones
 * in sealed files (files.h), rolled up and dropped as CloudWatch does.
 *
 * Any thread, unless said otherwise: a lock protects what is in memory; files are read without it.
 */
#ifndef TERN_METRIC_STORE_H
#define TERN_METRIC_STORE_H

#include "metric/metric.h"
#include "metric/sealing.h"

struct metric_store;

struct metric_store_options {
	const char *directory; /* ends with NUL; NULL: in memory */
	struct metric_seal seal;
};
/* ERR_IO with errno, ERR_DAMAGED, ERR_FULL, ERR_VERSION. */
must_check enum err metric_store_open(const struct metric_store_options *options, int64_t now_s,
				      struct metric_store **out_store);
void metric_store_free(struct metric_store **store); /* accepts NULL, leaves NULL */

/* The number of the series, which is made if it is new; 0: there is no room. Numbers are never
 * reused. */
uint32_t metric_store_series(struct metric_store *store, const struct metric_key *key);
/* Adds samples to a series; `step_s` is 1 or 60; the point's time is cut to it. They are read at
 * once, and durable after the next metric_store_commit. If the series was removed, it is made anew;
 * false: there is no room for that. */
bool metric_store_add(struct metric_store *store, uint32_t series, uint32_t step_s,
		      const struct metric_point *point);

/*
 * Visits what was added since the last commit, each series and minute once, with metric_key_hash of
 * its key; then makes it durable.
 * One thread at a time; the visitor may read the store. Errors as open; samples stay readable.
 */
typedef void (*metric_store_visit_fn)(void *context, uint64_t hash, const struct metric_key *key,
				      const struct metric_point *point);
must_check enum err metric_store_commit(struct metric_store *store, metric_store_visit_fn visit,
					void *context);

/*
 * Seals what is in memory and rolls up, merges and drops files. One thread at a time, any; it may
 * take a second for each 100,000 series. Errors as open; it may be tried again.
 */
bool metric_store_is_due(struct metric_store *store, int64_t now_s);
must_check enum err metric_store_maintain(struct metric_store *store, int64_t now_s);

/*
 * Points of a series in steps of `period_s`, aligned, from start_s until before end_s, ascending,
 * as of `now_s`: what is too old for the period is left out. Items live in the arena. With
 * skips_samples, points of some days may lack the bins of metrics with one sample a minute, and the
 * read is faster.
 */
must_check enum err metric_store_read(struct metric_store *store, struct arena *arena,
				      uint32_t series, int64_t now_s, int64_t start_s,
				      int64_t end_s, uint32_t period_s, bool skips_samples,
				      struct metric_point **out_points, size_t *out_count);

/* Visits the series in the order of metric_key_compare, from `from` on; ends when `visit` returns
 * false. last_s: its newest point, 0: none. */
typedef bool (*metric_store_each_fn)(void *context, uint32_t series, const struct metric_key *key,
				     int64_t last_s);
void metric_store_each(struct metric_store *store, const struct metric_key *from,
		       metric_store_each_fn visit, void *context);

/* Removes the series and all of its points. */
void metric_store_remove(struct metric_store *store, uint32_t series);

struct metric_store_stats {
	uint64_t series, dropped_series;
	uint64_t memory_bytes; /* points in memory */
	uint64_t file_bytes, file_count;
};
struct metric_store_stats metric_store_stats_read(struct metric_store *store);

#endif
