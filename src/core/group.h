/* SPDX-License-Identifier: MIT */
/*
 * group: operations of the control thread that share one sync of the catalog.
 *
 * The calls that arrived during the last sync run one after another. Each sees the changes of
 * earlier ones; other threads do not. Then the catalog is synced once; on success the registries
 * publish (base/staging.h), then commits run in order of core_on_commit, and the held answers
 * leave. If the sync fails, the registries drop the changes of the whole group, and all its answers
 * are errors.
 *
 * A group takes at most LIMIT_GROUP_CALLS calls, LIMIT_GROUP_GROWTH bytes and LIMIT_GROUP_MS. Tasks
 * that are not calls run without a group: their commits are durable when catalog_commit returns.
 *
 * Threads: the control thread's, or main's while that has not started or has ended.
 */
#ifndef TERN_CORE_GROUP_H
#define TERN_CORE_GROUP_H

#include "core/core.h"

struct group;

/* An answer that waits for the group's sync. Zeroed but for `leave` at the beginning. */
struct group_answer {
	struct list link;
	enum err result; /* of the operation; replaced by the group's error */
	void (*leave)(struct group_answer *answer);
};

/*
 * A step that follows once the changes are durable, such as a command to the engine. The operation
 * allocates it; `finish` frees it.
 */
struct core_commit {
	struct list link;
	struct group_answer *answer; /* of the operation */
	/* With the result of the sync. Must not wait. */
	void (*run)(struct core *core, struct core_commit *commit, enum err result);
	/* After all `run`s of the group; may wait. An error is the operation's answer. */
	enum err (*finish)(struct core *core, struct core_commit *commit);
};

struct group *group_new(void);
void group_free(struct group **group); /* it has ended; accepts NULL, leaves NULL */

/* Opens a group if none is open; no effect without a catalog. */
void group_begin(struct core *core);
/* Something was changed, so that answers must wait for the end of the group. */
bool group_has_changes(const struct core *core);
bool group_is_full(const struct core *core);
/* False: the answer may leave at once, and is not touched. */
bool group_hold(struct core *core, struct group_answer *answer, enum err result);
/* Ends the group, if one is open. True if an answer was held. The result is the sync's. */
bool group_end(struct core *core, enum err *out_result);

/* Without an open group both functions run at once, and the result is that of `finish`. */
must_check enum err core_on_commit(struct core *core, struct core_commit *commit);
/*
 * For operations that cannot wait for others: ends the open group, so that later changes are
 * durable and public at once. On ERR_OK, so are the operation's earlier changes. Answers of earlier
 * calls leave.
 */
must_check enum err core_leave_group(struct core *core);

#endif
