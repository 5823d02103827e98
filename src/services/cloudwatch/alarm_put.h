/* SPDX-License-Identifier: MIT */
/* alarm_put: what PutMetricAlarm and PutCompositeAlarm share. Control thread. */
#ifndef TERN_SERVICES_CLOUDWATCH_ALARM_PUT_H
#define TERN_SERVICES_CLOUDWATCH_ALARM_PUT_H

#include "services/cloudwatch/alarm_call.h"

/* LimitExceeded: there is no room for a new alarm. `old` NULL: it is new. */
must_check enum err cloudwatch_alarm_room(struct call *call, const struct cloudwatch_alarm *old);
/* The old alarm with its state, or a fresh one; its settings are not filled in. */
struct cloudwatch_alarm cloudwatch_alarm_draft_of(struct call *call,
						  const struct cloudwatch_alarm *old,
						  struct str name, bool has_disabled_actions);

#endif
