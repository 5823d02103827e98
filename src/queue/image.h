/* SPDX-License-Identifier: MIT */
/*
 * image: the messages and extents of a checkpoint, encoded while they change.
 *
 * A checkpoint is a header (version, time, wall time less that), then items: queues (number,
 * is_fifo, next_seq), deduplication entries, messages in memory and extents, each with its queue's
 * number. The place of a message in its lists follows from its fields, so lists and timers are not
 * written.
 */
#ifndef TERN_QUEUE_IMAGE_H
#define TERN_QUEUE_IMAGE_H

#include "queue/state.h"

/* ITEM_REFERENCE: as ITEM_MESSAGE, then its shared_size (u32). */
enum item_type { ITEM_QUEUE = 1, ITEM_DEDUP, ITEM_MESSAGE, ITEM_EXTENT, ITEM_REFERENCE };
/* Bytes of an item: ITEM_SIZE for its type and its queue's number, then these. An extent's entries
 * follow it, unless they are in the segment's index. */
enum {
	ITEM_SIZE = 9,
	MESSAGE_SIZE = 71,
	REFERENCE_SIZE = MESSAGE_SIZE + 4,
	DEDUP_SIZE = 56,
	EXTENT_SIZE = 61,
	EXTENT_ENTRY_SIZE = 32
};

void image_append_item(struct buf *out, enum item_type type, const struct engine_queue *queue);
void image_append_dedup(struct buf *out, const struct engine_queue *queue,
			const struct dedup *dedup);

/* Before a change of the message or the extent: encodes the state before the change. */
void image_keep_message(struct engine *engine, struct message *message);
void image_keep_extent(struct engine *engine, struct extent *extent);
/* Before these are freed. */
void image_forget_message(struct engine *engine, const struct message *message);
void image_forget_extent(struct engine *engine, const struct extent *extent);
void image_forget_queue(struct engine *engine, const struct engine_queue *queue);

/* The owner of a link of one of these lists; NULL: the link is the head. */
struct message *image_message_at(const struct engine_queue *queue, const struct list *link);
struct extent *image_extent_at(const struct engine_queue *queue, const struct list *link);
struct engine_queue *image_queue_at(const struct engine *engine, const struct list *link);
/* The checkpoint continues with this queue; NULL: all are encoded. */
void image_go_to_queue(struct engine *engine, struct engine_queue *queue);

#endif
