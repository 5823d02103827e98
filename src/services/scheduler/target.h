/* SPDX-License-Identifier: MIT */
/*
 * target: what the ARN of a schedule's target stands for, and what is delivered to it. Pure but for
 * the table of operations; any thread.
 */
#ifndef TERN_SERVICES_SCHEDULER_TARGET_H
#define TERN_SERVICES_SCHEDULER_TARGET_H

#include "api/scheduler.h"
#include "core/core.h"

enum scheduler_way {
	SCHEDULER_QUEUE,     /* SQS */
	SCHEDULER_TOPIC,     /* SNS */
	SCHEDULER_BUS,	     /* PutEvents with the source and detail type of the target */
	SCHEDULER_OPERATION, /* a universal target: an operation of this server */
	SCHEDULER_ABSENT,    /* of a service that this server does not have yet */
};

struct scheduler_target_kind {
	enum scheduler_way way;
	const struct operation *operation; /* of SCHEDULER_OPERATION; else NULL */
	struct str absent;		   /* of SCHEDULER_ABSENT: "functions" */
};

/* ERR_INVALID: *out_problem says what is wrong with the ARN. */
must_check enum err scheduler_target_kind_of(const struct core *core, struct arena *arena,
					     struct str arn, struct scheduler_target_kind *out_kind,
					     struct str *out_problem);

bool scheduler_is_json_object(struct arena *arena, struct str text);
/* The input of a universal target; false: *out_problem says why not. */
bool scheduler_operation_check(struct arena *arena, const struct operation *operation,
			       struct str input, struct str *out_problem);

/* One firing of a schedule, as targets and dead letters name it. */
struct scheduler_invocation {
	struct str schedule_arn;
	int64_t scheduled_ms;
	struct str execution_id;
	uint32_t attempt; /* from 1 */
};
/*
 * The target's input with the context attributes, <aws.scheduler.scheduled-time> and so on, filled
 * in; without input AWS's default notification.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
 */
struct str scheduler_input(struct arena *arena, const struct scheduler_target *target,
			   const struct scheduler_invocation *invocation);
/* The input of PutEvents for a target that is an event bus. */
struct str scheduler_bus_entry(struct arena *arena, const struct scheduler_target *target,
			       struct str detail);
/* "2026-11-30T12:00:00Z" */
struct str scheduler_time(struct arena *arena, int64_t ms);

#endif
