/* SPDX-License-Identifier: MIT */
/* store: snapshots and records have the same members; the figures of a stream may be older than
 * its events, which the store's write-ahead logs make up for. */
#include "services/logs/store.h"

#include "api/logs_records.h"

/* Keys have 511 bytes at most, and names may have 512. */
struct str logs_group_key(struct arena *arena, const struct logs_group *group)
{
	return arena_format(arena, "g/%llu", (unsigned long long)group->number);
}

struct str logs_stream_key(struct arena *arena, const struct logs_stream *stream)
{
	return arena_format(arena, "s/%llu", (unsigned long long)stream->number);
}

struct str logs_policy_key(struct arena *arena, const struct logs_policy *policy)
{
	return arena_format(arena, "p/%.*s/%.*s/%.*s", STR_ARG(policy->account),
			    STR_ARG(policy->region), STR_ARG(policy->name));
}

void logs_group_encode(struct buf *out, const struct logs_group *group)
{
	const struct logs_group_record record = {
		.account = group->account,
		.region = group->region,
		.name = group->name,
		.number = (int64_t)group->number,
		.created_ms = group->created_ms,
		.retention_days = group->retention_days,
		.kms_key = group->kms_key,
		.class = group->class,
		.is_protected = group->is_protected,
		.tags = group->tags,
		.tags_count = group->tag_count,
	};

	logs_group_record_encode(out, &record);
}

void logs_stream_encode(struct buf *out, const struct logs_stream *stream)
{
	const struct logs_figures *figures = stream->figures;
	const struct logs_stream_record record = {
		.group = (int64_t)stream->group,
		.name = stream->name,
		.number = (int64_t)stream->number,
		.created_ms = stream->created_ms,
		.first_ms = atomic_load_explicit(&figures->first_ms, memory_order_relaxed),
		.last_ms = atomic_load_explicit(&figures->last_ms, memory_order_relaxed),
		.ingested_ms = atomic_load_explicit(&figures->ingested_ms, memory_order_relaxed),
	};

	logs_stream_record_encode(out, &record);
}

void logs_policy_encode(struct buf *out, const struct logs_policy *policy)
{
	struct policy_names names = policy_names(policy->policy);
	struct logs_policy_record record = {
		.account = policy->account,
		.region = policy->region,
		.name = policy->name,
		.document = policy_text(policy->policy),
		.updated_ms = policy->updated_ms,
		.names = names.items,
		.names_count = names.count,
	};

	logs_policy_record_encode(out, &record);
}

enum err logs_group_decode(struct arena *arena, struct str bytes, struct logs_group *out_draft)
{
	struct logs_group_record record;

	enum err err = logs_group_record_decode(arena, bytes, &record);
	if (err)
		return err;
	if (record.name.size == 0 || record.number <= 0)
		return ERR_DAMAGED;
	*out_draft = (struct logs_group){
		.account = record.account,
		.region = record.region,
		.name = record.name,
		.number = (uint64_t)record.number,
		.created_ms = record.created_ms,
		.retention_days = record.retention_days,
		.kms_key = record.kms_key,
		.class = record.class,
		.is_protected = record.is_protected,
		.tags = record.tags,
		.tag_count = record.tags_count,
	};
	return ERR_OK;
}

enum err logs_stream_decode(struct arena *arena, struct str bytes,
			    const struct logs_stream **out_stream)
{
	struct logs_stream_record record;

	enum err err = logs_stream_record_decode(arena, bytes, &record);
	if (err)
		return err;
	if (record.name.size == 0 || record.number <= 0 || record.group <= 0)
		return ERR_DAMAGED;
	*out_stream = logs_stream_new(&(struct logs_stream){
		.group = (uint64_t)record.group,
		.name = record.name,
		.number = (uint64_t)record.number,
		.created_ms = record.created_ms,
		.figures = logs_figures_new(record.first_ms, record.last_ms, record.ingested_ms),
	});
	return ERR_OK;
}

enum err logs_policy_decode(struct arena *arena, struct str bytes, struct logs_policy *out_draft)
{
	struct logs_policy_record record;

	enum err err = logs_policy_record_decode(arena, bytes, &record);
	if (err)
		return err;
	if (record.name.size == 0 || record.document.size == 0)
		return ERR_DAMAGED;
	*out_draft = (struct logs_policy){
		.account = record.account,
		.region = record.region,
		.name = record.name,
		.updated_ms = record.updated_ms,
		.policy = policy_compile_stored(
			record.document, (struct policy_names){record.names, record.names_count},
			record.name),
	};
	return ERR_OK;
}
