/* SPDX-License-Identifier: MIT */
/* log_sink: a mailbox. An event counts against the bounds from its put until its release. */
#include "core/log_sink.h"

#include "base/pack.h"
#include "core/core.h"

struct log_sink {
	struct mailbox mailbox;
	_Atomic uint64_t waiting, waiting_size;
	_Atomic uint64_t accepted, dropped;
	uint64_t reported; /* of the dropped ones; the taker's */
};

static void for_texts(struct log_sink_event *event, pack_visit_fn visit, void *context)
{
	visit(context, &event->account);
	visit(context, &event->region);
	visit(context, &event->group);
	visit(context, &event->stream);
	visit(context, &event->text);
}

static size_t size_of(struct log_sink_event *event)
{
	size_t size = sizeof(*event);

	for_texts(event, pack_size, &size);
	return size;
}

/* Counts the event as waiting; false: there is no room. */
static bool reserve(struct log_sink *sink, size_t size)
{
	bool has_room = atomic_fetch_add(&sink->waiting, 1) < LIMIT_LOG_SINK_ITEMS;

	if (atomic_fetch_add(&sink->waiting_size, size) + size > LIMIT_LOG_SINK_SIZE)
		has_room = false;
	if (has_room)
		return true;
	atomic_fetch_sub(&sink->waiting, 1);
	atomic_fetch_sub(&sink->waiting_size, size);
	atomic_fetch_add(&sink->dropped, 1);
	return false;
}

struct str log_sink_cut(struct str text)
{
	size_t size = LIMIT_LOG_EVENT_SIZE;

	if (text.size <= size)
		return text;
	while (size > 0 && ((unsigned char)text.data[size] & 0xc0) == 0x80)
		size--;
	return str_of(text.data, size);
}

bool log_sink_put(struct core *core, struct str account, struct str region, struct str group,
		  struct str stream, int64_t time_ms, struct str text)
{
	struct log_sink *sink = core->log_sink;
	struct log_sink_event wanted = {.account = account,
					.region = region,
					.group = group,
					.stream = stream,
					.text = log_sink_cut(text),
					.time_ms = time_ms};
	size_t size = size_of(&wanted);

	if (!sink || !reserve(sink, size))
		return false;
	struct log_sink_event *event = heap_alloc(size);
	char *end = (char *)(event + 1);
	*event = wanted;
	for_texts(event, pack_text, &end);
	atomic_fetch_add_explicit(&sink->accepted, 1, memory_order_relaxed);
	mailbox_push(&sink->mailbox, &event->message);
	return true;
}

struct log_sink_stats log_sink_stats(const struct core *core)
{
	const struct log_sink *sink = core->log_sink;

	if (!sink)
		return (struct log_sink_stats){0};
	return (struct log_sink_stats){
		.accepted = atomic_load_explicit(&sink->accepted, memory_order_relaxed),
		.dropped = atomic_load_explicit(&sink->dropped, memory_order_relaxed),
		.waiting = atomic_load_explicit(&sink->waiting, memory_order_relaxed),
		.waiting_size = atomic_load_explicit(&sink->waiting_size, memory_order_relaxed),
	};
}

/* ---- the service ---- */

void log_sink_open(struct core *core, mailbox_wake_fn wake, void *context)
{
	check(!core->log_sink);
	core->log_sink = heap_alloc(sizeof(*core->log_sink));
	mailbox_init(&core->log_sink->mailbox, wake, context);
}

static struct log_sink_event *event_of(struct mailbox_message *message)
{
	return message ? container_of(message, struct log_sink_event, message) : NULL;
}

struct log_sink_event *log_sink_take(struct core *core)
{
	return event_of(mailbox_take(&core->log_sink->mailbox));
}

struct log_sink_event *log_sink_next(const struct log_sink_event *event)
{
	return event_of(event->message.next);
}

void log_sink_release(struct core *core, struct log_sink_event *event, bool is_stored)
{
	struct log_sink *sink = core->log_sink;

	atomic_fetch_sub(&sink->waiting, 1);
	atomic_fetch_sub(&sink->waiting_size, size_of(event));
	if (!is_stored)
		atomic_fetch_add(&sink->dropped, 1);
	heap_free(event);
}

void log_sink_report(struct core *core)
{
	struct log_sink *sink = core->log_sink;
	uint64_t dropped = atomic_load(&sink->dropped);

	if (dropped == sink->reported)
		return;
	log_event(LOG_WARN, "log events of services were dropped",
		  log_i64("count", (int64_t)(dropped - sink->reported)));
	sink->reported = dropped;
}

void log_sink_close(struct core *core)
{
	struct log_sink_event *event, *next;

	if (!core->log_sink)
		return;
	for (event = log_sink_take(core); event; event = next) {
		next = log_sink_next(event);
		log_sink_release(core, event, false);
	}
	log_sink_report(core);
	heap_free(core->log_sink);
	core->log_sink = NULL;
}
