/* SPDX-License-Identifier: MIT */
/*
 * sink: a task of the control thread, GATHER_MS after the first event that arrives: it makes groups
 * and streams that do not exist, sorts the events by stream, and writes one frame a stream, or more
 * if there are many. The store syncs them within a second.
 *
 * Groups with a key of KMS get their events by an internal request, since a key is used by a call.
 */
#include "services/logs/sink.h"

#include <stdlib.h>

#include "api/logs.h"
#include "base/vec.h"
#include "core/internal.h"
#include "core/log_sink.h"
#include "services/logs/change.h"

enum { GATHER_MS = 200, FRAME_TEXT_SIZE = 524288, FRAME_EVENTS = 5000 };

/* Some events of one stream, on their way to the store. */
struct bundle {
	struct logstore_append append;
	struct core *core;
	struct buf frame;
	const struct logs_stream *stream; /* held */
	size_t count;
	struct log_sink_event *events[];
};

struct batch {
	struct core *core;
	struct {
		struct log_sink_event **items;
		size_t count, capacity;
	} events;
};

static int by_stream(const void *left, const void *right)
{
	const struct log_sink_event *a = *(struct log_sink_event *const *)left,
				    *b = *(struct log_sink_event *const *)right;
	int order = str_compare(a->account, b->account);

	if (order == 0)
		order = str_compare(a->region, b->region);
	if (order == 0)
		order = str_compare(a->group, b->group);
	if (order == 0)
		order = str_compare(a->stream, b->stream);
	if (order == 0)
		order = a->time_ms < b->time_ms ? -1 : a->time_ms > b->time_ms;
	return order;
}

static bool is_same_stream(const struct log_sink_event *a, const struct log_sink_event *b)
{
	return str_equal(a->account, b->account) && str_equal(a->region, b->region) &&
	       str_equal(a->group, b->group) && str_equal(a->stream, b->stream);
}

/* ---- groups and streams ---- */

static bool is_group_name(struct str name)
{
	if (name.size == 0 || name.size > 512)
		return false;
	for (size_t i = 0; i < name.size; i++) {
		char c = name.data[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '.' || c == '-' || c == '_' || c == '/' || c == '#'))
			return false;
	}
	return true;
}

static const struct logs_group *resolve_group(struct core *core, const struct log_sink_event *event)
{
	struct logs_registry *registry = logs_of(core)->registry;
	struct logs_group draft = {
		.account = event->account,
		.region = event->region,
		.name = event->group,
		.created_ms = clock_now_ms(),
		.class = STR("STANDARD"),
	};
	const struct logs_group *group =
		logs_registry_find(registry, event->account, event->region, event->group);

	if (group)
		return group;
	if (!is_group_name(event->group) || logs_registry_count(registry) >= LIMIT_LOG_GROUPS ||
	    logs_group_create(core, &draft) != ERR_OK)
		return NULL;
	return logs_registry_find(registry, event->account, event->region, event->group);
}

static const struct logs_stream *resolve_stream(struct core *core, const struct logs_group *group,
						struct str name)
{
	struct logs_registry *registry = logs_of(core)->registry;
	const struct logs_stream *stream = logs_registry_find_stream(registry, group->number, name);

	if (stream)
		return stream;
	if (name.size == 0 || name.size > 512 || str_find_char(name, ':', 0) != SIZE_MAX ||
	    str_find_char(name, '*', 0) != SIZE_MAX ||
	    logs_registry_count_streams(registry) >= LIMIT_LOG_STREAMS ||
	    logs_stream_create(core, group->number, name, clock_now_ms()) != ERR_OK)
		return NULL;
	return logs_registry_find_stream(registry, group->number, name);
}

/* ---- writing ---- */

static void release_bundle(struct bundle *bundle, bool is_stored)
{
	for (size_t i = 0; i < bundle->count; i++)
		log_sink_release(bundle->core, bundle->events[i], is_stored);
	logs_stream_release(bundle->stream);
	buf_done(&bundle->frame);
	heap_free(bundle);
}

/* The writer's thread. */
static void on_written(struct logstore_append *append)
{
	struct bundle *bundle = container_of(append, struct bundle, append);
	bool is_stored = append->result == ERR_OK;

	if (is_stored)
		logs_figures_add(bundle->stream->figures, append->first_ms, append->last_ms,
				 clock_now_ms());
	release_bundle(bundle, is_stored);
}

static void write_bundle(struct bundle *bundle, const struct logs_group *group)
{
	struct logs *logs = logs_of(bundle->core);
	uint64_t sequence = logs_take_sequence(logs, bundle->count);
	struct log_record *records;
	struct arena arena;

	arena_init(&arena);
	records = arena_array(&arena, struct log_record, bundle->count);
	for (size_t i = 0; i < bundle->count; i++)
		records[i] = (struct log_record){
			.key = {bundle->events[i]->time_ms, sequence + i},
			.stream = bundle->stream->number,
			.ingested_ms = clock_now_ms(),
			.text = bundle->events[i]->text,
		};
	logstore_pack(logs->store, &arena, group->number, records, bundle->count, NULL, NULL,
		      &bundle->frame, &bundle->append);
	arena_done(&arena);
	bundle->append.done = on_written;
	logstore_write(logs->store, &bundle->append);
}

static void on_put(void *context, const struct internal_answer *answer)
{
	release_bundle(context, answer->result == ERR_OK);
}

static void put_bundle(struct bundle *bundle, const struct logs_group *group)
{
	const struct internal_caller caller = {
		.identity = INTERNAL_AS_SERVER,
		.account = group->account,
		.region = group->region,
	};
	struct internal_request *request = internal_new(bundle->core, NULL, &caller);
	struct arena *arena = internal_arena(request);
	struct logs_put_log_events_in *in = arena_new(arena, struct logs_put_log_events_in);

	in->log_group_name = arena_copy(arena, group->name);
	in->log_stream_name = arena_copy(arena, bundle->stream->name);
	in->log_events = arena_array(arena, struct logs_input_log_event, bundle->count);
	for (size_t i = 0; i < bundle->count; i++)
		in->log_events[in->log_events_count++] = (struct logs_input_log_event){
			.timestamp = bundle->events[i]->time_ms,
			.message = bundle->events[i]->text,
		};
	if (!internal_submit(request, &logs_service.operations[LOGS_PUT_LOG_EVENTS], in, on_put,
			     bundle))
		release_bundle(bundle, false);
}

/* The events [from, to) are of one stream. */
static void write_events(struct batch *batch, size_t from, size_t to,
			 const struct logs_group *group, const struct logs_stream *stream)
{
	while (from < to) {
		size_t count = 0, size = 0;
		while (from + count < to && count < FRAME_EVENTS &&
		       (count == 0 ||
			size + batch->events.items[from + count]->text.size <= FRAME_TEXT_SIZE))
			size += batch->events.items[from + count++]->text.size;
		struct bundle *bundle =
			heap_alloc(sizeof(*bundle) + count * sizeof(bundle->events[0]));
		bundle->core = batch->core;
		bundle->stream = logs_registry_find_stream_number(logs_of(batch->core)->registry,
								  stream->number);
		bundle->count = count;
		memcpy(bundle->events, &batch->events.items[from],
		       count * sizeof(bundle->events[0]));
		if (group->kms_key.size > 0)
			put_bundle(bundle, group);
		else
			write_bundle(bundle, group);
		from += count;
	}
}

static void write_stream(struct batch *batch, size_t from, size_t to)
{
	const struct log_sink_event *first = batch->events.items[from];
	const struct logs_group *group = resolve_group(batch->core, first);
	const struct logs_stream *stream =
		group ? resolve_stream(batch->core, group, first->stream) : NULL;

	if (stream)
		write_events(batch, from, to, group, stream);
	for (size_t i = from; !stream && i < to; i++)
		log_sink_release(batch->core, batch->events.items[i], false);
	logs_stream_release(stream);
	logs_group_release(group);
}

static void run_sink(struct core *core, struct core_task *task)
{
	struct batch batch = {.core = core};

	(void)task;
	for (struct log_sink_event *event = log_sink_take(core); event;
	     event = log_sink_next(event))
		vec_push(&batch.events, event);
	if (batch.events.count > 0)
		qsort(batch.events.items, batch.events.count, sizeof(batch.events.items[0]),
		      by_stream);
	for (size_t from = 0, to; from < batch.events.count; from = to) {
		to = from + 1;
		while (to < batch.events.count &&
		       is_same_stream(batch.events.items[from], batch.events.items[to]))
			to++;
		write_stream(&batch, from, to);
	}
	vec_done(&batch.events);
	log_sink_report(core);
}

/* Any thread: the first event after run_sink took all. */
static void wake(void *context)
{
	struct core *core = context;

	core_post_control_at(core, &logs_of(core)->sink_task, clock_base_ms() + GATHER_MS);
}

void logs_sink_open(struct core *core)
{
	logs_of(core)->sink_task.run = run_sink;
	log_sink_open(core, wake, core);
}

void logs_sink_close(struct core *core)
{
	log_sink_close(core);
}
