/* SPDX-License-Identifier: MIT */
/*
 * worker: a pool of threads for work that burns CPU or blocks, so that network threads do neither.
 *
 * Work waits in one queue for each account. The account that has used the threads least goes first,
 * and no account occupies all of them if there are two or more. Waiting work is bounded in items
 * and bytes, for each account and in all (limits.h); work beyond that is refused at once. The
 * threads start with the first work. Knows nothing of calls: handlers use call_work (core/call.h).
 */
#ifndef TERN_CORE_WORKER_H
#define TERN_CORE_WORKER_H

#include "base/base.h"

struct workers;
struct worker_account;

enum work_state { WORK_IDLE, WORK_WAITS, WORK_RUNS };

/* Embedded in the caller's struct, zeroed at first; the pool's from worker_submit until `run` is
 * called, which may free it or submit it again. */
struct work {
	/*
	 * Worker thread. may_run false: the server stops and the work must not be done; then it may
	 * also be the thread of worker_stop or worker_free.
	 */
	void (*run)(struct work *work, bool may_run);
	struct str account; /* copied; empty: of callers without an account */
	size_t size;	    /* bytes that stay in memory while the work waits */

	/* The pool's. */
	struct list link;
	struct worker_account *queue;
	enum work_state state; /* under the pool's lock */
};

struct workers *workers_new(uint32_t threads);
/*
 * Main, when the server begins to stop: waiting work still runs for that long; later work is handed
 * back with may_run false.
 */
void workers_stop(struct workers *workers, uint32_t grace_ms);
/* Main, after workers_stop: waits for the running work and hands back the rest. Work that is
 * submitted from now on is handed back at once. */
void workers_join(struct workers *workers);
void workers_free(struct workers **workers); /* accepts NULL, leaves NULL; joins first */

/* Any thread. False: too much work waits, of this account or in all; `work` is the caller's. */
must_check bool worker_submit(struct workers *workers, struct work *work);
/* Any thread: true if the work was waiting; it is the caller's again and will not run. */
bool worker_cancel(struct workers *workers, struct work *work);

struct worker_stats {
	uint64_t waiting, waiting_size, running;
	uint64_t done, refused, cancelled;
	uint64_t busy_ns; /* of all threads together */
};
struct worker_stats worker_stats_read(struct workers *workers); /* any thread */

#endif
