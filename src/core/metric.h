/* SPDX-License-Identifier: MIT */
/*
 * metric: CloudWatch's metrics of all accounts: services add samples, queries and alarms read them.
 *
 * Each minute of wall time is closed once it is over: the control thread asks all services for
 * their gauges (`collect` of struct service_module), sums up what threads have added, stores the
 * minute's points and hands them to the watches. A minute that is not closed yet is lost if the
 * process is killed. If the test clock moves on by several minutes, each of them is closed, so
 * gauges have points in all of them.
 *
 *   struct topic { ... struct metric_slot published; };            zeroed
 *
 *   const struct metric_dimension topic_name = {STR("TopicName"), topic->name};
 *   metric_add(core, &topic->published, &(struct metric_key){
 *		.account = topic->account, .region = topic->region, .name_space = STR("AWS/SNS"),
 *		.name = STR("NumberOfMessagesPublished"), .dimensions = &topic_name,
 *		.dimension_count = 1, .unit = STR("Count")}, 1);
 *
 * Without core->metrics (unit tests) nothing is counted and nothing is found.
 */
#ifndef TERN_CORE_METRIC_H
#define TERN_CORE_METRIC_H

#include "core/core.h"
#include "metric/metric.h"
#include "metric/recorder.h"
#include "metric/store.h"

struct metrics;

/* Remembers the series of a key, so that adding a sample does not look at the key's texts. Zeroed;
 * it needs no end. Any thread. */
struct metric_slot {
	_Atomic uint32_t series;
};

/*
 * Any thread: adds a sample, or `count` samples of the same value, to the minute that is open. It
 * costs about 20 ns and no thread waits for another. `slot` NULL: the key is looked up under a
 * lock, about 150 ns more. New series beyond LIMIT_METRIC_SERIES are dropped and counted.
 */
void metric_add(struct core *core, struct metric_slot *slot, const struct metric_key *key,
		double value);
void metric_add_many(struct core *core, struct metric_slot *slot, const struct metric_key *key,
		     double value, double count);

/* ---- closing a minute ---- */

/* The minute that is being closed, for `collect` of struct service_module. Control thread. */
struct metric_minute {
	struct core *core;
	int64_t start_ms; /* wall time */
};
/* A gauge, or what the service has counted itself: one sample. */
void metric_minute_put(struct metric_minute *minute, struct metric_slot *slot,
		       const struct metric_key *key, double value);
/* Several samples; time_s of the point does not count. */
void metric_minute_put_point(struct metric_minute *minute, struct metric_slot *slot,
			     const struct metric_key *key, const struct metric_point *point);

/*
 * A watch gets each closed point of a metric, at the minute's close: alarms. The owner keeps it and
 * its key's texts; the key's unit is empty: points of all units. A point may be of an earlier
 * minute that has got further samples since (PutMetricData); it is what was added, not the sum of
 * that minute, for which see metric_read. Control thread, or main before its start.
 */
struct metric_watch {
	struct metric_key key;
	void (*closed)(struct core *core, struct metric_watch *watch,
		       const struct metric_point *point, struct str unit);
	struct list link; /* the module's */
};
void metric_watch(struct core *core, struct metric_watch *watch);
void metric_unwatch(struct core *core, struct metric_watch *watch);
/* After all points of a minute were handed out: the minute that begins at `start_ms` is closed. */
typedef void (*metric_closed_fn)(struct core *core, int64_t start_ms);
void metric_on_closed(struct core *core, metric_closed_fn closed); /* main, at start-up */

/* ---- reading, any thread; may wait for the disk ---- */

/*
 * Points of a metric in steps of `period_s` seconds (1, 5, 10, 20, 30 or a multiple of 60), aligned
 * to multiples of it since 1970, from start_s until before end_s, ascending; steps without samples
 * have none. The key's unit is empty: of the unit that AWS would choose, which is returned;
 * *out_units: all units that have points there. Points and texts live in the arena.
 */
struct metric_range {
	int64_t start_s, end_s;
	uint32_t period_s;
	bool skips_samples; /* percentiles and the like are not needed: faster */
};
struct metric_points {
	struct metric_point *items;
	size_t count;
	struct str unit; /* of the points */
	const struct str *units;
	size_t unit_count;
};
must_check enum err metric_read(struct core *core, struct arena *arena,
				const struct metric_key *key, struct metric_range range,
				struct metric_points *out_points);

/*
 * Visits the series of an account and region in the order of metric_key_compare, from `from` on if
 * it is not NULL; an empty namespace: of all. Ends when `visit` returns false.
 */
struct metric_listed {
	const struct metric_key *key; /* until visit returns */
	int64_t last_s;		      /* its newest point, seconds since 1970 */
};
typedef bool (*metric_list_fn)(void *context, const struct metric_listed *listed);
void metric_list(struct core *core, struct str account, struct str region, struct str name_space,
		 const struct metric_key *from, metric_list_fn visit, void *context);

/* ---- PutMetricData ---- */

/* Any thread: adds samples of a time that may be over or still to come. `step_s` is 60, or 1 for
 * high resolution. False: there is no room for another series. */
must_check bool metric_put(struct core *core, const struct metric_key *key, uint32_t step_s,
			   const struct metric_point *point);

/* Control thread: removes all metrics of an account; their number. */
uint64_t metric_remove_account(struct core *core, struct str account);

/* ---- the server's ---- */

/* As `collect` of a service, for a part of core; the owner keeps it. */
struct metric_collector {
	void (*collect)(struct metric_collector *collector, struct metric_minute *minute);
};

struct metrics_options {
	const char *directory;		    /* ends with NUL; NULL: in memory */
	struct metric_collector *collector; /* NULL: none */
};
/* Main, before any service starts: sets core->metrics. Errors as metric_store_open. */
must_check enum err metrics_open(struct core *core, const struct metrics_options *options);
void metrics_start(struct core *core); /* main, once core->control exists */
/* Control thread: closes the minutes that are over. For tests; the server does it by itself. */
void metrics_tick(struct core *core);
/* Main: closes the minute that is open, once no other thread runs. */
void metrics_stop(struct core *core);
void metrics_close(struct core *core); /* accepts a core without metrics */
/* Control thread: the store's own figures for /_tern/metrics. */
void metrics_figures(const struct core *core, struct buf *out);

#endif
