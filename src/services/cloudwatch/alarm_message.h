/* SPDX-License-Identifier: MIT */
/*
 * alarm_message: AWS's texts about a change of an alarm: notifications for SNS, events, payloads
 * for functions, history. Pure, any thread; the results live in the arena.
 */
#ifndef TERN_SERVICES_CLOUDWATCH_ALARM_MESSAGE_H
#define TERN_SERVICES_CLOUDWATCH_ALARM_MESSAGE_H

#include "services/cloudwatch/alarm.h"

/* A transition: the alarm before and after it. `now` is a draft or a snapshot. */
struct cloudwatch_transition {
	const struct cloudwatch_alarm *before, *now;
	/* Of `now`; one of them, by its kind. */
	const struct cloudwatch_metric_alarm *metric;
	const struct cloudwatch_composite_alarm *composite;
	/* Of composite alarms: JSON array for TriggeringChildren; empty: none. */
	struct str children;
};

/* ALARM: "name" in US East (N. Virginia), at most 100 characters. */
struct str cloudwatch_alarm_subject(struct arena *arena,
				    const struct cloudwatch_transition *transition);
struct str cloudwatch_alarm_notification(struct arena *arena,
					 const struct cloudwatch_transition *transition);
/* A whole event, "CloudWatch Alarm State Change". */
struct str cloudwatch_alarm_event(struct arena *arena,
				  const struct cloudwatch_transition *transition);
/* "CloudWatch Alarm Configuration Change"; `operation` is "create", "update" or "delete". */
struct str cloudwatch_alarm_configuration_event(struct arena *arena,
						const struct cloudwatch_transition *transition,
						struct str operation);
/* The payload of an asynchronous invocation. */
struct str cloudwatch_alarm_invocation(struct arena *arena,
				       const struct cloudwatch_transition *transition);
/* HistoryData of a StateUpdate. */
struct str cloudwatch_alarm_state_data(struct arena *arena,
				       const struct cloudwatch_transition *transition);
/* "US East (N. Virginia)"; an unknown region as it is. */
struct str cloudwatch_region_name(struct str region);

#endif
