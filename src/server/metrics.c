/* SPDX-License-Identifier: MIT */
/*
 * metrics: Prometheus' text format, version 0.0.4.
 *
 * One family after the other, as the format wants it; the numbers of operations are sums over the
 * net threads, added when they are asked for.
 */
#include "server/admin.h"

#include "core/audit/audit.h"
#include "core/authorize.h"
#include "core/engines.h"
#include "core/internal.h"
#include "core/limit/penalty.h"
#include "core/metering.h"
#include "core/metric.h"
#include "core/metrics.h"
#include "core/obligation.h"
#include "core/service.h"
#include "core/worker.h"
#include "deliver/deliver.h"
#include "server/process.h"
#include "server/version.h"
#include "services/sqs/state.h"
#include "wire/facts.h"

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
			uint32_t number = route_operation_number(&dispatch->routes, operation);
			if (load(&sum->operations[number].answered) > 0)
				write(out, sum, number, operation->name);
		}
	}
}

/* Answered requests of a service by the price class of their operations. */
static void write_priced(struct buf *out, const struct dispatch *dispatch, const struct meter *sum,
			 const struct service *service)
{
	for (uint32_t i = 0; i < service->operation_count; i++) {
		struct str price = service->operations[i].facts->price;
		uint64_t requests = 0;
		bool is_written = str_equal(price, STR("none"));
		for (uint32_t j = 0; j < service->operation_count; j++) {
			const struct operation *operation = &service->operations[j];
			if (!str_equal(operation->facts->price, price))
				continue;
			is_written |= j < i;
			uint32_t number = route_operation_number(&dispatch->routes, operation);
			requests += load(&sum->operations[number].answered);
		}
		if (!is_written && requests > 0)
			buf_format(out,
				   "tern_priced_requests_total{service=\"%.*s\",price=\"%.*s\"} "
				   "%llu\n",
				   STR_ARG(service->name), STR_ARG(price),
				   (unsigned long long)requests);
	}
}

static void write_operations(struct buf *out, const struct server *server)
{
	struct meter *sum = metering_sum(&server->core);

	metrics_family(out, "tern_faults_total", "counter",
		       "Requests answered with a fault, and entries of batches that failed.");
	for_operations(out, &server->dispatch, sum, write_faults);
	metrics_family(out, "tern_throttled_requests_total", "counter",
		       "Requests refused because there were too many of them.");
	for_operations(out, &server->dispatch, sum, write_throttled);
	metrics_family(out, "tern_priced_requests_total", "counter",
		       "Requests that AWS bills, by the price class of their operation.");
	for (size_t i = 0; i < server->dispatch.routes.service_count; i++)
		write_priced(out, &server->dispatch, sum, server->dispatch.routes.services[i]);
	metrics_family(out, "tern_request_seconds", "histogram",
		       "Time from a request's arrival to its answer, long polls included.");
	for_operations(out, &server->dispatch, sum, write_latency);
	metrics_number(out, "tern_unrouted_requests_total", "counter",
		       "Requests that named no operation that is served.", load(&sum->unrouted));
	meter_free(&sum);
}

static void write_usage(struct buf *out, const struct server *server)
{
	struct usage_stats stats = usage_stats_read(metering_usage(&server->core));

	metrics_number(out, "tern_usage_requests_total", "counter",
		       "Requests whose usage was merged, which happens each minute.",
		       stats.requests);
	metrics_number(out, "tern_usage_folded_requests_total", "counter",
		       "Of these, those metered by operation alone: there were too many series.",
		       stats.folded);
	metrics_number(out, "tern_usage_series", "gauge",
		       "Accounts, regions, operations, resources and outcomes of the last minute.",
		       stats.series);
}

/* ---- log, engine, connections ---- */

static void write_journal(struct buf *out, const struct server *server)
{
	struct journal_stats stats = engines_journal_stats(&server->core);
	struct engine_stats engine = engines_stats(&server->core);
	struct deliver_stats deliver;

	obligations_stats(&server->core, &deliver);
	metrics_number(out, "tern_log_commits_total", "counter", "Batches committed.",
		       stats.batches);
	metrics_number(out, "tern_log_records_total", "counter",
		       "Records committed; by the commits: the mean batch.", stats.records);
	metrics_number(out, "tern_log_bytes_total", "counter",
		       "Bytes committed, with headers and padding.", stats.bytes);
	metrics_number(out, "tern_log_batch_records_max", "gauge", "Records of the largest batch.",
		       stats.batch_records_max);
	metrics_family(out, "tern_log_sync_seconds", "summary", "Time of a sync to disk.");
	buf_format(out, "tern_log_sync_seconds_sum %.9f\ntern_log_sync_seconds_count %llu\n",
		   (double)stats.sync_ns_sum * 1e-9, (unsigned long long)stats.sync_count);
	metrics_number(out, "tern_log_segments", "gauge", "Segments in use.", stats.segments);
	metrics_number(out, "tern_log_spare_segments", "gauge", "Segments ready for use.",
		       stats.spare_segments);
	metrics_number(out, "tern_log_live_bytes", "gauge", "Bytes that are still needed.",
		       stats.live_bytes);
	metrics_number(out, "tern_log_disk_bytes", "gauge", "Bytes of segments in use.",
		       stats.log_bytes);
	metrics_number(out, "tern_log_checkpoints_total", "counter", "Checkpoints written.",
		       stats.checkpoints);
	metrics_number(out, "tern_log_compacted_segments_total", "counter",
		       "Segments emptied by carrying their records forward.",
		       stats.compacted_segments);
	metrics_number(out, "tern_log_recycled_segments_total", "counter", "Segments used again.",
		       stats.recycled_segments);
	metrics_number(out, "tern_log_damaged_reads_total", "counter", "Reads whose check failed.",
		       stats.damaged_reads);
	metrics_number(out, "tern_log_failed", "gauge",
		       "1 once a write or sync has failed for good.", stats.has_failed);
	metrics_number(out, "tern_catalog_failed", "gauge",
		       "1 once a write or sync of the catalog has failed for good.",
		       catalog_has_failed(server->core.catalog));
	metrics_number(out, "tern_log_full", "gauge",
		       "1 while the disk has no room for new messages.", stats.is_full);
	metrics_number(out, "tern_queues", "gauge", "Queues.",
		       sqs_registry_count(sqs_of(&server->core)->registry));
	metrics_number(out, "tern_messages_in_memory", "gauge", "Messages with an entry in memory.",
		       engine.messages_in_memory);
	metrics_number(out, "tern_waiting_receives", "gauge", "Long polls that wait.",
		       engine.waiting_receives > deliver.receives
			       ? engine.waiting_receives - deliver.receives
			       : 0);
}

/* ---- partitions ---- */

static uint64_t batches_of(const struct journal_stats *stats)
{
	return stats->batches;
}

static uint64_t bytes_of(const struct journal_stats *stats)
{
	return stats->bytes;
}

static uint64_t disk_bytes_of(const struct journal_stats *stats)
{
	return stats->log_bytes;
}

static uint64_t is_full_of(const struct journal_stats *stats)
{
	return stats->is_full;
}

static uint64_t has_failed_of(const struct journal_stats *stats)
{
	return stats->has_failed;
}

/* The families of write_journal are their sums. */
static void write_partitions(struct buf *out, const struct core *core)
{
	static const struct {
		const char *name, *type, *help;
		uint64_t (*read)(const struct journal_stats *stats);
	} families[] = {
		{"tern_partition_log_commits_total", "counter", "Batches committed, by partition.",
		 batches_of},
		{"tern_partition_log_bytes_total", "counter", "Bytes committed, by partition.",
		 bytes_of},
		{"tern_partition_log_disk_bytes", "gauge",
		 "Bytes of segments in use, by partition.", disk_bytes_of},
		{"tern_partition_log_full", "gauge",
		 "1 while the partition's disk has no room for new messages.", is_full_of},
		{"tern_partition_log_failed", "gauge",
		 "1 once a write or sync of the partition has failed for good.", has_failed_of},
	};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		metrics_family(out, families[i].name, families[i].type, families[i].help);
		for (uint32_t place = 0; place < core->engine_count; place++) {
			struct journal_stats stats = engine_journal_stats(core->engines[place]);
			buf_format(out, "%s{partition=\"%u\"} %llu\n", families[i].name, place,
				   (unsigned long long)families[i].read(&stats));
		}
	}
}

static void write_failures(struct buf *out, const struct server *server)
{
	struct penalty_stats stats = {0};

	if (server->core.penalty)
		stats = penalty_stats_read(server->core.penalty);
	metrics_number(out, "tern_auth_failures_total", "counter",
		       "Requests whose sender could not be told: no good signature.",
		       stats.failures);
	metrics_number(out, "tern_auth_delayed_total", "counter",
		       "Of these, those whose answer was held back.", stats.delayed);
	metrics_number(out, "tern_policy_exhausted_total", "counter",
		       "Requests denied because their policies took too many steps to evaluate.",
		       authorize_exhausted_count());
}

static void write_workers(struct buf *out, const struct server *server)
{
	struct worker_stats stats = worker_stats_read(server->core.workers);

	metrics_number(out, "tern_worker_operations_total", "counter",
		       "Operations, or parts of one, that ran on a worker thread.", stats.done);
	metrics_number(out, "tern_worker_refused_total", "counter",
		       "Requests that were throttled because too much work waited.", stats.refused);
	metrics_number(out, "tern_worker_cancelled_total", "counter",
		       "Requests whose client left while they waited.", stats.cancelled);
	metrics_number(out, "tern_worker_waiting", "gauge",
		       "Operations that wait for a worker thread.", stats.waiting);
	metrics_number(out, "tern_worker_waiting_bytes", "gauge", "Bytes that these hold.",
		       stats.waiting_size);
	metrics_number(out, "tern_worker_running", "gauge", "Operations on worker threads.",
		       stats.running);
	metrics_family(out, "tern_worker_busy_seconds_total", "counter",
		       "Time that operations took on worker threads.");
	buf_format(out, "tern_worker_busy_seconds_total %.6f\n", (double)stats.busy_ns * 1e-9);
}

static void write_internal(struct buf *out, const struct server *server)
{
	struct internal_stats stats = internal_stats_read(&server->core);

	metrics_number(out, "tern_internal_requests_total", "counter",
		       "Requests that one service issued to another.", stats.requests);
	metrics_number(out, "tern_internal_requests_refused_total", "counter",
		       "Of these, those refused because too many were in flight.", stats.refused);
	metrics_number(out, "tern_internal_requests_in_flight", "gauge",
		       "Internal requests in flight.", stats.in_flight);
}

static void write_net(struct buf *out, const struct server *server)
{
	struct net_stats stats;

	net_server_stats(server->net, &stats);
	metrics_number(out, "tern_connections", "gauge", "Open connections.",
		       stats.connections_open);
	metrics_number(out, "tern_connections_accepted_total", "counter", "Connections accepted.",
		       stats.connections_accepted);
	metrics_number(
		out, "tern_connections_refused_total", "counter",
		"Connections closed at once: too many were open, at all or of their address.",
		stats.connections_refused);
	metrics_number(out, "tern_http_requests_total", "counter", "HTTP requests.",
		       stats.requests);
	metrics_number(out, "tern_http_requests_refused_total", "counter",
		       "Requests that are not proper HTTP.", stats.requests_refused);
	metrics_number(out, "tern_http_requests_aborted_total", "counter",
		       "Requests whose client left before the answer.", stats.requests_aborted);
	metrics_number(out, "tern_http_bytes_in_total", "counter", "Bytes received.",
		       stats.bytes_in);
	metrics_number(out, "tern_http_bytes_out_total", "counter", "Bytes sent.", stats.bytes_out);
}

static void write_audit(struct buf *out, const struct server *server)
{
	struct audit_file_stats stats = {0};

	if (server->core.audit)
		stats = audit_stats(server->core.audit);
	metrics_number(out, "tern_audit_records_total", "counter", "Audit records written.",
		       stats.written);
	metrics_number(out, "tern_audit_dropped_total", "counter",
		       "Audit records lost: the disk did not take them in time.", stats.dropped);
	metrics_number(
		out, "tern_audit_left_out_total", "counter",
		"Audit records left out: too many refused requests without a good signature.",
		server->core.audit ? audit_left_out(server->core.audit) : 0);
	metrics_number(out, "tern_audit_failing", "gauge",
		       "1 while audit records cannot be written.", stats.is_failing);
}

static void write_process(struct buf *out, const struct server *server)
{
	metrics_family(out, "tern_build_info", "gauge", "Always 1; its label is the version.");
	buf_format(out, "tern_build_info{version=\"%s\"} 1\n", TERN_VERSION);
	metrics_family(out, "process_start_time_seconds", "gauge",
		       "When the process began to serve, in seconds since 1970.");
	buf_format(out, "process_start_time_seconds %.3f\n", (double)server->started_ms * 1e-3);
	metrics_number(out, "process_resident_memory_bytes", "gauge",
		       "Memory that the process has in RAM.", process_resident_size());
	metrics_family(out, "tern_process_cpu_seconds_total", "counter",
		       "CPU time of the process, user and system.");
	buf_format(out, "tern_process_cpu_seconds_total %.6f\n", (double)clock_cpu_ns() * 1e-9);
}

void admin_metrics(struct admin_call *call)
{
	const struct server *server = call->server;

	call->type = STR("text/plain; version=0.0.4");
	write_operations(&call->body, server);
	write_usage(&call->body, server);
	write_journal(&call->body, server);
	write_partitions(&call->body, &server->core);
	write_net(&call->body, server);
	write_workers(&call->body, server);
	write_internal(&call->body, server);
	write_audit(&call->body, server);
	write_failures(&call->body, server);
	write_process(&call->body, server);
	metrics_figures(&server->core, &call->body);
	obligations_metrics(&server->core, &call->body);
	services_metrics(&server->core, &call->body);
}
