/* SPDX-License-Identifier: MIT */
/* schedules: CreateSchedule, GetSchedule, UpdateSchedule, DeleteSchedule, ListSchedules. */
#include "core/authorize.h"
#include "core/limit/quota.h"
#include "core/message.h"
#include "core/page.h"
#include "services/scheduler/change.h"
#include "services/scheduler/check.h"
#include "services/scheduler/encrypt.h"

enum { PAGE_DEFAULT = 100, RETRY_ATTEMPTS = 185, RETRY_SECONDS = 86400 };

static struct str group_or_default(struct str name)
{
	return name.data ? name : SCHEDULER_DEFAULT_GROUP;
}

static struct str or_default(struct str text, struct str otherwise)
{
	return text.data ? text : otherwise;
}

/* The members that AWS fills in. `target` and the window are the input's. */
static void complete(struct call *call, struct scheduler_get_schedule_out *shown)
{
	struct scheduler_retry_policy *policy =
		arena_new(call->arena, struct scheduler_retry_policy);

	shown->arn = scheduler_arn(call->arena, call->account, call->region, shown->group_name,
				   shown->name);
	shown->schedule_expression_timezone =
		or_default(shown->schedule_expression_timezone, STR("UTC"));
	shown->state = or_default(shown->state, STR("ENABLED"));
	shown->action_after_completion = or_default(shown->action_after_completion, STR("NONE"));
	if (shown->target->retry_policy)
		*policy = *shown->target->retry_policy;
	if (!policy->has_maximum_event_age_in_seconds)
		policy->maximum_event_age_in_seconds = RETRY_SECONDS;
	if (!policy->has_maximum_retry_attempts)
		policy->maximum_retry_attempts = RETRY_ATTEMPTS;
	policy->has_maximum_event_age_in_seconds = policy->has_maximum_retry_attempts = true;
	shown->target->retry_policy = policy;
}

/* The settings become the draft's; its times begin after now. */
static enum err apply(struct call *call, struct scheduler_get_schedule_out *shown,
		      const struct scheduler_plan *plan, struct scheduler_schedule *draft)
{
	shown->has_creation_date = shown->has_last_modification_date = true;
	shown->creation_date = draft->created_ms;
	shown->last_modification_date = call->now_ms;
	enum err err = scheduler_seal_input(call, shown, &draft->sealed_input);
	if (err)
		return err;
	draft->shown = message_encode(
		call->arena, call->operation->service->operations[SCHEDULER_GET_SCHEDULE].out,
		shown);
	draft->is_enabled = str_equal(shown->state, STR("ENABLED"));
	draft->deletes_itself = str_equal(shown->action_after_completion, STR("DELETE"));
	draft->ended_ms = 0;
	/* A rate occurs at its beginning too. */
	scheduler_plan_next(plan, draft,
			    draft->anchor_ms == call->now_ms ? call->now_ms - 1 : call->now_ms);
	return scheduler_change(call->core, draft);
}

static int64_t anchor_of(const struct call *call, const struct scheduler_plan *plan)
{
	return plan->start_ms != INT64_MIN ? plan->start_ms : call->now_ms;
}

static enum err check_quota(struct call *call)
{
	struct scheduler_registry *registry = scheduler_of(call->core)->registry;
	int64_t most = quota_most(call->core->quotas, QUOTA_SCHEDULES);
	bool is_full = scheduler_registry_count(registry) >= LIMIT_SCHEDULES;

	if (is_full)
		quota_log_server_limit(STR("schedules"), LIMIT_SCHEDULES);
	if (!is_full &&
	    (int64_t)scheduler_registry_count_account(registry, call->account, call->region) < most)
		return ERR_OK;
	return fail(call, &SCHEDULER_SERVICE_QUOTA_EXCEEDED,
		    "The account has the maximum number of schedules in this Region: %lld.",
		    (long long)most);
}

static void release(const void *schedule)
{
	scheduler_schedule_release(schedule);
}

/* NULL: there is none. Released when the call ends. */
static const struct scheduler_schedule *find(struct call *call, struct str group, struct str name)
{
	const struct scheduler_schedule *schedule = scheduler_registry_find(
		scheduler_of(call->core)->registry, call->account, call->region, group, name);

	if (schedule)
		call_on_end(call, (call_end_fn)release, schedule);
	return schedule;
}

static enum err not_found(struct call *call, struct str name)
{
	return fail(call, &SCHEDULER_RESOURCE_NOT_FOUND, "Schedule %.*s does not exist.",
		    STR_ARG(name));
}

/* A repeated request has the token of the first. */
static enum err check_exists(struct call *call, const struct scheduler_create_schedule_in *in,
			     const struct scheduler_schedule *old)
{
	if (in->client_token.size > 0 && str_equal(in->client_token, old->client_token))
		return ERR_OK;
	return fail(call, &SCHEDULER_CONFLICT, "Schedule %.*s already exists.", STR_ARG(in->name));
}

enum err scheduler_create_schedule(struct call *call, const struct scheduler_create_schedule_in *in,
				   struct scheduler_create_schedule_out *out)
{
	struct scheduler_get_schedule_out shown = {
		.group_name = group_or_default(in->group_name),
		.name = in->name,
		.schedule_expression = in->schedule_expression,
		.start_date = in->start_date,
		.has_start_date = in->has_start_date,
		.end_date = in->end_date,
		.has_end_date = in->has_end_date,
		.description = in->description,
		.schedule_expression_timezone = in->schedule_expression_timezone,
		.state = in->state,
		.kms_key_arn = in->kms_key_arn,
		.target = in->target,
		.flexible_time_window = in->flexible_time_window,
		.action_after_completion = in->action_after_completion,
	};
	const struct scheduler_group *group;
	struct scheduler_plan plan;

	enum err err = scheduler_authorize(call, STR("scheduler:CreateSchedule"), shown.group_name,
					   in->name, NULL);
	if (!err)
		err = scheduler_check_times(call, &shown, &plan);
	if (!err)
		err = scheduler_check_target(call, in->target, shown.group_name);
	if (!err)
		err = scheduler_group_of_call(call, shown.group_name, &group);
	if (!err && group->is_deleting)
		err = fail(call, &SCHEDULER_CONFLICT, "Schedule group %.*s is being deleted.",
			   STR_ARG(group->name));
	if (err)
		return err;
	complete(call, &shown);
	out->schedule_arn = shown.arn;
	const struct scheduler_schedule *old = find(call, shown.group_name, in->name);
	if (old)
		return check_exists(call, in, old);
	err = check_quota(call);
	if (err)
		return err;
	struct scheduler_schedule draft = {
		.account = call->account,
		.region = call->region,
		.group = shown.group_name,
		.name = in->name,
		.client_token = in->client_token,
		.created_ms = call->now_ms,
		.anchor_ms = anchor_of(call, &plan),
	};
	return apply(call, &shown, &plan, &draft);
}

enum err scheduler_update_schedule(struct call *call, const struct scheduler_update_schedule_in *in,
				   struct scheduler_update_schedule_out *out)
{
	struct scheduler_get_schedule_out before = {0},
					  shown = {
						  .group_name = group_or_default(in->group_name),
						  .name = in->name,
						  .schedule_expression = in->schedule_expression,
						  .start_date = in->start_date,
						  .has_start_date = in->has_start_date,
						  .end_date = in->end_date,
						  .has_end_date = in->has_end_date,
						  .description = in->description,
						  .schedule_expression_timezone =
							  in->schedule_expression_timezone,
						  .state = in->state,
						  .kms_key_arn = in->kms_key_arn,
						  .target = in->target,
						  .flexible_time_window = in->flexible_time_window,
						  .action_after_completion =
							  in->action_after_completion,
					  };
	struct scheduler_plan plan;
	struct str problem;

	enum err err = scheduler_authorize(call, STR("scheduler:UpdateSchedule"), shown.group_name,
					   in->name, NULL);
	if (err)
		return err;
	const struct scheduler_schedule *old = find(call, shown.group_name, in->name);
	if (!old)
		return not_found(call, in->name);
	err = scheduler_check_times(call, &shown, &plan);
	if (!err)
		err = scheduler_check_target(call, in->target, shown.group_name);
	if (!err)
		err = message_decode(call->arena, old->shown,
				     scheduler_service.operations[SCHEDULER_GET_SCHEDULE].out,
				     &before, &problem);
	if (err)
		return err == ERR_INVALID ? ERR_DAMAGED : err;
	complete(call, &shown);
	out->schedule_arn = shown.arn;
	struct scheduler_schedule draft = scheduler_schedule_draft(old);
	/* A rate goes on in its rhythm unless it is another, or begins anew. */
	if (plan.start_ms != INT64_MIN ||
	    !str_equal(before.schedule_expression, shown.schedule_expression))
		draft.anchor_ms = anchor_of(call, &plan);
	return apply(call, &shown, &plan, &draft);
}

enum err scheduler_get_schedule(struct call *call, const struct scheduler_get_schedule_in *in,
				struct scheduler_get_schedule_out *out)
{
	struct str group = group_or_default(in->group_name), problem;

	enum err err =
		scheduler_authorize(call, STR("scheduler:GetSchedule"), group, in->name, NULL);
	if (err)
		return err;
	const struct scheduler_schedule *schedule = find(call, group, in->name);
	if (!schedule)
		return not_found(call, in->name);
	err = message_decode(call->arena, schedule->shown, call->operation->out, out, &problem);
	return err ? ERR_DAMAGED : scheduler_open_input(call, schedule->sealed_input, out);
}

enum err scheduler_delete_schedule(struct call *call, const struct scheduler_delete_schedule_in *in,
				   struct scheduler_delete_schedule_out *out)
{
	struct str group = group_or_default(in->group_name);

	(void)out;
	enum err err =
		scheduler_authorize(call, STR("scheduler:DeleteSchedule"), group, in->name, NULL);
	if (err)
		return err;
	const struct scheduler_schedule *schedule = find(call, group, in->name);
	if (!schedule)
		return not_found(call, in->name);
	return scheduler_delete(call->core, &schedule, 1);
}

/* ---- lists ---- */

struct page_list {
	struct call *call;
	const struct scheduler_list_schedules_in *in;
	struct scheduler_list_schedules_out *out;
	size_t room;
	struct str after_group, after_name; /* of the last page's last item */
	enum err err;
};

static void show(struct page_list *list, const struct scheduler_schedule *schedule)
{
	struct scheduler_schedule_summary *summary =
		&list->out->schedules[list->out->schedules_count++];
	struct arena *arena = list->call->arena;
	struct scheduler_get_schedule_out shown = {0};
	struct str problem;

	if (message_decode(arena, arena_copy(arena, schedule->shown),
			   scheduler_service.operations[SCHEDULER_GET_SCHEDULE].out, &shown,
			   &problem) != ERR_OK) {
		list->err = ERR_DAMAGED;
		return;
	}
	*summary = (struct scheduler_schedule_summary){
		.arn = shown.arn,
		.name = shown.name,
		.group_name = shown.group_name,
		.state = shown.state,
		.creation_date = shown.creation_date,
		.has_creation_date = true,
		.last_modification_date = shown.last_modification_date,
		.has_last_modification_date = true,
		.target = arena_new(arena, struct scheduler_target_summary),
	};
	summary->target->arn = shown.target->arn;
}

static bool add(void *context, const struct scheduler_schedule *schedule)
{
	struct page_list *list = context;
	const struct scheduler_list_schedules_in *in = list->in;

	if (!str_equal(schedule->account, list->call->account) ||
	    !str_equal(schedule->region, list->call->region))
		return false;
	if (in->group_name.data && !str_equal(schedule->group, in->group_name))
		return false; /* the list began at the group */
	if (!str_starts(schedule->name, in->name_prefix) ||
	    (in->state.data && schedule->is_enabled != str_equal(in->state, STR("ENABLED"))))
		return true;
	if (str_equal(schedule->group, list->after_group) &&
	    str_equal(schedule->name, list->after_name))
		return true;
	if (list->out->schedules_count == list->room) {
		const struct scheduler_schedule_summary *last =
			&list->out->schedules[list->room - 1];
		list->out->next_token = page_token_make(
			list->call, arena_format(list->call->arena, "%.*s/%.*s",
						 STR_ARG(last->group_name), STR_ARG(last->name)));
		return false;
	}
	show(list, schedule);
	return list->err == ERR_OK;
}

enum err scheduler_list_schedules(struct call *call, const struct scheduler_list_schedules_in *in,
				  struct scheduler_list_schedules_out *out)
{
	struct page_list list = {.call = call, .in = in, .out = out};
	const struct scheduler_group *group;
	struct str key = {0};

	enum err err = call_authorize_any(call, STR("scheduler:ListSchedules"));
	if (!err && in->group_name.data)
		err = scheduler_group_of_call(call, in->group_name, &group);
	if (!err && in->next_token.data && page_token_open(call, in->next_token, 0, &key) != ERR_OK)
		err = fail(call, &SCHEDULER_VALIDATION, "Invalid NextToken.");
	if (err)
		return err;
	list.room = in->has_max_results ? (size_t)in->max_results : PAGE_DEFAULT;
	list.after_group = str_cut(&key, '/');
	list.after_name = key;
	out->schedules = arena_array(call->arena, struct scheduler_schedule_summary, list.room);
	const struct scheduler_schedule from = {
		.account = call->account,
		.region = call->region,
		.group = list.after_group.data ? list.after_group : in->group_name,
		.name = list.after_name,
	};
	scheduler_registry_each(scheduler_of(call->core)->registry, &from, add, &list);
	return list.err;
}
