/* SPDX-License-Identifier: MIT */
/*
 * streams: log streams. A page of the list is the nearest streams behind the last one of the page
 * before, in the order of the request; all streams of the group are looked at for it.
 */
#include "core/limit/quota.h"
#include "core/page.h"
#include "services/logs/change.h"
#include "services/logs/check.h"

enum { PAGE_MOST = 50 };

enum err logs_create_log_stream(struct call *call, const struct logs_create_log_stream_in *in,
				struct logs_create_log_stream_out *out)
{
	struct logs_registry *registry = logs_of(call->core)->registry;
	const struct logs_group *group;

	(void)out;
	enum err err =
		logs_authorize(call, STR("logs:CreateLogStream"), in->log_group_name, STR(""));
	if (!err)
		err = logs_group_of_call(call, in->log_group_name, &group);
	if (err)
		return err;
	const struct logs_stream *old =
		logs_registry_find_stream(registry, group->number, in->log_stream_name);
	logs_stream_release(old);
	if (old)
		return fail(call, &LOGS_RESOURCE_ALREADY_EXISTS,
			    "The specified log stream already exists");
	if (logs_registry_count_streams(registry) >= LIMIT_LOG_STREAMS) {
		quota_log_server_limit(STR("log streams"), LIMIT_LOG_STREAMS);
		return fail(call, &LOGS_LIMIT_EXCEEDED, "Resource limit exceeded.");
	}
	return logs_stream_create(call->core, group->number, in->log_stream_name, call->now_ms);
}

enum err logs_delete_log_stream(struct call *call, const struct logs_delete_log_stream_in *in,
				struct logs_delete_log_stream_out *out)
{
	const struct logs_stream *stream;
	const struct logs_group *group;

	(void)out;
	enum err err = logs_authorize(call, STR("logs:DeleteLogStream"), in->log_group_name,
				      in->log_stream_name);
	if (!err)
		err = logs_group_of_call(call, in->log_group_name, &group);
	if (!err)
		err = logs_stream_of_call(call, group, in->log_stream_name, &stream);
	return err ? err : logs_stream_delete(call->core, stream);
}

/* ---- the list ---- */

struct place {
	int64_t last_ms; /* 0 in the order of names */
	struct str name;
};

struct stream_list {
	struct call *call;
	const struct logs_group *group;
	struct str prefix;
	bool by_time, is_descending;
	bool has_after;
	struct place after;
	size_t room;
	/* Sorted; one more than the page has. */
	struct logs_log_stream items[PAGE_MOST + 1];
	size_t count;
};

static struct place place_of(const struct stream_list *list, int64_t last_ms, struct str name)
{
	return (struct place){list->by_time ? last_ms : 0, name};
}

static bool is_before(const struct stream_list *list, struct place a, struct place b)
{
	int order = a.last_ms < b.last_ms ? -1 : a.last_ms > b.last_ms;

	if (order == 0)
		order = str_compare(a.name, b.name);
	return list->is_descending ? order > 0 : order < 0;
}

static struct place place_of_item(const struct stream_list *list, size_t index)
{
	const struct logs_log_stream *item = &list->items[index];

	return place_of(list, item->last_event_timestamp, item->log_stream_name);
}

static struct logs_log_stream describe(const struct stream_list *list,
				       const struct logs_stream *stream)
{
	struct arena *arena = list->call->arena;
	const struct logs_figures *figures = stream->figures;
	int64_t first_ms = atomic_load_explicit(&figures->first_ms, memory_order_relaxed);
	int64_t last_ms = atomic_load_explicit(&figures->last_ms, memory_order_relaxed);
	int64_t ingested_ms = atomic_load_explicit(&figures->ingested_ms, memory_order_relaxed);
	struct str name = arena_copy(arena, stream->name);

	return (struct logs_log_stream){
		.log_stream_name = name,
		.has_creation_time = true,
		.creation_time = stream->created_ms,
		.has_first_event_timestamp = ingested_ms > 0,
		.first_event_timestamp = first_ms,
		.has_last_event_timestamp = ingested_ms > 0,
		.last_event_timestamp = last_ms,
		.has_last_ingestion_time = ingested_ms > 0,
		.last_ingestion_time = ingested_ms,
		.upload_sequence_token = ingested_ms > 0 ? LOGS_SEQUENCE_TOKEN : (struct str){0},
		.arn = logs_arn(arena, list->group->region, list->group->account, list->group->name,
				name),
		.has_stored_bytes = true, /* AWS says 0 since 2019 */
	};
}

static bool add_stream(void *context, const struct logs_stream *stream)
{
	struct stream_list *list = context;
	struct place place = place_of(
		list, atomic_load_explicit(&stream->figures->last_ms, memory_order_relaxed),
		stream->name);
	size_t at = list->count;

	if (!str_starts(stream->name, list->prefix))
		return str_compare(stream->name, list->prefix) < 0;
	if (list->has_after && !is_before(list, list->after, place))
		return true;
	if (list->count > list->room) {
		if (!is_before(list, place, place_of_item(list, list->room)))
			return list->by_time || list->is_descending;
		at = --list->count;
	}
	while (at > 0 && is_before(list, place, place_of_item(list, at - 1))) {
		list->items[at] = list->items[at - 1];
		at--;
	}
	list->items[at] = describe(list, stream);
	list->count++;
	return true;
}

static struct str token_of(struct stream_list *list, size_t index)
{
	const struct logs_log_stream *item = &list->items[index];
	char *key = arena_bytes(list->call->arena, 8 + item->log_stream_name.size);

	put_u64(key, (uint64_t)item->last_event_timestamp);
	memcpy(key + 8, item->log_stream_name.data, item->log_stream_name.size);
	return page_token_make(list->call, str_of(key, 8 + item->log_stream_name.size));
}

static enum err open_token(struct stream_list *list, struct str token)
{
	struct str key;

	if (!token.data)
		return ERR_OK;
	if (page_token_open(list->call, token, LIMIT_PAGE_TOKEN_MS, &key) != ERR_OK || key.size < 9)
		return fail(list->call, &LOGS_INVALID_PARAMETER,
			    "The specified nextToken is invalid.");
	list->has_after = true;
	list->after = place_of(list, (int64_t)get_u64(key.data), str_slice(key, 8, SIZE_MAX));
	return ERR_OK;
}

enum err logs_describe_log_streams(struct call *call, const struct logs_describe_log_streams_in *in,
				   struct logs_describe_log_streams_out *out)
{
	struct stream_list *list = arena_new(call->arena, struct stream_list);
	struct str name;

	list->call = call;
	list->prefix = in->log_stream_name_prefix;
	list->by_time = str_equal(in->order_by, STR("LastEventTime"));
	list->is_descending = in->descending;
	list->room = in->has_limit ? (size_t)in->limit : PAGE_MOST;
	enum err err = logs_name_of_call(call, in->log_group_name, in->log_group_identifier, &name);
	if (!err)
		err = logs_authorize(call, STR("logs:DescribeLogStreams"), name, STR(""));
	if (!err && list->by_time && list->prefix.data)
		err = fail(call, &LOGS_INVALID_PARAMETER,
			   "Cannot order by LastEventTime with a logStreamNamePrefix.");
	if (!err)
		err = open_token(list, in->next_token);
	if (!err)
		err = logs_group_of_call(call, name, &list->group);
	if (err)
		return err;
	logs_registry_each_stream(logs_of(call->core)->registry, list->group->number, list->prefix,
				  add_stream, list);
	out->log_streams = list->items;
	out->log_streams_count = list->count < list->room ? list->count : list->room;
	if (list->count > list->room)
		out->next_token = token_of(list, list->room - 1);
	return ERR_OK;
}
