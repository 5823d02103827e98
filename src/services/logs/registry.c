/* SPDX-License-Identifier: MIT */
/* registry: one snapshot table a kind; groups and streams are found by name and by number. */
#include "services/logs/registry.h"

#include "base/pack.h"
#include "base/snapshot.h"

struct logs_registry {
	struct snapshot_table *groups, *streams, *policies;
};

enum { BY_NAME, BY_NUMBER };

#define HOLD(value) atomic_fetch_add_explicit(&(value)->references, 1, memory_order_relaxed)
#define IS_LAST(value)                                                                             \
	(atomic_fetch_sub_explicit(&(value)->references, 1, memory_order_acq_rel) == 1)

/* ---- figures ---- */

struct logs_figures *logs_figures_new(int64_t first_ms, int64_t last_ms, int64_t ingested_ms)
{
	struct logs_figures *figures = heap_alloc(sizeof(*figures));

	figures->references = 1;
	figures->first_ms = first_ms;
	figures->last_ms = last_ms;
	figures->ingested_ms = ingested_ms;
	return figures;
}

static void raise_to(_Atomic int64_t *figure, int64_t value)
{
	int64_t old = atomic_load_explicit(figure, memory_order_relaxed);

	while (old < value && !atomic_compare_exchange_weak(figure, &old, value))
		;
}

void logs_figures_add(struct logs_figures *figures, int64_t first_ms, int64_t last_ms,
		      int64_t ingested_ms)
{
	int64_t old = atomic_load_explicit(&figures->first_ms, memory_order_relaxed);

	while ((old == 0 || old > first_ms) &&
	       !atomic_compare_exchange_weak(&figures->first_ms, &old, first_ms))
		;
	raise_to(&figures->last_ms, last_ms);
	raise_to(&figures->ingested_ms, ingested_ms);
}

/* ---- groups ---- */

static void for_group(struct logs_group *group, pack_visit_fn visit, void *context)
{
	visit(context, &group->account);
	visit(context, &group->region);
	visit(context, &group->name);
	visit(context, &group->kms_key);
	visit(context, &group->class);
	for (size_t i = 0; i < group->tag_count; i++) {
		visit(context, (struct str *)&group->tags[i].key);
		visit(context, (struct str *)&group->tags[i].value);
	}
}

struct logs_group logs_group_draft(const struct logs_group *group)
{
	static const size_t from = offsetof(struct logs_group, account);
	struct logs_group draft = {0};

	memcpy((char *)&draft + from, (const char *)group + from, sizeof(draft) - from);
	return draft;
}

const struct logs_group *logs_group_new(const struct logs_group *draft)
{
	struct logs_group copy = logs_group_draft(draft);
	size_t size = sizeof(copy) + draft->tag_count * sizeof(*draft->tags);

	for_group(&copy, pack_size, &size);
	struct logs_group *group = heap_alloc(size);
	char *end = (char *)(group + 1);
	copy.tags = pack_array(&end, draft->tags, draft->tag_count * sizeof(*draft->tags));
	for_group(&copy, pack_text, &end);
	memcpy(group, &copy, sizeof(copy));
	group->references = 1;
	return group;
}

static void hold_group(const void *value)
{
	HOLD((struct logs_group *)value);
}

void logs_group_release(const struct logs_group *group)
{
	if (group && IS_LAST((struct logs_group *)group))
		heap_free((void *)group);
}

static void release_group(const void *value)
{
	logs_group_release(value);
}

static int compare_scope(const void *key, const void *value)
{
	const struct logs_group *a = key, *b = value;
	int order = str_compare(a->account, b->account);

	return order != 0 ? order : str_compare(a->region, b->region);
}

static int compare_groups(const void *key, const void *value)
{
	const struct logs_group *a = key, *b = value;
	int order = compare_scope(key, value);

	return order != 0 ? order : str_compare(a->name, b->name);
}

static int compare_group_numbers(const void *key, const void *value)
{
	const struct logs_group *a = key, *b = value;

	return a->number < b->number ? -1 : a->number > b->number;
}

static const struct snapshot_kind group_kind = {
	.hold = hold_group,
	.release = release_group,
	.order_count = 2,
	.orders = {{.compare = compare_groups}, {.compare = compare_group_numbers}}};

/* ---- streams ---- */

const struct logs_stream *logs_stream_new(const struct logs_stream *draft)
{
	struct logs_stream *stream = heap_alloc(sizeof(*stream) + draft->name.size);
	char *end = (char *)(stream + 1);

	memcpy(stream, draft, sizeof(*stream));
	pack_text(&end, &stream->name);
	stream->references = 1;
	return stream;
}

static void hold_stream(const void *value)
{
	HOLD((struct logs_stream *)value);
}

void logs_stream_release(const struct logs_stream *stream)
{
	struct logs_stream *mine = (struct logs_stream *)stream;

	if (!mine || !IS_LAST(mine))
		return;
	if (IS_LAST(mine->figures))
		heap_free(mine->figures);
	heap_free(mine);
}

static void release_stream(const void *value)
{
	logs_stream_release(value);
}

static int compare_stream_groups(const void *key, const void *value)
{
	const struct logs_stream *a = key, *b = value;

	return a->group < b->group ? -1 : a->group > b->group;
}

static int compare_streams(const void *key, const void *value)
{
	const struct logs_stream *a = key, *b = value;
	int order = compare_stream_groups(key, value);

	return order != 0 ? order : str_compare(a->name, b->name);
}

static int compare_stream_numbers(const void *key, const void *value)
{
	const struct logs_stream *a = key, *b = value;

	return a->number < b->number ? -1 : a->number > b->number;
}

static const struct snapshot_kind stream_kind = {
	.hold = hold_stream,
	.release = release_stream,
	.order_count = 2,
	.orders = {{.compare = compare_streams}, {.compare = compare_stream_numbers}}};

/* ---- policies ---- */

static void for_policy(struct logs_policy *policy, pack_visit_fn visit, void *context)
{
	visit(context, &policy->account);
	visit(context, &policy->region);
	visit(context, &policy->name);
	visit(context, &policy->document);
}

const struct logs_policy *logs_policy_new(const struct logs_policy *draft)
{
	struct logs_policy copy = {
		.account = draft->account,
		.region = draft->region,
		.name = draft->name,
		.document = draft->document,
		.updated_ms = draft->updated_ms,
		.policy = policy_hold(draft->policy),
	};
	size_t size = sizeof(copy);

	for_policy(&copy, pack_size, &size);
	struct logs_policy *policy = heap_alloc(size);
	char *end = (char *)(policy + 1);
	for_policy(&copy, pack_text, &end);
	memcpy(policy, &copy, sizeof(copy));
	policy->references = 1;
	return policy;
}

static void hold_policy(const void *value)
{
	HOLD((struct logs_policy *)value);
}

void logs_policy_release(const struct logs_policy *policy)
{
	if (!policy || !IS_LAST((struct logs_policy *)policy))
		return;
	policy_release(policy->policy);
	heap_free((void *)policy);
}

static void release_policy(const void *value)
{
	logs_policy_release(value);
}

static int compare_policy_scope(const void *key, const void *value)
{
	const struct logs_policy *a = key, *b = value;
	int order = str_compare(a->account, b->account);

	return order != 0 ? order : str_compare(a->region, b->region);
}

static int compare_policies(const void *key, const void *value)
{
	const struct logs_policy *a = key, *b = value;
	int order = compare_policy_scope(key, value);

	return order != 0 ? order : str_compare(a->name, b->name);
}

static const struct snapshot_kind policy_kind = {.hold = hold_policy,
						 .release = release_policy,
						 .order_count = 1,
						 .orders = {{.compare = compare_policies}}};

/* ---- the registry ---- */

struct logs_registry *logs_registry_new(void)
{
	struct logs_registry *registry = heap_alloc(sizeof(*registry));

	registry->groups = snapshot_table_new(&group_kind);
	registry->streams = snapshot_table_new(&stream_kind);
	registry->policies = snapshot_table_new(&policy_kind);
	return registry;
}

void logs_registry_free(struct logs_registry **registry)
{
	if (!*registry)
		return;
	snapshot_table_free(&(*registry)->groups);
	snapshot_table_free(&(*registry)->streams);
	snapshot_table_free(&(*registry)->policies);
	heap_free(*registry);
	*registry = NULL;
}

const struct logs_group *logs_registry_find(struct logs_registry *registry, struct str account,
					    struct str region, struct str name)
{
	const struct logs_group wanted = {.account = account, .region = region, .name = name};

	return snapshot_table_find(registry->groups, BY_NAME,
				   (struct snapshot_key){0, compare_groups, &wanted});
}

const struct logs_group *logs_registry_find_number(struct logs_registry *registry, uint64_t number)
{
	const struct logs_group wanted = {.number = number};

	return snapshot_table_find(registry->groups, BY_NUMBER,
				   (struct snapshot_key){0, compare_group_numbers, &wanted});
}

const struct logs_stream *logs_registry_find_stream(struct logs_registry *registry, uint64_t group,
						    struct str name)
{
	const struct logs_stream wanted = {.group = group, .name = name};

	return snapshot_table_find(registry->streams, BY_NAME,
				   (struct snapshot_key){0, compare_streams, &wanted});
}

const struct logs_stream *logs_registry_find_stream_number(struct logs_registry *registry,
							   uint64_t number)
{
	const struct logs_stream wanted = {.number = number};

	return snapshot_table_find(registry->streams, BY_NUMBER,
				   (struct snapshot_key){0, compare_stream_numbers, &wanted});
}

const struct logs_policy *logs_registry_find_policy(struct logs_registry *registry,
						    struct str account, struct str region,
						    struct str name)
{
	const struct logs_policy wanted = {.account = account, .region = region, .name = name};

	return snapshot_table_find(registry->policies, 0,
				   (struct snapshot_key){0, compare_policies, &wanted});
}

size_t logs_registry_count(struct logs_registry *registry)
{
	return snapshot_table_count(registry->groups, BY_NAME);
}

size_t logs_registry_count_streams(struct logs_registry *registry)
{
	return snapshot_table_count(registry->streams, BY_NAME);
}

size_t logs_registry_count_account(struct logs_registry *registry, struct str account,
				   struct str region)
{
	const struct logs_group scope = {.account = account, .region = region};
	const struct snapshot *snapshot = snapshot_take(registry->groups);
	size_t count = snapshot_count_range(snapshot, BY_NAME,
					    (struct snapshot_key){0, compare_scope, &scope});

	snapshot_release(snapshot);
	return count;
}

void logs_registry_each(struct logs_registry *registry, const struct logs_group *from,
			logs_group_fn visit, void *context)
{
	const struct snapshot *snapshot = snapshot_take(registry->groups);
	const struct logs_group *group;
	struct snapshot_cursor cursor;

	snapshot_seek(snapshot, BY_NAME, (struct snapshot_key){0, compare_groups, from}, &cursor);
	while ((group = snapshot_next(&cursor)) != NULL)
		if (!visit(context, group))
			break;
	snapshot_release(snapshot);
}

void logs_registry_each_stream(struct logs_registry *registry, uint64_t group, struct str name,
			       logs_stream_fn visit, void *context)
{
	const struct logs_stream from = {.group = group, .name = name};
	const struct snapshot *snapshot = snapshot_take(registry->streams);
	const struct logs_stream *stream;
	struct snapshot_cursor cursor;

	snapshot_seek(snapshot, BY_NAME, (struct snapshot_key){0, compare_streams, &from}, &cursor);
	while ((stream = snapshot_next(&cursor)) != NULL)
		if (stream->group != group || !visit(context, stream))
			break;
	snapshot_release(snapshot);
}

void logs_registry_each_policy(struct logs_registry *registry, struct str account,
			       struct str region, logs_policy_fn visit, void *context)
{
	const struct logs_policy from = {.account = account, .region = region};
	const struct snapshot *snapshot = snapshot_take(registry->policies);
	const struct logs_policy *policy;
	struct snapshot_cursor cursor;

	snapshot_seek(snapshot, 0, (struct snapshot_key){0, compare_policies, &from}, &cursor);
	while ((policy = snapshot_next(&cursor)) != NULL)
		if (compare_policy_scope(&from, policy) != 0 || !visit(context, policy))
			break;
	snapshot_release(snapshot);
}

/* ---- changing ---- */

static void put(struct snapshot_table *table, const void *value)
{
	snapshot_table_begin(table);
	snapshot_table_put(table, value);
	snapshot_table_commit(table);
}

static void remove_one(struct snapshot_table *table, snapshot_compare_fn compare, const void *key)
{
	snapshot_table_begin(table);
	(void)snapshot_table_remove(table,
				    (struct snapshot_key){0, compare, key}); /* or not there */
	snapshot_table_commit(table);
}

void logs_registry_put(struct logs_registry *registry, const struct logs_group *group)
{
	put(registry->groups, group);
}

void logs_registry_remove(struct logs_registry *registry, const struct logs_group *group)
{
	remove_one(registry->groups, compare_groups, group);
}

void logs_registry_put_stream(struct logs_registry *registry, const struct logs_stream *stream)
{
	put(registry->streams, stream);
}

void logs_registry_remove_stream(struct logs_registry *registry, const struct logs_stream *stream)
{
	remove_one(registry->streams, compare_streams, stream);
}

void logs_registry_put_policy(struct logs_registry *registry, const struct logs_policy *policy)
{
	put(registry->policies, policy);
}

void logs_registry_remove_policy(struct logs_registry *registry, const struct logs_policy *policy)
{
	remove_one(registry->policies, compare_policies, policy);
}
