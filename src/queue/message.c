/* SPDX-License-Identifier: MIT */
/*
 * message: what stands where.
 *
 * A group is linked into its queue's ready_groups exactly while it can give a message; counts of
 * visible, in flight and delayed messages follow the states. message_unplace and message_place
 * surround every change of state, so that no other code keeps these in step.
 */
#include <stdlib.h>
#include <string.h>

#include "queue/engine_private.h"

/* Deduplication entries that are forgotten at a time. */
enum { DROPS_MAX = 100 };
enum { SLAB_MESSAGES = 512, NOISY_IN_FLIGHT = 30, NOISY_SHARE = 10 };

static uint64_t hash_number(uint64_t number)
{
	number ^= number >> 33;
	number *= 0xff51afd7ed558ccdu;
	number ^= number >> 33;
	number *= 0xc4ceb9fe1a85ec53u;
	return number ^ number >> 33;
}

static uint64_t hash_message(uint64_t queue, uint64_t seq)
{
	return hash_number(hash_number(queue) + seq);
}

static bool queue_has_number(const void *queue, const void *number)
{
	return ((const struct engine_queue *)queue)->number == *(const uint64_t *)number;
}

struct engine_queue *queue_find(const struct engine *engine, uint64_t number)
{
	return map_find(&engine->queues, hash_number(number), queue_has_number, &number);
}

static void group_init(struct group *group, uint64_t hash)
{
	*group = (struct group){.hash = hash};
	list_init(&group->ready);
	list_init(&group->returned);
	list_init(&group->runs);
}

struct engine_queue *queue_get(struct engine *engine, uint64_t number, bool is_fifo)
{
	struct engine_queue *queue = queue_find(engine, number);

	if (queue)
		return queue;
	queue = heap_alloc(sizeof(*queue));
	queue->number = number;
	queue->is_fifo = is_fifo;
	queue->next_seq = 1;
	queue->retention.kind = TIMER_RETENTION;
	queue->delays.kind = TIMER_DELAYS;
	list_init(&queue->messages);
	list_init(&queue->ready_groups);
	list_init(&queue->deep_groups);
	list_init(&queue->waiting);
	group_init(&queue->plain, 0);
	list_init(&queue->runs);
	map_insert(&engine->queues, hash_number(number), queue);
	list_push_back(&engine->all_queues, &queue->link);
	atomic_fetch_add_explicit(&engine->queue_count, 1, memory_order_relaxed);
	return queue;
}

void queue_unlink(struct engine *engine, struct engine_queue *queue)
{
	timer_clear(&engine->timers, &queue->retention);
	timer_clear(&engine->timers, &queue->delays);
	if (list_is_linked(&queue->dirty_link))
		list_remove(&queue->dirty_link);
	checkpoint_forget_queue(engine, queue);
	browse_forget_queue(engine, queue);
	list_remove(&queue->link);
	map_remove(&engine->queues, hash_number(queue->number), queue);
	atomic_fetch_sub_explicit(&engine->queue_count, 1, memory_order_relaxed);
}

bool queue_drop_some(struct engine_queue *queue)
{
	struct queue_extra *extra = queue->extra;

	if (extra && !list_is_empty(&extra->dedups))
		dedup_forget(extra, container_of(extra->dedups.next, struct dedup, link));
	else if (extra && !list_is_empty(&extra->attempts))
		attempt_forget(extra, container_of(extra->attempts.next, struct attempt, link));
	else
		return false;
	return true;
}

void queue_free(struct engine_queue *queue)
{
	check(list_is_empty(&queue->messages));
	check(list_is_empty(&queue->waiting));
	if (queue->extra) {
		struct group *group;
		size_t cursor = 0;
		/* Groups whose messages were lost with a damaged segment are left. */
		while ((group = map_next(&queue->extra->groups, &cursor)))
			heap_free(group);
		map_done(&queue->extra->groups);
		map_done(&queue->extra->dedup_map);
		map_done(&queue->extra->attempt_map);
		heap_free(queue->extra);
	}
	heap_free((void *)(uintptr_t)queue->settings.label.data);
	heap_free(queue);
}

struct queue_extra *queue_extra_get(struct engine_queue *queue)
{
	if (!queue->extra) {
		queue->extra = heap_alloc(sizeof(*queue->extra));
		list_init(&queue->extra->dedups);
		list_init(&queue->extra->attempts);
	}
	return queue->extra;
}

void dedup_forget(struct queue_extra *extra, struct dedup *dedup)
{
	if (extra->dedup_next == &dedup->link)
		extra->dedup_next = dedup->link.next;
	list_remove(&dedup->link);
	map_remove(&extra->dedup_map, get_u64(dedup->key), dedup);
	heap_free(dedup);
}

void queue_drop_dedups(struct engine_queue *queue, int64_t now_ms)
{
	if (!queue->extra)
		return;
	for (size_t i = 0; i < DROPS_MAX && !list_is_empty(&queue->extra->dedups); i++) {
		struct dedup *dedup = container_of(queue->extra->dedups.next, struct dedup, link);
		if (dedup->until_ms > now_ms)
			break;
		dedup_forget(queue->extra, dedup);
	}
}

struct dedup_key {
	const uint8_t *key;
	uint64_t group;
};

static bool dedup_has_key(const void *value, const void *wanted)
{
	const struct dedup *dedup = value;
	const struct dedup_key *key = wanted;

	return memcmp(dedup->key, key->key, 16) == 0 &&
	       (key->group == 0 || key->group == dedup->group);
}

struct dedup *queue_find_dedup(const struct engine_queue *queue, const uint8_t key[16],
			       uint64_t group)
{
	struct dedup_key wanted = {key, group};

	if (!queue->extra)
		return NULL;
	return map_find(&queue->extra->dedup_map, get_u64(key), dedup_has_key, &wanted);
}

void queue_mark_dirty(struct engine *engine, struct engine_queue *queue)
{
	if (!list_is_empty(&queue->waiting) && !list_is_linked(&queue->dirty_link))
		list_push_back(&engine->dirty, &queue->dirty_link);
}

bool group_is_noisy(const struct engine_queue *queue, const struct group *group)
{
	/* A message without a group counts as a group of its own. */
	return group->hash != 0 && group->in_flight >= NOISY_IN_FLIGHT &&
	       group->in_flight * NOISY_SHARE > queue->in_flight;
}

static bool group_has_hash(const void *group, const void *hash)
{
	return ((const struct group *)group)->hash == *(const uint64_t *)hash;
}

struct group *group_find(const struct engine_queue *queue, uint64_t hash)
{
	if (hash == 0)
		return (struct group *)(uintptr_t)&queue->plain;
	return queue->extra
		       ? map_find(&queue->extra->groups, hash_number(hash), group_has_hash, &hash)
		       : NULL;
}

struct group *group_get(struct engine_queue *queue, uint64_t hash)
{
	struct group *group = group_find(queue, hash);

	if (!group) {
		group = heap_alloc(sizeof(*group));
		group_init(group, hash);
		map_insert(&queue_extra_get(queue)->groups, hash_number(hash), group);
	}
	return group;
}

static bool group_can_give(const struct engine_queue *queue, const struct group *group)
{
	if (!queue->is_fifo)
		return !list_is_empty(&group->ready) || !list_is_empty(&group->returned);
	return !list_is_empty(&group->ready) &&
	       container_of(group->ready.next, struct message, link)->state == MESSAGE_READY;
}

void group_refresh(struct engine *engine, struct engine_queue *queue, struct group *group)
{
	bool can_give = group_can_give(queue, group);

	if (can_give && !list_is_linked(&group->link))
		list_push_back(&queue->ready_groups, &group->link);
	else if (!can_give && list_is_linked(&group->link))
		list_remove(&group->link);
	if (can_give)
		queue_mark_dirty(engine, queue);
	if (group->messages == 0 && group->cold == 0 && group->hash != 0) {
		map_remove(&queue->extra->groups, hash_number(group->hash), group);
		heap_free(group);
	}
}

struct message_key {
	uint64_t queue, seq;
};

static bool message_has_key(const void *value, const void *wanted)
{
	const struct message *message = value;
	const struct message_key *key = wanted;

	return message->seq == key->seq && message->queue->number == key->queue &&
	       !message->queue->is_retired;
}

struct message *message_find(const struct engine *engine, uint64_t queue, uint64_t seq)
{
	struct message_key key = {queue, seq};

	return map_find(&engine->messages, hash_message(queue, seq), message_has_key, &key);
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

static bool segment_has_number(const void *segment, const void *number)
{
	return ((const struct segment_messages *)segment)->segment == *(const uint32_t *)number;
}

struct segment_messages *segment_messages_find(const struct engine *engine, uint32_t number)
{
	return map_find(&engine->segments, hash_number(number), segment_has_number, &number);
}

struct segment_messages *segment_messages_get(struct engine *engine, uint32_t number)
{
	struct segment_messages *segment = segment_messages_find(engine, number);

	if (!segment) {
		segment = heap_alloc(sizeof(*segment));
		segment->segment = number;
		list_init(&segment->messages);
		list_init(&segment->runs);
		map_insert(&engine->segments, hash_number(number), segment);
	}
	return segment;
}

void segment_messages_release(struct engine *engine, struct segment_messages *segment)
{
	if (list_is_empty(&segment->runs) && list_is_linked(&segment->unindexed_link))
		list_remove(&segment->unindexed_link);
	if (!list_is_empty(&segment->messages) || !list_is_empty(&segment->runs))
		return;
	if (engine->leaving == segment->segment)
		engine->leaving = 0;
	buf_done(&segment->index);
	map_remove(&engine->segments, hash_number(segment->segment), segment);
	heap_free(segment);
}

static void enter_segment(struct engine *engine, struct message *message)
{
	struct segment_messages *segment = segment_messages_get(engine, message->location.segment);

	list_push_back(&segment->messages, &message->in_segment);
	journal_live_add(engine->journal, segment->segment, 1, message->location.size);
}

static void leave_segment(struct engine *engine, struct message *message)
{
	struct list *before = message->in_segment.prev;

	if (engine->journal) /* opening may have failed with messages already loaded */
		journal_live_add(engine->journal, message->location.segment, -1,
				 -(int64_t)message->location.size);
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
			    uint64_t group, int64_t since_ms, struct journal_location location)
{
	struct message *message = message_alloc(engine);

	message->mark = engine->mark;
	message->queue = queue;
	message->group = group_get(queue, group);
	message->group->messages++;
	message->seq = seq;
	message->location = location;
	message->since_ms = since_ms;
	note_order(queue, message);
	list_push_back(&queue->messages, &message->in_queue);
	if (queue->is_fifo)
		list_push_back(&message->group->ready, &message->link);
	map_insert(&engine->messages, hash_message(queue->number, seq), message);
	enter_segment(engine, message);
	atomic_store_explicit(&engine->message_count, engine->messages.count, memory_order_relaxed);
	return message;
}

/* Standard: what came back is served before the others, unless it comes back too often, or was not
 * really received. */
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

	checkpoint_keep_message(engine, message);
	switch ((enum message_state)message->state) {
	case MESSAGE_READY:
		queue->visible--;
		message->group->ready_count--;
		if (!queue->is_fifo)
			list_remove(&message->link);
		break;
	case MESSAGE_IN_FLIGHT:
		/* At the limit it is this message that others wait for, whatever its group. */
		if (queue->in_flight-- == LIMIT_INFLIGHT_MESSAGES)
			queue_mark_dirty(engine, queue);
		if (--message->group->in_flight == 0 && message->group->hash != 0)
			queue->groups_in_flight--;
		timer_clear(&engine->timers, &message->timer);
		break;
	case MESSAGE_DELAYED:
		queue->delayed--;
		message->group->ready_count -= queue->is_fifo;
		timer_clear(&engine->timers, &message->timer);
		break;
	}
}

void message_relocate(struct engine *engine, struct message *message,
		      struct journal_location location)
{
	checkpoint_keep_message(engine, message);
	leave_segment(engine, message);
	message->location = location;
	enter_segment(engine, message);
}

void message_remove(struct engine *engine, struct message *message)
{
	struct engine_queue *queue = message->queue;
	struct group *group = message->group;

	message_unplace(engine, message);
	checkpoint_forget_message(engine, message);
	browse_forget(engine, &message->in_queue);
	browse_leave_out(engine, message);
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
	map_remove(&engine->messages, hash_message(queue->number, message->seq), message);
	leave_segment(engine, message);
	group->messages--;
	if (group->cold > 0)
		group_refill(engine, group);
	group_refresh(engine, queue, group);
	message->in_queue.next = engine->free_messages ? &engine->free_messages->in_queue : NULL;
	engine->free_messages = message;
	atomic_store_explicit(&engine->message_count, engine->messages.count, memory_order_relaxed);
}

static void publish(_Atomic int64_t *place, uint64_t value)
{
	atomic_store_explicit(place, (int64_t)value, memory_order_relaxed);
}

void queue_publish(struct engine_queue *queue)
{
	struct queue_counters *counters = queue->counters;

	if (!counters)
		return;
	publish(&counters->visible, queue->visible + queue->cold);
	publish(&counters->in_flight, queue->in_flight);
	publish(&counters->delayed, queue->delayed);
	publish(&counters->groups_in_flight, queue->groups_in_flight);
	publish(&counters->oldest_since_ms,
		list_is_empty(&queue->messages)
			? 0
			: (uint64_t)container_of(queue->messages.next, struct message, in_queue)
				  ->since_ms);
}
