/* SPDX-License-Identifier: MIT */
/*
 * alarm_watch: what the evaluation of an alarm needs beside its snapshot: its compiled settings and
 * the newest periods of its metric. Control thread.
 *
 * An alarm on one metric gets the metric's points when a minute closes (core/metric.h). AWS
 * evaluates an alarm each minute over periods that end there, so an alarm of five minutes has five
 * rings, one for each minute of its period. Alarms on percentiles, on expressions and on long
 * periods read the store.
 */
#ifndef TERN_SERVICES_CLOUDWATCH_ALARM_WATCH_H
#define TERN_SERVICES_CLOUDWATCH_ALARM_WATCH_H

#include "alarm/reason.h"
#include "alarm/rule.h"
#include "core/metric.h"
#include "metric/statistic.h"
#include "services/cloudwatch/alarm.h"

struct alarm_watch {
	struct list link;
	const struct cloudwatch_alarm *alarm; /* held; the newest snapshot */
	uint64_t generation;
	bool is_broken; /* its settings cannot be read: it is not evaluated */

	/* Compiled settings, of `alarm` at configured_ms; shown and its texts are in the arena. */
	struct arena arena;
	int64_t configured_ms;
	struct cloudwatch_metric_alarm shown;
	struct cloudwatch_composite_alarm composite;
	struct alarm_rule *rule; /* of a composite alarm */
	struct alarm_criteria criteria;
	struct metric_statistic statistic;
	uint32_t period_s;

	/* Of alarms whose points are pushed. */
	bool is_pushed;
	bool is_stale; /* the rings do not follow the store any more: fill them anew */
	struct metric_watch metric;
	struct metric_point open;     /* of the minute that closes; count 0: none */
	struct metric_point *minutes; /* the newest `steps` */
	struct alarm_ring *rings;     /* one for each of the `steps` minutes of the period */
	uint32_t steps;
	int64_t last_s; /* the newest minute in them */
};

/* Lets the watches follow the registry: of new, changed and deleted alarms. */
void alarm_watches_follow(struct core *core);
void alarm_watches_free(struct core *core);
/* NULL: there is none. */
struct alarm_watch *alarm_watch_find(struct core *core, struct str account, struct str region,
				     struct str name);

/* An evaluation; `ring` is the watch's or `own`, which the caller ends with alarm_ring_done. */
struct alarm_evaluation {
	const struct alarm_ring *ring;
	struct alarm_ring own;
	struct alarm_outcome outcome;
};
/* At the end of a minute, or of a shorter period. False: it is not evaluated now. */
bool alarm_watch_evaluate(struct core *core, struct alarm_watch *watch, int64_t end_s,
			  struct alarm_evaluation *out);

/*
 * The newest `count` periods that end at end_s, of a metric alarm's settings, oldest first. For
 * tests of proposed alarms, too. May wait for the disk. ERR_INVALID: *out_problem says why.
 */
must_check enum err alarm_read_points(struct core *core, struct arena *arena, struct str account,
				      struct str region,
				      const struct cloudwatch_metric_alarm *shown, int64_t end_s,
				      uint32_t count, struct alarm_point *out_points,
				      struct str *out_problem);
/* The period of its points: its own, or that of the query whose data is returned. */
uint32_t alarm_period_of(const struct cloudwatch_metric_alarm *shown);
/* False: not valid settings of an evaluation, which PutMetricAlarm has refused. */
bool alarm_criteria_of(const struct cloudwatch_metric_alarm *shown,
		       struct alarm_criteria *out_criteria);

#endif
