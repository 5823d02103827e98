/* SPDX-License-Identifier: MIT */
/* logs: the service's beginning and end. */
#include "api/handlers.h"
#include "api/logs.h"
#include "core/billing.h"
#include "core/log_sink.h"
#include "core/metrics.h"
#include "services/logs/change.h"
#include "services/logs/check.h"
#include "services/logs/logs.h"
#include "services/logs/sink.h"
#include "services/logs/store.h"
#include "services/logs/target.h"

enum {
	WAL_SIZE = 8 << 20,
	SEGMENT_SIZE = 16 << 20,
	SEGMENT_AGE_MS = 86400000,
};

/* ---- loading ---- */

static enum err load_group(struct core *core, struct arena *arena, struct str key,
			   struct str record)
{
	struct logs *logs = logs_of(core);
	struct logs_group group;

	enum err err = logs_group_decode(arena, record, &group);
	if (!err && !str_equal(key, logs_group_key(arena, &group)))
		err = ERR_DAMAGED;
	if (!err)
		err = logstore_add(logs->store, group.number);
	if (!err)
		logs_registry_put(logs->registry, logs_group_new(&group));
	return err;
}

static enum err load_policy(struct core *core, struct arena *arena, struct str record)
{
	struct logs_policy policy;

	enum err err = logs_policy_decode(arena, record, &policy);
	if (err)
		return err;
	logs_registry_put_policy(logs_of(core)->registry, logs_policy_new(&policy));
	logs_policies_join(core, policy.account, policy.region);
	policy_release(policy.policy);
	return ERR_OK;
}

static enum err load_row(void *context, struct str key, struct str record)
{
	struct core *core = context;
	struct logs *logs = logs_of(core);
	const struct logs_stream *stream;
	struct arena arena;
	enum err err = ERR_OK;

	arena_init(&arena);
	if (str_starts(key, STR("g/"))) {
		err = load_group(core, &arena, key, record);
	} else if (str_starts(key, STR("s/"))) {
		err = logs_stream_decode(&arena, record, &stream);
		if (!err)
			logs_registry_put_stream(logs->registry, stream);
	} else if (str_starts(key, STR("p/"))) {
		err = load_policy(core, &arena, record);
	} else if (record.size == 8 && str_equal(key, LOGS_NEXT_NUMBER)) {
		logs->next_number = get_u64(record.data);
	} else if (record.size == 8 && str_equal(key, LOGS_RUN)) {
		logs->run = get_u64(record.data);
	} else {
		err = ERR_DAMAGED;
	}
	arena_done(&arena);
	return err;
}

/* Events of this start are behind those of earlier ones. */
static enum err begin_run(struct core *core)
{
	struct logs *logs = logs_of(core);
	struct catalog_changes changes = {0};
	uint64_t greatest = logstore_greatest(logs->store);
	char bytes[8];

	logs->run++;
	/* A catalog from an older backup may not know groups whose files are there. */
	if (logs->next_number <= greatest)
		logs->next_number = greatest + 1;
	put_u64(bytes, logs->run);
	catalog_changes_put(&changes, CATALOG_LOGS, LOGS_RUN, str_of(bytes, sizeof(bytes)));
	return catalog_write(core->catalog, &changes);
}

static enum err open_store(struct core *core, const struct service_start *start)
{
	struct logs *logs = logs_of(core);
	struct str directory =
		start->data.size > 0 ? arena_format(start->arena, "%.*s/logs", STR_ARG(start->data))
				     : (struct str){0};
	const struct logstore_options options = {
		.directory = directory,
		.syncs = start->is_durable,
		.seal = core->seal,
		.wal_size = WAL_SIZE,
		.segment_size = SEGMENT_SIZE,
		.segment_age_ms = SEGMENT_AGE_MS,
		.on_flushed = logs_flushed,
		.context = core,
	};

	return logstore_open(&options, &logs->store);
}

static enum err start(struct core *core, const struct service_start *start, struct str *out_problem)
{
	struct logs *logs = logs_of(core);

	(void)out_problem; /* the configuration has no logs */
	logs->registry = logs_registry_new();
	logs->next_number = 1;
	due_register(core, DUE_LOGS_GROUP, logs_expire);
	enum err err = open_store(core, start);
	if (err)
		return err;
	err = catalog_begin(core->catalog, false);
	if (!err)
		err = catalog_each(core->catalog, CATALOG_LOGS, load_row, core);
	catalog_abort(core->catalog);
	if (!err)
		err = logstore_recover(logs->store);
	if (!err)
		err = begin_run(core);
	if (err)
		return err;
	logs_sink_open(core);
	logstore_start(logs->store);
	return ERR_OK;
}

static void stop(struct core *core)
{
	struct logs *logs = logs_of(core);

	logstore_close(&logs->store); /* its frames belong to the sink */
	logs_sink_close(core);
	logs_registry_free(&logs->registry);
}

/* ---- reset ---- */

struct chosen {
	struct str account;
	const struct logs_group *group;
};

static bool choose(void *context, const struct logs_group *group)
{
	struct chosen *chosen = context;

	if (str_equal(group->account, chosen->account))
		chosen->group = logs_group_new(group);
	return false;
}

static enum err reset(struct core *core, struct str account, uint64_t *count)
{
	const struct logs_group from = {.account = account};
	enum err err = ERR_OK;

	for (;;) {
		struct chosen chosen = {.account = account};
		logs_registry_each(logs_of(core)->registry, &from, choose, &chosen);
		if (!chosen.group)
			return ERR_OK;
		err = logs_group_delete(core, chosen.group);
		logs_group_release(chosen.group);
		if (err)
			return err;
		(*count)++;
	}
}

/* ---- the bill ---- */

struct billed {
	struct core *core;
	void (*add)(void *context, const struct billing_item *item);
	void *context;
};

/* Gibibytes for one hour. */
static bool bill_group(void *context, const struct logs_group *group)
{
	struct billed *billed = context;
	struct arena arena;
	uint64_t bytes = logstore_size(logs_of(billed->core)->store, group->number).text;

	arena_init(&arena);
	const struct billing_item item = {
		.account = group->account,
		.region = group->region,
		.usage = STR("TimedStorage-ByteHrs"),
		.operation = STR("HourlyStorageMetering"),
		.resource = logs_arn(&arena, group->region, group->account, group->name,
				     (struct str){0}),
		.micro = (int64_t)(bytes / 1024 * BILLING_MICRO / (1 << 20)),
	};
	if (item.micro > 0)
		billed->add(billed->context, &item);
	arena_done(&arena);
	return true;
}

static void bill(struct core *core, void (*add)(void *context, const struct billing_item *item),
		 void *context)
{
	struct billed billed = {core, add, context};

	logs_registry_each(logs_of(core)->registry, &(struct logs_group){0}, bill_group, &billed);
}

/* ---- figures ---- */

static void metrics(const struct core *core, struct buf *out)
{
	const struct logs *logs = logs_of(core);
	struct logstore_stats stats = logstore_stats(logs->store);
	struct log_sink_stats sink = log_sink_stats(core);

	metrics_number(out, "tern_logs_groups", "gauge", "Log groups.",
		       logs_registry_count(logs->registry));
	metrics_number(out, "tern_logs_streams", "gauge", "Log streams.",
		       logs_registry_count_streams(logs->registry));
	metrics_number(out, "tern_logs_events_total", "counter", "Log events that were stored.",
		       stats.events);
	metrics_number(out, "tern_logs_written_bytes_total", "counter",
		       "Bytes that were written to write-ahead logs.", stats.bytes);
	metrics_number(out, "tern_logs_syncs_total", "counter", "Syncs of write-ahead logs.",
		       stats.syncs);
	metrics_number(out, "tern_logs_failures_total", "counter",
		       "Batches of log events that could not be stored.", stats.failures);
	metrics_number(out, "tern_logs_sink_events_total", "counter",
		       "Log events of services that were accepted.", sink.accepted);
	metrics_number(out, "tern_logs_sink_dropped_total", "counter",
		       "Log events of services that were dropped.", sink.dropped);
	metrics_number(out, "tern_logs_sink_waiting", "gauge",
		       "Log events of services that are not stored yet.", sink.waiting);
}

const struct service_module logs_module = {
	.service = &logs_service,
	.bind = logs_bind_handlers,
	.stage = SERVICE_AFTER_ENGINE,
	.needs = "iam kms",
	.state_magic = 0x6c6f6773,
	.state_size = sizeof(struct logs),
	.start = start,
	.stop = stop,
	.reset = reset,
	.reset_name = "deleted_log_groups",
	.metrics = metrics,
	.bill = bill,
	.targets = &logs_target_provider,
};
