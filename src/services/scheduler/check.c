/* SPDX-License-Identifier: MIT */
/*
 * check: AWS's texts where they are known; the others are Tern's own (doc/scheduler.md).
 *
 * The trust policy of the role is evaluated when a schedule is made, as at AWS, and again for each
 * delivery.
 */
#include "services/scheduler/check.h"

#include "base/arn.h"
#include "core/authorize.h"
#include "core/pass_role.h"
#include "core/target.h"
#include "services/scheduler/target.h"

enum { START_PAST_MS = 5 * 60000 };

struct str scheduler_arn(struct arena *arena, struct str account, struct str region,
			 struct str group, struct str name)
{
	struct str resource =
		name.size == 0
			? arena_format(arena, "schedule-group/%.*s", STR_ARG(group))
			: arena_format(arena, "schedule/%.*s/%.*s", STR_ARG(group), STR_ARG(name));

	return arn_make(arena, STR("scheduler"), region, account, resource);
}

enum err scheduler_authorize(struct call *call, struct str action, struct str group,
			     struct str name, const struct scheduler_group *tags_of)
{
	struct resource resource = {
		.arn = scheduler_arn(call->arena, call->account, call->region, group, name),
		.account = call->account,
	};

	if (tags_of) {
		resource.tags = tags_of->tags;
		resource.tag_count = tags_of->tag_count;
	}
	return call_authorize(call, action, &resource);
}

static void release_group(const void *group)
{
	scheduler_group_release(group);
}

static void keep_group(struct call *call, const struct scheduler_group *group)
{
	call_on_end(call, (call_end_fn)release_group, group);
}

enum err scheduler_group_of_call(struct call *call, struct str name,
				 const struct scheduler_group **out_group)
{
	const struct scheduler_group *group = scheduler_registry_find_group(
		scheduler_of(call->core)->registry, call->account, call->region, name);

	if (!group && str_equal(name, SCHEDULER_DEFAULT_GROUP))
		group = scheduler_group_new(&(struct scheduler_group){
			.account = call->account, .region = call->region, .name = name});
	if (!group)
		return fail(call, &SCHEDULER_RESOURCE_NOT_FOUND,
			    "Schedule group %.*s does not exist.", STR_ARG(name));
	keep_group(call, group);
	*out_group = group;
	return ERR_OK;
}

/* ---- times ---- */

static enum err check_dates(struct call *call, const struct scheduler_get_schedule_out *shown)
{
	if (shown->has_start_date && shown->has_end_date && shown->start_date >= shown->end_date)
		return fail(call, &SCHEDULER_VALIDATION,
			    "The StartDate you specify must come before the EndDate.");
	if (shown->has_start_date && shown->start_date < call->now_ms - START_PAST_MS)
		return fail(call, &SCHEDULER_VALIDATION,
			    "The StartDate you specify cannot be earlier than 5 minutes ago.");
	if (shown->has_end_date && shown->end_date <= call->now_ms)
		return fail(call, &SCHEDULER_VALIDATION,
			    "The EndDate you specify must be in the future.");
	return ERR_OK;
}

enum err scheduler_check_times(struct call *call, const struct scheduler_get_schedule_out *shown,
			       struct scheduler_plan *out_plan)
{
	const struct scheduler_flexible_time_window *window = shown->flexible_time_window;
	bool is_flexible = str_equal(window->mode, STR("FLEXIBLE")), is_zone;

	enum err err = scheduler_plan_read(scheduler_of(call->core), shown, out_plan, &is_zone);
	if (err && is_zone)
		return fail(call, &SCHEDULER_VALIDATION,
			    "Invalid Schedule Expression Timezone %.*s.",
			    STR_ARG(shown->schedule_expression_timezone));
	if (err)
		return fail(call, &SCHEDULER_VALIDATION, "Invalid Schedule Expression %.*s.",
			    STR_ARG(shown->schedule_expression));
	if (is_flexible && !window->has_maximum_window_in_minutes)
		return fail(call, &SCHEDULER_VALIDATION,
			    "MaximumWindowInMinutes is required when the mode of the flexible "
			    "time window is FLEXIBLE.");
	if (!is_flexible && window->has_maximum_window_in_minutes)
		return fail(call, &SCHEDULER_VALIDATION,
			    "MaximumWindowInMinutes is not allowed when the mode of the flexible "
			    "time window is OFF.");
	if (out_plan->expression.kind == SCHEDULE_AT)
		return ERR_OK; /* the dates do not count */
	return check_dates(call, shown);
}

/* ---- the target ---- */

/* The role exists, trusts the service, and is passed by a caller that may. */
static enum err check_role(struct call *call, struct str role_arn, struct str group)
{
	struct str group_arn =
		scheduler_arn(call->arena, call->account, call->region, group, STR(""));
	bool is_trusting;

	enum err err = call_pass_role(call, role_arn, SCHEDULER_SERVICE, group_arn, &is_trusting);
	if (!err && !is_trusting)
		err = fail(call, &SCHEDULER_VALIDATION,
			   "The execution role you provide must allow AWS EventBridge Scheduler to "
			   "assume the role.");
	return err;
}

static enum err check_kind(struct call *call, const struct scheduler_target *target,
			   const struct scheduler_target_kind *kind)
{
	struct target_description description;
	struct str problem;

	if (kind->way == SCHEDULER_BUS && !target->event_bridge_parameters)
		return fail(call, &SCHEDULER_VALIDATION,
			    "EventBridgeParameters is required for EventBridge PutEvents targets.");
	if (kind->way == SCHEDULER_BUS && !scheduler_is_json_object(call->arena, target->input))
		return fail(call, &SCHEDULER_VALIDATION,
			    "Input must be a valid JSON object for EventBridge PutEvents targets.");
	if (kind->operation &&
	    !scheduler_operation_check(call->arena, kind->operation, target->input, &problem))
		return fail(call, &SCHEDULER_VALIDATION, "%.*s", STR_ARG(problem));
	if (kind->way != SCHEDULER_QUEUE ||
	    target_resolve(call->core, target->arn, &description) != ERR_OK)
		return ERR_OK; /* a queue that does not exist yet */
	policy_release(description.policy);
	bool has_group = target->sqs_parameters && target->sqs_parameters->message_group_id.data;
	if (description.is_fifo && !has_group)
		return fail(call, &SCHEDULER_VALIDATION,
			    "SqsParameters.MessageGroupId is required for FIFO queues.");
	return ERR_OK;
}

enum err scheduler_check_target(struct call *call, const struct scheduler_target *target,
				struct str group)
{
	struct scheduler_target_kind kind;
	struct str problem;

	enum err err =
		scheduler_target_kind_of(call->core, call->arena, target->arn, &kind, &problem);
	if (err)
		return fail(call, &SCHEDULER_VALIDATION, "%.*s", STR_ARG(problem));
	err = check_kind(call, target, &kind);
	return err ? err : check_role(call, target->role_arn, group);
}
