/* SPDX-License-Identifier: MIT */
/*
 * checkpoint: the engine's state as bytes.
 *
 * Version, time, wall time less that, queue count; a queue: number, is_fifo, next_seq,
 * deduplication entries, messages in memory in their order, runs. Where a message stands follows
 * from its fields, so lists and timers are not written.
 */
#include <string.h>

#include "queue/engine_private.h"

enum { CHECKPOINT_VERSION = 4, HEADER_SIZE = 32, MESSAGE_SIZE = 71, DEDUP_SIZE = 56 };

static void append_u64(struct buf *out, uint64_t value)
{
	put_u64((uint8_t *)buf_extend(out, 8), value);
}

static void encode_message(struct buf *out, const struct message *message)
{
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
}

static uint64_t count_runs(const struct engine_queue *queue)
{
	uint64_t count = 0;

	for (struct list *link = queue->deep_groups.next; link != &queue->deep_groups;
	     link = link->next) {
		const struct list *runs = &container_of(link, struct group, deep_link)->runs;
		for (struct list *at = runs->next; at != runs; at = at->next)
			count++;
	}
	return count;
}

static void encode_queue(struct buf *out, const struct engine_queue *queue)
{
	size_t dedups = queue->extra ? queue->extra->dedup_map.count : 0;

	append_u64(out, queue->number);
	append_u64(out, queue->is_fifo);
	append_u64(out, queue->next_seq);
	append_u64(out, dedups);
	append_u64(out, queue->visible + queue->in_flight + queue->delayed);
	append_u64(out, count_runs(queue));
	if (dedups > 0) {
		struct list *list = &queue->extra->dedups;
		for (struct list *link = list->next; link != list; link = link->next) {
			const struct dedup *dedup = container_of(link, struct dedup, link);
			uint8_t *bytes = (uint8_t *)buf_extend(out, DEDUP_SIZE);
			memcpy(bytes, dedup->key, 16);
			memcpy(bytes + 16, dedup->id, 16);
			put_u64(bytes + 32, dedup->seq);
			put_u64(bytes + 40, (uint64_t)dedup->until_ms);
			put_u64(bytes + 48, dedup->group);
		}
	}
	for (struct list *link = queue->messages.next; link != &queue->messages; link = link->next)
		encode_message(out, container_of(link, struct message, in_queue));
	for (struct list *link = queue->deep_groups.next; link != &queue->deep_groups;
	     link = link->next) {
		const struct list *runs = &container_of(link, struct group, deep_link)->runs;
		for (struct list *at = runs->next; at != runs; at = at->next)
			run_encode(out, container_of(at, struct run, link));
	}
}

void checkpoint_encode(const struct engine *engine, struct buf *out)
{
	const struct engine_queue *queue;
	size_t cursor = 0;

	append_u64(out, CHECKPOINT_VERSION);
	append_u64(out, (uint64_t)engine->now_ms);
	append_u64(out, (uint64_t)engine->wall_offset_ms);
	append_u64(out, engine->queues.count);
	while ((queue = map_next(&engine->queues, &cursor)))
		encode_queue(out, queue);
}

/* Takes `size` bytes off *rest; NULL if there are fewer. */
static const uint8_t *take(struct str *rest, size_t size)
{
	const uint8_t *bytes = (const uint8_t *)rest->data;

	if (rest->size < size)
		return NULL;
	*rest = str_of(rest->data + size, rest->size - size);
	return bytes;
}

static void decode_message(struct engine *engine, struct engine_queue *queue, const uint8_t *bytes)
{
	struct journal_location location = {get_u32(bytes + 16), get_u32(bytes + 20),
					    get_u32(bytes + 24)};
	struct message *message = message_add(engine, queue, get_u64(bytes), get_u64(bytes + 8),
					      (int64_t)get_u64(bytes + 28), location);

	message->visible_ms = (int64_t)get_u64(bytes + 36);
	message->first_receive_ms = (int64_t)get_u64(bytes + 44);
	message->received_ms = (int64_t)get_u64(bytes + 52);
	message->receive_count = get_u32(bytes + 60);
	message->receives = get_u32(bytes + 64);
	message->state = bytes[68];
	message->given_back = (uint16_t)(bytes[69] | bytes[70] << 8);
	message_place(engine, message);
}

static void decode_dedup(struct engine_queue *queue, const uint8_t *bytes)
{
	struct queue_extra *extra = queue_extra_get(queue);
	struct dedup *dedup = heap_alloc(sizeof(*dedup));

	memcpy(dedup->key, bytes, 16);
	memcpy(dedup->id, bytes + 16, 16);
	dedup->seq = get_u64(bytes + 32);
	dedup->until_ms = (int64_t)get_u64(bytes + 40);
	dedup->group = get_u64(bytes + 48);
	list_push_back(&extra->dedups, &dedup->link);
	map_insert(&extra->dedup_map, get_u64(dedup->key), dedup);
}

static enum err decode_queue(struct engine *engine, struct str *rest)
{
	const uint8_t *bytes = take(rest, 48);

	if (!bytes)
		return ERR_DAMAGED;
	struct engine_queue *queue = queue_get(engine, get_u64(bytes), get_u64(bytes + 8) != 0);
	uint64_t dedups = get_u64(bytes + 24), messages = get_u64(bytes + 32);
	uint64_t runs = get_u64(bytes + 40);
	queue->next_seq = get_u64(bytes + 16);
	for (uint64_t i = 0; i < dedups; i++) {
		bytes = take(rest, DEDUP_SIZE);
		if (!bytes)
			return ERR_DAMAGED;
		decode_dedup(queue, bytes);
	}
	for (uint64_t i = 0; i < messages; i++) {
		bytes = take(rest, MESSAGE_SIZE);
		if (!bytes || bytes[68] > MESSAGE_DELAYED)
			return ERR_DAMAGED;
		decode_message(engine, queue, bytes);
	}
	for (uint64_t i = 0; i < runs; i++) {
		enum err err = run_decode(engine, queue, rest);
		if (err)
			return err;
	}
	return ERR_OK;
}

enum err checkpoint_decode(void *context, struct str checkpoint)
{
	struct engine *engine = context;
	const uint8_t *bytes = take(&checkpoint, HEADER_SIZE);

	if (!bytes)
		return ERR_DAMAGED;
	if (get_u64(bytes) != CHECKPOINT_VERSION)
		return ERR_VERSION;
	engine->now_ms = (int64_t)get_u64(bytes + 8);
	engine->wall_offset_ms = (int64_t)get_u64(bytes + 16);
	for (uint64_t i = get_u64(bytes + 24); i > 0; i--) {
		enum err err = decode_queue(engine, &checkpoint);
		if (err)
			return err;
	}
	runs_loaded(engine);
	return checkpoint.size == 0 ? ERR_OK : ERR_DAMAGED;
}
