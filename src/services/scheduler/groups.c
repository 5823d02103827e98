/* SPDX-License-Identifier: MIT */
/* groups: schedule groups and their tags. */
#include "base/arn.h"
#include "core/authorize.h"
#include "core/limit/quota.h"
#include "core/page.h"
#include "core/tags.h"
#include "services/scheduler/change.h"
#include "services/scheduler/check.h"

enum { PAGE_DEFAULT = 100 };

static struct shape_pair *pairs_of(struct call *call, const struct scheduler_tag *tags,
				   size_t count)
{
	struct shape_pair *pairs = arena_array(call->arena, struct shape_pair, count);

	for (size_t i = 0; i < count; i++)
		pairs[i] = (struct shape_pair){tags[i].key, tags[i].value};
	return pairs;
}

static enum err merge_tags(struct call *call, struct scheduler_group *draft,
			   const struct scheduler_tag *tags, size_t count)
{
	struct tag_set set = tag_set_copy(call->arena, draft->tags, draft->tag_count, count);

	for (size_t i = 0; i < count; i++)
		tag_set_put(&set, tags[i].key, tags[i].value);
	if (set.count > LIMIT_SCHEDULER_TAGS)
		return fail(call, &SCHEDULER_SERVICE_QUOTA_EXCEEDED,
			    "A schedule group can have %d tags at most.", LIMIT_SCHEDULER_TAGS);
	draft->tags = set.tags;
	draft->tag_count = set.count;
	return ERR_OK;
}

static enum err check_quota(struct call *call)
{
	struct scheduler_registry *registry = scheduler_of(call->core)->registry;
	int64_t most = quota_most(call->core->quotas, QUOTA_SCHEDULE_GROUPS);

	if ((int64_t)scheduler_registry_count_groups(registry, call->account, call->region) < most)
		return ERR_OK;
	return fail(call, &SCHEDULER_SERVICE_QUOTA_EXCEEDED,
		    "The account has the maximum number of schedule groups in this Region: %lld.",
		    (long long)most);
}

enum err scheduler_create_schedule_group(struct call *call,
					 const struct scheduler_create_schedule_group_in *in,
					 struct scheduler_create_schedule_group_out *out)
{
	struct scheduler_group draft = {
		.account = call->account,
		.region = call->region,
		.name = in->name,
		.created_ms = call->now_ms,
		.modified_ms = call->now_ms,
	};
	const struct scheduler_group *old = scheduler_registry_find_group(
		scheduler_of(call->core)->registry, call->account, call->region, in->name);
	bool exists = old || str_equal(in->name, SCHEDULER_DEFAULT_GROUP);

	scheduler_group_release(old);
	call_set_request_tags(call, pairs_of(call, in->tags, in->tags_count), in->tags_count);
	enum err err = scheduler_authorize(call, STR("scheduler:CreateScheduleGroup"), in->name,
					   STR(""), NULL);
	if (!err && in->tags_count > 0)
		err = scheduler_authorize(call, STR("scheduler:TagResource"), in->name, STR(""),
					  NULL);
	if (!err && exists)
		err = fail(call, &SCHEDULER_CONFLICT, "Schedule group %.*s already exists.",
			   STR_ARG(in->name));
	if (!err)
		err = check_quota(call);
	if (!err)
		err = merge_tags(call, &draft, in->tags, in->tags_count);
	if (err)
		return err;
	out->schedule_group_arn =
		scheduler_arn(call->arena, call->account, call->region, in->name, STR(""));
	return scheduler_group_change(call->core, &draft);
}

/* Authorizes with the group's tags, if it exists, and finds it. */
static enum err open_group(struct call *call, struct str action, struct str name,
			   const struct scheduler_group **out_group)
{
	const struct scheduler_group *group = scheduler_registry_find_group(
		scheduler_of(call->core)->registry, call->account, call->region, name);

	enum err err = scheduler_authorize(call, action, name, STR(""), group);
	scheduler_group_release(group);
	return err ? err : scheduler_group_of_call(call, name, out_group);
}

enum err scheduler_get_schedule_group(struct call *call,
				      const struct scheduler_get_schedule_group_in *in,
				      struct scheduler_get_schedule_group_out *out)
{
	const struct scheduler_group *group;

	enum err err = open_group(call, STR("scheduler:GetScheduleGroup"), in->name, &group);
	if (err)
		return err;
	out->arn = scheduler_arn(call->arena, call->account, call->region, in->name, STR(""));
	out->name = group->name;
	out->state = group->is_deleting ? STR("DELETING") : STR("ACTIVE");
	out->has_creation_date = out->has_last_modification_date = group->created_ms > 0;
	out->creation_date = group->created_ms;
	out->last_modification_date = group->modified_ms;
	return ERR_OK;
}

enum err scheduler_delete_schedule_group(struct call *call,
					 const struct scheduler_delete_schedule_group_in *in,
					 struct scheduler_delete_schedule_group_out *out)
{
	const struct scheduler_group *group;

	(void)out;
	enum err err = open_group(call, STR("scheduler:DeleteScheduleGroup"), in->name, &group);
	if (err)
		return err;
	if (str_equal(in->name, SCHEDULER_DEFAULT_GROUP))
		return fail(call, &SCHEDULER_VALIDATION,
			    "The default schedule group cannot be deleted.");
	return scheduler_group_delete(call->core, group);
}

/* ---- lists ---- */

struct page_list {
	struct call *call;
	const struct scheduler_list_schedule_groups_in *in;
	struct scheduler_list_schedule_groups_out *out;
	size_t room;
	struct str after;
	bool has_default; /* it has been visited, with or without a record */
};

/* False: the page is full. */
static bool add(struct page_list *list, const struct scheduler_group *group)
{
	struct scheduler_list_schedule_groups_out *out = list->out;
	struct call *call = list->call;

	if (!str_starts(group->name, list->in->name_prefix) ||
	    (list->after.data && str_compare(group->name, list->after) <= 0))
		return true;
	if (out->schedule_groups_count == list->room) {
		out->next_token = page_token_make(call, out->schedule_groups[list->room - 1].name);
		return false;
	}
	struct str name = arena_copy(call->arena, group->name);
	out->schedule_groups[out->schedule_groups_count++] =
		(struct scheduler_schedule_group_summary){
			.arn = scheduler_arn(call->arena, call->account, call->region, name,
					     STR("")),
			.name = name,
			.state = group->is_deleting ? STR("DELETING") : STR("ACTIVE"),
			.has_creation_date = group->created_ms > 0,
			.creation_date = group->created_ms,
			.has_last_modification_date = group->created_ms > 0,
			.last_modification_date = group->modified_ms,
		};
	return true;
}

static bool visit(void *context, const struct scheduler_group *group)
{
	static const struct scheduler_group standard = {.name = STR_INIT("default")};
	struct page_list *list = context;
	bool is_ours = str_equal(group->account, list->call->account) &&
		       str_equal(group->region, list->call->region);
	int order = is_ours ? str_compare(group->name, standard.name) : 1;

	if (order >= 0 && !list->has_default) {
		list->has_default = true;
		if (order > 0 && !add(list, &standard))
			return false;
	}
	return is_ours && add(list, group);
}

enum err scheduler_list_schedule_groups(struct call *call,
					const struct scheduler_list_schedule_groups_in *in,
					struct scheduler_list_schedule_groups_out *out)
{
	struct page_list list = {.call = call, .in = in, .out = out};
	const struct scheduler_group from = {.account = call->account, .region = call->region};

	enum err err = call_authorize_any(call, STR("scheduler:ListScheduleGroups"));
	if (!err && in->next_token.data &&
	    page_token_open(call, in->next_token, 0, &list.after) != ERR_OK)
		err = fail(call, &SCHEDULER_VALIDATION, "Invalid NextToken.");
	if (err)
		return err;
	list.room = in->has_max_results ? (size_t)in->max_results : PAGE_DEFAULT;
	out->schedule_groups =
		arena_array(call->arena, struct scheduler_schedule_group_summary, list.room);
	scheduler_registry_each_group(scheduler_of(call->core)->registry, &from, visit, &list);
	if (!out->next_token.data && !list.has_default) {
		list.has_default = true;
		(void)add(&list, &(struct scheduler_group){.name = SCHEDULER_DEFAULT_GROUP});
	}
	return ERR_OK;
}

/* ---- tags ---- */

/* Of a group; other accounts' and regions' do not exist for the caller. */
static enum err open_arn(struct call *call, struct str action, struct str text,
			 const struct scheduler_group **out_group)
{
	struct arn arn;
	struct str name;

	if (!arn_parse(text, &arn)) /* the model's pattern holds */
		return fail(call, &SCHEDULER_VALIDATION, "Invalid ResourceArn.");
	name = str_slice(arn.resource, STR("schedule-group/").size, SIZE_MAX);
	if (str_equal(arn.account, call->account) && str_equal(arn.region, call->region))
		return open_group(call, action, name, out_group);
	struct resource resource = {.arn = text, .account = arn.account};
	enum err err = call_authorize(call, action, &resource);
	return err ? err
		   : fail(call, &SCHEDULER_RESOURCE_NOT_FOUND,
			  "Schedule group %.*s does not exist.", STR_ARG(name));
}

enum err scheduler_list_tags_for_resource(struct call *call,
					  const struct scheduler_list_tags_for_resource_in *in,
					  struct scheduler_list_tags_for_resource_out *out)
{
	const struct scheduler_group *group;

	enum err err =
		open_arn(call, STR("scheduler:ListTagsForResource"), in->resource_arn, &group);
	if (err)
		return err;
	out->tags = arena_array(call->arena, struct scheduler_tag, group->tag_count);
	for (size_t i = 0; i < group->tag_count; i++)
		out->tags[out->tags_count++] =
			(struct scheduler_tag){group->tags[i].key, group->tags[i].value};
	return ERR_OK;
}

/* The default group gets its record when it is first changed. */
static struct scheduler_group draft_of(const struct call *call, const struct scheduler_group *group)
{
	struct scheduler_group draft = scheduler_group_draft(group);

	if (draft.created_ms == 0)
		draft.created_ms = call->now_ms;
	draft.modified_ms = call->now_ms;
	return draft;
}

enum err scheduler_tag_resource(struct call *call, const struct scheduler_tag_resource_in *in,
				struct scheduler_tag_resource_out *out)
{
	const struct scheduler_group *group;

	(void)out;
	call_set_request_tags(call, pairs_of(call, in->tags, in->tags_count), in->tags_count);
	enum err err = open_arn(call, STR("scheduler:TagResource"), in->resource_arn, &group);
	if (err)
		return err;
	struct scheduler_group draft = draft_of(call, group);
	err = merge_tags(call, &draft, in->tags, in->tags_count);
	return err ? err : scheduler_group_change(call->core, &draft);
}

enum err scheduler_untag_resource(struct call *call, const struct scheduler_untag_resource_in *in,
				  struct scheduler_untag_resource_out *out)
{
	const struct scheduler_group *group;

	(void)out;
	call_set_request_tag_keys(call, in->tag_keys, in->tag_keys_count);
	enum err err = open_arn(call, STR("scheduler:UntagResource"), in->resource_arn, &group);
	if (err)
		return err;
	struct scheduler_group draft = draft_of(call, group);
	struct tag_set set = tag_set_copy(call->arena, draft.tags, draft.tag_count, 0);
	for (size_t i = 0; i < in->tag_keys_count; i++)
		tag_set_remove(&set, in->tag_keys[i]);
	draft.tags = set.tags;
	draft.tag_count = set.count;
	return scheduler_group_change(call->core, &draft);
}
