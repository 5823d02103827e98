/* SPDX-License-Identifier: MIT */
/*
 * due: a durable index, in order of time, of the services' scheduled work: rotations, expiries,
 * schedules, alarms. No scan of all resources is needed; one timer waits for the first entry.
 *
 * An entry is a time, a kind and the key of a resource. A service writes it with due_set, in the
 * changes that write the resource, so both are durable or neither is. When the time has come the
 * kind's function runs on the control thread. Its changes of the catalog and the end of its entry
 * are one commit, so they happen once. Other effects may happen again after a crash: at least once.
 * It checks whether its resource is due, as the entry may have been replaced.
 *
 * Times are wall time. If the clock is set forward, entries become due early; if it is set back,
 * they wait until that time comes again. An entry with a base_ms does not become due before that
 * time of the time base, however the clock is set: for changes that cannot be undone.
 *
 * A turn runs at most LIMIT_DUE_TURN entries as one group (core/group.h): one sync. If a function
 * fails, its entry is tried again after LIMIT_DUE_RETRY_MS.
 *
 * Threads: the control thread's, or main's while that has not started.
 */
#ifndef TERN_CORE_DUE_H
#define TERN_CORE_DUE_H

#include "core/core.h"

struct due;

/* Numbers of the catalog: add at the end. */
enum due_kind {
	DUE_KMS_KEY = 1,      /* key id: rotation, expiry of imported material, deletion */
	DUE_TEST,	      /* of unit tests */
	DUE_SCHEDULER,	      /* record of a schedule or group: firing, deletion */
	DUE_EVENTS_ITEM,      /* record of an archive or replay */
	DUE_EVENTS_RULE,      /* record of a scheduled rule */
	DUE_LOGS_GROUP,	      /* record of a log group: deletion of expired events */
	DUE_CLOUDWATCH_ALARM, /* record of a composite alarm: its wait for the suppressor ends */
	DUE_KINDS,
};

struct due_time {
	int64_t wall_ms; /* INT64_MAX: never */
	int64_t base_ms; /* of the time base; 0: any */
};
#define DUE_NEVER ((struct due_time){.wall_ms = INT64_MAX})

/* `key` is valid until it returns. */
typedef enum err (*due_fn)(struct core *core, struct str key);

void due_new(struct core *core); /* sets core->due */
void due_free(struct core *core);
void due_register(struct core *core, enum due_kind kind, due_fn run);
/*
 * After the functions of a turn and before its commit, for kinds whose functions begin something
 * that must be durable first, such as commands of the engine: `finish` waits for it and makes the
 * changes that follow from it.
 */
typedef enum err (*due_finish_fn)(struct core *core);
void due_register_finish(struct core *core, enum due_kind kind, due_finish_fn finish);
/*
 * Adds to `changes`: the resource is due at `at` and no longer at `old`. The changes become part of
 * the catalog with catalog_write; then due_watch lets the timer follow.
 */
void due_set(struct catalog_changes *changes, enum due_kind kind, struct str key,
	     struct due_time old, struct due_time at);
void due_watch(struct core *core, struct due_time at);
/* At start-up, for resources of an index that does not exist yet: the same unless it is there. */
must_check enum err due_restore(struct core *core, enum due_kind kind, struct str key,
				struct due_time at);
/* After all kinds are registered: runs due entries, and waits for the others. */
must_check enum err due_start(struct core *core);

#endif
