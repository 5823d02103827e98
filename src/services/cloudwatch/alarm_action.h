/* SPDX-License-Identifier: MIT */
/*
 * alarm_action: the actions of alarms and their events, as obligations (core/obligation.h).
 *
 * A topic gets AWS's notification as a Publish of cloudwatch.amazonaws.com, the default event bus
 * a whole event; other actions go through core/target.h and wait while no service takes them.
 * Control thread.
 */
#ifndef TERN_SERVICES_CLOUDWATCH_ALARM_ACTION_H
#define TERN_SERVICES_CLOUDWATCH_ALARM_ACTION_H

#include "services/cloudwatch/alarm_message.h"

/* Obligations that are stored together. Zeroed but for an initialised arena. */
struct cloudwatch_actions {
	struct arena arena;
	struct queue_target *items;
	size_t count, capacity;
};

/* The event of the transition, and if `runs_actions` the actions of its new state. */
void cloudwatch_actions_add(struct core *core, struct cloudwatch_actions *actions,
			    const struct cloudwatch_transition *transition, bool runs_actions);
void cloudwatch_actions_add_event(struct core *core, struct cloudwatch_actions *actions,
				  const struct cloudwatch_alarm *alarm, struct str event);
/*
 * Makes all durable, and empties the list in any case. ERR_BUSY: some are not; if the same are
 * stored again, others run twice.
 */
must_check enum err cloudwatch_actions_send(struct core *core, struct cloudwatch_actions *actions);

/* The actions of a state. */
const struct str *cloudwatch_actions_of(const struct cloudwatch_transition *transition,
					enum alarm_state state, size_t *out_count);

#endif
