/* SPDX-License-Identifier: MIT */
/* scheduler: the service's beginning and end. */
#include "services/scheduler/scheduler.h"

#include "api/handlers.h"
#include "api/scheduler.h"
#include "base/vec.h"
#include "core/metrics.h"
#include "services/scheduler/change.h"
#include "services/scheduler/deliver.h"
#include "services/scheduler/fire.h"
#include "services/scheduler/plan.h"
#include "services/scheduler/store.h"

/* ---- loading ---- */

static enum err load_row(void *context, struct str key, struct str record)
{
	struct core *core = context;
	struct scheduler_registry *registry = scheduler_of(core)->registry;
	struct scheduler_schedule schedule = {0};
	struct scheduler_group group = {0};
	bool is_group = str_starts(key, STR("g/"));
	struct arena arena;

	arena_init(&arena);
	enum err err = is_group ? scheduler_group_decode(&arena, record, &group)
				: scheduler_schedule_decode(&arena, record, &schedule);
	if (!err && !str_equal(key, is_group ? scheduler_group_key(&arena, &group)
					     : scheduler_schedule_key(&arena, &schedule)))
		err = ERR_DAMAGED;
	if (!err && is_group)
		scheduler_registry_put_group(registry, scheduler_group_new(&group));
	else if (!err)
		scheduler_registry_put(registry, scheduler_schedule_new(&schedule));
	arena_done(&arena);
	return err;
}

static enum err start(struct core *core, const struct service_start *start, struct str *out_problem)
{
	(void)start;
	(void)out_problem; /* the configuration has no schedules */
	scheduler_of(core)->registry = scheduler_registry_new();
	scheduler_fire_register(core);
	enum err err = catalog_begin(core->catalog, false);
	if (!err)
		err = catalog_each(core->catalog, CATALOG_SCHEDULER, load_row, core);
	catalog_abort(core->catalog);
	return err;
}

static void stop(struct core *core)
{
	struct scheduler *scheduler = scheduler_of(core);

	scheduler_registry_free(&scheduler->registry);
	scheduler_zones_free(scheduler);
	vec_done(&scheduler->firings);
}

/* ---- reset ---- */

enum { CHOSEN = 500 };
struct chosen {
	struct str account;
	const struct scheduler_schedule *schedules[CHOSEN];
	const struct scheduler_group *groups[CHOSEN];
	size_t schedule_count, group_count;
};

static bool choose(void *context, const struct scheduler_schedule *schedule)
{
	struct chosen *chosen = context;

	if (!str_equal(schedule->account, chosen->account) || chosen->schedule_count == CHOSEN)
		return false;
	scheduler_schedule_hold(schedule);
	chosen->schedules[chosen->schedule_count++] = schedule;
	return true;
}

static bool choose_group(void *context, const struct scheduler_group *group)
{
	struct chosen *chosen = context;

	if (!str_equal(group->account, chosen->account) || chosen->group_count == CHOSEN)
		return false;
	scheduler_group_hold(group);
	chosen->groups[chosen->group_count++] = group;
	return true;
}

/* Some of the account's schedules, or if it has none some of its groups. */
static enum err reset_some(struct core *core, struct chosen *chosen)
{
	struct scheduler_registry *registry = scheduler_of(core)->registry;
	const struct scheduler_schedule from = {.account = chosen->account};
	const struct scheduler_group from_group = {.account = chosen->account};
	enum err err = ERR_OK;

	chosen->schedule_count = chosen->group_count = 0;
	scheduler_registry_each(registry, &from, choose, chosen);
	if (chosen->schedule_count == 0)
		scheduler_registry_each_group(registry, &from_group, choose_group, chosen);
	if (chosen->schedule_count > 0)
		err = scheduler_delete(core, chosen->schedules, chosen->schedule_count);
	for (size_t i = 0; i < chosen->schedule_count; i++)
		scheduler_schedule_release(chosen->schedules[i]);
	for (size_t i = 0; i < chosen->group_count; i++) {
		if (!err)
			err = scheduler_group_delete(core, chosen->groups[i]);
		scheduler_group_release(chosen->groups[i]);
	}
	return err;
}

static enum err reset(struct core *core, struct str account, uint64_t *count)
{
	struct chosen *chosen = heap_alloc(sizeof(*chosen));
	enum err err;

	chosen->account = account;
	do {
		err = reset_some(core, chosen);
		*count += chosen->schedule_count;
	} while (!err && chosen->schedule_count + chosen->group_count > 0);
	heap_free(chosen);
	return err;
}

static void metrics(const struct core *core, struct buf *out)
{
	struct scheduler *scheduler = scheduler_of(core);

	metrics_family(out, "tern_scheduler_schedules", "gauge", "Schedules.");
	buf_format(out, "tern_scheduler_schedules %zu\n",
		   scheduler_registry_count(scheduler->registry));
	metrics_family(out, "tern_scheduler_invocations_total", "counter",
		       "Occurrences of schedules that were stored for delivery.");
	buf_format(out, "tern_scheduler_invocations_total %llu\n",
		   (unsigned long long)atomic_load_explicit(&scheduler->invocations,
							    memory_order_relaxed));
}

static const struct obligation_kind *const obligations[] = {&scheduler_obligation};

const struct service_module scheduler_module = {
	.service = &scheduler_service,
	.bind = scheduler_bind_handlers,
	.stage = SERVICE_AFTER_ENGINE,
	.needs = "iam sqs",
	.state_magic = 0x73636865,
	.state_size = sizeof(struct scheduler),
	.start = start,
	.stop = stop,
	.reset = reset,
	.reset_name = "deleted_schedules",
	.metrics = metrics,
	.obligations = obligations,
	.obligation_count = 1,
};
