/* SPDX-License-Identifier: MIT */
/* alarm_call: authorization and checks that operations of alarms share. The call's thread. */
#ifndef TERN_SERVICES_CLOUDWATCH_ALARM_CALL_H
#define TERN_SERVICES_CLOUDWATCH_ALARM_CALL_H

#include "core/authorize.h"
#include "services/cloudwatch/alarm.h"
#include "services/cloudwatch/alarm_state.h"

/* On the alarm's ARN; `alarm` NULL: it has no tags. */
must_check enum err cloudwatch_alarm_authorize(struct call *call, struct str action,
					       struct str name,
					       const struct cloudwatch_alarm *alarm);
/* NULL: there is none. Released when the call ends. */
const struct cloudwatch_alarm *cloudwatch_alarm_of_call(struct call *call, struct str name);
/* ARNs of actions, in the caller's region. ValidationError. */
must_check enum err cloudwatch_check_actions(struct call *call, const struct str *arns,
					     size_t count);
/* Tags of a request as sorted pairs in the arena. ValidationError: too many, or a key twice. */
must_check enum err cloudwatch_read_tags(struct call *call, const struct cloudwatch_tag *tags,
					 size_t count, const struct shape_pair **out_tags);

#endif
