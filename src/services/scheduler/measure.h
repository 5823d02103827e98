/* SPDX-License-Identifier: MIT */
/*
 * measure: CloudWatch's metrics of schedules, in the namespace AWS/Scheduler with the dimension
 * ScheduleGroup. Any thread.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
 */
#ifndef TERN_SERVICES_SCHEDULER_MEASURE_H
#define TERN_SERVICES_SCHEDULER_MEASURE_H

#include "core/obligation.h"

/* An attempt of a schedule of that group has ended so. */
void scheduler_measure(const struct obligation_attempt *attempt, enum obligation_end end,
		       struct str region, struct str group);

#endif
