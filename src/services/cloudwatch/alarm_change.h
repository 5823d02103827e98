/* SPDX-License-Identifier: MIT */
/*
 * alarm_change: alarms in the catalog with their history and due entries, then in the registry.
 * Control thread. Errors as the catalog's.
 *
 * A transition stores its actions first, then the new state: after a crash in between the next
 * evaluation finds the same transition and its actions run again, so none is lost.
 */
#ifndef TERN_SERVICES_CLOUDWATCH_ALARM_CHANGE_H
#define TERN_SERVICES_CLOUDWATCH_ALARM_CHANGE_H

#include "core/due.h"
#include "services/cloudwatch/alarm_action.h"
#include "services/cloudwatch/alarm_state.h"

/* Changes of several alarms that are made at once. */
struct alarm_batch {
	struct cloudwatch_actions actions;
	struct catalog_changes changes;
	const struct cloudwatch_alarm **items; /* new snapshots */
	size_t count, capacity;
	struct due_time due; /* the earliest of new entries */
	int64_t now_ms;
};

void alarm_batch_init(struct alarm_batch *batch);
/* The alarm is put as the draft says; with a new state, its history and event are written. */
void alarm_batch_put(struct core *core, struct alarm_batch *batch,
		     const struct cloudwatch_transition *transition, bool runs_actions);
/* A creation or an update, with its history and event. `before` NULL: a creation. */
void alarm_batch_configure(struct core *core, struct alarm_batch *batch,
			   const struct cloudwatch_transition *transition);
void alarm_batch_delete(struct core *core, struct alarm_batch *batch,
			const struct cloudwatch_alarm *alarm);
/* Ends the batch. ERR_BUSY: actions could not be stored, and nothing is changed. */
must_check enum err alarm_batch_commit(struct core *core, struct alarm_batch *batch);

/* The entry of core/due.h: the end of a wait for the suppressor. */
struct due_time cloudwatch_alarm_due(const struct cloudwatch_alarm *alarm);
/* Composite alarms are evaluated soon, after the changes of this turn. */
void cloudwatch_composites_soon(struct core *core);

#endif
