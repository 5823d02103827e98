/* SPDX-License-Identifier: MIT */
/* alarm_store: snapshots and records have the same members. */
#include "services/cloudwatch/alarm_store.h"

#include "api/cloudwatch_records.h"
#include "services/cloudwatch/alarm_state.h"

enum { SUMMARY_MAX = 255, DATA_MAX = 4095 };

struct str cloudwatch_alarm_key(struct arena *arena, const struct cloudwatch_alarm *alarm)
{
	return arena_format(arena, "%.*s/%.*s/%.*s", STR_ARG(alarm->account),
			    STR_ARG(alarm->region), STR_ARG(alarm->name));
}

bool cloudwatch_alarm_key_parse(struct str key, struct cloudwatch_alarm *out_names)
{
	*out_names = (struct cloudwatch_alarm){0};
	out_names->account = str_cut(&key, '/');
	out_names->region = str_cut(&key, '/');
	out_names->name = key;
	return key.size > 0;
}

void cloudwatch_alarm_encode(struct buf *out, const struct cloudwatch_alarm *alarm)
{
	const struct cloudwatch_alarm_record record = {
		.account = alarm->account,
		.region = alarm->region,
		.name = alarm->name,
		.shown = alarm->shown,
		.is_composite = alarm->is_composite,
		.has_disabled_actions = alarm->has_disabled_actions,
		.state = alarm_state_name(alarm->state),
		.reason = alarm->reason,
		.reason_data = alarm->reason_data,
		.configured_ms = alarm->configured_ms,
		.updated_ms = alarm->updated_ms,
		.transitioned_ms = alarm->transitioned_ms,
		.suppression = alarm->suppression,
		.suppressed_until_ms = alarm->suppressed_until_ms,
		.acted = alarm_state_name(alarm->acted),
		.tags = alarm->tags,
		.tags_count = alarm->tag_count,
	};

	cloudwatch_alarm_record_encode(out, &record);
}

enum err cloudwatch_alarm_decode(struct arena *arena, struct str bytes,
				 struct cloudwatch_alarm *out_draft)
{
	struct cloudwatch_alarm_record record = {0};

	enum err err = cloudwatch_alarm_record_decode(arena, bytes, &record);
	if (err)
		return err;
	*out_draft = (struct cloudwatch_alarm){
		.account = record.account,
		.region = record.region,
		.name = record.name,
		.shown = record.shown,
		.is_composite = record.is_composite,
		.has_disabled_actions = record.has_disabled_actions,
		.reason = record.reason,
		.reason_data = record.reason_data,
		.configured_ms = record.configured_ms,
		.updated_ms = record.updated_ms,
		.transitioned_ms = record.transitioned_ms,
		.suppression = (enum cloudwatch_suppression)record.suppression,
		.suppressed_until_ms = record.suppressed_until_ms,
		.tags = record.tags,
		.tag_count = record.tags_count,
	};
	if (!alarm_state_parse(record.state, &out_draft->state) ||
	    !alarm_state_parse(record.acted, &out_draft->acted) ||
	    record.suppression < CLOUDWATCH_NOT_SUPPRESSED ||
	    record.suppression > CLOUDWATCH_SUPPRESSED_BY_EXTENSION || record.name.size == 0)
		return ERR_DAMAGED;
	return ERR_OK;
}

void cloudwatch_history_add(struct cloudwatch_alarms *alarms, struct catalog_changes *changes,
			    const struct cloudwatch_history *item)
{
	const struct cloudwatch_history_record record = {
		.account = item->account,
		.region = item->region,
		.name = item->name,
		.is_composite = item->is_composite,
		.time_ms = item->time_ms,
		.type = item->type,
		.summary = str_slice(item->summary, 0, SUMMARY_MAX),
		.data = str_slice(item->data, 0, DATA_MAX),
	};
	struct buf key = {0}, bytes = {0};

	buf_format(&key, "%.*s/%.*s/%.*s/%014llx%06llx", STR_ARG(item->account),
		   STR_ARG(item->region), STR_ARG(item->name), (unsigned long long)item->time_ms,
		   (unsigned long long)(alarms->sequence++ & 0xffffff));
	cloudwatch_history_record_encode(&bytes, &record);
	catalog_changes_put(changes, CATALOG_CLOUDWATCH_HISTORY, buf_str(&key), buf_str(&bytes));
	buf_done(&key);
	buf_done(&bytes);
}

enum err cloudwatch_history_decode(struct arena *arena, struct str bytes,
				   struct cloudwatch_history *out_item)
{
	struct cloudwatch_history_record record = {0};

	enum err err = cloudwatch_history_record_decode(arena, bytes, &record);
	if (err)
		return err;
	*out_item = (struct cloudwatch_history){
		.account = record.account,
		.region = record.region,
		.name = record.name,
		.is_composite = record.is_composite,
		.time_ms = record.time_ms,
		.type = record.type,
		.summary = record.summary,
		.data = record.data,
	};
	return ERR_OK;
}
