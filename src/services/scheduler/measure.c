/* SPDX-License-Identifier: MIT */
/* measure: the last attempt before a dead letter, or before the end, counts with that end. */
#include "services/scheduler/measure.h"

#include "core/metric.h"

static void add(const struct obligation_attempt *attempt, struct str region, struct str group,
		struct str name)
{
	const struct metric_dimension dimension = {STR("ScheduleGroup"), group};
	const struct metric_key key = {
		.account = attempt->account,
		.region = region,
		.name_space = STR("AWS/Scheduler"),
		.name = name,
		.dimensions = &dimension,
		.dimension_count = 1,
		.unit = STR("Count"),
	};

	metric_add(attempt->core, NULL, &key, 1);
}

static bool is_throttled(const struct obligation_failure *failure)
{
	return failure->status == 429 || str_find(failure->code, STR("hrottl"), 0) != SIZE_MAX;
}

void scheduler_measure(const struct obligation_attempt *attempt, enum obligation_end end,
		       struct str region, struct str group)
{
	if (end == OBLIGATION_END_DROPPED)
		return;
	add(attempt, region, group, STR("InvocationAttemptCount"));
	if (end == OBLIGATION_END_DELIVERED)
		return;
	add(attempt, region, group,
	    is_throttled(&attempt->failure) ? STR("TargetErrorThrottledCount")
					    : STR("TargetErrorCount"));
	if (end == OBLIGATION_END_GIVEN_UP)
		add(attempt, region, group, STR("InvocationDroppedCount"));
	if (end == OBLIGATION_END_DEAD_LETTER)
		add(attempt, region, group, STR("InvocationsSentToDeadLetterCount"));
}
