/* SPDX-License-Identifier: MIT */
/* alarm_change: one record an alarm; the registry follows the catalog's commit. */
#include "services/cloudwatch/alarm_change.h"

#include "base/vec.h"
#include "services/cloudwatch/alarm_store.h"

void alarm_batch_init(struct alarm_batch *batch)
{
	*batch = (struct alarm_batch){.due = DUE_NEVER, .now_ms = clock_now_ms()};
	arena_init(&batch->actions.arena);
}

struct due_time cloudwatch_alarm_due(const struct cloudwatch_alarm *alarm)
{
	if (!alarm || (alarm->suppression != CLOUDWATCH_SUPPRESSED_BY_WAIT &&
		       alarm->suppression != CLOUDWATCH_SUPPRESSED_BY_EXTENSION))
		return DUE_NEVER;
	return (struct due_time){.wall_ms = alarm->suppressed_until_ms};
}

static void put_record(struct alarm_batch *batch, const struct cloudwatch_alarm *before,
		       const struct cloudwatch_alarm *now)
{
	struct str key = cloudwatch_alarm_key(&batch->actions.arena, now);
	struct due_time due = cloudwatch_alarm_due(now);
	struct buf record = {0};

	cloudwatch_alarm_encode(&record, now);
	catalog_changes_put(&batch->changes, CATALOG_CLOUDWATCH_ALARMS, key, buf_str(&record));
	buf_done(&record);
	due_set(&batch->changes, DUE_CLOUDWATCH_ALARM, key, cloudwatch_alarm_due(before), due);
	if (due.wall_ms < batch->due.wall_ms)
		batch->due = due;
	vec_push(batch, cloudwatch_alarm_new(now));
}

static void add_history(struct core *core, struct alarm_batch *batch,
			const struct cloudwatch_alarm *alarm, struct str type, struct str summary,
			struct str data)
{
	cloudwatch_history_add(cloudwatch_alarms_of(core), &batch->changes,
			       &(struct cloudwatch_history){
				       .account = alarm->account,
				       .region = alarm->region,
				       .name = alarm->name,
				       .is_composite = alarm->is_composite,
				       .time_ms = batch->now_ms,
				       .type = type,
				       .summary = summary,
				       .data = data,
			       });
}

void alarm_batch_put(struct core *core, struct alarm_batch *batch,
		     const struct cloudwatch_transition *transition, bool runs_actions)
{
	const struct cloudwatch_alarm *before = transition->before, *now = transition->now;
	struct arena *arena = &batch->actions.arena;

	cloudwatch_actions_add(core, &batch->actions, transition, runs_actions);
	put_record(batch, before, now);
	if (before->state == now->state)
		return;
	add_history(core, batch, now, STR("StateUpdate"),
		    arena_format(arena, "Alarm updated from %.*s to %.*s",
				 STR_ARG(alarm_state_name(before->state)),
				 STR_ARG(alarm_state_name(now->state))),
		    cloudwatch_alarm_state_data(arena, transition));
	atomic_fetch_add_explicit(&cloudwatch_alarms_of(core)->transitions, 1,
				  memory_order_relaxed);
}

/* {"version":"1.0","type":"Create","createdAlarm":{...}} */
static struct str configuration_data(struct arena *arena, const char *type, const char *member,
				     const struct cloudwatch_alarm *alarm)
{
	return arena_format(arena, "{\"version\":\"1.0\",\"type\":\"%s\",\"%s\":%.*s}", type,
			    member, STR_ARG(alarm->shown));
}

void alarm_batch_configure(struct core *core, struct alarm_batch *batch,
			   const struct cloudwatch_transition *transition)
{
	const struct cloudwatch_alarm *before = transition->before, *now = transition->now;
	struct arena *arena = &batch->actions.arena;
	bool is_new = before == NULL;

	cloudwatch_actions_add_event(
		core, &batch->actions, now,
		cloudwatch_alarm_configuration_event(arena, transition,
						     is_new ? STR("create") : STR("update")));
	put_record(batch, before, now);
	add_history(core, batch, now, STR("ConfigurationUpdate"),
		    arena_format(arena, "Alarm \"%.*s\" %s", STR_ARG(now->name),
				 is_new ? "created" : "updated"),
		    configuration_data(arena, is_new ? "Create" : "Update",
				       is_new ? "createdAlarm" : "updatedAlarm", now));
}

void alarm_batch_delete(struct core *core, struct alarm_batch *batch,
			const struct cloudwatch_alarm *alarm)
{
	struct arena *arena = &batch->actions.arena;
	struct cloudwatch_transition transition = {.before = alarm, .now = alarm};
	struct cloudwatch_metric_alarm metric;
	struct cloudwatch_composite_alarm composite;
	struct str key = cloudwatch_alarm_key(arena, alarm);

	if (alarm->is_composite && cloudwatch_alarm_composite(arena, alarm, &composite) == ERR_OK)
		transition.composite = &composite;
	if (!alarm->is_composite && cloudwatch_alarm_metric(arena, alarm, &metric) == ERR_OK)
		transition.metric = &metric;
	if (transition.metric || transition.composite)
		cloudwatch_actions_add_event(
			core, &batch->actions, alarm,
			cloudwatch_alarm_configuration_event(arena, &transition, STR("delete")));
	catalog_changes_drop(&batch->changes, CATALOG_CLOUDWATCH_ALARMS, key);
	due_set(&batch->changes, DUE_CLOUDWATCH_ALARM, key, cloudwatch_alarm_due(alarm), DUE_NEVER);
	add_history(core, batch, alarm, STR("ConfigurationUpdate"),
		    arena_format(arena, "Alarm \"%.*s\" deleted", STR_ARG(alarm->name)),
		    configuration_data(arena, "Delete", "deletedAlarm", alarm));
}

enum err alarm_batch_commit(struct core *core, struct alarm_batch *batch)
{
	enum err err = cloudwatch_actions_send(core, &batch->actions);

	if (!err)
		err = catalog_write(core->catalog, &batch->changes);
	else
		catalog_changes_done(&batch->changes);
	for (size_t i = 0; i < batch->count; i++) {
		if (err)
			cloudwatch_alarm_release(batch->items[i]);
		else
			cloudwatch_registry_put(cloudwatch_alarms_of(core), batch->items[i]);
	}
	if (!err && batch->due.wall_ms != INT64_MAX)
		due_watch(core, batch->due);
	vec_done(batch);
	arena_done(&batch->actions.arena);
	return err;
}

void cloudwatch_composites_soon(struct core *core)
{
	struct cloudwatch_alarms *alarms = cloudwatch_alarms_of(core);

	if (alarms->has_posted_composites)
		return;
	alarms->has_posted_composites = true;
	core_post_control(core, &alarms->composites);
}
