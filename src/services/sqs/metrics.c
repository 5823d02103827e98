/* SPDX-License-Identifier: MIT */
/* metrics: the figures of each queue, one family after the other. */
#include "services/sqs/metrics.h"

#include "core/metrics.h"

#include <stddef.h>

#include "services/sqs/state.h"

#define COUNTER_AT(member) offsetof(struct queue_counters, member)

static const struct queue_metric {
	const char *name, *type, *help;
	size_t offset;
} queue_metrics[] = {
	{"tern_queue_messages_visible", "gauge", "Messages that can be received.",
	 COUNTER_AT(visible)},
	{"tern_queue_messages_in_flight", "gauge", "Messages received and not yet deleted.",
	 COUNTER_AT(in_flight)},
	{"tern_queue_messages_delayed", "gauge", "Messages whose delay is not over.",
	 COUNTER_AT(delayed)},
	{"tern_queue_sent_total", "counter", "Messages sent.", COUNTER_AT(sent)},
	{"tern_queue_sent_bytes_total", "counter", "Bytes of messages sent.",
	 COUNTER_AT(sent_bytes)},
	{"tern_queue_received_total", "counter", "Messages received.", COUNTER_AT(received)},
	{"tern_queue_deleted_total", "counter", "Messages deleted.", COUNTER_AT(deleted)},
	{"tern_queue_empty_receives_total", "counter", "Receives that brought nothing.",
	 COUNTER_AT(empty_receives)},
	{"tern_queue_deduplicated_total", "counter", "Sends that were duplicates.",
	 COUNTER_AT(deduplicated)},
	{"tern_queue_expired_total", "counter", "Messages whose retention period ended.",
	 COUNTER_AT(expired)},
	{"tern_queue_moved_in_total", "counter", "Messages moved here from another queue.",
	 COUNTER_AT(moved_in)},
	{"tern_queue_moved_out_total", "counter", "Messages moved from here to another queue.",
	 COUNTER_AT(moved_out)},
};

struct queue_walk {
	struct buf *out;
	const struct queue_metric *metric; /* NULL: the age */
	int64_t now_ms;
};

/* Names of queues, accounts and regions have no characters that need an escape. */
static bool write_queue(void *context, const struct sqs_queue *queue)
{
	const struct queue_walk *walk = context;
	const struct queue_counters *counters = &queue->life->counters;
	const char *name = walk->metric ? walk->metric->name : "tern_queue_oldest_age_seconds";

	buf_format(walk->out, "%s{account=\"%.*s\",region=\"%.*s\",queue=\"%.*s\"} ", name,
		   STR_ARG(queue->account), STR_ARG(queue->region), STR_ARG(queue->name));
	if (walk->metric) {
		const _Atomic int64_t *number =
			(const void *)((const char *)counters + walk->metric->offset);
		buf_append_i64(walk->out, atomic_load_explicit(number, memory_order_relaxed));
	} else {
		int64_t oldest_ms =
			atomic_load_explicit(&counters->oldest_since_ms, memory_order_relaxed);
		int64_t age_ms = oldest_ms > 0 ? walk->now_ms - oldest_ms : 0;
		buf_format(walk->out, "%.3f", age_ms > 0 ? (double)age_ms * 1e-3 : 0.0);
	}
	buf_append_char(walk->out, '\n');
	return true;
}

void sqs_metrics(const struct core *core, struct buf *out)
{
	struct sqs_registry *registry = sqs_of(core)->registry;
	struct queue_walk walk = {.out = out, .now_ms = clock_base_ms()};
	struct str all = {0};

	for (size_t i = 0; i < sizeof(queue_metrics) / sizeof(queue_metrics[0]); i++) {
		walk.metric = &queue_metrics[i];
		metrics_family(out, walk.metric->name, walk.metric->type, walk.metric->help);
		sqs_registry_each(registry, all, all, STR(""), write_queue, &walk);
	}
	walk.metric = NULL;
	metrics_family(out, "tern_queue_oldest_age_seconds", "gauge",
		       "Age of the oldest message that is not deleted, approximately.");
	sqs_registry_each(registry, all, all, STR(""), write_queue, &walk);
	metrics_number(out, "tern_unknown_queues", "gauge",
		       "Queues whose messages the log has although the catalog does not know them.",
		       sqs_of(core)->unknown_queues);
}
