/* SPDX-License-Identifier: MIT */
/* metering: a task of the control thread merges at each minute of wall time. */
#include "core/metering.h"

#include "core/dispatch_thread.h"
#include "net/server.h"

enum { MINUTE_MS = 60000 };

struct metering {
	uint32_t threads, operations;
	struct thread_meter *meters;
	struct usage *usage;
	struct core_task task;
};

static void post(struct core *core, struct metering *metering)
{
	int64_t next_ms = (clock_now_ms() / MINUTE_MS + 1) * MINUTE_MS;

	core_post_control_on(core, &metering->task, next_ms);
}

static void run_merge(struct core *core, struct core_task *task)
{
	struct metering *metering = container_of(task, struct metering, task);

	usage_merge(metering->usage, clock_now_ms() / MINUTE_MS * MINUTE_MS);
	post(core, metering);
}

void metering_open(struct core *core, uint32_t net_threads)
{
	struct metering *metering = heap_alloc(sizeof(*metering));

	for (size_t i = 0; i < core->routes.service_count; i++)
		metering->operations += core->routes.services[i]->operation_count;
	metering->threads = net_threads + 1;
	metering->usage = usage_new(metering->threads, metering->operations);
	metering->meters = heap_alloc(metering->threads * sizeof(*metering->meters));
	for (uint32_t i = 0; i < metering->threads; i++) {
		metering->meters[i].operations = meter_new(metering->operations);
		metering->meters[i].usage = usage_recorder(metering->usage, i);
	}
	metering->task.run = run_merge;
	core->metering = metering;
}

struct thread_meter *metering_of_control(const struct core *core)
{
	return &core->metering->meters[core->metering->threads - 1];
}

struct thread_meter *metering_of(const struct core *core, struct net_thread *home)
{
	const struct dispatch_thread *thread = home ? net_thread_context(home) : NULL;

	return thread ? thread->meter : metering_of_control(core);
}

void metering_start(struct core *core)
{
	check(core->control);
	post(core, core->metering);
}

void metering_close(struct core *core)
{
	struct metering *metering = core->metering;

	if (!metering)
		return;
	for (uint32_t i = 0; i < metering->threads; i++)
		meter_free(&metering->meters[i].operations);
	heap_free(metering->meters);
	usage_free(&metering->usage);
	heap_free(metering);
	core->metering = NULL;
}

struct thread_meter *metering_thread(struct core *core, uint32_t thread)
{
	check(thread < core->metering->threads);
	return &core->metering->meters[thread];
}

struct meter *metering_sum(const struct core *core)
{
	struct meter *sum = meter_new(core->metering->operations);

	for (uint32_t i = 0; i < core->metering->threads; i++)
		meter_add(sum, core->metering->meters[i].operations);
	return sum;
}

struct usage *metering_usage(const struct core *core)
{
	return core->metering->usage;
}
