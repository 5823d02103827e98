/* SPDX-License-Identifier: MIT */
/* targets: PutTargets, RemoveTargets, ListTargetsByRule. The targets of a rule are members of its
 * record. */
#include "core/limit/quota.h"
#include "services/events/change.h"
#include "services/events/list.h"
#include "services/events/place.h"
#include "services/events/role.h"
#include "services/events/store.h"
#include "services/events/target_check.h"

static void add_target_arns(struct call *call, const struct events_target *targets, size_t count)
{
	struct str *values = arena_array(call->arena, struct str, count);

	for (size_t i = 0; i < count; i++)
		values[i] = targets[i].arn;
	call_add_key(call, STR("events:TargetArn"), values, count);
}

static size_t place_of(const struct events_bus_rule *rule, struct str id)
{
	size_t place = 0;

	while (place < rule->target_count && !str_equal(rule->targets[place].id, id))
		place++;
	return place;
}

/* `draft` has room in its array. */
static void put_target(struct call *call, struct events_bus_rule *draft,
		       const struct events_target *target)
{
	size_t place = place_of(draft, target->id);

	((struct events_target_settings *)draft->targets)[place] =
		events_target_of(call->arena, target);
	if (place == draft->target_count)
		draft->target_count++;
}

static enum err check_targets(struct call *call, const struct events_bus_rule *rule,
			      const struct events_put_targets_in *in)
{
	for (size_t i = 0; i < in->targets_count; i++) {
		enum err err = events_target_check(call, &in->targets[i]);
		if (!err && in->targets[i].role_arn.data)
			err = events_pass_role(call, in->targets[i].role_arn, rule->arn);
		if (err)
			return err;
	}
	return ERR_OK;
}

enum err events_put_targets(struct call *call, const struct events_put_targets_in *in,
			    struct events_put_targets_out *out)
{
	int64_t most = quota_most(call->core->quotas, QUOTA_EVENTS_TARGETS);
	const struct events_bus_rule *rule;
	struct str problem;

	add_target_arns(call, in->targets, in->targets_count);
	enum err err = events_rule_of_call(call, STR("events:PutTargets"), in->event_bus_name,
					   in->rule, &rule);
	if (!err)
		err = events_refuse_managed(call, rule, false);
	if (!err)
		err = check_targets(call, rule, in);
	if (err)
		return err;
	struct events_bus_rule draft = events_rule_draft(rule);
	struct events_target_settings *targets = arena_array(
		call->arena, struct events_target_settings, rule->target_count + in->targets_count);
	for (size_t i = 0; i < rule->target_count; i++)
		targets[i] = rule->targets[i];
	draft.targets = targets;
	out->failed_entries =
		arena_array(call->arena, struct events_put_targets_result_entry, in->targets_count);
	for (size_t i = 0; i < in->targets_count; i++) {
		if (events_target_is_served(call, &in->targets[i], &problem))
			put_target(call, &draft, &in->targets[i]);
		else
			out->failed_entries[out->failed_entries_count++] =
				(struct events_put_targets_result_entry){
					in->targets[i].id, STR("ValidationException"), problem};
	}
	if ((int64_t)draft.target_count > most && draft.target_count > rule->target_count)
		return fail(call, &EVENTS_LIMIT_EXCEEDED,
			    "The requested resource exceeds the maximum number allowed.");
	out->has_failed_entry_count = true;
	out->failed_entry_count = (int64_t)out->failed_entries_count;
	if (out->failed_entries_count == in->targets_count)
		return ERR_OK;
	return events_rule_change(call->core, &draft, call->now_ms);
}

enum err events_remove_targets(struct call *call, const struct events_remove_targets_in *in,
			       struct events_remove_targets_out *out)
{
	const struct events_bus_rule *rule;

	enum err err = events_rule_of_call(call, STR("events:RemoveTargets"), in->event_bus_name,
					   in->rule, &rule);
	if (!err)
		err = events_refuse_managed(call, rule, in->force);
	if (err)
		return err;
	struct events_bus_rule draft = events_rule_draft(rule);
	struct events_target_settings *targets =
		arena_array(call->arena, struct events_target_settings, rule->target_count);
	for (size_t i = 0; i < rule->target_count; i++)
		targets[i] = rule->targets[i];
	draft.targets = targets;
	out->failed_entries =
		arena_array(call->arena, struct events_remove_targets_result_entry, in->ids_count);
	for (size_t i = 0; i < in->ids_count; i++) {
		size_t place = place_of(&draft, in->ids[i]);
		if (place == draft.target_count) {
			out->failed_entries[out->failed_entries_count++] =
				(struct events_remove_targets_result_entry){
					in->ids[i], STR("ResourceNotFoundException"),
					arena_format(call->arena,
						     "Rule '%.*s' does not have a target with the "
						     "Id '%.*s'.",
						     STR_ARG(rule->name), STR_ARG(in->ids[i]))};
			continue;
		}
		draft.target_count--;
		for (size_t j = place; j < draft.target_count; j++)
			targets[j] = targets[j + 1];
	}
	out->has_failed_entry_count = true;
	out->failed_entry_count = (int64_t)out->failed_entries_count;
	if (draft.target_count == rule->target_count)
		return ERR_OK;
	return events_rule_change(call->core, &draft, call->now_ms);
}

enum err events_list_targets_by_rule(struct call *call,
				     const struct events_list_targets_by_rule_in *in,
				     struct events_list_targets_by_rule_out *out)
{
	const struct events_bus_rule *rule;
	struct events_page page;
	size_t first = 0;

	enum err err = events_rule_of_call(call, STR("events:ListTargetsByRule"),
					   in->event_bus_name, in->rule, &rule);
	if (!err)
		err = events_page_begin(call, in->has_limit, in->limit, in->next_token, STR(""),
					&page);
	if (err)
		return err;
	if (page.after.size > 0) {
		first = place_of(rule, page.after);
		first += first < rule->target_count;
	}
	out->targets = arena_array(call->arena, struct events_target, rule->target_count);
	for (size_t i = first; i < rule->target_count && out->targets_count < page.most; i++)
		if (!events_target_read(call->arena, rule->targets[i].json,
					&out->targets[out->targets_count++]))
			return ERR_DAMAGED;
	if (first + out->targets_count < rule->target_count) {
		page.has_more = true;
		page.last = out->targets[out->targets_count - 1].id;
		out->next_token = events_page_token(&page);
	}
	return ERR_OK;
}
