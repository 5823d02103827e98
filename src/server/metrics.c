/* SPDX-License-Identifier: MIT */
/*
 * metrics: Prometheus' text format, version 0.0.4.
 *
 * One family after the other, as the format wants it; the numbers of operations are sums over the
 * net threads, added when they are asked for.
 */
#include "server/admin.h"

#include "api/sqs.h"
#include "core/audit/audit.h"
#include "core/authorize.h"
#include "core/limit/penalty.h"
#include "core/worker.h"
#include "server/process.h"
#include "server/version.h"
#include "services/kms/kms.h"
#include "services/sqs/sqs.h"

static void family(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void single(struct buf *out, const char *name, const char *type, const char *help,
		   uint64_t value)
{
	family(out, name, type, help);
	buf_format(out, "%s %llu\n", name, (unsigned long long)value);
}

/* ---- operations ---- */

static uint64_t load(const _Atomic uint64_t *number)
{
	return atomic_load_explicit(number, memory_order_relaxed);
}

static void write_faults(struct buf *out, const struct meter *sum, uint32_t index, struct str name)
{
	const struct meter_operation *row = &sum->operations[index];
	const uint64_t counts[] = {load(&row->sender_faults), load(&row->receiver_faults)};
	static const char *const kinds[] = {"sender", "receiver"};

	for (int i = 0; i < 2; i++)
		buf_format(out, "tern_faults_total{operation=\"%.*s\",fault=\"%s\"} %llu\n",
			   STR_ARG(name), kinds[i], (unsigned long long)counts[i]);
}

static void write_latency(struct buf *out, const struct meter *sum, uint32_t index, struct str name)
{
	static const char *const metric = "tern_request_seconds";
	const struct meter_operation *row = &sum->operations[index];
	uint64_t count = 0;

	for (int i = 0; i < METER_BUCKETS - 1; i++) {
		count += load(&row->buckets[i]);
		buf_format(out, "%s_bucket{operation=\"%.*s\",le=\"%g\"} %llu\n", metric,
			   STR_ARG(name), (double)METER_BUCKET_US * 1e-6 * (double)(1 << i),
			   (unsigned long long)count);
	}
	count += load(&row->buckets[METER_BUCKETS - 1]);
	buf_format(out, "%s_bucket{operation=\"%.*s\",le=\"+Inf\"} %llu\n", metric, STR_ARG(name),
		   (unsigned long long)count);
	buf_format(out, "%s_sum{operation=\"%.*s\"} %.9f\n%s_count{operation=\"%.*s\"} %llu\n",
		   metric, STR_ARG(name), (double)load(&row->nanoseconds) * 1e-9, metric,
		   STR_ARG(name), (unsigned long long)count);
}

static void write_throttled(struct buf *out, const struct meter *sum, uint32_t index,
			    struct str name)
{
	uint64_t count = load(&sum->operations[index].throttled);

	if (count > 0)
		buf_format(out, "tern_throttled_requests_total{operation=\"%.*s\"} %llu\n",
			   STR_ARG(name), (unsigned long long)count);
}

typedef void (*write_operation_fn)(struct buf *out, const struct meter *sum, uint32_t index,
				   struct str name);

/* Only those that were asked for at least once. */
static void for_operations(struct buf *out, const struct dispatch *dispatch,
			   const struct meter *sum, write_operation_fn write)
{
	for (size_t i = 0; i < dispatch->routes.service_count; i++) {
		const struct service *service = dispatch->routes.services[i];
		for (uint32_t j = 0; j < service->operation_count; j++) {
			const struct operation *operation = &service->operations[j];
			uint32_t number = core_operation_number(dispatch->core, operation);
			if (load(&sum->operations[number].answered) > 0)
				write(out, sum, number, operation->name);
		}
	}
}

static void write_operations(struct buf *out, const struct server *server)
{
	struct meter *sum = heap_alloc(sizeof(*sum));

	for (int64_t i = 0; i < server->settings->threads; i++)
		meter_add(sum, &server->threads[i].meter);
	family(out, "tern_faults_total", "counter",
	       "Requests answered with a fault, and entries of batches that failed.");
	for_operations(out, &server->dispatch, sum, write_faults);
	family(out, "tern_throttled_requests_total", "counter",
	       "Requests refused because there were too many of them.");
	for_operations(out, &server->dispatch, sum, write_throttled);
	family(out, "tern_request_seconds", "histogram",
	       "Time from a request's arrival to its answer, long polls included.");
	for_operations(out, &server->dispatch, sum, write_latency);
	single(out, "tern_unrouted_requests_total", "counter",
	       "Requests that named no operation that is served.", load(&sum->unrouted));
	heap_free(sum);
}

/* ---- queues ---- */

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

/* Names of queues, accounts and regions hold nothing that would need an escape. */
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

static void write_queues(struct buf *out, const struct server *server)
{
	struct sqs_registry *registry = sqs_of(&server->core)->registry;
	struct queue_walk walk = {.out = out, .now_ms = clock_base_ms()};
	struct str all = {0};

	for (size_t i = 0; i < sizeof(queue_metrics) / sizeof(queue_metrics[0]); i++) {
		walk.metric = &queue_metrics[i];
		family(out, walk.metric->name, walk.metric->type, walk.metric->help);
		sqs_registry_each(registry, all, all, STR(""), write_queue, &walk);
	}
	walk.metric = NULL;
	family(out, "tern_queue_oldest_age_seconds", "gauge",
	       "Age of the oldest message that is not deleted, approximately.");
	sqs_registry_each(registry, all, all, STR(""), write_queue, &walk);
}

/* ---- keys ---- */

static void write_keys(struct buf *out, const struct server *server)
{
	static const char *const operations[KMS_SERVICE_CALLS] = {"GenerateDataKey", "Decrypt"};
	struct kms_stats stats;

	kms_stats_read(&server->core, &stats);
	family(out, "tern_kms_keys", "gauge", "KMS keys by state.");
	for (int i = 0; i < KMS_STATES; i++)
		buf_format(out, "tern_kms_keys{state=\"%.*s\"} %llu\n", STR_ARG(kms_states[i]),
			   (unsigned long long)stats.keys[i]);
	family(out, "tern_kms_service_calls_total", "counter",
	       "Calls of other services to KMS, as AWS would bill them.");
	for (int i = 0; i < KMS_SERVICE_CALLS; i++)
		buf_format(out, "tern_kms_service_calls_total{operation=\"%s\"} %llu\n",
			   operations[i], (unsigned long long)stats.service_calls[i]);
}

/* ---- log, engine, connections ---- */

static void write_journal(struct buf *out, const struct server *server)
{
	struct journal_stats stats = engine_journal_stats(server->core.engine);
	struct engine_stats engine = engine_stats_read(server->core.engine);

	single(out, "tern_log_commits_total", "counter", "Batches committed.", stats.batches);
	single(out, "tern_log_records_total", "counter",
	       "Records committed; by the commits: the mean batch.", stats.records);
	single(out, "tern_log_bytes_total", "counter", "Bytes committed.", stats.bytes);
	single(out, "tern_log_batch_records_max", "gauge", "Records of the largest batch.",
	       stats.batch_records_max);
	family(out, "tern_log_sync_seconds", "summary", "Time of a sync to disk.");
	buf_format(out, "tern_log_sync_seconds_sum %.9f\ntern_log_sync_seconds_count %llu\n",
		   (double)stats.sync_ns_sum * 1e-9, (unsigned long long)stats.sync_count);
	single(out, "tern_log_segments", "gauge", "Segments in use.", stats.segments);
	single(out, "tern_log_spare_segments", "gauge", "Segments ready for use.",
	       stats.spare_segments);
	single(out, "tern_log_live_bytes", "gauge", "Bytes that are still needed.",
	       stats.live_bytes);
	single(out, "tern_log_disk_bytes", "gauge", "Bytes of segments in use.", stats.log_bytes);
	single(out, "tern_log_checkpoints_total", "counter", "Checkpoints written.",
	       stats.checkpoints);
	single(out, "tern_log_compacted_segments_total", "counter",
	       "Segments emptied by carrying their records forward.", stats.compacted_segments);
	single(out, "tern_log_recycled_segments_total", "counter", "Segments used again.",
	       stats.recycled_segments);
	single(out, "tern_log_damaged_reads_total", "counter", "Reads whose check failed.",
	       stats.damaged_reads);
	single(out, "tern_log_failed", "gauge", "1 once a write or sync has failed for good.",
	       stats.has_failed);
	single(out, "tern_catalog_failed", "gauge",
	       "1 once a write or sync of the catalog has failed for good.",
	       catalog_has_failed(server->core.catalog));
	single(out, "tern_log_full", "gauge", "1 while the disk has no room for new messages.",
	       stats.is_full);
	single(out, "tern_queues", "gauge", "Queues.", engine.queues);
	single(out, "tern_unknown_queues", "gauge",
	       "Queues whose messages the log has although the catalog does not know them.",
	       sqs_of(&server->core)->unknown_queues);
	single(out, "tern_messages_in_memory", "gauge", "Messages with an entry in memory.",
	       engine.messages_in_memory);
	single(out, "tern_waiting_receives", "gauge", "Long polls that wait.",
	       engine.waiting_receives);
}

static void write_failures(struct buf *out, const struct server *server)
{
	struct penalty_stats stats = {0};

	if (server->core.penalty)
		stats = penalty_stats_read(server->core.penalty);
	single(out, "tern_auth_failures_total", "counter",
	       "Requests whose sender could not be told: no good signature.", stats.failures);
	single(out, "tern_auth_delayed_total", "counter",
	       "Of these, those whose answer was held back.", stats.delayed);
	single(out, "tern_policy_exhausted_total", "counter",
	       "Requests denied because their policies took too many steps to evaluate.",
	       authorize_exhausted_count());
}

static void write_workers(struct buf *out, const struct server *server)
{
	struct worker_stats stats = worker_stats_read(server->core.workers);

	single(out, "tern_worker_operations_total", "counter",
	       "Operations, or parts of one, that ran on a worker thread.", stats.done);
	single(out, "tern_worker_refused_total", "counter",
	       "Requests that were throttled because too much work waited.", stats.refused);
	single(out, "tern_worker_cancelled_total", "counter",
	       "Requests whose client left while they waited.", stats.cancelled);
	single(out, "tern_worker_waiting", "gauge", "Operations that wait for a worker thread.",
	       stats.waiting);
	single(out, "tern_worker_waiting_bytes", "gauge", "Bytes that these hold.",
	       stats.waiting_size);
	single(out, "tern_worker_running", "gauge", "Operations on worker threads.", stats.running);
	family(out, "tern_worker_busy_seconds_total", "counter",
	       "Time that operations took on worker threads.");
	buf_format(out, "tern_worker_busy_seconds_total %.6f\n", (double)stats.busy_ns * 1e-9);
}

static void write_net(struct buf *out, const struct server *server)
{
	struct net_stats stats;

	net_server_stats(server->net, &stats);
	single(out, "tern_connections", "gauge", "Open connections.", stats.connections_open);
	single(out, "tern_connections_accepted_total", "counter", "Connections accepted.",
	       stats.connections_accepted);
	single(out, "tern_connections_refused_total", "counter",
	       "Connections closed at once: too many were open, at all or of their address.",
	       stats.connections_refused);
	single(out, "tern_http_requests_total", "counter", "HTTP requests.", stats.requests);
	single(out, "tern_http_requests_refused_total", "counter",
	       "Requests that are not proper HTTP.", stats.requests_refused);
	single(out, "tern_http_requests_aborted_total", "counter",
	       "Requests whose client left before the answer.", stats.requests_aborted);
	single(out, "tern_http_bytes_in_total", "counter", "Bytes received.", stats.bytes_in);
	single(out, "tern_http_bytes_out_total", "counter", "Bytes sent.", stats.bytes_out);
}

static void write_audit(struct buf *out, const struct server *server)
{
	struct audit_file_stats stats = {0};

	if (server->core.audit)
		stats = audit_stats(server->core.audit);
	single(out, "tern_audit_records_total", "counter", "Audit records written.", stats.written);
	single(out, "tern_audit_dropped_total", "counter",
	       "Audit records lost: the disk did not take them in time.", stats.dropped);
	single(out, "tern_audit_left_out_total", "counter",
	       "Audit records left out: too many refused requests without a good signature.",
	       server->core.audit ? audit_left_out(server->core.audit) : 0);
	single(out, "tern_audit_failing", "gauge", "1 while audit records cannot be written.",
	       stats.is_failing);
}

static void write_process(struct buf *out, const struct server *server)
{
	family(out, "tern_build_info", "gauge", "Always 1; its label is the version.");
	buf_format(out, "tern_build_info{version=\"%s\"} 1\n", TERN_VERSION);
	family(out, "process_start_time_seconds", "gauge",
	       "When the process began to serve, in seconds since 1970.");
	buf_format(out, "process_start_time_seconds %.3f\n", (double)server->started_ms * 1e-3);
	single(out, "process_resident_memory_bytes", "gauge", "Memory that the process has in RAM.",
	       process_resident_size());
	family(out, "tern_process_cpu_seconds_total", "counter",
	       "CPU time of the process, user and system.");
	buf_format(out, "tern_process_cpu_seconds_total %.6f\n", (double)clock_cpu_ns() * 1e-9);
}

void admin_metrics(struct admin_call *call)
{
	const struct server *server = call->server;

	call->type = STR("text/plain; version=0.0.4");
	write_operations(&call->body, server);
	write_journal(&call->body, server);
	write_net(&call->body, server);
	write_workers(&call->body, server);
	write_audit(&call->body, server);
	write_failures(&call->body, server);
	write_process(&call->body, server);
	write_keys(&call->body, server);
	write_queues(&call->body, server);
}
