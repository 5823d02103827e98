/* SPDX-License-Identifier: MIT */
/* cycle: composite alarms that would depend on themselves. Pure, any thread. */
#ifndef TERN_ALARM_CYCLE_H
#define TERN_ALARM_CYCLE_H

#include "alarm/rule.h"

/* The alarm's name in a rule's child, which is a name or an ARN. A view. */
struct str alarm_child_name(struct str child);

/* The rule of the composite alarm of that name; NULL: it is no composite alarm. Borrowed. */
typedef const struct alarm_rule *(*alarm_find_rule_fn)(void *context, struct str name);

/* True if an alarm `name` with this rule would be among its own children, direct or not. */
bool alarm_makes_cycle(struct str name, const struct alarm_rule *rule, alarm_find_rule_fn find,
		       void *context);

#endif
