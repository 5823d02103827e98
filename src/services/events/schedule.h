/* SPDX-License-Identifier: MIT */
/*
 * schedule: rules with a schedule expression. When one is due, its targets get a "Scheduled Event".
 *
 * The next occurrence is an item (item.h) beside the rule's record. An occurrence is stored for
 * delivery before the next one is set, so after a crash it may be delivered again. Rates begin when
 * the rule gets its expression. Control thread.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
 */
#ifndef TERN_SERVICES_EVENTS_SCHEDULE_H
#define TERN_SERVICES_EVENTS_SCHEDULE_H

#include "services/events/state.h"

/*
 * After the record of a rule of the default bus was written, in the same group: `old` and `rule`
 * are NULL if there was or is none. Errors as the catalog's.
 */
must_check enum err events_schedule_change(struct core *core, const struct events_bus_rule *old,
					   const struct events_bus_rule *rule);
/* Main, at the start, before core/due.h starts. */
void events_schedule_register(struct core *core);

#endif
