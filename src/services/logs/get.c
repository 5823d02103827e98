/* SPDX-License-Identifier: MIT */
/*
 * get: GetLogEvents and FilterLogEvents, pages of the store's events.
 *
 * A token of GetLogEvents names an event: "f/" continues behind it, "b/" before it. The tokens of a
 * page without events are those of the request, so a reader that follows a stream asks again with
 * the same token. A nextToken of FilterLogEvents is the place where the search continues, sealed
 * and bound to the request (core/page.h).
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/page.h"
#include "logstore/read.h"
#include "match/log_pattern.h"
#include "services/logs/change.h"
#include "services/logs/check.h"

enum {
	EVENTS_MOST = 10000,
	PAGE_SIZE = 1048576,
	SCAN_SIZE = 64 << 20,
	TOKEN_TIME_DIGITS = 17,
	TOKEN_SEQUENCE_DIGITS = 20,
	DAY_MS = 86400000,
};

/* ---- both ---- */

struct search {
	struct call *call;
	struct logs_opener *opener;
	const struct log_pattern *pattern; /* NULL: all */
	struct arena scratch;
};

static bool matches(void *context, const struct log_record *record)
{
	struct search *search = context;

	arena_reset(&search->scratch);
	return log_pattern_matches(search->pattern, &search->scratch, record->text);
}

static enum err open_sealed(void *context, char *sealed, size_t size, struct str *out_plain)
{
	struct search *search = context;

	if (!search->opener)
		search->opener = logs_opener_new(search->call);
	return logs_open(search->opener, sealed, size, out_plain);
}

/* Events beyond the retention are not shown, whether their space is freed or not. */
static int64_t first_kept(const struct call *call, const struct logs_group *group)
{
	return group->retention_days > 0 ? call->now_ms - group->retention_days * (int64_t)DAY_MS
					 : 0;
}

static enum err run(struct call *call, const struct log_pattern *pattern,
		    const struct logs_group *group, struct logstore_query *query,
		    struct logstore_page *out_page)
{
	struct search search = {.call = call, .pattern = pattern};
	int64_t kept_ms = first_kept(call, group);

	arena_init(&search.scratch);
	query->group = group->number;
	query->size_max = PAGE_SIZE;
	query->scan_max = SCAN_SIZE;
	if (query->from_ms < kept_ms)
		query->from_ms = kept_ms;
	query->open = open_sealed;
	query->matches = pattern ? matches : NULL;
	query->context = &search;
	enum err err = logstore_read(logs_of(call->core)->store, call->arena, query, out_page);
	arena_done(&search.scratch);
	if (err == ERR_NOTFOUND)
		return fail(call, &LOGS_RESOURCE_NOT_FOUND,
			    "The specified log group does not exist.");
	return err;
}

/* ---- GetLogEvents ---- */

static struct str make_token(struct arena *arena, char direction, struct log_key key)
{
	return arena_format(arena, "%c/%0*lld%0*llu/s", direction, TOKEN_TIME_DIGITS,
			    (long long)key.time_ms, TOKEN_SEQUENCE_DIGITS,
			    (unsigned long long)key.sequence);
}

static bool parse_token(struct str token, bool *out_is_backward, struct log_key *out_key)
{
	uint64_t time_ms;

	if (token.size != 2 + TOKEN_TIME_DIGITS + TOKEN_SEQUENCE_DIGITS + 2 ||
	    (token.data[0] != 'f' && token.data[0] != 'b') || token.data[1] != '/' ||
	    !str_ends(token, STR("/s")) ||
	    !str_to_u64(str_slice(token, 2, TOKEN_TIME_DIGITS), &time_ms) ||
	    !str_to_u64(str_slice(token, 2 + TOKEN_TIME_DIGITS, TOKEN_SEQUENCE_DIGITS),
			&out_key->sequence))
		return false;
	out_key->time_ms = (int64_t)time_ms;
	*out_is_backward = token.data[0] == 'b';
	return true;
}

static enum err prepare(struct call *call, const struct logs_get_log_events_in *in,
			struct logstore_query *query)
{
	query->from_ms = in->has_start_time ? in->start_time : 0;
	query->to_ms = in->has_end_time ? in->end_time : INT64_MAX;
	query->count_max = in->has_limit ? (size_t)in->limit : EVENTS_MOST;
	query->is_backward = !in->start_from_head;
	if (in->has_start_time && in->has_end_time && in->start_time > in->end_time)
		return fail(call, &LOGS_INVALID_PARAMETER,
			    "Start time must not be later than end time.");
	if (!in->next_token.data)
		return ERR_OK;
	query->has_after = true;
	if (parse_token(in->next_token, &query->is_backward, &query->after))
		return ERR_OK;
	return fail(call, &LOGS_INVALID_PARAMETER, "The specified nextToken is invalid.");
}

/* The places behind the last event, and before the first one. */
static void set_tokens(struct call *call, const struct logstore_query *query,
		       const struct logstore_page *page, struct logs_get_log_events_out *out)
{
	/* Without any event: behind what is there now, and before what may come. */
	struct log_key first = {query->from_ms, 0}, last = first;

	if (query->has_after)
		first = last = query->after;
	if (page->count > 0) {
		first = page->records[0].key;
		last = page->records[page->count - 1].key;
	}
	if (page->is_partial && query->is_backward)
		first = page->resume;
	else if (page->is_partial)
		last = page->resume;
	out->next_forward_token = make_token(call->arena, 'f', last);
	out->next_backward_token = make_token(call->arena, 'b', first);
}

enum err logs_get_log_events(struct call *call, const struct logs_get_log_events_in *in,
			     struct logs_get_log_events_out *out)
{
	struct logstore_query query = {0};
	struct logstore_page page = {0};
	const struct logs_stream *stream;
	const struct logs_group *group;
	struct str name;

	enum err err = logs_name_of_call(call, in->log_group_name, in->log_group_identifier, &name);
	if (!err)
		err = logs_authorize(call, STR("logs:GetLogEvents"), name, in->log_stream_name);
	if (!err)
		err = prepare(call, in, &query);
	if (!err)
		err = logs_group_of_call(call, name, &group);
	if (!err)
		err = logs_stream_of_call(call, group, in->log_stream_name, &stream);
	if (err)
		return err;
	query.streams = &stream->number;
	query.stream_count = 1;
	err = run(call, NULL, group, &query, &page);
	if (err)
		return err;
	out->events = arena_array(call->arena, struct logs_output_log_event, page.count);
	for (size_t i = 0; i < page.count; i++)
		out->events[out->events_count++] = (struct logs_output_log_event){
			.has_timestamp = true,
			.timestamp = page.records[i].key.time_ms,
			.message = page.records[i].text,
			.has_ingestion_time = true,
			.ingestion_time = page.records[i].ingested_ms,
		};
	set_tokens(call, &query, &page, out);
	return ERR_OK;
}

/* ---- FilterLogEvents ---- */

struct chosen {
	struct call *call;
	struct str prefix;
	struct {
		uint64_t *items;
		size_t count;
	} numbers;
	size_t room;
};

static bool choose(void *context, const struct logs_stream *stream)
{
	struct chosen *chosen = context;

	if (!str_starts(stream->name, chosen->prefix))
		return false;
	if (chosen->numbers.count == chosen->room) {
		uint64_t *more = arena_array(chosen->call->arena, uint64_t, chosen->room * 2);
		memcpy(more, chosen->numbers.items, chosen->room * sizeof(*more));
		chosen->numbers.items = more;
		chosen->room *= 2;
	}
	chosen->numbers.items[chosen->numbers.count++] = stream->number;
	return true;
}

static int by_number(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

/* Without names and prefix: all streams that exist, since those of deleted ones are in the store
 * still. */
static enum err choose_streams(struct call *call, const struct logs_filter_log_events_in *in,
			       const struct logs_group *group, struct logstore_query *query)
{
	struct chosen chosen = {.call = call, .prefix = in->log_stream_name_prefix, .room = 256};
	const struct logs_stream *stream;

	chosen.numbers.items = arena_array(call->arena, uint64_t, chosen.room);
	for (size_t i = 0; i < in->log_stream_names_count; i++) {
		enum err err = logs_stream_of_call(call, group, in->log_stream_names[i], &stream);
		if (err)
			return err;
		chosen.numbers.items[chosen.numbers.count++] = stream->number;
	}
	if (in->log_stream_names_count == 0)
		logs_registry_each_stream(logs_of(call->core)->registry, group->number,
					  chosen.prefix, choose, &chosen);
	qsort(chosen.numbers.items, chosen.numbers.count, sizeof(uint64_t), by_number);
	query->streams = chosen.numbers.items;
	query->stream_count = chosen.numbers.count;
	return ERR_OK;
}

static enum err open_filter(struct call *call, const struct logs_filter_log_events_in *in,
			    struct logstore_query *query, const struct log_pattern **out_pattern)
{
	struct str key, problem;

	query->from_ms = in->has_start_time ? in->start_time : 0;
	/* Here the end belongs to the range. */
	query->to_ms = in->has_end_time && in->end_time < INT64_MAX ? in->end_time + 1 : INT64_MAX;
	query->count_max = in->has_limit ? (size_t)in->limit : EVENTS_MOST;
	query->is_backward = in->has_start_from_head && !in->start_from_head;
	if (in->log_stream_names_count > 0 && in->log_stream_name_prefix.data)
		return fail(call, &LOGS_INVALID_PARAMETER,
			    "logStreamNames and logStreamNamePrefix cannot both be provided.");
	if (in->has_start_time && in->has_end_time && in->start_time > in->end_time)
		return fail(call, &LOGS_INVALID_PARAMETER,
			    "Start time must not be later than end time.");
	if (in->next_token.data) {
		if (page_token_open(call, in->next_token, LIMIT_PAGE_TOKEN_MS, &key) != ERR_OK ||
		    key.size != 16)
			return fail(call, &LOGS_INVALID_PARAMETER,
				    "The specified nextToken is invalid.");
		query->has_after = true;
		query->after = (struct log_key){(int64_t)get_u64(key.data), get_u64(key.data + 8)};
	}
	if (in->filter_pattern.size == 0)
		return ERR_OK;
	if (log_pattern_parse(call->arena, in->filter_pattern, out_pattern, &problem) == ERR_OK)
		return ERR_OK;
	return fail(call, &LOGS_INVALID_PARAMETER, "%.*s", STR_ARG(problem));
}

static struct str filter_token(struct call *call, struct log_key key)
{
	char bytes[16];

	put_u64(bytes, (uint64_t)key.time_ms);
	put_u64(bytes + 8, key.sequence);
	return page_token_make(call, str_of(bytes, sizeof(bytes)));
}

static struct str name_of_stream(struct call *call, uint64_t number)
{
	const struct logs_stream *stream =
		logs_registry_find_stream_number(logs_of(call->core)->registry, number);
	struct str name = stream ? arena_copy(call->arena, stream->name) : STR("");

	logs_stream_release(stream);
	return name;
}

/* 56 digits, as AWS's: in their order, events are in order. */
static struct str id_of(struct call *call, struct log_key key)
{
	return arena_format(call->arena, "%036llu%020llu", (unsigned long long)key.time_ms,
			    (unsigned long long)key.sequence);
}

static void show_events(struct call *call, const struct logstore_page *page,
			struct logs_filter_log_events_out *out)
{
	out->events = arena_array(call->arena, struct logs_filtered_log_event, page->count);
	for (size_t i = 0; i < page->count; i++) {
		const struct log_record *record = &page->records[i];
		/* A page has many events of few streams. */
		bool is_same = i > 0 && page->records[i - 1].stream == record->stream;
		out->events[out->events_count++] = (struct logs_filtered_log_event){
			.log_stream_name = is_same ? out->events[i - 1].log_stream_name
						   : name_of_stream(call, record->stream),
			.has_timestamp = true,
			.timestamp = record->key.time_ms,
			.message = record->text,
			.has_ingestion_time = true,
			.ingestion_time = record->ingested_ms,
			.event_id = id_of(call, record->key),
		};
	}
}

enum err logs_filter_log_events(struct call *call, const struct logs_filter_log_events_in *in,
				struct logs_filter_log_events_out *out)
{
	const struct log_pattern *pattern = NULL;
	struct logstore_query query = {0};
	struct logstore_page page = {0};
	const struct logs_group *group;
	struct str name;

	enum err err = logs_name_of_call(call, in->log_group_name, in->log_group_identifier, &name);
	if (!err)
		err = logs_authorize(call, STR("logs:FilterLogEvents"), name, STR(""));
	if (!err)
		err = open_filter(call, in, &query, &pattern);
	if (!err)
		err = logs_group_of_call(call, name, &group);
	if (!err)
		err = choose_streams(call, in, group, &query);
	if (!err)
		err = run(call, pattern, group, &query, &page);
	if (err)
		return err;
	show_events(call, &page, out);
	if (page.is_partial)
		out->next_token = filter_token(call, page.resume);
	else if (page.has_more)
		out->next_token = filter_token(
			call, page.records[query.is_backward ? 0 : page.count - 1].key);
	return ERR_OK;
}
