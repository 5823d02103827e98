/* SPDX-License-Identifier: MIT */
/*
 * purge: removes all messages of a queue, a part in each turn.
 */
#ifndef TERN_QUEUE_PURGE_H
#define TERN_QUEUE_PURGE_H

#include "queue/state.h"

/* Removes the queue's messages and deduplication entries; the pointer becomes invalid. */
void purge_messages(struct engine *engine, struct engine_queue *queue);
void purge_dropped(struct engine *engine, struct engine_queue *queue); /* the queue too */
/* Frees a turn's part of the removed messages. */
void purge_step(struct engine *engine);
/* At replay and at the end: frees the whole queue. */
void purge_at_once(struct engine *engine, struct engine_queue *queue);
/* Out of reach of its number, and of turns. */
void purge_unlink(struct engine *engine, struct engine_queue *queue);

#endif
