/* SPDX-License-Identifier: MIT */
/* groups: log groups, their retention and keys. */
#include "core/authorize.h"
#include "core/limit/quota.h"
#include "core/page.h"
#include "core/tags.h"
#include "services/logs/change.h"
#include "services/logs/check.h"
#include "services/logs/tags.h"

enum { PAGE_DEFAULT = 50 };

/* ---- creating and deleting ---- */

static enum err check_new(struct call *call, const struct logs_create_log_group_in *in)
{
	struct logs_registry *registry = logs_of(call->core)->registry;
	const struct logs_group *old =
		logs_registry_find(registry, call->account, call->region, in->log_group_name);
	int64_t most = quota_most(call->core->quotas, QUOTA_LOG_GROUPS);

	logs_group_release(old);
	if (old)
		return fail(call, &LOGS_RESOURCE_ALREADY_EXISTS,
			    "The specified log group already exists");
	if (str_starts(in->log_group_name, STR("aws/")))
		return fail(call, &LOGS_INVALID_PARAMETER,
			    "Log groups starting with aws/ are reserved for AWS.");
	if ((int64_t)logs_registry_count_account(registry, call->account, call->region) < most) {
		if (logs_registry_count(registry) < LIMIT_LOG_GROUPS)
			return ERR_OK;
		quota_log_server_limit(STR("log groups"), LIMIT_LOG_GROUPS);
	}
	return fail(call, &LOGS_LIMIT_EXCEEDED, "Resource limit exceeded.");
}

enum err logs_create_log_group(struct call *call, const struct logs_create_log_group_in *in,
			       struct logs_create_log_group_out *out)
{
	struct logs_group draft = {
		.account = call->account,
		.region = call->region,
		.name = in->log_group_name,
		.created_ms = call->now_ms,
		.kms_key = in->kms_key_id,
		.class = in->log_group_class.data ? in->log_group_class : STR("STANDARD"),
		.is_protected = in->deletion_protection_enabled,
	};

	(void)out;
	call_set_request_tags(call, in->tags, in->tags_count);
	enum err err =
		logs_authorize(call, STR("logs:CreateLogGroup"), in->log_group_name, STR(""));
	if (!err && in->tags_count > 0)
		err = logs_authorize_tags(call, STR("logs:TagResource"), in->log_group_name);
	if (!err)
		err = check_new(call, in);
	if (!err)
		err = logs_merge_tags(call, &draft, in->tags, in->tags_count);
	if (!err && draft.kms_key.size > 0)
		err = logs_check_key(call, draft.name, draft.kms_key);
	return err ? err : logs_group_create(call->core, &draft);
}

static enum err open_group(struct call *call, struct str action, struct str name,
			   const struct logs_group **out_group)
{
	enum err err = logs_authorize(call, action, name, STR(""));

	return err ? err : logs_group_of_call(call, name, out_group);
}

enum err logs_delete_log_group(struct call *call, const struct logs_delete_log_group_in *in,
			       struct logs_delete_log_group_out *out)
{
	const struct logs_group *group;

	(void)out;
	enum err err = open_group(call, STR("logs:DeleteLogGroup"), in->log_group_name, &group);
	if (err)
		return err;
	if (group->is_protected)
		return fail(call, &LOGS_VALIDATION,
			    "The log group has deletion protection enabled.");
	return logs_group_delete(call->core, group);
}

/* ---- retention ---- */

static bool is_retention(int64_t days)
{
	static const int allowed[] = {1,   3,	5,   7,	  14,	30,   60,   90,	  120,	150,  180,
				      365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (allowed[i] == days)
			return true;
	return false;
}

static enum err set_retention(struct call *call, struct str action, struct str name, int64_t days)
{
	const struct logs_group *group;

	enum err err = open_group(call, action, name, &group);
	if (err)
		return err;
	struct logs_group draft = logs_group_draft(group);
	draft.retention_days = days;
	return logs_group_change(call->core, &draft);
}

enum err logs_put_retention_policy(struct call *call, const struct logs_put_retention_policy_in *in,
				   struct logs_put_retention_policy_out *out)
{
	(void)out;
	if (is_retention(in->retention_in_days))
		return set_retention(call, STR("logs:PutRetentionPolicy"), in->log_group_name,
				     in->retention_in_days);
	enum err err =
		logs_authorize(call, STR("logs:PutRetentionPolicy"), in->log_group_name, STR(""));
	return err ? err
		   : fail(call, &LOGS_INVALID_PARAMETER,
			  "1 validation error detected: Value '%lld' at 'retentionInDays' failed "
			  "to satisfy constraint: Member must satisfy enum value set: [1, 3, 5, 7, "
			  "14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, "
			  "2557, 2922, 3288, 3653]",
			  (long long)in->retention_in_days);
}

enum err logs_delete_retention_policy(struct call *call,
				      const struct logs_delete_retention_policy_in *in,
				      struct logs_delete_retention_policy_out *out)
{
	(void)out;
	return set_retention(call, STR("logs:DeleteRetentionPolicy"), in->log_group_name, 0);
}

/* ---- keys ---- */

/* The identifier is the ARN of a log group; that of Logs Insights' results has no group here. */
static enum err name_of_key(struct call *call, struct str name, struct str identifier,
			    struct str *out_name)
{
	struct arn arn;

	if (name.data || !identifier.data || logs_arn_parse(identifier, &arn, out_name))
		return logs_name_of_call(call, name, identifier, out_name);
	return fail(call, &LOGS_INVALID_PARAMETER,
		    "The resource %.*s is not supported: name a log group.", STR_ARG(identifier));
}

static enum err set_key(struct call *call, struct str action, struct str name, struct str key_id)
{
	const struct logs_group *group;

	enum err err = open_group(call, action, name, &group);
	if (!err && key_id.size > 0)
		err = logs_check_key(call, group->name, key_id);
	if (err)
		return err;
	struct logs_group draft = logs_group_draft(group);
	draft.kms_key = key_id;
	return logs_group_change(call->core, &draft);
}

enum err logs_associate_kms_key(struct call *call, const struct logs_associate_kms_key_in *in,
				struct logs_associate_kms_key_out *out)
{
	struct str name;

	(void)out;
	enum err err = name_of_key(call, in->log_group_name, in->resource_identifier, &name);
	return err ? err : set_key(call, STR("logs:AssociateKmsKey"), name, in->kms_key_id);
}

enum err logs_disassociate_kms_key(struct call *call, const struct logs_disassociate_kms_key_in *in,
				   struct logs_disassociate_kms_key_out *out)
{
	struct str name;

	(void)out;
	enum err err = name_of_key(call, in->log_group_name, in->resource_identifier, &name);
	return err ? err : set_key(call, STR("logs:DisassociateKmsKey"), name, STR(""));
}

/* ---- lists ---- */

struct group_list {
	struct call *call;
	const struct logs_describe_log_groups_in *in;
	struct logs_describe_log_groups_out *out;
	size_t room;
	struct str after;
};

static struct logs_log_group describe(struct call *call, const struct logs_group *group)
{
	struct str arn =
		logs_arn(call->arena, group->region, group->account, group->name, (struct str){0});

	return (struct logs_log_group){
		.log_group_name = arena_copy(call->arena, group->name),
		.has_creation_time = true,
		.creation_time = group->created_ms,
		.has_retention_in_days = group->retention_days > 0,
		.retention_in_days = group->retention_days,
		.has_metric_filter_count = true,
		.arn = arena_format(call->arena, "%.*s:*", STR_ARG(arn)),
		.has_stored_bytes = true,
		.stored_bytes =
			(int64_t)logstore_size(logs_of(call->core)->store, group->number).text,
		.kms_key_id = group->kms_key.size > 0 ? arena_copy(call->arena, group->kms_key)
						      : (struct str){0},
		.log_group_class = arena_copy(call->arena, group->class),
		.log_group_arn = arn,
		.has_deletion_protection_enabled = true,
		.deletion_protection_enabled = group->is_protected,
	};
}

static bool is_identified(struct call *call, const struct logs_describe_log_groups_in *in,
			  const struct logs_group *group)
{
	if (in->log_group_identifiers_count == 0)
		return true;
	for (size_t i = 0; i < in->log_group_identifiers_count; i++) {
		struct str wanted = in->log_group_identifiers[i], name = wanted;
		struct arn arn;
		if (str_starts(wanted, STR("arn:")) && (!logs_arn_parse(wanted, &arn, &name) ||
							!str_equal(arn.account, call->account) ||
							!str_equal(arn.region, call->region)))
			continue;
		if (str_equal(name, group->name))
			return true;
	}
	return false;
}

static bool is_wanted(const struct group_list *list, const struct logs_group *group)
{
	const struct logs_describe_log_groups_in *in = list->in;

	if (in->log_group_name_pattern.size > 0 &&
	    str_find(group->name, in->log_group_name_pattern, 0) == SIZE_MAX)
		return false;
	if (in->log_group_class.data && !str_equal(group->class, in->log_group_class))
		return false;
	return is_identified(list->call, in, group);
}

static bool add_group(void *context, const struct logs_group *group)
{
	struct group_list *list = context;
	struct logs_describe_log_groups_out *out = list->out;

	if (!str_equal(group->account, list->call->account) ||
	    !str_equal(group->region, list->call->region))
		return false;
	if (!str_starts(group->name, list->in->log_group_name_prefix))
		return str_compare(group->name, list->in->log_group_name_prefix) < 0;
	if ((list->after.data && str_compare(group->name, list->after) <= 0) ||
	    !is_wanted(list, group))
		return true;
	if (out->log_groups_count == list->room) {
		out->next_token =
			page_token_make(list->call, out->log_groups[list->room - 1].log_group_name);
		return false;
	}
	out->log_groups[out->log_groups_count++] = describe(list->call, group);
	return true;
}

enum err logs_describe_log_groups(struct call *call, const struct logs_describe_log_groups_in *in,
				  struct logs_describe_log_groups_out *out)
{
	struct group_list list = {.call = call, .in = in, .out = out};
	struct logs_group from = {.account = call->account, .region = call->region};

	enum err err = logs_authorize(call, STR("logs:DescribeLogGroups"), STR(""), STR(""));
	if (err)
		return err;
	if (in->log_group_name_prefix.data && in->log_group_name_pattern.data)
		return fail(call, &LOGS_INVALID_PARAMETER,
			    "LogGroup name prefix and LogGroup name pattern are mutually exclusive "
			    "parameters.");
	if (in->next_token.data &&
	    page_token_open(call, in->next_token, LIMIT_PAGE_TOKEN_MS, &list.after) != ERR_OK)
		return fail(call, &LOGS_INVALID_PARAMETER, "The specified nextToken is invalid.");
	list.room = in->has_limit ? (size_t)in->limit : PAGE_DEFAULT;
	from.name = list.after.data ? list.after : in->log_group_name_prefix;
	out->log_groups = arena_array(call->arena, struct logs_log_group, list.room);
	logs_registry_each(logs_of(call->core)->registry, &from, add_group, &list);
	return ERR_OK;
}
