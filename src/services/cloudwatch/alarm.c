/* SPDX-License-Identifier: MIT */
/* alarm: one snapshot table, by account, region and name. */
#include "services/cloudwatch/alarm.h"

#include <string.h>

#include "base/arn.h"
#include "base/pack.h"
#include "base/snapshot.h"
#include "core/message.h"
#include "services/cloudwatch/alarm_state.h"

/* ---- snapshots ---- */

static void for_texts(struct cloudwatch_alarm *alarm, pack_visit_fn visit, void *context)
{
	visit(context, &alarm->account);
	visit(context, &alarm->region);
	visit(context, &alarm->name);
	visit(context, &alarm->shown);
	visit(context, &alarm->reason);
	visit(context, &alarm->reason_data);
	for (size_t i = 0; i < alarm->tag_count; i++) {
		visit(context, (struct str *)&alarm->tags[i].key);
		visit(context, (struct str *)&alarm->tags[i].value);
	}
}

struct cloudwatch_alarm cloudwatch_alarm_draft(const struct cloudwatch_alarm *alarm)
{
	static const size_t from = offsetof(struct cloudwatch_alarm, account);
	struct cloudwatch_alarm draft = {0};

	memcpy((char *)&draft + from, (const char *)alarm + from, sizeof(draft) - from);
	return draft;
}

const struct cloudwatch_alarm *cloudwatch_alarm_new(const struct cloudwatch_alarm *draft)
{
	struct cloudwatch_alarm copy = cloudwatch_alarm_draft(draft);
	size_t size = sizeof(copy) + draft->tag_count * sizeof(*draft->tags);

	for_texts(&copy, pack_size, &size);
	struct cloudwatch_alarm *alarm = heap_alloc(size);
	char *end = (char *)(alarm + 1);
	copy.tags = pack_array(&end, draft->tags, draft->tag_count * sizeof(*draft->tags));
	for_texts(&copy, pack_text, &end);
	memcpy(alarm, &copy, sizeof(copy));
	alarm->references = 1;
	return alarm;
}

void cloudwatch_alarm_hold(const struct cloudwatch_alarm *alarm)
{
	atomic_fetch_add_explicit(&((struct cloudwatch_alarm *)alarm)->references, 1,
				  memory_order_relaxed);
}

void cloudwatch_alarm_release(const struct cloudwatch_alarm *alarm)
{
	struct cloudwatch_alarm *mine = (struct cloudwatch_alarm *)alarm;

	if (mine && atomic_fetch_sub_explicit(&mine->references, 1, memory_order_acq_rel) == 1)
		heap_free(mine);
}

/* ---- as shown ---- */

struct str cloudwatch_alarm_arn(struct arena *arena, const struct cloudwatch_alarm *alarm)
{
	return arn_make(arena, STR("cloudwatch"), alarm->region, alarm->account,
			arena_format(arena, "alarm:%.*s", STR_ARG(alarm->name)));
}

/* The shape of an alarm in the answer of DescribeAlarms: of the first list that has it. */
static const struct shape *shape_of(const char *list)
{
	return message_member(cloudwatch_service.operations[CLOUDWATCH_DESCRIBE_ALARMS].out,
			      str_from(list));
}

struct str cloudwatch_alarm_encode_metric(struct arena *arena,
					  const struct cloudwatch_metric_alarm *shown)
{
	return message_encode(arena, shape_of("MetricAlarms"), shown);
}

struct str cloudwatch_alarm_encode_composite(struct arena *arena,
					     const struct cloudwatch_composite_alarm *shown)
{
	return message_encode(arena, shape_of("CompositeAlarms"), shown);
}

enum err cloudwatch_alarm_metric(struct arena *arena, const struct cloudwatch_alarm *alarm,
				 struct cloudwatch_metric_alarm *out_shown)
{
	struct str problem;

	*out_shown = (struct cloudwatch_metric_alarm){0};
	if (message_decode(arena, arena_copy(arena, alarm->shown), shape_of("MetricAlarms"),
			   out_shown, &problem) != ERR_OK)
		return ERR_DAMAGED;
	out_shown->alarm_name = alarm->name;
	out_shown->alarm_arn = cloudwatch_alarm_arn(arena, alarm);
	out_shown->actions_enabled = !alarm->has_disabled_actions;
	out_shown->has_actions_enabled = true;
	out_shown->state_value = alarm_state_name(alarm->state);
	out_shown->state_reason = alarm->reason;
	out_shown->state_reason_data = alarm->reason_data;
	out_shown->alarm_configuration_updated_timestamp = alarm->configured_ms;
	out_shown->state_updated_timestamp = alarm->updated_ms;
	out_shown->state_transitioned_timestamp = alarm->transitioned_ms;
	out_shown->has_alarm_configuration_updated_timestamp =
		out_shown->has_state_updated_timestamp =
			out_shown->has_state_transitioned_timestamp = true;
	return ERR_OK;
}

enum err cloudwatch_alarm_composite(struct arena *arena, const struct cloudwatch_alarm *alarm,
				    struct cloudwatch_composite_alarm *out_shown)
{
	static const struct str by[] = {STR_INIT(""), STR_INIT("Alarm"), STR_INIT("WaitPeriod"),
					STR_INIT("ExtensionPeriod")};
	struct str problem;

	*out_shown = (struct cloudwatch_composite_alarm){0};
	if (message_decode(arena, arena_copy(arena, alarm->shown), shape_of("CompositeAlarms"),
			   out_shown, &problem) != ERR_OK)
		return ERR_DAMAGED;
	out_shown->alarm_name = alarm->name;
	out_shown->alarm_arn = cloudwatch_alarm_arn(arena, alarm);
	out_shown->actions_enabled = !alarm->has_disabled_actions;
	out_shown->has_actions_enabled = true;
	out_shown->state_value = alarm_state_name(alarm->state);
	out_shown->state_reason = alarm->reason;
	out_shown->state_reason_data = alarm->reason_data;
	out_shown->alarm_configuration_updated_timestamp = alarm->configured_ms;
	out_shown->state_updated_timestamp = alarm->updated_ms;
	out_shown->state_transitioned_timestamp = alarm->transitioned_ms;
	out_shown->has_alarm_configuration_updated_timestamp =
		out_shown->has_state_updated_timestamp =
			out_shown->has_state_transitioned_timestamp = true;
	if (alarm->suppression != CLOUDWATCH_NOT_SUPPRESSED) {
		out_shown->actions_suppressed_by = by[alarm->suppression];
		out_shown->actions_suppressed_reason =
			arena_format(arena, "Actions suppressed by %.*s",
				     STR_ARG(out_shown->actions_suppressed_by));
	}
	return ERR_OK;
}

/* ---- the table ---- */

static void hold(const void *value)
{
	cloudwatch_alarm_hold(value);
}

static void release(const void *value)
{
	cloudwatch_alarm_release(value);
}

static int compare(const void *key, const void *value)
{
	const struct cloudwatch_alarm *a = key, *b = value;
	int order = str_compare(a->account, b->account);

	if (order == 0)
		order = str_compare(a->region, b->region);
	return order ? order : str_compare(a->name, b->name);
}

static int compare_place(const void *key, const void *value)
{
	const struct cloudwatch_alarm *a = key, *b = value;
	int order = str_compare(a->account, b->account);

	return order ? order : str_compare(a->region, b->region);
}

static const struct snapshot_kind kind = {
	.hold = hold, .release = release, .order_count = 1, .orders = {{.compare = compare}}};

void cloudwatch_registry_new(struct cloudwatch_alarms *alarms)
{
	alarms->registry = snapshot_table_new(&kind);
}

void cloudwatch_registry_free(struct cloudwatch_alarms *alarms)
{
	snapshot_table_free(&alarms->registry);
}

const struct cloudwatch_alarm *cloudwatch_alarm_find(struct cloudwatch_alarms *alarms,
						     struct str account, struct str region,
						     struct str name)
{
	struct cloudwatch_alarm wanted = {.account = account, .region = region, .name = name};

	return snapshot_table_find(alarms->registry, 0,
				   (struct snapshot_key){.compare = compare, .key = &wanted});
}

void cloudwatch_alarm_each(struct cloudwatch_alarms *alarms, struct str account, struct str region,
			   struct str from, cloudwatch_alarm_visit_fn visit, void *context)
{
	struct cloudwatch_alarm first = {.account = account, .region = region, .name = from};
	const struct snapshot *snapshot = snapshot_take(alarms->registry);
	struct snapshot_cursor cursor;
	const struct cloudwatch_alarm *alarm;

	snapshot_seek(snapshot, 0, (struct snapshot_key){.compare = compare, .key = &first},
		      &cursor);
	while ((alarm = snapshot_next(&cursor))) {
		if (account.size > 0 && compare_place(&first, alarm) != 0)
			break;
		if (!visit(context, alarm))
			break;
	}
	snapshot_release(snapshot);
}

size_t cloudwatch_alarm_count(struct cloudwatch_alarms *alarms, struct str account,
			      struct str region)
{
	struct cloudwatch_alarm place = {.account = account, .region = region};
	const struct snapshot *snapshot = snapshot_take(alarms->registry);
	size_t count = snapshot_count_range(
		snapshot, 0, (struct snapshot_key){.compare = compare_place, .key = &place});

	snapshot_release(snapshot);
	return count;
}

void cloudwatch_registry_put(struct cloudwatch_alarms *alarms, const struct cloudwatch_alarm *alarm)
{
	alarms->version++;
	snapshot_table_begin(alarms->registry);
	snapshot_table_put(alarms->registry, alarm);
	snapshot_table_commit(alarms->registry);
}

void cloudwatch_registry_remove(struct cloudwatch_alarms *alarms,
				const struct cloudwatch_alarm *alarm)
{
	alarms->version++;
	snapshot_table_begin(alarms->registry);
	(void)snapshot_table_remove(alarms->registry,
				    (struct snapshot_key){.compare = compare, .key = alarm});
	snapshot_table_commit(alarms->registry);
}
