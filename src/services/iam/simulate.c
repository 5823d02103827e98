/* SPDX-License-Identifier: MIT */
/* simulate: the policy simulator's operations. Both pairs differ only in where policies come from.
 */
#include "base/arn.h"
#include "base/limits.h"
#include "core/keep.h"
#include "services/iam/common.h"
#include "services/iam/simulation.h"

/* ---- where policies come from ---- */

/* AWS returns this type for every kind of identity policy, although the model lists others. */
#define IAM_SOURCE_TYPE "IAM Policy"

static enum err add_inputs(struct simulation *simulation, const struct str *texts, size_t count)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < count && !err; i++)
		err = simulation_add_identity(
			simulation, texts[i],
			arena_format(simulation->call->arena, "PolicyInputList.%zu", i + 1),
			IAM_SOURCE_TYPE);
	return err;
}

static enum err add_inlines(struct simulation *simulation, const struct directory_entity *entity)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < entity->inline_count && !err; i++)
		err = simulation_add_identity(simulation, policy_text(entity->inlines[i].policy),
					      entity->inlines[i].name, IAM_SOURCE_TYPE);
	return err;
}

static const struct directory_entity *find_policy(struct call *call, struct str arn)
{
	const struct directory_entity *policy =
		call_keep_entity(call, directory_find_arn(call->core->directory, arn));

	return policy && policy->kind == DIRECTORY_POLICY && directory_default(policy) ? policy
										       : NULL;
}

static enum err add_attached(struct simulation *simulation, const struct directory_entity *entity)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < entity->attached_count && !err; i++) {
		const struct directory_entity *policy =
			find_policy(simulation->call, entity->attached[i]);
		if (!policy)
			continue;
		err = simulation_add_identity(simulation,
					      policy_text(directory_default(policy)->policy),
					      policy->name, IAM_SOURCE_TYPE);
	}
	return err;
}

static enum err add_groups(struct simulation *simulation, const struct directory_entity *user)
{
	struct call *call = simulation->call;
	enum err err = ERR_OK;

	for (size_t i = 0; i < user->group_count && !err; i++) {
		const struct directory_entity *group = call_keep_entity(
			call, directory_find_id(call->core->directory, user->groups[i]));
		if (!group)
			continue;
		err = add_inlines(simulation, group);
		if (!err)
			err = add_attached(simulation, group);
	}
	return err;
}

static enum err read_boundary(struct simulation *simulation, struct str text, struct str id)
{
	return simulation_read(simulation, text, POLICY_IDENTITY, id, IAM_SOURCE_TYPE,
			       &simulation->boundary);
}

static enum err add_boundary(struct simulation *simulation, const struct directory_entity *entity)
{
	const struct directory_entity *policy;

	if (entity->boundary.size == 0)
		return ERR_OK;
	policy = find_policy(simulation->call, entity->boundary);
	if (!policy)
		return ERR_OK;
	return read_boundary(simulation, policy_text(directory_default(policy)->policy),
			     policy->name);
}

/* A user, group or role of the caller's account, and all policies that it has. */
static enum err add_principal(struct simulation *simulation, struct str arn)
{
	struct call *call = simulation->call;
	const struct directory_entity *entity =
		call_keep_entity(call, directory_find_arn(call->core->directory, arn));

	if (!entity || !str_equal(entity->account, call->account) ||
	    (entity->kind != DIRECTORY_USER && entity->kind != DIRECTORY_GROUP &&
	     entity->kind != DIRECTORY_ROLE))
		return fail(call, &IAM_NO_SUCH_ENTITY, "%.*s cannot be found.", STR_ARG(arn));
	enum err err = add_inlines(simulation, entity);
	if (!err)
		err = add_attached(simulation, entity);
	if (!err)
		err = add_groups(simulation, entity);
	if (!err)
		err = add_boundary(simulation, entity);
	if (!err)
		err = simulation_set_caller(simulation, arn);
	simulation->caller.id = simulation->caller.entity_id = entity->id;
	simulation->caller.tags = entity->tags;
	simulation->caller.tag_count = entity->tag_count;
	return err;
}

/* ---- permission ---- */

static enum err may_ask_about(struct call *call, struct str arn)
{
	const struct resource resource = {.arn = arn, .account = call->account};
	const struct directory_entity *entity =
		call_keep_entity(call, directory_find_arn(call->core->directory, arn));
	bool is_own = entity && str_equal(entity->account, call->account);

	return iam_ask(call, call->operation->action, &resource, is_own ? entity : NULL);
}

static enum err may_ask(struct call *call)
{
	return call_authorize_any(call, call->operation->action);
}

/* ---- simulating ---- */

/* The input that both operations share, beside the policies. */
struct questions {
	const struct str *boundaries;
	size_t boundary_count;
	const struct str *actions;
	size_t action_count;
	const struct str *resources;
	size_t resource_count;
	struct str resource_policy, resource_owner, caller_arn;
	const struct iam_context_entry *entries;
	size_t entry_count;
	struct str marker;
	bool has_max_items;
	int64_t max_items;
};

static enum err check_sizes(struct call *call, const struct questions *questions)
{
	size_t resources = questions->resource_count > 0 ? questions->resource_count : 1;

	if (questions->boundary_count > 1)
		return fail(call, &IAM_INVALID_INPUT,
			    "Only one permissions boundary can be simulated.");
	if (questions->action_count * resources > LIMIT_SIMULATED_REQUESTS)
		return fail(call, &IAM_INVALID_INPUT,
			    "At most %d combinations of actions and resources can be simulated at "
			    "once.",
			    LIMIT_SIMULATED_REQUESTS);
	for (size_t i = 0; i < questions->action_count; i++)
		if (str_find_char(questions->actions[i], ':', 0) == SIZE_MAX ||
		    str_find_char(questions->actions[i], '*', 0) != SIZE_MAX)
			return fail(call, &IAM_INVALID_INPUT, "Invalid Entity Action: %.*s",
				    STR_ARG(questions->actions[i]));
	return ERR_OK;
}

static enum err add_others(struct simulation *simulation, const struct questions *questions)
{
	struct call *call = simulation->call;
	enum err err = ERR_OK;

	if (questions->boundary_count == 1)
		err = read_boundary(simulation, questions->boundaries[0],
				    STR("PermissionsBoundaryPolicyInputList.1"));
	if (!err && questions->caller_arn.data)
		err = simulation_set_caller(simulation, questions->caller_arn);
	if (!err && questions->resource_policy.data && !simulation->has_caller)
		return fail(call, &IAM_INVALID_INPUT,
			    "CallerArn is required if a ResourcePolicy is included.");
	if (!err && questions->resource_policy.data)
		err = simulation_read(simulation, questions->resource_policy, POLICY_RESOURCE,
				      STR("ResourcePolicy"), "resource", &simulation->resource);
	if (!err)
		err = simulation_set_context(simulation, questions->entries,
					     questions->entry_count);
	simulation->owner = arn_is_account(questions->resource_owner)
				    ? questions->resource_owner
				    : arn_account(questions->resource_owner);
	return err;
}

static enum err run(struct simulation *simulation, const struct questions *questions,
		    struct iam_simulate_custom_policy_out *out)
{
	struct call *call = simulation->call;
	struct iam_page page;

	enum err err = check_sizes(call, questions);
	if (!err)
		err = add_others(simulation, questions);
	if (!err)
		err = iam_page_open(call, questions->marker, questions->has_max_items,
				    questions->max_items, &page);
	if (err)
		return err;
	simulation_begin(simulation);
	size_t count = iam_page_cut(&page, NULL, questions->action_count, NULL);
	out->evaluation_results = arena_array(call->arena, struct iam_evaluation_result, count);
	out->evaluation_results_count = count;
	for (size_t i = 0; i < count; i++) {
		err = simulation_ask(simulation, &questions->actions[page.from + i],
				     questions->resources, questions->resource_count,
				     &out->evaluation_results[i]);
		if (err)
			return err;
	}
	iam_page_close(&page, &out->has_is_truncated, &out->is_truncated, &out->marker);
	return ERR_OK;
}

/* Members of the same names in the inputs of both operations. */
#define QUESTIONS_OF(in)                                                                           \
	{                                                                                          \
		.boundaries = (in)->permissions_boundary_policy_input_list,                        \
		.boundary_count = (in)->permissions_boundary_policy_input_list_count,              \
		.actions = (in)->action_names, .action_count = (in)->action_names_count,           \
		.resources = (in)->resource_arns, .resource_count = (in)->resource_arns_count,     \
		.resource_policy = (in)->resource_policy, .resource_owner = (in)->resource_owner,  \
		.caller_arn = (in)->caller_arn, .entries = (in)->context_entries,                  \
		.entry_count = (in)->context_entries_count, .marker = (in)->marker,                \
		.has_max_items = (in)->has_max_items, .max_items = (in)->max_items                 \
	}

enum err iam_simulate_custom_policy(struct call *call,
				    const struct iam_simulate_custom_policy_in *in,
				    struct iam_simulate_custom_policy_out *out)
{
	struct simulation simulation = {.call = call};
	struct questions questions = QUESTIONS_OF(in);

	enum err err = may_ask(call);
	if (!err)
		err = add_inputs(&simulation, in->policy_input_list, in->policy_input_list_count);
	return err ? err : run(&simulation, &questions, out);
}

/* The policies of a principal that the caller may ask about, and those of the request. */
static enum err begin_principal(struct simulation *simulation, struct str arn,
				const struct str *inputs, size_t count)
{
	enum err err = may_ask_about(simulation->call, arn);
	if (!err)
		err = add_principal(simulation, arn);
	return err ? err : add_inputs(simulation, inputs, count);
}

enum err iam_simulate_principal_policy(struct call *call,
				       const struct iam_simulate_principal_policy_in *in,
				       struct iam_simulate_principal_policy_out *out)
{
	struct simulation simulation = {.call = call};
	struct questions questions = QUESTIONS_OF(in);
	struct iam_simulate_custom_policy_out same = {0};

	enum err err = begin_principal(&simulation, in->policy_source_arn, in->policy_input_list,
				       in->policy_input_list_count);
	if (!err)
		err = run(&simulation, &questions, &same);
	if (err)
		return err;
	out->evaluation_results = same.evaluation_results;
	out->evaluation_results_count = same.evaluation_results_count;
	out->is_truncated = same.is_truncated;
	out->has_is_truncated = same.has_is_truncated;
	out->marker = same.marker;
	return ERR_OK;
}

/* ---- context keys ---- */

enum err
iam_get_context_keys_for_custom_policy(struct call *call,
				       const struct iam_get_context_keys_for_custom_policy_in *in,
				       struct iam_get_context_keys_for_custom_policy_out *out)
{
	struct simulation simulation = {.call = call};

	enum err err = may_ask(call);
	if (!err)
		err = add_inputs(&simulation, in->policy_input_list, in->policy_input_list_count);
	if (!err)
		out->context_key_names =
			simulation_keys(&simulation, &out->context_key_names_count);
	return err;
}

enum err iam_get_context_keys_for_principal_policy(
	struct call *call, const struct iam_get_context_keys_for_principal_policy_in *in,
	struct iam_get_context_keys_for_principal_policy_out *out)
{
	struct simulation simulation = {.call = call};

	enum err err = begin_principal(&simulation, in->policy_source_arn, in->policy_input_list,
				       in->policy_input_list_count);
	if (!err)
		out->context_key_names =
			simulation_keys(&simulation, &out->context_key_names_count);
	return err;
}
