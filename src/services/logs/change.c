/* SPDX-License-Identifier: MIT */
/*
 * change: one record a group, stream or policy; the registry follows the catalog's commit. Files of
 * a deleted group go once its deletion is durable.
 */
#include "services/logs/change.h"

#include "core/group.h"
#include "core/policy_document.h"
#include "format/json_text.h"
#include "services/logs/store.h"

enum { DAY_MS = 86400000, STREAMS_BATCH = 500 };

/* ---- numbers ---- */

static void put_number(struct catalog_changes *changes, struct str key, uint64_t number)
{
	char bytes[8];

	put_u64(bytes, number);
	catalog_changes_put(changes, CATALOG_LOGS, key, str_of(bytes, sizeof(bytes)));
}

static uint64_t take_number(struct core *core, struct catalog_changes *changes)
{
	struct logs *logs = logs_of(core);
	uint64_t number = logs->next_number++;

	put_number(changes, LOGS_NEXT_NUMBER, logs->next_number);
	return number;
}

/* ---- groups ---- */

/* Once a day: segments are sealed by day. */
struct due_time logs_due_of(const struct logs_group *group, int64_t now_ms)
{
	if (group->retention_days == 0)
		return DUE_NEVER;
	return (struct due_time){.wall_ms = (now_ms / DAY_MS + 1) * DAY_MS};
}

static void put_group(struct arena *arena, struct catalog_changes *changes,
		      const struct logs_group *group, struct due_time old, struct due_time at)
{
	struct str key = logs_group_key(arena, group);
	struct buf record = {0};

	logs_group_encode(&record, group);
	catalog_changes_put(changes, CATALOG_LOGS, key, buf_str(&record));
	due_set(changes, DUE_LOGS_GROUP, key, old, at);
	buf_done(&record);
}

enum err logs_group_create(struct core *core, struct logs_group *draft)
{
	struct catalog_changes changes = {0};
	struct arena arena;

	arena_init(&arena);
	draft->number = take_number(core, &changes);
	put_group(&arena, &changes, draft, DUE_NEVER, DUE_NEVER);
	arena_done(&arena);
	enum err err = catalog_write(core->catalog, &changes);
	if (!err)
		err = logstore_add(logs_of(core)->store, draft->number);
	if (!err)
		logs_registry_put(logs_of(core)->registry, logs_group_new(draft));
	return err;
}

enum err logs_group_change(struct core *core, const struct logs_group *draft)
{
	struct logs_registry *registry = logs_of(core)->registry;
	const struct logs_group *old = logs_registry_find_number(registry, draft->number);
	struct catalog_changes changes = {0};
	int64_t now_ms = clock_now_ms();
	struct arena arena;

	check(old);
	struct due_time at = logs_due_of(draft, now_ms);
	struct due_time before = logs_due_of(old, now_ms);
	arena_init(&arena);
	put_group(&arena, &changes, draft, before, at);
	arena_done(&arena);
	enum err err = catalog_write(core->catalog, &changes);
	if (!err) {
		due_watch(core, at);
		logs_registry_put(registry, logs_group_new(draft));
	}
	logs_group_release(old);
	return err;
}

/* The files go when the deletion is durable. */
struct deletion {
	struct core_commit commit;
	uint64_t group;
};

static void run_deletion(struct core *core, struct core_commit *commit, enum err result)
{
	struct deletion *deletion = container_of(commit, struct deletion, commit);

	if (!result)
		logstore_drop(logs_of(core)->store, deletion->group);
}

static enum err finish_deletion(struct core *core, struct core_commit *commit)
{
	(void)core;
	heap_free(container_of(commit, struct deletion, commit));
	return ERR_OK;
}

struct streams {
	const struct logs_stream *items[STREAMS_BATCH];
	size_t count;
};

static bool take_stream(void *context, const struct logs_stream *stream)
{
	struct streams *streams = context;
	const struct logs_stream copy = *stream;

	if (streams->count == STREAMS_BATCH)
		return false;
	atomic_fetch_add(&copy.figures->references, 1);
	streams->items[streams->count++] = logs_stream_new(&copy);
	return true;
}

static enum err delete_streams(struct core *core, const struct logs_group *group, bool *out_more)
{
	struct logs_registry *registry = logs_of(core)->registry;
	struct streams *streams = heap_alloc(sizeof(*streams));
	struct catalog_changes changes = {0};
	struct arena arena;

	arena_init(&arena);
	logs_registry_each_stream(registry, group->number, STR(""), take_stream, streams);
	for (size_t i = 0; i < streams->count; i++)
		catalog_changes_drop(&changes, CATALOG_LOGS,
				     logs_stream_key(&arena, streams->items[i]));
	enum err err = catalog_write(core->catalog, &changes);
	for (size_t i = 0; i < streams->count; i++) {
		if (!err)
			logs_registry_remove_stream(registry, streams->items[i]);
		logs_stream_release(streams->items[i]);
	}
	*out_more = streams->count == STREAMS_BATCH;
	arena_done(&arena);
	heap_free(streams);
	return err;
}

enum err logs_group_delete(struct core *core, const struct logs_group *group)
{
	struct catalog_changes changes = {0};
	struct deletion *deletion;
	struct arena arena;
	bool has_more = true;
	enum err err = ERR_OK;

	/* The group goes first: streams without a group are not found. */
	arena_init(&arena);
	struct str key = logs_group_key(&arena, group);
	catalog_changes_drop(&changes, CATALOG_LOGS, key);
	due_set(&changes, DUE_LOGS_GROUP, key, logs_due_of(group, clock_now_ms()), DUE_NEVER);
	arena_done(&arena);
	err = catalog_write(core->catalog, &changes);
	if (err)
		return err;
	logs_registry_remove(logs_of(core)->registry, group);
	while (!err && has_more)
		err = delete_streams(core, group, &has_more);
	if (err)
		return err;
	deletion = heap_alloc(sizeof(*deletion));
	deletion->commit.run = run_deletion;
	deletion->commit.finish = finish_deletion;
	deletion->group = group->number;
	return core_on_commit(core, &deletion->commit);
}

enum err logs_expire(struct core *core, struct str key)
{
	struct logs *logs = logs_of(core);
	struct catalog_changes changes = {0};
	int64_t now_ms = clock_now_ms();
	uint64_t number;

	if (!str_to_u64(str_slice(key, 2, SIZE_MAX), &number))
		return ERR_DAMAGED;
	const struct logs_group *group = logs_registry_find_number(logs->registry, number);
	if (!group || group->retention_days == 0) {
		logs_group_release(group);
		return ERR_OK;
	}
	logstore_expire(logs->store, number, now_ms - group->retention_days * DAY_MS);
	struct due_time at = logs_due_of(group, now_ms);
	due_set(&changes, DUE_LOGS_GROUP, key, DUE_NEVER, at);
	logs_group_release(group);
	enum err err = catalog_write(core->catalog, &changes);
	if (!err)
		due_watch(core, at);
	return err;
}

/* ---- streams ---- */

static void put_stream(struct catalog_changes *changes, const struct logs_stream *stream)
{
	struct buf record = {0};
	struct arena arena;

	arena_init(&arena);
	logs_stream_encode(&record, stream);
	catalog_changes_put(changes, CATALOG_LOGS, logs_stream_key(&arena, stream),
			    buf_str(&record));
	arena_done(&arena);
	buf_done(&record);
}

enum err logs_stream_create(struct core *core, uint64_t group, struct str name, int64_t now_ms)
{
	struct catalog_changes changes = {0};
	const struct logs_stream *stream = logs_stream_new(&(struct logs_stream){
		.group = group,
		.name = name,
		.number = take_number(core, &changes),
		.created_ms = now_ms,
		.figures = logs_figures_new(0, 0, 0),
	});

	put_stream(&changes, stream);
	enum err err = catalog_write(core->catalog, &changes);
	if (err)
		logs_stream_release(stream);
	else
		logs_registry_put_stream(logs_of(core)->registry, stream);
	return err;
}

enum err logs_stream_delete(struct core *core, const struct logs_stream *stream)
{
	struct catalog_changes changes = {0};
	struct arena arena;

	arena_init(&arena);
	catalog_changes_drop(&changes, CATALOG_LOGS, logs_stream_key(&arena, stream));
	arena_done(&arena);
	enum err err = catalog_write(core->catalog, &changes);
	if (!err)
		logs_registry_remove_stream(logs_of(core)->registry, stream);
	return err;
}

/* ---- flushed streams ---- */

struct flush {
	struct core_task task;
	uint64_t wal;
	size_t count;
	struct logstore_touched touched[];
};

static enum err write_figures(struct core *core, const struct logstore_touched *touched,
			      size_t count)
{
	struct logs_registry *registry = logs_of(core)->registry;
	struct catalog_changes changes = {0};

	for (size_t i = 0; i < count; i++) {
		const struct logs_stream *stream =
			logs_registry_find_stream_number(registry, touched[i].stream);
		if (!stream)
			continue;
		logs_figures_add(stream->figures, touched[i].first_ms, touched[i].last_ms,
				 touched[i].ingested_ms);
		/* Several frames of a stream follow one another. */
		if (i + 1 == count || touched[i + 1].stream != touched[i].stream)
			put_stream(&changes, stream);
		logs_stream_release(stream);
	}
	return catalog_write(core->catalog, &changes);
}

static void run_flushed(struct core *core, struct core_task *task)
{
	struct flush *flush = container_of(task, struct flush, task);

	/* Otherwise the log stays, and the next start flushes it once more: into no segment. */
	if (write_figures(core, flush->touched, flush->count) == ERR_OK)
		logstore_flushed(logs_of(core)->store, flush->wal);
	heap_free(flush);
}

void logs_flushed(void *context, uint64_t wal, const struct logstore_touched *touched, size_t count)
{
	struct core *core = context;
	struct flush *flush = heap_alloc(sizeof(*flush) + count * sizeof(*touched));

	flush->task.run = run_flushed;
	flush->wal = wal;
	flush->count = count;
	if (count > 0)
		memcpy(flush->touched, touched, count * sizeof(*touched));
	core_post_control(core, &flush->task);
}

/* ---- policies ---- */

struct joint {
	struct policy_document *document;
	struct shape_pair *names;
	size_t name_count;
	size_t count;
	struct arena arena;
};

static void join_names(struct joint *joint, struct policy_names names)
{
	struct shape_pair *all =
		arena_array(&joint->arena, struct shape_pair, joint->name_count + names.count);

	if (joint->name_count > 0)
		memcpy(all, joint->names, joint->name_count * sizeof(*all));
	for (size_t i = 0; i < names.count; i++)
		all[joint->name_count + i] = names.items[i];
	joint->names = all;
	joint->name_count += names.count;
}

/* The joint policy of an account itself has an empty name. */
static bool join_policy(void *context, const struct logs_policy *policy)
{
	struct joint *joint = context;
	struct str statements, statement;

	if (policy->name.size == 0)
		return true;
	statements = json_text_member(policy_text(policy->policy), STR("Statement"));
	if (str_starts(statements, STR("{")))
		policy_document_add(joint->document, statements);
	for (size_t i = 0; (statement = json_text_item(statements, i)).data; i++)
		policy_document_add(joint->document, statement);
	join_names(joint, policy_names(policy->policy));
	joint->count++;
	return true;
}

void logs_policies_join(struct core *core, struct str account, struct str region)
{
	struct logs_registry *registry = logs_of(core)->registry;
	struct logs_policy draft = {.account = account, .region = region};
	struct joint joint = {
		.document = policy_document_open(STR(""), STR("2012-10-17"), (struct str){0})};

	arena_init(&joint.arena);
	logs_registry_each_policy(registry, account, region, join_policy, &joint);
	if (joint.count > 0) {
		draft.policy = policy_compile_stored(
			policy_document_text(joint.document, &joint.arena),
			(struct policy_names){joint.names, joint.name_count}, account);
		logs_registry_put_policy(registry, logs_policy_new(&draft));
		policy_release(draft.policy);
	} else {
		logs_registry_remove_policy(registry, &draft);
	}
	policy_document_close(&joint.document);
	arena_done(&joint.arena);
}

const struct policy *logs_policy_of(const struct core *core, struct str account, struct str region)
{
	const struct logs_policy *joint =
		logs_registry_find_policy(logs_of(core)->registry, account, region, STR(""));
	const struct policy *policy = joint ? policy_hold(joint->policy) : NULL;

	logs_policy_release(joint);
	return policy;
}

enum err logs_policy_change(struct core *core, const struct logs_policy *draft)
{
	struct catalog_changes changes = {0};
	struct buf record = {0};
	struct arena arena;

	arena_init(&arena);
	logs_policy_encode(&record, draft);
	catalog_changes_put(&changes, CATALOG_LOGS, logs_policy_key(&arena, draft),
			    buf_str(&record));
	buf_done(&record);
	arena_done(&arena);
	enum err err = catalog_write(core->catalog, &changes);
	if (err)
		return err;
	logs_registry_put_policy(logs_of(core)->registry, logs_policy_new(draft));
	logs_policies_join(core, draft->account, draft->region);
	return ERR_OK;
}

enum err logs_policy_delete(struct core *core, const struct logs_policy *policy)
{
	struct catalog_changes changes = {0};
	struct arena arena;

	arena_init(&arena);
	catalog_changes_drop(&changes, CATALOG_LOGS, logs_policy_key(&arena, policy));
	arena_done(&arena);
	enum err err = catalog_write(core->catalog, &changes);
	if (err)
		return err;
	logs_registry_remove_policy(logs_of(core)->registry, policy);
	logs_policies_join(core, policy->account, policy->region);
	return ERR_OK;
}
