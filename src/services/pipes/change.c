/* SPDX-License-Identifier: MIT */
/* change: one record a pipe; the registry follows the catalog's commit, the consumer its sync. */
#include "services/pipes/change.h"

#include "core/consumer.h"
#include "core/group.h"
#include "services/pipes/run.h"
#include "services/pipes/store.h"

struct applying {
	struct core_commit commit;
	const struct pipe *pipe;
	bool is_deleted;
};

void pipe_apply(struct core *core, const struct pipe *pipe, bool is_deleted)
{
	struct consumer **consumer = pipe_status_consumer(pipe->status);

	if (*consumer)
		consumer_stop(*consumer);
	*consumer = NULL;
	pipe_status_set(pipe->status, (struct str){0});
	if (pipe->is_running && !is_deleted)
		*consumer = pipes_run_new(core, pipe);
}

/* Changes of one pipe in a group are applied in their order. */
static void run(struct core *core, struct core_commit *commit, enum err result)
{
	struct applying *applying = container_of(commit, struct applying, commit);

	if (!result)
		pipe_apply(core, applying->pipe, applying->is_deleted);
}

static enum err finish(struct core *core, struct core_commit *commit)
{
	struct applying *applying = container_of(commit, struct applying, commit);

	(void)core;
	pipe_release(applying->pipe);
	heap_free(applying);
	return ERR_OK;
}

static enum err apply_later(struct core *core, const struct pipe *pipe, bool is_deleted)
{
	struct applying *applying = heap_alloc(sizeof(*applying));

	applying->commit.run = run;
	applying->commit.finish = finish;
	applying->pipe = pipe;
	applying->is_deleted = is_deleted;
	pipe_hold(pipe);
	return core_on_commit(core, &applying->commit);
}

static enum err save(struct core *core, const struct pipe *draft)
{
	struct catalog_changes changes = {0};
	struct buf record = {0};
	struct arena arena;

	arena_init(&arena);
	pipe_encode(&record, draft);
	catalog_changes_put(&changes, CATALOG_PIPES, pipe_key(&arena, draft), buf_str(&record));
	buf_done(&record);
	arena_done(&arena);
	return catalog_write(core->catalog, &changes);
}

enum err pipe_change_tags(struct core *core, const struct pipe *draft)
{
	enum err err = save(core, draft);
	if (!err)
		pipes_registry_put(pipes_of(core)->registry, pipe_new(draft));
	return err;
}

enum err pipe_change(struct core *core, const struct pipe *draft)
{
	enum err err = save(core, draft);
	if (err)
		return err;
	const struct pipe *pipe = pipe_new(draft);
	pipe_hold(pipe);
	pipes_registry_put(pipes_of(core)->registry, pipe);
	err = apply_later(core, pipe, false);
	pipe_release(pipe);
	return err;
}

enum err pipes_delete(struct core *core, const struct pipe *const *pipes, size_t count)
{
	struct catalog_changes changes = {0};
	struct arena arena;

	arena_init(&arena);
	for (size_t i = 0; i < count; i++)
		catalog_changes_drop(&changes, CATALOG_PIPES, pipe_key(&arena, pipes[i]));
	arena_done(&arena);
	enum err err = catalog_write(core->catalog, &changes);
	for (size_t i = 0; i < count && !err; i++) {
		pipes_registry_remove(pipes_of(core)->registry, pipes[i]);
		err = apply_later(core, pipes[i], true);
	}
	return err;
}
