/* SPDX-License-Identifier: MIT */
/*
 * registry: the pipes of all accounts and regions, for every thread.
 *
 * A snapshot never changes; a change puts a new one in its place. Readers hold a reference. Only
 * the control thread (or main at start-up) changes the registry; any thread reads it without
 * waiting (base/snapshot.h). All snapshots of a pipe share its status.
 */
#ifndef TERN_SERVICES_PIPES_REGISTRY_H
#define TERN_SERVICES_PIPES_REGISTRY_H

#include "api/pipes.h"
#include "base/base.h"

struct consumer;
struct pipe_status;

/* In one block of memory with its texts. */
struct pipe {
	_Atomic uint32_t references;
	struct pipe_status *status;
	struct str account, region, name;
	struct str shown; /* the answer of DescribePipe without states, times and tags; JSON */
	bool is_running;  /* its desired state */
	int64_t created_ms, modified_ms;
	const struct shape_pair *tags; /* sorted by key */
	size_t tag_count;
};

/* Counted by reference. */
struct pipe_status *pipe_status_new(void);
void pipe_status_hold(struct pipe_status *status);
void pipe_status_release(struct pipe_status *status); /* accepts NULL */
/* Any thread: why the pipe does not work at present; data NULL: it does. */
void pipe_status_set(struct pipe_status *status, struct str problem);
struct str pipe_status_read(struct pipe_status *status, struct arena *arena);
/* Control thread: the consumer of the pipe; NULL: it does not run. */
struct consumer **pipe_status_consumer(struct pipe_status *status);

/* A copy of a snapshot to change; its texts and its status are borrowed from the snapshot. */
struct pipe pipe_draft(const struct pipe *pipe);
/* A deep copy of a draft, with one reference. */
const struct pipe *pipe_new(const struct pipe *draft);
void pipe_hold(const struct pipe *pipe);
void pipe_release(const struct pipe *pipe); /* accepts NULL */

struct pipes_registry;
struct pipes_registry *pipes_registry_new(void);
void pipes_registry_free(struct pipes_registry **registry); /* accepts NULL, leaves NULL */

/* Any thread. NULL if there is none; release the result. */
const struct pipe *pipes_registry_find(struct pipes_registry *registry, struct str account,
				       struct str region, struct str name);
size_t pipes_registry_count(struct pipes_registry *registry);
size_t pipes_registry_count_account(struct pipes_registry *registry, struct str account,
				    struct str region);
/*
 * Any thread: visits pipes in order of account, region and name, as they are when it begins, from
 * the place of `from` on. The visitor returns false to stop, and ends at the end of the account
 * itself.
 */
typedef bool (*pipe_visit_fn)(void *context, const struct pipe *pipe);
void pipes_registry_each(struct pipes_registry *registry, const struct pipe *from,
			 pipe_visit_fn visit, void *context);

/* Control thread. `put` takes over the caller's reference. */
void pipes_registry_put(struct pipes_registry *registry, const struct pipe *pipe);
void pipes_registry_remove(struct pipes_registry *registry, const struct pipe *pipe);

#endif
