/* SPDX-License-Identifier: MIT */
/*
 * message: messages in memory.
 *
 * Counts of visible, in flight and delayed messages follow the states. message_unplace and
 * message_place surround every change of state, so that no other code keeps these in step.
 */

#include "queue/message.h"

#include "queue/image.h"
#include "queue/page.h"
#include "queue/state.h"

enum { SLAB_MESSAGES = 512 };

bool message_is_expired(const struct engine *engine, const struct message *message)
{
	const struct engine_queue *queue = message->queue;

	return queue->is_defined &&
	       message->since_ms + queue->settings.retention_ms <= engine->now_ms;
}

bool message_is_delayed(const struct engine *engine, const struct message *message)
{
	const struct engine_queue *queue = message->queue;

	return queue->is_fifo && queue->is_defined && message->receives == 0 &&
	       message->since_ms + queue->settings.delay_ms > engine->now_ms;
}

void message_begin(const struct engine *engine, struct message *message, int64_t visible_ms)
{
	const struct engine_queue *queue = message->queue;

	if (queue->is_fifo)
		visible_ms = message_is_delayed(engine, message)
				     ? message->since_ms + queue->settings.delay_ms
				     : 0;
	message->visible_ms = visible_ms;
	message->state = visible_ms > engine->now_ms ? MESSAGE_DELAYED : MESSAGE_READY;
}

static struct message *message_alloc(struct engine *engine)
{
	if (!engine->free_messages) {
		struct message *slab = heap_alloc(sizeof(*slab) * SLAB_MESSAGES);
		engine->slabs =
			heap_resize(engine->slabs, (engine->slab_count + 1) * sizeof(void *));
		engine->slabs[engine->slab_count++] = slab;
		for (size_t i = 0; i < SLAB_MESSAGES; i++) {
			slab[i].in_queue.next =
				engine->free_messages ? &engine->free_messages->in_queue : NULL;
			engine->free_messages = &slab[i];
		}
	}

	struct message *message = engine->free_messages;
	struct list *next = message->in_queue.next;
	engine->free_messages = next ? container_of(next, struct message, in_queue) : NULL;
	*message = (struct message){.timer.kind = TIMER_MESSAGE};
	return message;
}

static int64_t live_size(const struct message *message)
{
	return (int64_t)message->location.size + message->shared_size;
}

static void enter_segment(struct engine *engine, struct message *message)
{
	struct segment_messages *segment = segment_messages_get(engine, message->location.segment);

	list_push_back(&segment->messages, &message->in_segment);
	journal_live_add(engine->journal, segment->segment, 1, live_size(message));
}

static void leave_segment(struct engine *engine, struct message *message)
{
	struct list *before = message->in_segment.prev;

	if (engine->journal) /* opening may have failed with messages already loaded */
		journal_live_add(engine->journal, message->location.segment, -1,
				 -live_size(message));
	list_remove(&message->in_segment);
	/* Only the head is left: `before` is the head of an empty list. */
	if (list_is_empty(before))
		segment_messages_release(engine,
					 container_of(before, struct segment_messages, messages));
}

/* Before it is put behind the others. */
static void note_order(struct engine_queue *queue, const struct message *message)
{
	if (list_is_empty(&queue->messages)) {
		queue->is_unordered = queue->has_mixed_ages = false;
		return;
	}
	const struct message *last = container_of(queue->messages.prev, struct message, in_queue);
	queue->is_unordered |= last->seq > message->seq;
	queue->has_mixed_ages |= last->since_ms > message->since_ms;
}

struct message *message_add(struct engine *engine, struct engine_queue *queue, uint64_t seq,
			    uint64_t group, int64_t since_ms, struct journal_location location,
			    uint32_t shared_size)
{
	struct message *message = message_alloc(engine);

	check(seq > 0);
	check(location.segment > 0);
	message->mark = engine->mark;
	message->queue = queue;
	message->group = group_get(queue, group);
	message->group->messages++;
	message->seq = seq;
	message->location = location;
	message->shared_size = shared_size;
	message->since_ms = since_ms;
	note_order(queue, message);
	list_push_back(&queue->messages, &message->in_queue);
	if (queue->is_fifo)
		list_push_back(&message->group->ready, &message->link);
	map_insert(&engine->messages, message_hash(queue->number, seq), message);
	enter_segment(engine, message);
	atomic_store_explicit(&engine->message_count, engine->messages.count, memory_order_relaxed);
	return message;
}

/* Standard: a returned message is served before the others, unless it returns too often, or its
 * receive did not count. */
static bool stands_behind(const struct message *message)
{
	return message->receives == 0 || message->receives >= 3 || message->given_back > 0;
}

void message_place(struct engine *engine, struct message *message)
{
	struct engine_queue *queue = message->queue;

	switch ((enum message_state)message->state) {
	case MESSAGE_READY:
		queue->visible++;
		message->group->ready_count++;
		if (!queue->is_fifo)
			list_push_back(stands_behind(message) ? &message->group->ready
							      : &message->group->returned,
				       &message->link);
		break;
	case MESSAGE_IN_FLIGHT:
		queue->in_flight++;
		if (message->group->in_flight++ == 0 && message->group->hash != 0)
			queue->groups_in_flight++;
		timer_set(&engine->timers, &message->timer, message->visible_ms);
		break;
	case MESSAGE_DELAYED:
		queue->delayed++;
		message->group->ready_count += queue->is_fifo;
		timer_set(&engine->timers, &message->timer, message->visible_ms);
		break;
	}
	group_refresh(engine, queue, message->group);
}

void message_unplace(struct engine *engine, struct message *message)
{
	struct engine_queue *queue = message->queue;

	image_keep_message(engine, message);
	switch ((enum message_state)message->state) {
	case MESSAGE_READY:
		check(queue->visible > 0);
		check(message->group->ready_count > 0);
		queue->visible--;
		message->group->ready_count--;
		if (!queue->is_fifo)
			list_remove(&message->link);
		break;
	case MESSAGE_IN_FLIGHT:
		check(queue->in_flight > 0);
		check(message->group->in_flight > 0);
		/* At the limit, waiting receives need this message, whatever its group. */
		if (queue->in_flight-- == LIMIT_INFLIGHT_MESSAGES)
			queue_mark_dirty(engine, queue);
		if (--message->group->in_flight == 0 && message->group->hash != 0)
			queue->groups_in_flight--;
		timer_clear(&engine->timers, &message->timer);
		break;
	case MESSAGE_DELAYED:
		check(queue->delayed > 0);
		queue->delayed--;
		message->group->ready_count -= queue->is_fifo;
		timer_clear(&engine->timers, &message->timer);
		break;
	}
}

void message_relocate(struct engine *engine, struct message *message,
		      struct journal_location location, uint32_t shared_size)
{
	image_keep_message(engine, message);
	leave_segment(engine, message);
	message->location = location;
	message->shared_size = shared_size;
	enter_segment(engine, message);
}

void message_detach(struct engine *engine, struct message *message)
{
	struct engine_queue *queue = message->queue;

	message_unplace(engine, message);
	image_forget_message(engine, message);
	page_forget(engine, &message->in_queue);
	page_leave_out(engine, message);
	if (queue->expiry_next == message)
		queue->expiry_next =
			message->in_queue.next == &queue->messages
				? NULL
				: container_of(message->in_queue.next, struct message, in_queue);
	if (queue->is_fifo)
		list_remove(&message->link);
	if (queue->delays_next == message)
		queue->delays_next =
			message->in_queue.prev == &queue->messages
				? NULL
				: container_of(message->in_queue.prev, struct message, in_queue);
	list_remove(&message->in_queue);
	map_remove(&engine->messages, message_hash(queue->number, message->seq), message);
	leave_segment(engine, message);
	check(message->group->messages > 0);
	message->group->messages--;
}

void message_free(struct engine *engine, struct message *message)
{
	check(!timer_is_set(&message->timer));
	message->in_queue.next = engine->free_messages ? &engine->free_messages->in_queue : NULL;
	engine->free_messages = message;
	atomic_store_explicit(&engine->message_count, engine->messages.count, memory_order_relaxed);
}
