/* SPDX-License-Identifier: MIT */
/*
 * state: queues, groups and segments by name, and the lists that follow from their fields.
 *
 * A group is linked into its queue's ready_groups exactly while it can give a message.
 */

#include "queue/state.h"

#include <string.h>

enum { NOISY_IN_FLIGHT = 30, NOISY_SHARE = 10 };

static uint64_t hash_number(uint64_t number)
{
	number ^= number >> 33;
	number *= 0xff51afd7ed558ccdu;
	number ^= number >> 33;
	number *= 0xc4ceb9fe1a85ec53u;
	return number ^ number >> 33;
}

uint64_t message_hash(uint64_t queue, uint64_t seq)
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
	list_init(&group->extents);
}

struct engine_queue *queue_get(struct engine *engine, uint64_t number, bool is_fifo)
{
	struct engine_queue *queue = queue_find(engine, number);

	if (queue)
		return queue;
	queue = heap_alloc(sizeof(*queue));
	queue->number = number;
	queue->is_archive = queue_number_is_archive(number);
	queue->is_fifo = is_fifo && !queue->is_archive;
	queue->next_seq = 1;
	queue->retention.kind = TIMER_RETENTION;
	queue->delays.kind = TIMER_DELAYS;
	list_init(&queue->messages);
	list_init(&queue->ready_groups);
	list_init(&queue->deep_groups);
	list_init(&queue->waiting);
	group_init(&queue->plain, 0);
	list_init(&queue->extents);
	map_insert(&engine->queues, hash_number(number), queue);
	list_push_back(&engine->all_queues, &queue->link);
	atomic_fetch_add_explicit(&engine->queue_count, 1, memory_order_relaxed);
	return queue;
}

void queue_forget(struct engine *engine, struct engine_queue *queue)
{
	list_remove(&queue->link);
	map_remove(&engine->queues, hash_number(queue->number), queue);
	atomic_fetch_sub_explicit(&engine->queue_count, 1, memory_order_relaxed);
}

void queue_free(struct engine_queue *queue)
{
	check(list_is_empty(&queue->messages));
	check(list_is_empty(&queue->waiting));
	check(list_is_empty(&queue->extents));
	if (queue->extra) {
		struct group *group;
		size_t cursor = 0;
		/* Only groups whose messages were lost with a damaged segment are left. */
		while ((group = map_next(&queue->extra->groups, &cursor)))
			heap_free(group);
		map_done(&queue->extra->groups);
		map_done(&queue->extra->dedup_map);
		map_done(&queue->extra->attempt_map);
		heap_free(queue->extra->sorted.items);
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
		check(list_is_empty(&group->extents));
		check(group->in_flight == 0);
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

	return map_find(&engine->messages, message_hash(queue, seq), message_has_key, &key);
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
		list_init(&segment->extents);
		map_insert(&engine->segments, hash_number(number), segment);
	}
	return segment;
}

void segment_messages_release(struct engine *engine, struct segment_messages *segment)
{
	if (list_is_empty(&segment->extents) && list_is_linked(&segment->unindexed_link))
		list_remove(&segment->unindexed_link);
	if (!list_is_empty(&segment->messages) || !list_is_empty(&segment->extents))
		return;
	if (engine->leaving == segment->segment)
		engine->leaving = 0;
	buf_done(&segment->index);
	map_remove(&engine->segments, hash_number(segment->segment), segment);
	heap_free(segment);
}

static void publish(_Atomic int64_t *place, uint64_t value)
{
	atomic_store_explicit(place, (int64_t)value, memory_order_relaxed);
}

static uint64_t oldest_since(const struct engine_queue *queue)
{
	if (!list_is_empty(&queue->messages))
		return (uint64_t)container_of(queue->messages.next, struct message, in_queue)
			->since_ms;
	if (queue->is_archive && !list_is_empty(&queue->extents))
		return (uint64_t)container_of(queue->extents.next, struct extent, in_queue)
			->first_since_ms;
	return 0;
}

void queue_publish(struct engine_queue *queue)
{
	struct queue_counters *counters = queue->counters;

	check((queue->cold > 0) == !list_is_empty(&queue->extents));
	check(!queue->is_archive || list_is_empty(&queue->messages));
	if (!counters)
		return;
	publish(&counters->visible, queue->visible + queue->cold);
	publish(&counters->in_flight, queue->in_flight);
	publish(&counters->delayed, queue->delayed);
	publish(&counters->groups_in_flight, queue->groups_in_flight);
	publish(&counters->oldest_since_ms, oldest_since(queue));
	publish(&counters->kept_bytes, queue->is_archive ? queue->cold_bytes : 0);
}
