/* SPDX-License-Identifier: MIT */
/*
 * checkpoint: the engine's state as bytes.
 *
 * Version, time, wall time less that; then items: queues (number, is_fifo, next_seq), deduplication
 * entries, messages in memory and runs, each with its queue's number. Where a message stands
 * follows from its fields, so lists and timers are not written.
 *
 * It is encoded in several turns, and yet it is the state of the moment when it began: a message or
 * a run is encoded before it changes, if it was not yet, and what is new is marked as if it were
 * there already. So the items of a queue are in no order; decoding sorts them by seq. A queue's
 * next_seq and deduplication entries may be newer than that: replay, which starts at that moment,
 * makes them the same. What is purged or dropped meanwhile may be left out, for the same reason.
 */
#include <stdlib.h>
#include <string.h>

#include "queue/engine_private.h"

enum {
	CHECKPOINT_VERSION = 5,
	HEADER_SIZE = 24,
	QUEUE_SIZE = 24,
	MESSAGE_SIZE = 71,
	DEDUP_SIZE = 56
};
/* Of an item's tag and its queue's number. */
enum { ITEM_SIZE = 9 };
enum item_type { ITEM_QUEUE = 1, ITEM_DEDUP, ITEM_MESSAGE, ITEM_RUN };
/* Of the bytes of a turn. */
enum { SHARE = 16 };

static void append_u64(struct buf *out, uint64_t value)
{
	put_u64((uint8_t *)buf_extend(out, 8), value);
}

static void append_item(struct buf *out, enum item_type type, const struct engine_queue *queue)
{
	uint8_t *bytes = (uint8_t *)buf_extend(out, ITEM_SIZE);

	bytes[0] = (uint8_t)type;
	put_u64(bytes + 1, queue->number);
}

static void encode_message(struct buf *out, const struct message *message)
{
	append_item(out, ITEM_MESSAGE, message->queue);
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

static void encode_dedup(struct buf *out, const struct engine_queue *queue,
			 const struct dedup *dedup)
{
	append_item(out, ITEM_DEDUP, queue);
	uint8_t *bytes = (uint8_t *)buf_extend(out, DEDUP_SIZE);
	memcpy(bytes, dedup->key, 16);
	memcpy(bytes + 16, dedup->id, 16);
	put_u64(bytes + 32, dedup->seq);
	put_u64(bytes + 40, (uint64_t)dedup->until_ms);
	put_u64(bytes + 48, dedup->group);
}

/* ---- changes meanwhile ---- */

void checkpoint_keep_message(struct engine *engine, struct message *message)
{
	if (!engine->checkpoint.is_under_way || message->mark == engine->mark ||
	    message->queue->is_retired)
		return;
	message->mark = engine->mark;
	encode_message(&engine->checkpoint.state, message);
}

void checkpoint_keep_run(struct engine *engine, struct run *run)
{
	if (!engine->checkpoint.is_under_way || run->mark == engine->mark || run->queue->is_retired)
		return;
	run->mark = engine->mark;
	append_item(&engine->checkpoint.state, ITEM_RUN, run->queue);
	run_encode(&engine->checkpoint.state, run);
}

static struct message *message_at(const struct engine_queue *queue, const struct list *link)
{
	return link == &queue->messages ? NULL : container_of(link, struct message, in_queue);
}

static struct run *run_at(const struct engine_queue *queue, const struct list *link)
{
	return link == &queue->runs ? NULL : container_of(link, struct run, in_queue);
}

void checkpoint_forget_message(struct engine *engine, const struct message *message)
{
	struct checkpoint_progress *progress = &engine->checkpoint;

	if (progress->message_last == message && progress->message == message)
		progress->message = NULL;
	if (progress->message == message)
		progress->message = message_at(message->queue, message->in_queue.next);
	if (progress->message_last == message)
		progress->message_last = message_at(message->queue, message->in_queue.prev);
}

void checkpoint_forget_run(struct engine *engine, const struct run *run)
{
	if (engine->checkpoint.run == run)
		engine->checkpoint.run = run_at(run->queue, run->in_queue.next);
}

static struct engine_queue *queue_at(const struct engine *engine, const struct list *link)
{
	return link == &engine->all_queues ? NULL : container_of(link, struct engine_queue, link);
}

static void go_to_queue(struct engine *engine, struct engine_queue *queue)
{
	engine->checkpoint.queue = queue;
	engine->checkpoint.phase = CHECKPOINT_QUEUE;
	engine->checkpoint.message = engine->checkpoint.message_last = NULL;
	engine->checkpoint.run = NULL;
}

void checkpoint_forget_queue(struct engine *engine, const struct engine_queue *queue)
{
	if (engine->checkpoint.queue == queue)
		go_to_queue(engine, queue_at(engine, queue->link.next));
}

/* ---- encoding ---- */

void checkpoint_begin(struct engine *engine)
{
	struct buf *out = &engine->checkpoint.state;

	engine->mark ^= 1;
	engine->checkpoint.is_under_way = true;
	go_to_queue(engine, queue_at(engine, engine->all_queues.next));
	append_u64(out, CHECKPOINT_VERSION);
	append_u64(out, (uint64_t)engine->now_ms);
	append_u64(out, (uint64_t)engine->wall_offset_ms);
}

static void begin_queue(struct engine *engine, struct engine_queue *queue)
{
	struct checkpoint_progress *progress = &engine->checkpoint;
	uint8_t *bytes;

	attempts_drop(queue, engine->now_ms);
	append_item(&progress->state, ITEM_QUEUE, queue);
	bytes = (uint8_t *)buf_extend(&progress->state, QUEUE_SIZE - 8);
	put_u64(bytes, queue->is_fifo);
	put_u64(bytes + 8, queue->next_seq);
	progress->seq_end = queue->next_seq;
	if (queue->extra)
		queue->extra->dedup_next = queue->extra->dedups.next;
	progress->message = message_at(queue, queue->messages.next);
	progress->message_last = message_at(queue, queue->messages.prev);
	progress->run = run_at(queue, queue->runs.next);
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
	/* Queues that nobody uses any more forget what is over only here. */
	if (dedup->until_ms <= engine->now_ms)
		dedup_forget(extra, dedup);
	else
		encode_dedup(&engine->checkpoint.state, queue, dedup);
}

static void step_message(struct engine *engine, struct engine_queue *queue)
{
	struct checkpoint_progress *progress = &engine->checkpoint;
	struct message *message = progress->message;

	if (!message) {
		progress->phase = CHECKPOINT_RUNS;
		return;
	}
	progress->message = message == progress->message_last
				    ? NULL
				    : message_at(queue, message->in_queue.next);
	checkpoint_keep_message(engine, message);
}

static void step_run(struct engine *engine, struct engine_queue *queue)
{
	struct run *run = engine->checkpoint.run;

	if (!run) {
		go_to_queue(engine, queue_at(engine, queue->link.next));
		return;
	}
	engine->checkpoint.run = run_at(queue, run->in_queue.next);
	checkpoint_keep_run(engine, run);
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
	case CHECKPOINT_RUNS:
		step_run(engine, queue);
		return;
	}
}

bool checkpoint_step(struct engine *engine)
{
	struct checkpoint_progress *progress = &engine->checkpoint;

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

struct item {
	uint64_t queue, group, seq;
	const uint8_t *bytes;
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
	struct items dedups, messages, runs;
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
			push_item(&decoding->dedups, (struct item){number, 0, 0, bytes});
		break;
	case ITEM_MESSAGE:
		bytes = take(rest, MESSAGE_SIZE);
		if (bytes && bytes[68] > MESSAGE_DELAYED)
			return ERR_DAMAGED;
		if (bytes)
			push_item(&decoding->messages,
				  (struct item){number, 0, get_u64(bytes), bytes});
		break;
	case ITEM_RUN:
		size = run_encoded_size(*rest);
		bytes = size ? take(rest, size) : NULL;
		if (bytes)
			push_item(&decoding->runs,
				  (struct item){number, run_encoded_group(bytes),
						run_encoded_first_seq(bytes), bytes});
		break;
	}
	return bytes ? ERR_OK : ERR_DAMAGED;
}

/* What has no queue any more was dropped after the checkpoint began. */
static void enter_items(struct engine *engine, struct decoding *decoding)
{
	struct engine_queue *queue;

	sort_items(&decoding->messages);
	sort_items(&decoding->runs);
	for (size_t i = 0; i < decoding->dedups.count; i++) {
		queue = queue_find(engine, decoding->dedups.items[i].queue);
		if (queue)
			decode_dedup(queue, decoding->dedups.items[i].bytes);
	}
	for (size_t i = 0; i < decoding->messages.count; i++) {
		queue = queue_find(engine, decoding->messages.items[i].queue);
		if (queue)
			decode_message(engine, queue, decoding->messages.items[i].bytes);
	}
	for (size_t i = 0; i < decoding->runs.count; i++) {
		queue = queue_find(engine, decoding->runs.items[i].queue);
		if (queue)
			run_decode(engine, queue, decoding->runs.items[i].bytes);
	}
	runs_loaded(engine);
}

enum err checkpoint_decode(void *context, struct str checkpoint)
{
	struct engine *engine = context;
	struct decoding decoding = {0};
	const uint8_t *bytes = take(&checkpoint, HEADER_SIZE);
	enum err err = ERR_OK;

	if (!bytes)
		return ERR_DAMAGED;
	if (get_u64(bytes) != CHECKPOINT_VERSION)
		return ERR_VERSION;
	engine->now_ms = (int64_t)get_u64(bytes + 8);
	engine->wall_offset_ms = (int64_t)get_u64(bytes + 16);
	while (!err && checkpoint.size > 0)
		err = read_item(engine, &decoding, &checkpoint);
	if (!err)
		enter_items(engine, &decoding);
	heap_free(decoding.dedups.items);
	heap_free(decoding.messages.items);
	heap_free(decoding.runs.items);
	return err;
}
