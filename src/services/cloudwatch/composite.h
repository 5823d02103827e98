/* SPDX-License-Identifier: MIT */
/*
 * composite: alarms on the states of other alarms of the same account and region.
 *
 * They are evaluated after every change of a state or of settings, in rounds until no state
 * changes; rules have no cycles, so the rounds end. A missing child has no state.
 */
#ifndef TERN_SERVICES_CLOUDWATCH_COMPOSITE_H
#define TERN_SERVICES_CLOUDWATCH_COMPOSITE_H

#include "alarm/rule.h"
#include "services/cloudwatch/alarm.h"

/* Any thread. NULL: the alarm is not composite. The caller frees it. */
struct alarm_rule *cloudwatch_composite_rule(struct arena *arena,
					     const struct cloudwatch_alarm *alarm);
/* Any thread: the alarm is composite, and its rule names the alarm. */
bool cloudwatch_composite_has_child(const struct cloudwatch_alarm *alarm, struct str name);
/* Control thread: the task of alarms->composites. */
void cloudwatch_composites_run(struct core *core, struct core_task *task);

#endif
