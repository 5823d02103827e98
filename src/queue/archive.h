/* SPDX-License-Identifier: MIT */
/*
 * archive: the removal of an archive's oldest messages.
 */
#ifndef TERN_QUEUE_ARCHIVE_H
#define TERN_QUEUE_ARCHIVE_H

#include "queue/state.h"

/* Removes all messages up to that seq. */
void archive_trim(struct engine *engine, struct engine_queue *queue, uint64_t last_seq);
/* The retention timer: removes expired messages of one extent, and sets the timer again. */
void archive_expire(struct engine *engine, struct engine_queue *queue);

#endif
