/* SPDX-License-Identifier: MIT */
/*
 * schedule: the expressions rate(...), cron(...) and at(...), and when they occur.
 *
 * In zones with daylight saving time, as AWS describes it for EventBridge Scheduler: a cron
 * occurrence at a local time that clocks skip does not take place, and one at a time that they show
 * twice takes place the first time only. Rates are durations, whatever clocks show. at(...) in a
 * skipped hour is the moment at which clocks are set forward.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 * Pure, any thread.
 */
#ifndef TERN_SCHEDULE_SCHEDULE_H
#define TERN_SCHEDULE_SCHEDULE_H

#include "schedule/cron.h"
#include "schedule/zone.h"

enum schedule_dialect {
	SCHEDULE_RULES,	    /* of EventBridge: "1 minute", "2 minutes"; no at(...) */
	SCHEDULE_SCHEDULER, /* "1 minutes" too */
};
enum schedule_kind { SCHEDULE_RATE, SCHEDULE_CRON, SCHEDULE_AT };

struct schedule {
	enum schedule_kind kind;
	int64_t period_ms; /* of a rate, at most 2^31 - 1 minutes */
	int64_t local_s;   /* of at(...) */
	struct cron cron;
};

/* ERR_INVALID: it is no expression of this dialect. */
must_check enum err schedule_parse(struct str text, enum schedule_dialect dialect,
				   struct schedule *out_schedule);

/*
 * The first occurrence after `after_ms`, wall time. A rate occurs at `anchor_ms` and each period
 * later; the others ignore the anchor. False: there is none.
 */
bool schedule_next(const struct schedule *schedule, const struct zone *zone, int64_t anchor_ms,
		   int64_t after_ms, int64_t *out_ms);

#endif
