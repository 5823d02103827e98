/* SPDX-License-Identifier: MIT */
/* store: snapshots and records have the same members. */
#include "services/scheduler/store.h"

#include "api/scheduler_records.h"

struct str scheduler_schedule_key(struct arena *arena, const struct scheduler_schedule *schedule)
{
	return arena_format(arena, "s/%.*s/%.*s/%.*s/%.*s", STR_ARG(schedule->account),
			    STR_ARG(schedule->region), STR_ARG(schedule->group),
			    STR_ARG(schedule->name));
}

struct str scheduler_group_key(struct arena *arena, const struct scheduler_group *group)
{
	return arena_format(arena, "g/%.*s/%.*s/%.*s", STR_ARG(group->account),
			    STR_ARG(group->region), STR_ARG(group->name));
}

bool scheduler_key_parse(struct str key, struct scheduler_schedule *out_names)
{
	if (!str_equal(str_cut(&key, '/'), STR("s")))
		return false;
	*out_names = (struct scheduler_schedule){0};
	out_names->account = str_cut(&key, '/');
	out_names->region = str_cut(&key, '/');
	out_names->group = str_cut(&key, '/');
	out_names->name = key;
	return key.size > 0;
}

void scheduler_schedule_encode(struct buf *out, const struct scheduler_schedule *schedule)
{
	const struct scheduler_schedule_record record = {
		.account = schedule->account,
		.region = schedule->region,
		.group = schedule->group,
		.name = schedule->name,
		.shown = schedule->shown,
		.client_token = schedule->client_token,
		.is_enabled = schedule->is_enabled,
		.deletes_itself = schedule->deletes_itself,
		.created_ms = schedule->created_ms,
		.anchor_ms = schedule->anchor_ms,
		.next_ms = schedule->next_ms,
		.fire_ms = schedule->fire_ms,
		.ended_ms = schedule->ended_ms,
		.sealed_input = schedule->sealed_input,
	};

	scheduler_schedule_record_encode(out, &record);
}

void scheduler_group_encode(struct buf *out, const struct scheduler_group *group)
{
	const struct scheduler_group_record record = {
		.account = group->account,
		.region = group->region,
		.name = group->name,
		.is_deleting = group->is_deleting,
		.created_ms = group->created_ms,
		.modified_ms = group->modified_ms,
		.tags = group->tags,
		.tags_count = group->tag_count,
	};

	scheduler_group_record_encode(out, &record);
}

enum err scheduler_schedule_decode(struct arena *arena, struct str bytes,
				   struct scheduler_schedule *out_draft)
{
	struct scheduler_schedule_record record;

	enum err err = scheduler_schedule_record_decode(arena, bytes, &record);
	if (err)
		return err;
	if (record.name.size == 0 || record.shown.size == 0)
		return ERR_DAMAGED;
	*out_draft = (struct scheduler_schedule){
		.account = record.account,
		.region = record.region,
		.group = record.group,
		.name = record.name,
		.shown = record.shown,
		.client_token = record.client_token,
		.is_enabled = record.is_enabled,
		.deletes_itself = record.deletes_itself,
		.created_ms = record.created_ms,
		.anchor_ms = record.anchor_ms,
		.next_ms = record.next_ms,
		.fire_ms = record.fire_ms,
		.ended_ms = record.ended_ms,
		.sealed_input = record.sealed_input,
	};
	return ERR_OK;
}

enum err scheduler_group_decode(struct arena *arena, struct str bytes,
				struct scheduler_group *out_draft)
{
	struct scheduler_group_record record;

	enum err err = scheduler_group_record_decode(arena, bytes, &record);
	if (err)
		return err;
	if (record.name.size == 0)
		return ERR_DAMAGED;
	*out_draft = (struct scheduler_group){
		.account = record.account,
		.region = record.region,
		.name = record.name,
		.is_deleting = record.is_deleting,
		.created_ms = record.created_ms,
		.modified_ms = record.modified_ms,
		.tags = record.tags,
		.tag_count = record.tags_count,
	};
	return ERR_OK;
}
