/* SPDX-License-Identifier: MIT */
/*
 * checkpoint: steps and decoding.
 *
 * The items of a queue are in no order; decoding sorts them by seq. A queue's next_seq and
 * deduplication entries may be newer than the checkpoint's beginning: replay, which starts at that
 * moment, makes them the same. Messages that are purged or dropped meanwhile may be left out, for
 * the same reason.
 */

#include "queue/checkpoint.h"

#include <stdlib.h>

#include "queue/attempt.h"
#include "queue/dedup.h"
#include "queue/extent.h"
#include "queue/image.h"
#include "queue/message.h"
#include "queue/state.h"
#include "queue/turn.h"

/* Version 5 has no references. */
enum { CHECKPOINT_VERSION = 6, CHECKPOINT_VERSION_READ = 5, HEADER_SIZE = 24, QUEUE_SIZE = 24 };

/* Of the bytes of a turn. */
enum { SHARE = 16 };

/* ---- encoding ---- */

static void append_u64(struct buf *out, uint64_t value)
{
	put_u64((uint8_t *)buf_extend(out, 8), value);
}

void checkpoint_begin(struct engine *engine)
{
	struct buf *out = &engine->checkpoint.state;

	check(!engine->checkpoint.is_under_way);
	check(out->size == 0);
	engine->mark ^= 1;
	engine->checkpoint.is_under_way = true;
	image_go_to_queue(engine, image_queue_at(engine, engine->all_queues.next));
	append_u64(out, CHECKPOINT_VERSION);
	append_u64(out, (uint64_t)engine->now_ms);
	append_u64(out, (uint64_t)engine->wall_offset_ms);
}

static void begin_queue(struct engine *engine, struct engine_queue *queue)
{
	struct checkpoint_progress *progress = &engine->checkpoint;
	uint8_t *bytes;

	attempt_drop(queue, engine->now_ms);
	image_append_item(&progress->state, ITEM_QUEUE, queue);
	bytes = (uint8_t *)buf_extend(&progress->state, QUEUE_SIZE - 8);
	put_u64(bytes, queue->is_fifo);
	put_u64(bytes + 8, queue->next_seq);
	progress->seq_end = queue->next_seq;
	if (queue->extra)
		queue->extra->dedup_next = queue->extra->dedups.next;
	progress->message = image_message_at(queue, queue->messages.next);
	progress->message_last = image_message_at(queue, queue->messages.prev);
	progress->extent = image_extent_at(queue, queue->extents.next);
	progress->phase = CHECKPOINT_DEDUPS;
}

/* One of each, until there is none left; then the next phase. */
static void step_dedup(struct engine *engine, struct engine_queue *queue)
{
	struct queue_extra *extra = queue->extra;
	struct dedup *dedup = NULL;

	if (extra && extra->dedup_next && extra->dedup_next != &extra->dedups)
		dedup = container_of(extra->dedup_next, struct dedup, link);
	if (!dedup || dedup->seq >= engine->checkpoint.seq_end) {
		if (extra)
			extra->dedup_next = NULL;
		engine->checkpoint.phase = CHECKPOINT_MESSAGES;
		return;
	}
	extra->dedup_next = dedup->link.next;
	/* Only a checkpoint removes expired entries of idle queues. */
	if (dedup->until_ms <= engine->now_ms)
		dedup_forget(extra, dedup);
	else
		image_append_dedup(&engine->checkpoint.state, queue, dedup);
}

static void step_message(struct engine *engine, struct engine_queue *queue)
{
	struct checkpoint_progress *progress = &engine->checkpoint;
	struct message *message = progress->message;

	if (!message) {
		progress->phase = CHECKPOINT_EXTENTS;
		return;
	}
	progress->message = message == progress->message_last
				    ? NULL
				    : image_message_at(queue, message->in_queue.next);
	image_keep_message(engine, message);
}

static void step_extent(struct engine *engine, struct engine_queue *queue)
{
	struct extent *extent = engine->checkpoint.extent;

	if (!extent) {
		image_go_to_queue(engine, image_queue_at(engine, queue->link.next));
		return;
	}
	engine->checkpoint.extent = image_extent_at(queue, extent->in_queue.next);
	image_keep_extent(engine, extent);
}

static void step(struct engine *engine)
{
	struct engine_queue *queue = engine->checkpoint.queue;

	switch (engine->checkpoint.phase) {
	case CHECKPOINT_QUEUE:
		begin_queue(engine, queue);
		return;
	case CHECKPOINT_DEDUPS:
		step_dedup(engine, queue);
		return;
	case CHECKPOINT_MESSAGES:
		step_message(engine, queue);
		return;
	case CHECKPOINT_EXTENTS:
		step_extent(engine, queue);
		return;
	}
}

bool checkpoint_step(struct engine *engine)
{
	struct checkpoint_progress *progress = &engine->checkpoint;

	check(progress->is_under_way);
	check(progress->state.size >= HEADER_SIZE);
	turn_begin(engine);
	while (progress->queue && !turn_is_over(engine)) {
		size_t before = progress->state.size;
		step(engine);
		turn_spend(engine, 1, SHARE * (progress->state.size - before));
	}
	progress->is_under_way = progress->queue != NULL;
	return !progress->is_under_way;
}

/* ---- decoding ---- */

/* Takes `size` bytes off *rest; NULL if there are fewer. */
static const uint8_t *take(struct str *rest, size_t size)
{
	const uint8_t *bytes = (const uint8_t *)rest->data;

	if (rest->size < size)
		return NULL;
	*rest = str_of(rest->data + size, rest->size - size);
	return bytes;
}

static void decode_message(struct engine *engine, struct engine_queue *queue, const uint8_t *bytes,
			   bool is_reference)
{
	struct journal_location location = {get_u32(bytes + 16), get_u32(bytes + 20),
					    get_u32(bytes + 24)};
	struct message *message = message_add(engine, queue, get_u64(bytes), get_u64(bytes + 8),
					      (int64_t)get_u64(bytes + 28), location,
					      is_reference ? get_u32(bytes + MESSAGE_SIZE) : 0);

	message->visible_ms = (int64_t)get_u64(bytes + 36);
	message->first_receive_ms = (int64_t)get_u64(bytes + 44);
	message->received_ms = (int64_t)get_u64(bytes + 52);
	message->receive_count = get_u32(bytes + 60);
	message->receives = get_u32(bytes + 64);
	message->state = bytes[68];
	message->given_back = (uint16_t)(bytes[69] | bytes[70] << 8);
	message_place(engine, message);
}

struct item {
	uint64_t queue, group, seq;
	const uint8_t *bytes;
	bool is_reference;
};

struct items {
	struct item *items;
	size_t count, capacity;
};

static void push_item(struct items *items, struct item item)
{
	if (items->count == items->capacity) {
		items->capacity = items->capacity * 2 + 64;
		items->items = heap_resize(items->items, items->capacity * sizeof(items->items[0]));
	}
	items->items[items->count++] = item;
}

static int compare_items(const void *a, const void *b)
{
	const struct item *one = a, *other = b;

	if (one->queue != other->queue)
		return one->queue < other->queue ? -1 : 1;
	if (one->group != other->group)
		return one->group < other->group ? -1 : 1;
	return one->seq < other->seq ? -1 : one->seq > other->seq;
}

static void sort_items(struct items *items)
{
	if (items->count > 0)
		qsort(items->items, items->count, sizeof(items->items[0]), compare_items);
}

static enum err read_queue(struct engine *engine, uint64_t number, struct str *rest)
{
	const uint8_t *bytes = take(rest, QUEUE_SIZE - 8);

	if (!bytes)
		return ERR_DAMAGED;
	queue_get(engine, number, get_u64(bytes) != 0)->next_seq = get_u64(bytes + 8);
	return ERR_OK;
}

struct decoding {
	struct items dedups, messages, extents;
};

static enum err read_item(struct engine *engine, struct decoding *decoding, struct str *rest)
{
	const uint8_t *item = take(rest, ITEM_SIZE), *bytes = NULL;
	size_t size;

	if (!item)
		return ERR_DAMAGED;
	uint64_t number = get_u64(item + 1);
	switch ((enum item_type)item[0]) {
	case ITEM_QUEUE:
		return read_queue(engine, number, rest);
	case ITEM_DEDUP:
		bytes = take(rest, DEDUP_SIZE);
		if (bytes)
			push_item(&decoding->dedups, (struct item){number, 0, 0, bytes, false});
		break;
	case ITEM_MESSAGE:
	case ITEM_REFERENCE:
		bytes = take(rest, item[0] == ITEM_MESSAGE ? MESSAGE_SIZE : REFERENCE_SIZE);
		if (bytes && bytes[68] > MESSAGE_DELAYED)
			return ERR_DAMAGED;
		if (bytes)
			push_item(&decoding->messages,
				  (struct item){number, 0, get_u64(bytes), bytes,
						item[0] == ITEM_REFERENCE});
		break;
	case ITEM_EXTENT:
		size = extent_encoded_size(*rest);
		bytes = size ? take(rest, size) : NULL;
		if (bytes)
			push_item(&decoding->extents,
				  (struct item){number, extent_encoded_group(bytes),
						extent_encoded_first_seq(bytes), bytes, false});
		break;
	}
	return bytes ? ERR_OK : ERR_DAMAGED;
}

/* An item without a queue was dropped after the checkpoint began. */
static void enter_items(struct engine *engine, struct decoding *decoding)
{
	struct engine_queue *queue;

	sort_items(&decoding->messages);
	sort_items(&decoding->extents);
	for (size_t i = 0; i < decoding->dedups.count; i++) {
		queue = queue_find(engine, decoding->dedups.items[i].queue);
		if (queue)
			dedup_decode(queue, decoding->dedups.items[i].bytes);
	}
	for (size_t i = 0; i < decoding->messages.count; i++) {
		queue = queue_find(engine, decoding->messages.items[i].queue);
		if (queue)
			decode_message(engine, queue, decoding->messages.items[i].bytes,
				       decoding->messages.items[i].is_reference);
	}
	for (size_t i = 0; i < decoding->extents.count; i++) {
		queue = queue_find(engine, decoding->extents.items[i].queue);
		if (queue)
			extent_decode(engine, queue, decoding->extents.items[i].bytes);
	}
	extent_loaded(engine);
}

enum err checkpoint_decode(void *context, struct str checkpoint)
{
	struct engine *engine = context;
	struct decoding decoding = {0};
	const uint8_t *bytes = take(&checkpoint, HEADER_SIZE);
	enum err err = ERR_OK;

	if (!bytes)
		return ERR_DAMAGED;
	if (get_u64(bytes) > CHECKPOINT_VERSION || get_u64(bytes) < CHECKPOINT_VERSION_READ)
		return ERR_VERSION;
	engine->now_ms = (int64_t)get_u64(bytes + 8);
	engine->wall_offset_ms = (int64_t)get_u64(bytes + 16);
	while (!err && checkpoint.size > 0)
		err = read_item(engine, &decoding, &checkpoint);
	if (!err)
		enter_items(engine, &decoding);
	heap_free(decoding.dedups.items);
	heap_free(decoding.messages.items);
	heap_free(decoding.extents.items);
	return err;
}
