/* SPDX-License-Identifier: MIT */
/* pipes: the service's beginning and end. */
#include "api/handlers.h"
#include "core/consumer.h"
#include "core/metrics.h"
#include "services/pipes/change.h"
#include "services/pipes/store.h"

static enum err load_row(void *context, struct str key, struct str record)
{
	struct core *core = context;
	struct pipe draft = {0};
	struct arena arena;

	arena_init(&arena);
	enum err err = pipe_decode(&arena, record, &draft);
	if (!err && !str_equal(key, pipe_key(&arena, &draft)))
		err = ERR_DAMAGED;
	if (!err) {
		draft.status = pipe_status_new();
		pipes_registry_put(pipes_of(core)->registry, pipe_new(&draft));
		pipe_status_release(draft.status);
	}
	arena_done(&arena);
	return err;
}

static bool apply(void *context, const struct pipe *pipe)
{
	pipe_apply(context, pipe, false);
	return true;
}

static enum err start(struct core *core, const struct service_start *start, struct str *out_problem)
{
	const struct pipe first = {0};

	(void)start;
	(void)out_problem; /* the configuration has no pipes */
	pipes_of(core)->registry = pipes_registry_new();
	enum err err = catalog_begin(core->catalog, false);
	if (!err)
		err = catalog_each(core->catalog, CATALOG_PIPES, load_row, core);
	catalog_abort(core->catalog);
	if (!err)
		pipes_registry_each(pipes_of(core)->registry, &first, apply, core);
	return err;
}

static void stop(struct core *core)
{
	pipes_registry_free(&pipes_of(core)->registry);
}

/* ---- reset ---- */

enum { CHOSEN = 500 };
struct chosen {
	struct str account;
	const struct pipe *pipes[CHOSEN];
	size_t count;
};

static bool choose(void *context, const struct pipe *pipe)
{
	struct chosen *chosen = context;

	if (!str_equal(pipe->account, chosen->account) || chosen->count == CHOSEN)
		return false;
	pipe_hold(pipe);
	chosen->pipes[chosen->count++] = pipe;
	return true;
}

static enum err reset(struct core *core, struct str account, uint64_t *count)
{
	struct chosen *chosen = heap_alloc(sizeof(*chosen));
	const struct pipe from = {.account = account};
	enum err err;

	chosen->account = account;
	do {
		chosen->count = 0;
		pipes_registry_each(pipes_of(core)->registry, &from, choose, chosen);
		err = pipes_delete(core, chosen->pipes, chosen->count);
		for (size_t i = 0; i < chosen->count; i++)
			pipe_release(chosen->pipes[i]);
		*count += chosen->count;
	} while (!err && chosen->count > 0);
	heap_free(chosen);
	return err;
}

static void metrics(const struct core *core, struct buf *out)
{
	const struct pipes *pipes = pipes_of(core);
	struct consumer_stats stats = consumers_stats(core);

	metrics_family(out, "tern_pipes", "gauge", "Pipes.");
	buf_format(out, "tern_pipes %zu\n", pipes_registry_count(pipes->registry));
	metrics_family(out, "tern_pipes_executions_total", "counter",
		       "Batches of messages that pipes have handled.");
	buf_format(
		out, "tern_pipes_executions_total %llu\n",
		(unsigned long long)atomic_load_explicit(&pipes->executions, memory_order_relaxed));
	metrics_family(out, "tern_pipes_failures_total", "counter",
		       "Batches of which a message could not be delivered.");
	buf_format(
		out, "tern_pipes_failures_total %llu\n",
		(unsigned long long)atomic_load_explicit(&pipes->failures, memory_order_relaxed));
	metrics_family(out, "tern_consumer_batches", "gauge",
		       "Batches of consumed queues in progress.");
	buf_format(out, "tern_consumer_batches %llu\n", (unsigned long long)stats.batches);
	metrics_family(out, "tern_consumer_bytes", "gauge",
		       "Bytes of messages in batches of consumed queues.");
	buf_format(out, "tern_consumer_bytes %llu\n", (unsigned long long)stats.bytes);
}

const struct service_module pipes_module = {
	.service = &pipes_service,
	.bind = pipes_bind_handlers,
	.stage = SERVICE_AFTER_ENGINE,
	.needs = "iam sqs",
	.state_magic = 0x70697065,
	.state_size = sizeof(struct pipes),
	.start = start,
	.stop = stop,
	.reset = reset,
	.reset_name = "deleted_pipes",
	.metrics = metrics,
};
