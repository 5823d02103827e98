/* SPDX-License-Identifier: MIT */
/* dedup: a map by key, and a list by age for expired ones. */
#include "queue/dedup.h"

#include <string.h>

#include "queue/state.h"

/* Entries that are forgotten at a time. */
enum { DROPS_MAX = 100 };

void dedup_forget(struct queue_extra *extra, struct dedup *dedup)
{
	check(list_is_linked(&dedup->link));
	if (extra->dedup_next == &dedup->link)
		extra->dedup_next = dedup->link.next;
	list_remove(&dedup->link);
	map_remove(&extra->dedup_map, get_u64(dedup->key), dedup);
	heap_free(dedup);
}

void dedup_drop(struct engine_queue *queue, int64_t now_ms)
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

struct dedup *dedup_find(const struct engine_queue *queue, const uint8_t key[16], uint64_t group)
{
	struct dedup_key wanted = {key, group};

	if (!queue->extra)
		return NULL;
	return map_find(&queue->extra->dedup_map, get_u64(key), dedup_has_key, &wanted);
}

struct dedup *dedup_find_first(const struct engine *engine, struct engine_queue *queue,
			       const uint8_t key[16], uint64_t group)
{
	dedup_drop(queue, engine->now_ms);
	struct dedup *first = dedup_find(queue, key, queue->settings.dedup_per_group ? group : 0);
	return first && first->until_ms > engine->now_ms ? first : NULL;
}

static void remember(struct engine_queue *queue, const struct dedup *entry)
{
	struct queue_extra *extra = queue_extra_get(queue);
	struct dedup *old = dedup_find(queue, entry->key, entry->group);

	check(entry->seq > 0);
	check(entry->seq < queue->next_seq);
	if (old)
		dedup_forget(extra, old);
	struct dedup *dedup = heap_alloc(sizeof(*dedup));
	*dedup = *entry;
	list_push_back(&extra->dedups, &dedup->link);
	map_insert(&extra->dedup_map, get_u64(dedup->key), dedup);
}

void dedup_remember(struct engine_queue *queue, const struct record_head *head)
{
	struct dedup dedup = {
		.seq = head->seq, .group = head->group, .until_ms = head->dedup_until_ms};

	memcpy(dedup.key, head->dedup, 16);
	memcpy(dedup.id, head->id, 16);
	remember(queue, &dedup);
}

void dedup_remember_gate(struct engine_queue *queue, const struct record_gate *gate)
{
	struct dedup dedup = {
		.seq = gate->number, .group = gate->group, .until_ms = gate->until_ms};

	memcpy(dedup.key, gate->dedup, 16);
	memcpy(dedup.id, gate->id, 16);
	remember(queue, &dedup);
}

void dedup_decode(struct engine_queue *queue, const uint8_t *bytes)
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
