/* SPDX-License-Identifier: MIT */
/*
 * plan: when a schedule occurs next. Control thread, or main at start-up: it keeps the time zones
 * that schedules use.
 */
#ifndef TERN_SERVICES_SCHEDULER_PLAN_H
#define TERN_SERVICES_SCHEDULER_PLAN_H

#include "api/scheduler.h"
#include "core/due.h"
#include "schedule/schedule.h"
#include "services/scheduler/scheduler.h"

/* The zone of that name, until the service stops; data NULL: UTC. NULL: there is none. */
const struct zone *scheduler_zone_find(struct scheduler *scheduler, struct str name);
void scheduler_zones_free(struct scheduler *scheduler);

/* The settings that the times depend on, valid ones. */
struct scheduler_plan {
	struct schedule expression;
	const struct zone *zone;
	int64_t start_ms, end_ms; /* of StartDate and EndDate; INT64_MIN, INT64_MAX: none */
	int64_t window_ms;	  /* of the flexible time window; 0: off */
};
/* ERR_INVALID: the expression, or with *out_is_zone the time zone. */
must_check enum err scheduler_plan_read(struct scheduler *scheduler,
					const struct scheduler_get_schedule_out *shown,
					struct scheduler_plan *out_plan, bool *out_is_zone);
/*
 * Sets next_ms and fire_ms to the first occurrence after `after_ms`, or to 0. The moment within the
 * flexible window follows from the schedule's name and the occurrence, so it is the same after a
 * restart.
 */
void scheduler_plan_next(const struct scheduler_plan *plan, struct scheduler_schedule *draft,
			 int64_t after_ms);

/* The entry of core/due.h: the next firing, or the end of a schedule that deletes itself. */
struct due_time scheduler_due_of(const struct scheduler_schedule *schedule);

#endif
