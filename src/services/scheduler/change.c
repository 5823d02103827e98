/* SPDX-License-Identifier: MIT */
/* change: one record a schedule or group; the registry follows the catalog's commit. */
#include "services/scheduler/change.h"

#include "services/scheduler/plan.h"
#include "services/scheduler/store.h"

enum { BATCH = 500 };

static const struct scheduler_schedule *find(struct core *core,
					     const struct scheduler_schedule *schedule)
{
	return scheduler_registry_find(scheduler_of(core)->registry, schedule->account,
				       schedule->region, schedule->group, schedule->name);
}

static enum err write(struct core *core, struct str key, struct str record, struct due_time old,
		      struct due_time at)
{
	struct catalog_changes changes = {0};

	catalog_changes_put(&changes, CATALOG_SCHEDULER, key, record);
	due_set(&changes, DUE_SCHEDULER, key, old, at);
	enum err err = catalog_write(core->catalog, &changes);
	if (!err)
		due_watch(core, at);
	return err;
}

enum err scheduler_change(struct core *core, const struct scheduler_schedule *draft)
{
	const struct scheduler_schedule *old = find(core, draft);
	struct buf record = {0};
	struct arena arena;

	arena_init(&arena);
	scheduler_schedule_encode(&record, draft);
	enum err err = write(core, scheduler_schedule_key(&arena, draft), buf_str(&record),
			     scheduler_due_of(old), scheduler_due_of(draft));
	scheduler_schedule_release(old);
	buf_done(&record);
	arena_done(&arena);
	if (!err)
		scheduler_registry_put(scheduler_of(core)->registry, scheduler_schedule_new(draft));
	return err;
}

enum err scheduler_delay(struct core *core, const struct scheduler_schedule *schedule,
			 int64_t until_ms)
{
	struct scheduler_schedule draft = scheduler_schedule_draft(schedule);

	draft.fire_ms = until_ms;
	return scheduler_change(core, &draft);
}

enum err scheduler_delete(struct core *core, const struct scheduler_schedule *const *schedules,
			  size_t count)
{
	struct catalog_changes changes = {0};
	struct arena arena;

	arena_init(&arena);
	for (size_t i = 0; i < count; i++) {
		struct str key = scheduler_schedule_key(&arena, schedules[i]);

		catalog_changes_drop(&changes, CATALOG_SCHEDULER, key);
		due_set(&changes, DUE_SCHEDULER, key, scheduler_due_of(schedules[i]), DUE_NEVER);
	}
	arena_done(&arena);
	enum err err = catalog_write(core->catalog, &changes);
	for (size_t i = 0; i < count && !err; i++)
		scheduler_registry_remove(scheduler_of(core)->registry, schedules[i]);
	return err;
}

/* ---- groups ---- */

static enum err write_group(struct core *core, const struct scheduler_group *draft,
			    struct due_time at)
{
	struct buf record = {0};
	struct arena arena;

	arena_init(&arena);
	scheduler_group_encode(&record, draft);
	enum err err =
		write(core, scheduler_group_key(&arena, draft), buf_str(&record), DUE_NEVER, at);
	buf_done(&record);
	arena_done(&arena);
	if (err)
		return err;
	scheduler_registry_put_group(scheduler_of(core)->registry, scheduler_group_new(draft));
	return ERR_OK;
}

enum err scheduler_group_change(struct core *core, const struct scheduler_group *draft)
{
	return write_group(core, draft, DUE_NEVER);
}

static enum err remove_group(struct core *core, const struct scheduler_group *group)
{
	struct catalog_changes changes = {0};
	struct arena arena;

	arena_init(&arena);
	catalog_changes_drop(&changes, CATALOG_SCHEDULER, scheduler_group_key(&arena, group));
	arena_done(&arena);
	enum err err = catalog_write(core->catalog, &changes);
	if (!err)
		scheduler_registry_remove_group(scheduler_of(core)->registry, group);
	return err;
}

struct batch {
	const struct scheduler_group *group;
	const struct scheduler_schedule *schedules[BATCH];
	size_t count;
	bool has_more;
};

static bool collect(void *context, const struct scheduler_schedule *schedule)
{
	struct batch *batch = context;
	const struct scheduler_group *group = batch->group;

	if (!str_equal(schedule->account, group->account) ||
	    !str_equal(schedule->region, group->region) || !str_equal(schedule->group, group->name))
		return false;
	batch->has_more = batch->count == BATCH;
	if (batch->has_more)
		return false;
	scheduler_schedule_hold(schedule);
	batch->schedules[batch->count++] = schedule;
	return true;
}

enum err scheduler_group_delete(struct core *core, const struct scheduler_group *group)
{
	struct batch *batch = heap_alloc(sizeof(*batch));
	const struct scheduler_schedule from = {
		.account = group->account, .region = group->region, .group = group->name};
	struct scheduler_group draft = scheduler_group_draft(group);

	batch->group = group;
	scheduler_registry_each(scheduler_of(core)->registry, &from, collect, batch);
	enum err err = scheduler_delete(core, batch->schedules, batch->count);
	for (size_t i = 0; i < batch->count; i++)
		scheduler_schedule_release(batch->schedules[i]);
	bool has_more = batch->has_more;
	heap_free(batch);
	if (err)
		return err;
	if (!has_more)
		return remove_group(core, group);
	draft.is_deleting = true;
	return write_group(core, &draft, (struct due_time){.wall_ms = clock_now_ms()});
}
