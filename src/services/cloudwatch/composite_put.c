/* SPDX-License-Identifier: MIT */
/* composite_put: PutCompositeAlarm. */
#include "alarm/cycle.h"
#include "base/arn.h"
#include "services/cloudwatch/alarm_change.h"
#include "services/cloudwatch/alarm_put.h"
#include "services/cloudwatch/composite.h"

struct search {
	struct call *call;
	struct alarm_rule *rules[LIMIT_ALARM_ROUNDS]; /* compiled so far; freed at the end */
	size_t count;
};

static const struct alarm_rule *find_rule(void *context, struct str name)
{
	struct search *search = context;
	const struct cloudwatch_alarm *alarm = cloudwatch_alarm_of_call(search->call, name);

	if (!alarm || search->count == LIMIT_ALARM_ROUNDS)
		return NULL;
	struct alarm_rule *rule = cloudwatch_composite_rule(search->call->arena, alarm);
	if (rule)
		search->rules[search->count++] = rule;
	return rule;
}

static bool is_foreign(const struct call *call, struct str child)
{
	struct arn arn;

	return str_starts(child, STR("arn:")) &&
	       (!arn_parse(child, &arn) || !str_equal(arn.account, call->account) ||
		!str_equal(arn.region, call->region));
}

static enum err check_children(struct call *call, struct str name, const struct alarm_rule *rule)
{
	struct search *search = arena_new(call->arena, struct search);

	for (size_t i = 0; i < alarm_rule_child_count(rule); i++) {
		struct str child = alarm_rule_child(rule, i);

		if (is_foreign(call, child) ||
		    (!str_equal(alarm_child_name(child), name) &&
		     !cloudwatch_alarm_of_call(call, alarm_child_name(child))))
			return fail(call, &CLOUDWATCH_VALIDATION,
				    "Could not save the composite alarm as alarms [%.*s] in the "
				    "alarm rule do not exist",
				    STR_ARG(child));
	}
	search->call = call;
	bool is_cycle = alarm_makes_cycle(name, rule, find_rule, search);
	for (size_t i = 0; i < search->count; i++)
		alarm_rule_free(&search->rules[i]);
	if (!is_cycle)
		return ERR_OK;
	return fail(call, &CLOUDWATCH_VALIDATION,
		    "Could not save the composite alarm as its rule depends on the alarm itself");
}

static enum err check_rule(struct call *call, const struct cloudwatch_put_composite_alarm_in *in)
{
	struct alarm_rule *rule = NULL;
	struct str problem;
	size_t at;

	if (alarm_rule_new(in->alarm_rule, &rule, &problem, &at) != ERR_OK)
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "AlarmRule is invalid at position %zu: %.*s", at, STR_ARG(problem));
	enum err err = check_children(call, in->alarm_name, rule);
	alarm_rule_free(&rule);
	return err;
}

static enum err check_suppressor(struct call *call,
				 const struct cloudwatch_put_composite_alarm_in *in)
{
	bool has_periods = in->has_actions_suppressor_wait_period &&
			   in->has_actions_suppressor_extension_period;

	if (!in->actions_suppressor.data) {
		if (!in->has_actions_suppressor_wait_period &&
		    !in->has_actions_suppressor_extension_period)
			return ERR_OK;
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "ActionsSuppressor must be specified with ActionsSuppressorWaitPeriod "
			    "and ActionsSuppressorExtensionPeriod.");
	}
	if (!has_periods || in->actions_suppressor_wait_period < 0 ||
	    in->actions_suppressor_extension_period < 0)
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod must "
			    "be specified with ActionsSuppressor, and not be negative.");
	if (is_foreign(call, in->actions_suppressor) ||
	    !cloudwatch_alarm_of_call(call, alarm_child_name(in->actions_suppressor)))
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "The suppressor alarm %.*s does not exist.",
			    STR_ARG(in->actions_suppressor));
	return ERR_OK;
}

static enum err check_input(struct call *call, const struct cloudwatch_put_composite_alarm_in *in,
			    const struct cloudwatch_alarm *old)
{
	enum err err = check_rule(call, in);

	if (!err)
		err = check_suppressor(call, in);
	if (!err)
		err = cloudwatch_check_actions(call, in->ok_actions, in->ok_actions_count);
	if (!err)
		err = cloudwatch_check_actions(call, in->alarm_actions, in->alarm_actions_count);
	if (!err)
		err = cloudwatch_check_actions(call, in->insufficient_data_actions,
					       in->insufficient_data_actions_count);
	if (!err && old && !old->is_composite)
		err = fail(call, &CLOUDWATCH_VALIDATION,
			   "A metric alarm named %.*s exists already.", STR_ARG(in->alarm_name));
	return err ? err : cloudwatch_alarm_room(call, old);
}

enum err cloudwatch_put_composite_alarm(struct call *call,
					const struct cloudwatch_put_composite_alarm_in *in,
					struct cloudwatch_put_composite_alarm_out *out)
{
	const struct cloudwatch_alarm *old = cloudwatch_alarm_of_call(call, in->alarm_name);
	struct cloudwatch_composite_alarm shown = {
		.alarm_actions = in->alarm_actions,
		.alarm_actions_count = in->alarm_actions_count,
		.alarm_description = in->alarm_description,
		.alarm_rule = in->alarm_rule,
		.insufficient_data_actions = in->insufficient_data_actions,
		.insufficient_data_actions_count = in->insufficient_data_actions_count,
		.ok_actions = in->ok_actions,
		.ok_actions_count = in->ok_actions_count,
		.actions_suppressor = in->actions_suppressor,
		.actions_suppressor_wait_period = in->actions_suppressor_wait_period,
		.has_actions_suppressor_wait_period = in->has_actions_suppressor_wait_period,
		.actions_suppressor_extension_period = in->actions_suppressor_extension_period,
		.has_actions_suppressor_extension_period =
			in->has_actions_suppressor_extension_period,
		.action_configuration = in->action_configuration,
	};
	const struct shape_pair *tags;
	struct alarm_batch batch;

	(void)out;
	enum err err = cloudwatch_read_tags(call, in->tags, in->tags_count, &tags);
	if (!err)
		err = cloudwatch_alarm_authorize(call, STR("cloudwatch:PutCompositeAlarm"),
						 in->alarm_name, old);
	if (!err)
		err = check_input(call, in, old);
	if (err)
		return err;
	struct cloudwatch_alarm draft = cloudwatch_alarm_draft_of(
		call, old, in->alarm_name, in->has_actions_enabled && !in->actions_enabled);
	draft.is_composite = true;
	draft.shown = cloudwatch_alarm_encode_composite(call->arena, &shown);
	if (!old) {
		draft.tags = tags;
		draft.tag_count = in->tags_count;
	}
	struct cloudwatch_transition transition = {
		.before = old, .now = &draft, .composite = &shown};
	alarm_batch_init(&batch);
	alarm_batch_configure(call->core, &batch, &transition);
	err = alarm_batch_commit(call->core, &batch);
	if (!err)
		cloudwatch_composites_soon(call->core);
	return err;
}
