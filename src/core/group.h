/* SPDX-License-Identifier: MIT */
/*
 * group: operations of the control thread that share one sync of the catalog.
 *
 * The calls that arrived during the last sync run one after another. Each sees what earlier ones
 * changed; other threads do not. Then the catalog is synced once; on success the registries publish
 * (base/staging.h), then commits run in order of core_on_commit, and the held answers leave. If the
 * sync fails, the registries drop the changes of the whole group, and all its answers are errors.
 *
 * A group takes at most LIMIT_GROUP_CALLS calls, LIMIT_GROUP_GROWTH bytes and LIMIT_GROUP_MS. Other
 * tasks than calls run without a group: what they commit is durable when catalog_commit returns.
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
 * What an operation does once its changes are durable, such as a command to the engine. The
 * operation allocates it; `finish` frees it.
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

/* Opens a group if none is open; nothing without a catalog. */
void group_begin(struct core *core);
/* Something was changed, so that answers must wait for the end of the group. */
bool group_has_changes(const struct core *core);
bool group_is_full(const struct core *core);
/* False: the answer may leave at once, and is not touched. */
bool group_hold(struct core *core, struct group_answer *answer, enum err result);
/* Ends the group, if one is open. True if an answer was held. The result is the sync's. */
bool group_end(struct core *core, enum err *out_result);

/* Without an open group both functions run at once, and what `finish` says is returned. */
must_check enum err core_on_commit(struct core *core, struct core_commit *commit);
/*
 * For operations that cannot wait for others: ends the open group, so that what follows is durable
 * and public at once; what this operation changed before is so on ERR_OK. Answers of earlier calls
 * leave.
 */
must_check enum err core_leave_group(struct core *core);

#endif
