/* SPDX-License-Identifier: MIT */
/* check: the settings of a schedule as a request gives them. The call's thread: control. */
#ifndef TERN_SERVICES_SCHEDULER_CHECK_H
#define TERN_SERVICES_SCHEDULER_CHECK_H

#include "services/scheduler/plan.h"

#define SCHEDULER_SERVICE STR("scheduler.amazonaws.com")

/* The ARN of a group, and of a schedule of it unless `name` is empty. */
struct str scheduler_arn(struct arena *arena, struct str account, struct str region,
			 struct str group, struct str name);
/* "<prefix><operation>" on that ARN; tags of a group. */
must_check enum err scheduler_authorize(struct call *call, struct str action, struct str group,
					struct str name, const struct scheduler_group *tags_of);
/* A group, also "default" without a record; released when the call ends. ResourceNotFoundException.
 */
must_check enum err scheduler_group_of_call(struct call *call, struct str name,
					    const struct scheduler_group **out_group);

/* Expression, time zone, dates and time window. */
must_check enum err scheduler_check_times(struct call *call,
					  const struct scheduler_get_schedule_out *shown,
					  struct scheduler_plan *out_plan);
/* The target's ARN and what its kind needs; its role, which the caller must be allowed to pass. */
must_check enum err scheduler_check_target(struct call *call, const struct scheduler_target *target,
					   struct str group);

#endif
