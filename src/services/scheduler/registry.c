/* SPDX-License-Identifier: MIT */
/* registry: one snapshot table of schedules and one of groups, by account, region and names. */
#include "services/scheduler/registry.h"

#include <string.h>

#include "base/pack.h"
#include "base/snapshot.h"

struct scheduler_registry {
	struct snapshot_table *schedules, *groups;
};

/* ---- snapshots ---- */

static void for_texts(struct scheduler_schedule *schedule, pack_visit_fn visit, void *context)
{
	visit(context, &schedule->account);
	visit(context, &schedule->region);
	visit(context, &schedule->group);
	visit(context, &schedule->name);
	visit(context, &schedule->shown);
	visit(context, &schedule->client_token);
	visit(context, &schedule->sealed_input);
}

struct scheduler_schedule scheduler_schedule_draft(const struct scheduler_schedule *schedule)
{
	static const size_t from = offsetof(struct scheduler_schedule, account);
	struct scheduler_schedule draft = {0};

	memcpy((char *)&draft + from, (const char *)schedule + from, sizeof(draft) - from);
	return draft;
}

const struct scheduler_schedule *scheduler_schedule_new(const struct scheduler_schedule *draft)
{
	struct scheduler_schedule copy = scheduler_schedule_draft(draft);
	size_t size = sizeof(copy);

	for_texts(&copy, pack_size, &size);
	struct scheduler_schedule *schedule = heap_alloc(size);
	char *end = (char *)(schedule + 1);
	for_texts(&copy, pack_text, &end);
	memcpy(schedule, &copy, sizeof(copy));
	schedule->references = 1;
	return schedule;
}

void scheduler_schedule_hold(const struct scheduler_schedule *schedule)
{
	atomic_fetch_add_explicit(&((struct scheduler_schedule *)schedule)->references, 1,
				  memory_order_relaxed);
}

void scheduler_schedule_release(const struct scheduler_schedule *schedule)
{
	struct scheduler_schedule *mine = (struct scheduler_schedule *)schedule;

	if (mine && atomic_fetch_sub_explicit(&mine->references, 1, memory_order_acq_rel) == 1)
		heap_free(mine);
}

static void for_group_texts(struct scheduler_group *group, pack_visit_fn visit, void *context)
{
	visit(context, &group->account);
	visit(context, &group->region);
	visit(context, &group->name);
	for (size_t i = 0; i < group->tag_count; i++) {
		visit(context, (struct str *)&group->tags[i].key);
		visit(context, (struct str *)&group->tags[i].value);
	}
}

struct scheduler_group scheduler_group_draft(const struct scheduler_group *group)
{
	static const size_t from = offsetof(struct scheduler_group, account);
	struct scheduler_group draft = {0};

	memcpy((char *)&draft + from, (const char *)group + from, sizeof(draft) - from);
	return draft;
}

const struct scheduler_group *scheduler_group_new(const struct scheduler_group *draft)
{
	struct scheduler_group copy = scheduler_group_draft(draft);
	size_t size = sizeof(copy) + draft->tag_count * sizeof(*draft->tags);

	for_group_texts(&copy, pack_size, &size);
	struct scheduler_group *group = heap_alloc(size);
	char *end = (char *)(group + 1);
	copy.tags = pack_array(&end, draft->tags, draft->tag_count * sizeof(*draft->tags));
	for_group_texts(&copy, pack_text, &end);
	memcpy(group, &copy, sizeof(copy));
	group->references = 1;
	return group;
}

void scheduler_group_hold(const struct scheduler_group *group)
{
	atomic_fetch_add_explicit(&((struct scheduler_group *)group)->references, 1,
				  memory_order_relaxed);
}

void scheduler_group_release(const struct scheduler_group *group)
{
	struct scheduler_group *mine = (struct scheduler_group *)group;

	if (mine && atomic_fetch_sub_explicit(&mine->references, 1, memory_order_acq_rel) == 1)
		heap_free(mine);
}

/* ---- tables ---- */

static void hold(const void *value)
{
	scheduler_schedule_hold(value);
}

static void release(const void *value)
{
	scheduler_schedule_release(value);
}

static void hold_group(const void *value)
{
	scheduler_group_hold(value);
}

static void release_group(const void *value)
{
	scheduler_group_release(value);
}

static int compare(const void *key, const void *value)
{
	const struct scheduler_schedule *a = key, *b = value;
	int order = str_compare(a->account, b->account);

	if (order == 0)
		order = str_compare(a->region, b->region);
	if (order == 0)
		order = str_compare(a->group, b->group);
	return order != 0 ? order : str_compare(a->name, b->name);
}

static int compare_groups(const void *key, const void *value)
{
	const struct scheduler_group *a = key, *b = value;
	int order = str_compare(a->account, b->account);

	if (order == 0)
		order = str_compare(a->region, b->region);
	return order != 0 ? order : str_compare(a->name, b->name);
}

static const struct snapshot_kind schedule_kind = {
	.hold = hold, .release = release, .order_count = 1, .orders = {{.compare = compare}}};
static const struct snapshot_kind group_kind = {.hold = hold_group,
						.release = release_group,
						.order_count = 1,
						.orders = {{.compare = compare_groups}}};

struct scheduler_registry *scheduler_registry_new(void)
{
	struct scheduler_registry *registry = heap_alloc(sizeof(*registry));

	registry->schedules = snapshot_table_new(&schedule_kind);
	registry->groups = snapshot_table_new(&group_kind);
	return registry;
}

void scheduler_registry_free(struct scheduler_registry **registry)
{
	if (!*registry)
		return;
	snapshot_table_free(&(*registry)->schedules);
	snapshot_table_free(&(*registry)->groups);
	heap_free(*registry);
	*registry = NULL;
}

/* ---- reading ---- */

const struct scheduler_schedule *scheduler_registry_find(struct scheduler_registry *registry,
							 struct str account, struct str region,
							 struct str group, struct str name)
{
	const struct scheduler_schedule wanted = {
		.account = account, .region = region, .group = group, .name = name};

	return snapshot_table_find(registry->schedules, 0,
				   (struct snapshot_key){0, compare, &wanted});
}

const struct scheduler_group *scheduler_registry_find_group(struct scheduler_registry *registry,
							    struct str account, struct str region,
							    struct str name)
{
	const struct scheduler_group wanted = {.account = account, .region = region, .name = name};

	return snapshot_table_find(registry->groups, 0,
				   (struct snapshot_key){0, compare_groups, &wanted});
}

size_t scheduler_registry_count(struct scheduler_registry *registry)
{
	return snapshot_table_count(registry->schedules, 0);
}

static int compare_scope(const void *key, const void *value)
{
	const struct scheduler_schedule *a = key, *b = value;
	int order = str_compare(a->account, b->account);

	return order != 0 ? order : str_compare(a->region, b->region);
}

static int compare_group_scope(const void *key, const void *value)
{
	const struct scheduler_group *a = key, *b = value;
	int order = str_compare(a->account, b->account);

	return order != 0 ? order : str_compare(a->region, b->region);
}

size_t scheduler_registry_count_account(struct scheduler_registry *registry, struct str account,
					struct str region)
{
	const struct scheduler_schedule scope = {.account = account, .region = region};
	const struct snapshot *snapshot = snapshot_take(registry->schedules);
	size_t count =
		snapshot_count_range(snapshot, 0, (struct snapshot_key){0, compare_scope, &scope});

	snapshot_release(snapshot);
	return count;
}

size_t scheduler_registry_count_groups(struct scheduler_registry *registry, struct str account,
				       struct str region)
{
	const struct scheduler_group scope = {.account = account, .region = region};
	const struct snapshot *snapshot = snapshot_take(registry->groups);
	size_t count = snapshot_count_range(snapshot, 0,
					    (struct snapshot_key){0, compare_group_scope, &scope});

	snapshot_release(snapshot);
	return count;
}

/* Empty texts are in front of all others. */
void scheduler_registry_each(struct scheduler_registry *registry,
			     const struct scheduler_schedule *from, scheduler_visit_fn visit,
			     void *context)
{
	const struct snapshot *snapshot = snapshot_take(registry->schedules);
	const struct scheduler_schedule *schedule;
	struct snapshot_cursor cursor;

	snapshot_seek(snapshot, 0, (struct snapshot_key){0, compare, from}, &cursor);
	while ((schedule = snapshot_next(&cursor)) != NULL)
		if (!visit(context, schedule))
			break;
	snapshot_release(snapshot);
}

void scheduler_registry_each_group(struct scheduler_registry *registry,
				   const struct scheduler_group *from,
				   scheduler_group_visit_fn visit, void *context)
{
	const struct snapshot *snapshot = snapshot_take(registry->groups);
	const struct scheduler_group *group;
	struct snapshot_cursor cursor;

	snapshot_seek(snapshot, 0, (struct snapshot_key){0, compare_groups, from}, &cursor);
	while ((group = snapshot_next(&cursor)) != NULL)
		if (!visit(context, group))
			break;
	snapshot_release(snapshot);
}

/* ---- changing ---- */

void scheduler_registry_put(struct scheduler_registry *registry,
			    const struct scheduler_schedule *schedule)
{
	snapshot_table_begin(registry->schedules);
	snapshot_table_put(registry->schedules, schedule);
	snapshot_table_commit(registry->schedules);
}

void scheduler_registry_remove(struct scheduler_registry *registry,
			       const struct scheduler_schedule *schedule)
{
	snapshot_table_begin(registry->schedules);
	(void)snapshot_table_remove(registry->schedules,
				    (struct snapshot_key){0, compare, schedule}); /* or not there */
	snapshot_table_commit(registry->schedules);
}

void scheduler_registry_put_group(struct scheduler_registry *registry,
				  const struct scheduler_group *group)
{
	snapshot_table_begin(registry->groups);
	snapshot_table_put(registry->groups, group);
	snapshot_table_commit(registry->groups);
}

void scheduler_registry_remove_group(struct scheduler_registry *registry,
				     const struct scheduler_group *group)
{
	snapshot_table_begin(registry->groups);
	(void)snapshot_table_remove(registry->groups,
				    (struct snapshot_key){0, compare_groups, group}); /* or not */
	snapshot_table_commit(registry->groups);
}
