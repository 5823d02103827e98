/* SPDX-License-Identifier: MIT */
/* registry: one snapshot table, by account, region and name. */
#include "services/pipes/registry.h"

#include <pthread.h>
#include <string.h>

#include "base/pack.h"
#include "base/snapshot.h"

struct pipes_registry {
	struct snapshot_table *pipes;
};

/* ---- status ---- */

struct pipe_status {
	_Atomic uint32_t references;
	pthread_mutex_t mutex;
	struct str problem; /* its own memory; under the mutex */
	struct consumer *consumer;
};

struct pipe_status *pipe_status_new(void)
{
	struct pipe_status *status = heap_alloc(sizeof(*status));

	status->references = 1;
	pthread_mutex_init(&status->mutex, NULL);
	return status;
}

void pipe_status_hold(struct pipe_status *status)
{
	atomic_fetch_add_explicit(&status->references, 1, memory_order_relaxed);
}

void pipe_status_release(struct pipe_status *status)
{
	if (!status || atomic_fetch_sub_explicit(&status->references, 1, memory_order_acq_rel) != 1)
		return;
	pthread_mutex_destroy(&status->mutex);
	heap_free((void *)(uintptr_t)status->problem.data);
	heap_free(status);
}

void pipe_status_set(struct pipe_status *status, struct str problem)
{
	struct str copy = problem.data ? heap_copy(problem) : (struct str){0};

	pthread_mutex_lock(&status->mutex);
	struct str old = status->problem;
	status->problem = copy;
	pthread_mutex_unlock(&status->mutex);
	heap_free((void *)(uintptr_t)old.data);
}

struct str pipe_status_read(struct pipe_status *status, struct arena *arena)
{
	struct str problem = {0};

	pthread_mutex_lock(&status->mutex);
	if (status->problem.data)
		problem = arena_copy(arena, status->problem);
	pthread_mutex_unlock(&status->mutex);
	return problem;
}

struct consumer **pipe_status_consumer(struct pipe_status *status)
{
	return &status->consumer;
}

/* ---- snapshots ---- */

static void for_texts(struct pipe *pipe, pack_visit_fn visit, void *context)
{
	visit(context, &pipe->account);
	visit(context, &pipe->region);
	visit(context, &pipe->name);
	visit(context, &pipe->shown);
	for (size_t i = 0; i < pipe->tag_count; i++) {
		visit(context, (struct str *)&pipe->tags[i].key);
		visit(context, (struct str *)&pipe->tags[i].value);
	}
}

struct pipe pipe_draft(const struct pipe *pipe)
{
	static const size_t from = offsetof(struct pipe, status);
	struct pipe draft = {0};

	memcpy((char *)&draft + from, (const char *)pipe + from, sizeof(draft) - from);
	return draft;
}

const struct pipe *pipe_new(const struct pipe *draft)
{
	struct pipe copy = pipe_draft(draft);
	size_t size = sizeof(copy) + draft->tag_count * sizeof(*draft->tags);

	for_texts(&copy, pack_size, &size);
	struct pipe *pipe = heap_alloc(size);
	char *end = (char *)(pipe + 1);
	copy.tags = pack_array(&end, draft->tags, draft->tag_count * sizeof(*draft->tags));
	for_texts(&copy, pack_text, &end);
	memcpy(pipe, &copy, sizeof(copy));
	pipe->references = 1;
	pipe_status_hold(pipe->status);
	return pipe;
}

void pipe_hold(const struct pipe *pipe)
{
	atomic_fetch_add_explicit(&((struct pipe *)pipe)->references, 1, memory_order_relaxed);
}

void pipe_release(const struct pipe *pipe)
{
	struct pipe *mine = (struct pipe *)pipe;

	if (!mine || atomic_fetch_sub_explicit(&mine->references, 1, memory_order_acq_rel) != 1)
		return;
	pipe_status_release(mine->status);
	heap_free(mine);
}

/* ---- the table ---- */

static void hold(const void *value)
{
	pipe_hold(value);
}

static void release(const void *value)
{
	pipe_release(value);
}

static int compare_scope(const void *key, const void *value)
{
	const struct pipe *a = key, *b = value;
	int order = str_compare(a->account, b->account);

	return order != 0 ? order : str_compare(a->region, b->region);
}

static int compare(const void *key, const void *value)
{
	const struct pipe *a = key, *b = value;
	int order = compare_scope(key, value);

	return order != 0 ? order : str_compare(a->name, b->name);
}

static const struct snapshot_kind kind = {
	.hold = hold, .release = release, .order_count = 1, .orders = {{.compare = compare}}};

struct pipes_registry *pipes_registry_new(void)
{
	struct pipes_registry *registry = heap_alloc(sizeof(*registry));

	registry->pipes = snapshot_table_new(&kind);
	return registry;
}

void pipes_registry_free(struct pipes_registry **registry)
{
	if (!*registry)
		return;
	snapshot_table_free(&(*registry)->pipes);
	heap_free(*registry);
	*registry = NULL;
}

const struct pipe *pipes_registry_find(struct pipes_registry *registry, struct str account,
				       struct str region, struct str name)
{
	const struct pipe wanted = {.account = account, .region = region, .name = name};

	return snapshot_table_find(registry->pipes, 0, (struct snapshot_key){0, compare, &wanted});
}

size_t pipes_registry_count(struct pipes_registry *registry)
{
	return snapshot_table_count(registry->pipes, 0);
}

size_t pipes_registry_count_account(struct pipes_registry *registry, struct str account,
				    struct str region)
{
	const struct pipe scope = {.account = account, .region = region};
	const struct snapshot *snapshot = snapshot_take(registry->pipes);
	size_t count =
		snapshot_count_range(snapshot, 0, (struct snapshot_key){0, compare_scope, &scope});

	snapshot_release(snapshot);
	return count;
}

void pipes_registry_each(struct pipes_registry *registry, const struct pipe *from,
			 pipe_visit_fn visit, void *context)
{
	const struct snapshot *snapshot = snapshot_take(registry->pipes);
	const struct pipe *pipe;
	struct snapshot_cursor cursor;

	snapshot_seek(snapshot, 0, (struct snapshot_key){0, compare, from}, &cursor);
	while ((pipe = snapshot_next(&cursor)) != NULL)
		if (!visit(context, pipe))
			break;
	snapshot_release(snapshot);
}

void pipes_registry_put(struct pipes_registry *registry, const struct pipe *pipe)
{
	snapshot_table_begin(registry->pipes);
	snapshot_table_put(registry->pipes, pipe);
	snapshot_table_commit(registry->pipes);
}

void pipes_registry_remove(struct pipes_registry *registry, const struct pipe *pipe)
{
	snapshot_table_begin(registry->pipes);
	(void)snapshot_table_remove(registry->pipes,
				    (struct snapshot_key){0, compare, pipe}); /* or not there */
	snapshot_table_commit(registry->pipes);
}
