/* SPDX-License-Identifier: MIT */
/* alarm_set: SetAlarmState, EnableAlarmActions, DisableAlarmActions, DeleteAlarms. */
#include "format/json.h"
#include "services/cloudwatch/alarm_call.h"
#include "services/cloudwatch/alarm_change.h"
#include "services/cloudwatch/composite.h"

/* ---- SetAlarmState ---- */

static enum err set_state(struct call *call, const struct cloudwatch_alarm *alarm,
			  const struct cloudwatch_set_alarm_state_in *in, enum alarm_state state)
{
	struct cloudwatch_alarm draft = cloudwatch_alarm_draft(alarm);
	struct cloudwatch_metric_alarm metric;
	struct cloudwatch_composite_alarm composite;
	struct cloudwatch_transition transition = {.before = alarm, .now = &draft};
	struct alarm_batch batch;
	enum err err;

	draft.reason = in->state_reason;
	draft.reason_data = in->state_reason_data;
	draft.state = draft.acted = state;
	draft.updated_ms = call->now_ms;
	if (alarm->state != state)
		draft.transitioned_ms = call->now_ms;
	if (alarm->is_composite) {
		err = cloudwatch_alarm_composite(call->arena, alarm, &composite);
		transition.composite = &composite;
	} else {
		err = cloudwatch_alarm_metric(call->arena, alarm, &metric);
		transition.metric = &metric;
	}
	if (err)
		return err;
	alarm_batch_init(&batch);
	alarm_batch_put(call->core, &batch, &transition, alarm->state != state);
	err = alarm_batch_commit(call->core, &batch);
	if (!err)
		cloudwatch_composites_soon(call->core);
	return err;
}

enum err cloudwatch_set_alarm_state(struct call *call,
				    const struct cloudwatch_set_alarm_state_in *in,
				    struct cloudwatch_set_alarm_state_out *out)
{
	const struct cloudwatch_alarm *alarm = cloudwatch_alarm_of_call(call, in->alarm_name);
	enum alarm_state state = ALARM_OK;
	yyjson_val *root;

	(void)out;
	enum err err = cloudwatch_alarm_authorize(call, STR("cloudwatch:SetAlarmState"),
						  in->alarm_name, alarm);
	if (err)
		return err;
	if (!alarm)
		return fail(call, &CLOUDWATCH_RESOURCE_NOT_FOUND, "%s", "");
	if (in->state_reason_data.size > 0 &&
	    json_parse(call->arena, in->state_reason_data, &root) != ERR_OK)
		return fail(call, &CLOUDWATCH_INVALID_FORMAT_FAULT,
			    "StateReasonData is not syntactically valid JSON");
	check(alarm_state_parse(in->state_value, &state)); /* a constraint of the model */
	return set_state(call, alarm, in, state);
}

/* ---- actions ---- */

static enum err switch_actions(struct call *call, const struct str *names, size_t count,
			       struct str action, bool has_disabled)
{
	struct cloudwatch_metric_alarm *metrics =
		arena_array(call->arena, struct cloudwatch_metric_alarm, count);
	struct cloudwatch_composite_alarm *composites =
		arena_array(call->arena, struct cloudwatch_composite_alarm, count);
	struct alarm_batch batch;
	enum err err = ERR_OK;

	for (size_t i = 0; i < count && !err; i++)
		err = cloudwatch_alarm_authorize(call, action, names[i],
						 cloudwatch_alarm_of_call(call, names[i]));
	if (count == 0)
		err = cloudwatch_alarm_authorize(call, action, STR("*"), NULL);
	if (err)
		return err;
	alarm_batch_init(&batch);
	for (size_t i = 0; i < count && !err; i++) {
		const struct cloudwatch_alarm *alarm = cloudwatch_alarm_of_call(call, names[i]);

		if (!alarm || alarm->has_disabled_actions == has_disabled)
			continue; /* AWS ignores unknown names */
		struct cloudwatch_alarm draft = cloudwatch_alarm_draft(alarm);
		struct cloudwatch_transition transition = {.before = alarm, .now = &draft};
		draft.has_disabled_actions = has_disabled;
		if (alarm->is_composite) {
			err = cloudwatch_alarm_composite(call->arena, alarm, &composites[i]);
			transition.composite = &composites[i];
		} else {
			err = cloudwatch_alarm_metric(call->arena, alarm, &metrics[i]);
			transition.metric = &metrics[i];
		}
		if (!err)
			alarm_batch_configure(call->core, &batch, &transition);
	}
	enum err committed = alarm_batch_commit(call->core, &batch);
	return err ? err : committed;
}

enum err cloudwatch_enable_alarm_actions(struct call *call,
					 const struct cloudwatch_enable_alarm_actions_in *in,
					 struct cloudwatch_enable_alarm_actions_out *out)
{
	(void)out;
	return switch_actions(call, in->alarm_names, in->alarm_names_count,
			      STR("cloudwatch:EnableAlarmActions"), false);
}

enum err cloudwatch_disable_alarm_actions(struct call *call,
					  const struct cloudwatch_disable_alarm_actions_in *in,
					  struct cloudwatch_disable_alarm_actions_out *out)
{
	(void)out;
	return switch_actions(call, in->alarm_names, in->alarm_names_count,
			      STR("cloudwatch:DisableAlarmActions"), true);
}

/* ---- DeleteAlarms ---- */

struct parents {
	struct call *call;
	const struct cloudwatch_delete_alarms_in *in;
	struct str child, parent; /* the first that is in use */
};

static bool is_named(const struct cloudwatch_delete_alarms_in *in, struct str name)
{
	for (size_t i = 0; i < in->alarm_names_count; i++) {
		if (str_equal(in->alarm_names[i], name))
			return true;
	}
	return false;
}

static bool check_parent(void *context, const struct cloudwatch_alarm *alarm)
{
	struct parents *parents = context;
	const struct cloudwatch_delete_alarms_in *in = parents->in;

	if (!alarm->is_composite || is_named(in, alarm->name))
		return true;
	for (size_t i = 0; i < in->alarm_names_count; i++) {
		if (cloudwatch_composite_has_child(alarm, in->alarm_names[i])) {
			parents->child = in->alarm_names[i];
			return false;
		}
	}
	return true;
}

static enum err check_deletion(struct call *call, const struct cloudwatch_delete_alarms_in *in)
{
	struct parents parents = {.call = call, .in = in};
	size_t composites = 0;

	for (size_t i = 0; i < in->alarm_names_count; i++) {
		const struct cloudwatch_alarm *alarm =
			cloudwatch_alarm_of_call(call, in->alarm_names[i]);

		if (!alarm)
			return fail(call, &CLOUDWATCH_RESOURCE_NOT_FOUND,
				    "Alarms not found: [%.*s]", STR_ARG(in->alarm_names[i]));
		composites += alarm->is_composite;
	}
	if (composites > 1)
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "Only one composite alarm can be deleted in a request.");
	cloudwatch_alarm_each(cloudwatch_alarms_of(call->core), call->account, call->region,
			      STR(""), check_parent, &parents);
	if (!parents.child.data)
		return ERR_OK;
	return fail(call, &CLOUDWATCH_RESOURCE_CONFLICT,
		    "Cannot delete %.*s as there are composite alarm(s) depending on it.",
		    STR_ARG(parents.child));
}

enum err cloudwatch_delete_alarms(struct call *call, const struct cloudwatch_delete_alarms_in *in,
				  struct cloudwatch_delete_alarms_out *out)
{
	struct cloudwatch_alarms *alarms = cloudwatch_alarms_of(call->core);
	struct alarm_batch batch;
	enum err err = ERR_OK;

	(void)out;
	if (in->alarm_names_count == 0)
		err = cloudwatch_alarm_authorize(call, STR("cloudwatch:DeleteAlarms"), STR("*"),
						 NULL);
	for (size_t i = 0; i < in->alarm_names_count && !err; i++)
		err = cloudwatch_alarm_authorize(
			call, STR("cloudwatch:DeleteAlarms"), in->alarm_names[i],
			cloudwatch_alarm_of_call(call, in->alarm_names[i]));
	if (!err)
		err = check_deletion(call, in);
	if (err)
		return err;
	alarm_batch_init(&batch);
	for (size_t i = 0; i < in->alarm_names_count; i++)
		alarm_batch_delete(call->core, &batch,
				   cloudwatch_alarm_of_call(call, in->alarm_names[i]));
	err = alarm_batch_commit(call->core, &batch);
	for (size_t i = 0; i < in->alarm_names_count && !err; i++) {
		const struct cloudwatch_alarm *alarm =
			cloudwatch_alarm_of_call(call, in->alarm_names[i]);

		if (alarm) /* NULL: the name was given twice */
			cloudwatch_registry_remove(alarms, alarm);
	}
	return err;
}
