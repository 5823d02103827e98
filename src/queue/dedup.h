/* SPDX-License-Identifier: MIT */
/*
 * dedup: the deduplication window of a FIFO queue, oldest entry first.
 */
#ifndef TERN_QUEUE_DEDUP_H
#define TERN_QUEUE_DEDUP_H

#include "queue/state.h"

/* `group` 0: of any group. NULL: the id is unknown. The entry may have expired: see until_ms. */
struct dedup *dedup_find(const struct engine_queue *queue, const uint8_t key[16], uint64_t group);
/* The last message sent with this id, in the queue's deduplication scope; NULL: none within the
 * window. */
struct dedup *dedup_find_first(const struct engine *engine, struct engine_queue *queue,
			       const uint8_t key[16], uint64_t group);
/* Adds the message's deduplication id, in place of an earlier entry of it. */
void dedup_remember(struct engine_queue *queue, const struct record_head *head);
/* The same for a fan-out that passed the gate of this queue. */
void dedup_remember_gate(struct engine_queue *queue, const struct record_gate *gate);
void dedup_forget(struct queue_extra *extra, struct dedup *dedup);
/* Forgets entries that are over, a bounded number. */
void dedup_drop(struct engine_queue *queue, int64_t now_ms);
/* Decodes an item of image_append_dedup. */
void dedup_decode(struct engine_queue *queue, const uint8_t *bytes);

#endif
