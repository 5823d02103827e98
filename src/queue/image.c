/* SPDX-License-Identifier: MIT */
/*
 * image: the messages and extents of a checkpoint, encoded while they change.
 *
 * A checkpoint is encoded in several turns but holds the state at its beginning: a message or an
 * extent is encoded before its first change. New ones are marked as encoded.
 */

#include "queue/image.h"

#include "queue/state.h"

void image_append_item(struct buf *out, enum item_type type, const struct engine_queue *queue)
{
	uint8_t *bytes = (uint8_t *)buf_extend(out, ITEM_SIZE);

	bytes[0] = (uint8_t)type;
	put_u64(bytes + 1, queue->number);
}

static void encode_message(struct buf *out, const struct message *message)
{
	image_append_item(out, message->shared_size ? ITEM_REFERENCE : ITEM_MESSAGE,
			  message->queue);
	uint8_t *bytes = (uint8_t *)buf_extend(out, MESSAGE_SIZE);
	put_u64(bytes, message->seq);
	put_u64(bytes + 8, message->group->hash);
	put_u32(bytes + 16, message->location.segment);
	put_u32(bytes + 20, message->location.offset);
	put_u32(bytes + 24, message->location.size);
	put_u64(bytes + 28, (uint64_t)message->since_ms);
	put_u64(bytes + 36, (uint64_t)message->visible_ms);
	put_u64(bytes + 44, (uint64_t)message->first_receive_ms);
	put_u64(bytes + 52, (uint64_t)message->received_ms);
	put_u32(bytes + 60, message->receive_count);
	put_u32(bytes + 64, message->receives);
	bytes[68] = message->state;
	bytes[69] = (uint8_t)message->given_back;
	bytes[70] = (uint8_t)(message->given_back >> 8);
	if (message->shared_size)
		put_u32((uint8_t *)buf_extend(out, 4), message->shared_size);
}

void image_append_dedup(struct buf *out, const struct engine_queue *queue,
			const struct dedup *dedup)
{
	image_append_item(out, ITEM_DEDUP, queue);
	uint8_t *bytes = (uint8_t *)buf_extend(out, DEDUP_SIZE);
	memcpy(bytes, dedup->key, 16);
	memcpy(bytes + 16, dedup->id, 16);
	put_u64(bytes + 32, dedup->seq);
	put_u64(bytes + 40, (uint64_t)dedup->until_ms);
	put_u64(bytes + 48, dedup->group);
}

static void encode_extent(struct buf *out, const struct extent *extent)
{
	uint8_t *bytes = (uint8_t *)buf_extend(out, EXTENT_SIZE);
	uint64_t start = (uint64_t)extent->position * EXTENT_ENTRY_SIZE;

	put_u64(bytes, extent->group->hash);
	put_u32(bytes + 8, extent->segment);
	put_u32(bytes + 12, extent->count);
	put_u64(bytes + 16, extent->bytes);
	put_u64(bytes + 24, extent->first_seq);
	put_u64(bytes + 32, extent->last_seq);
	put_u64(bytes + 40, (uint64_t)extent->first_since_ms);
	put_u64(bytes + 48, extent->is_indexed ? extent->index_offset + start : 0);
	bytes[56] = extent->is_indexed;
	put_u32(bytes + 57, extent->is_indexed ? extent->index_sum : 0);
	if (!extent->is_indexed)
		buf_append(out, str_slice(buf_str(&extent->entries), start, extent->entries.size));
}

void image_keep_message(struct engine *engine, struct message *message)
{
	if (!engine->checkpoint.is_under_way || message->mark == engine->mark ||
	    message->queue->is_retired)
		return;
	message->mark = engine->mark;
	encode_message(&engine->checkpoint.state, message);
}

void image_keep_extent(struct engine *engine, struct extent *extent)
{
	if (!engine->checkpoint.is_under_way || extent->mark == engine->mark ||
	    extent->queue->is_retired)
		return;
	extent->mark = engine->mark;
	image_append_item(&engine->checkpoint.state, ITEM_EXTENT, extent->queue);
	encode_extent(&engine->checkpoint.state, extent);
}

struct message *image_message_at(const struct engine_queue *queue, const struct list *link)
{
	return link == &queue->messages ? NULL : container_of(link, struct message, in_queue);
}

struct extent *image_extent_at(const struct engine_queue *queue, const struct list *link)
{
	return link == &queue->extents ? NULL : container_of(link, struct extent, in_queue);
}

void image_forget_message(struct engine *engine, const struct message *message)
{
	struct checkpoint_progress *progress = &engine->checkpoint;

	if (progress->message_last == message && progress->message == message)
		progress->message = NULL;
	if (progress->message == message)
		progress->message = image_message_at(message->queue, message->in_queue.next);
	if (progress->message_last == message)
		progress->message_last = image_message_at(message->queue, message->in_queue.prev);
}

void image_forget_extent(struct engine *engine, const struct extent *extent)
{
	if (engine->checkpoint.extent == extent)
		engine->checkpoint.extent = image_extent_at(extent->queue, extent->in_queue.next);
}

struct engine_queue *image_queue_at(const struct engine *engine, const struct list *link)
{
	return link == &engine->all_queues ? NULL : container_of(link, struct engine_queue, link);
}

void image_go_to_queue(struct engine *engine, struct engine_queue *queue)
{
	engine->checkpoint.queue = queue;
	engine->checkpoint.phase = CHECKPOINT_QUEUE;
	engine->checkpoint.message = engine->checkpoint.message_last = NULL;
	engine->checkpoint.extent = NULL;
}

void image_forget_queue(struct engine *engine, const struct engine_queue *queue)
{
	if (engine->checkpoint.queue == queue)
		image_go_to_queue(engine, image_queue_at(engine, queue->link.next));
}
