/* SPDX-License-Identifier: MIT */
/*
 * archive_queue: the queues of archives in the engine, and their counters. Control thread, or main
 * at start-up; counters are any thread's.
 */
#ifndef TERN_SERVICES_EVENTS_ARCHIVE_QUEUE_H
#define TERN_SERVICES_EVENTS_ARCHIVE_QUEUE_H

#include "core/core.h"

struct events_archive_queues;
struct events_archive_queues *events_archive_queues_new(void);
void events_archive_queues_free(struct events_archive_queues **queues); /* the engine has ended */

/* A number that was never used; the next one is in the same group of the catalog. */
must_check enum err events_archive_queue_allocate(struct core *core, struct str account,
						  uint64_t *out_number);
/* `days` 0: for ever. Now, or for a queue with another retention. ERR_FULL, ERR_CLOSED. */
must_check enum err events_archive_queue_define(struct core *core, uint64_t number, int64_t days);
/* The same once the open group of the catalog is durable; `is_drop`: the queue is dropped then. */
must_check enum err events_archive_queue_later(struct core *core, uint64_t number, int64_t days,
					       bool is_drop);
/* After all are defined at start-up. */
must_check enum err events_archive_queues_resolve(struct core *core);

struct events_archive_counts {
	int64_t events, size;
};
struct events_archive_counts events_archive_queue_counts(const struct core *core, uint64_t number);

#endif
