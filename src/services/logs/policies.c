/* SPDX-License-Identifier: MIT */
/*
 * policies: resource policies of an account, which let services of AWS write into its log groups.
 * All policies of an account count for each of its groups in the region.
 */
#include "core/policies.h"
#include "core/authorize.h"
#include "core/page.h"
#include "services/logs/change.h"
#include "services/logs/check.h"

static void release_policy(void *policy)
{
	logs_policy_release(policy);
}

static size_t count_policies(struct call *call);

/* The fault of members that Tern does not serve: policies of single resources, revisions. */
static enum err refuse_scope(struct call *call, struct str arn, struct str revision)
{
	if (!arn.data && !revision.data)
		return ERR_OK;
	return fail(
		call, &LOGS_INVALID_PARAMETER,
		"Resource policies of a single log group are not supported; give a policyName.");
}

static enum err check_name(struct call *call, struct str name)
{
	if (name.size > 0 && name.size <= LIMIT_LOG_POLICY_NAME_SIZE)
		return ERR_OK;
	return fail(call, &LOGS_INVALID_PARAMETER, "The policyName must have 1 to %d characters.",
		    LIMIT_LOG_POLICY_NAME_SIZE);
}

/* The caller may do the action, and names a policy that Tern serves. */
static enum err authorize(struct call *call, struct str action, struct str name, struct str arn,
			  struct str revision)
{
	enum err err = call_authorize_any(call, action);

	if (!err)
		err = refuse_scope(call, arn, revision);
	return err ? err : check_name(call, name);
}

static struct logs_resource_policy show(struct call *call, const struct logs_policy *policy)
{
	return (struct logs_resource_policy){
		.policy_name = arena_copy(call->arena, policy->name),
		.policy_document =
			arena_copy(call->arena, policies_show(call, policy_text(policy->policy),
							      policy_names(policy->policy))),
		.has_last_updated_time = true,
		.last_updated_time = policy->updated_ms,
		.policy_scope = STR("ACCOUNT"),
	};
}

enum err logs_put_resource_policy(struct call *call, const struct logs_put_resource_policy_in *in,
				  struct logs_put_resource_policy_out *out)
{
	struct logs_policy draft = {
		.account = call->account,
		.region = call->region,
		.name = in->policy_name,
		.updated_ms = call->now_ms,
	};
	struct logs_registry *registry = logs_of(call->core)->registry;
	struct str problem = {0};

	enum err err = authorize(call, STR("logs:PutResourcePolicy"), in->policy_name,
				 in->resource_arn, in->expected_revision_id);
	if (err)
		return err;
	const struct logs_policy *old =
		logs_registry_find_policy(registry, call->account, call->region, in->policy_name);
	logs_policy_release(old);
	if (!old && count_policies(call) >= LIMIT_LOG_POLICIES)
		return fail(call, &LOGS_LIMIT_EXCEEDED, "Resource limit exceeded.");
	if (in->policy_document.size > LIMIT_LOG_POLICY_SIZE)
		return fail(call, &LOGS_LIMIT_EXCEEDED, "The policy may have at most %d bytes.",
			    LIMIT_LOG_POLICY_SIZE);
	err = policies_compile(call, in->policy_document, POLICY_RESOURCE, &draft.policy, &problem);
	if (err == ERR_INVALID || err == ERR_NOTFOUND)
		return fail(call, &LOGS_INVALID_PARAMETER, "Invalid policy document: %.*s",
			    STR_ARG(problem));
	if (err)
		return err;
	err = logs_policy_change(call->core, &draft);
	if (!err) {
		out->resource_policy = arena_new(call->arena, struct logs_resource_policy);
		*out->resource_policy = show(call, &draft);
	}
	policy_release(draft.policy);
	return err;
}

enum err logs_delete_resource_policy(struct call *call,
				     const struct logs_delete_resource_policy_in *in,
				     struct logs_delete_resource_policy_out *out)
{
	(void)out;
	enum err err = authorize(call, STR("logs:DeleteResourcePolicy"), in->policy_name,
				 in->resource_arn, in->expected_revision_id);
	if (err)
		return err;
	const struct logs_policy *policy = logs_registry_find_policy(
		logs_of(call->core)->registry, call->account, call->region, in->policy_name);
	if (!policy)
		return fail(call, &LOGS_RESOURCE_NOT_FOUND,
			    "Policy with name [%.*s] does not exist", STR_ARG(in->policy_name));
	call_on_end(call, release_policy, policy);
	return logs_policy_delete(call->core, policy);
}

/* ---- the list ---- */

struct policy_list {
	struct call *call;
	struct logs_resource_policy *items;
	size_t count;
};

static bool add_policy(void *context, const struct logs_policy *policy)
{
	struct policy_list *list = context;

	if (policy->name.size == 0)
		return true;
	if (list->items && list->count < LIMIT_LOG_POLICIES)
		list->items[list->count] = show(list->call, policy);
	list->count++;
	return true;
}

static size_t count_policies(struct call *call)
{
	struct policy_list list = {.call = call};

	logs_registry_each_policy(logs_of(call->core)->registry, call->account, call->region,
				  add_policy, &list);
	return list.count;
}

/* There are LIMIT_LOG_POLICIES at most, so one page has them all. */
enum err logs_describe_resource_policies(struct call *call,
					 const struct logs_describe_resource_policies_in *in,
					 struct logs_describe_resource_policies_out *out)
{
	struct policy_list list = {.call = call};

	enum err err = call_authorize_any(call, STR("logs:DescribeResourcePolicies"));
	if (err)
		return err;
	if (in->next_token.data)
		return fail(call, &LOGS_INVALID_PARAMETER, "The specified nextToken is invalid.");
	list.items = arena_array(call->arena, struct logs_resource_policy, LIMIT_LOG_POLICIES);
	if (!in->resource_arn.data && !str_equal(in->policy_scope, STR("RESOURCE")))
		logs_registry_each_policy(logs_of(call->core)->registry, call->account,
					  call->region, add_policy, &list);
	out->resource_policies = list.items;
	out->resource_policies_count = list.count;
	return ERR_OK;
}
