/* SPDX-License-Identifier: MIT */
/* attempt: a map by key, and a list by age for expired ones. */
#include "queue/attempt.h"

#include <string.h>

#include "queue/state.h"

/* Attempts that are forgotten at a time. */
enum { DROPS_MAX = 100 };

static bool attempt_has_key(const void *attempt, const void *key)
{
	return memcmp(((const struct attempt *)attempt)->key, key, 16) == 0;
}

void attempt_forget(struct queue_extra *extra, struct attempt *attempt)
{
	check(list_is_linked(&attempt->link));
	check(extra->attempt_map.count > 0);
	list_remove(&attempt->link);
	map_remove(&extra->attempt_map, get_u64(attempt->key), attempt);
	heap_free(attempt);
}

void attempt_drop(struct engine_queue *queue, int64_t now_ms)
{
	struct queue_extra *extra = queue->extra;

	for (size_t i = 0; i < DROPS_MAX && extra && !list_is_empty(&extra->attempts); i++) {
		struct attempt *oldest = container_of(extra->attempts.next, struct attempt, link);
		if (oldest->until_ms > now_ms &&
		    extra->attempt_map.count <= LIMIT_INFLIGHT_MESSAGES)
			return;
		attempt_forget(extra, oldest);
	}
}

struct attempt *attempt_find(struct queue_extra *extra, const uint8_t key[16])
{
	return map_find(&extra->attempt_map, get_u64(key), attempt_has_key, key);
}

void attempt_leave_out(struct engine_queue *queue, const uint8_t key[16],
		       const struct queue_handle *handle)
{
	struct attempt *attempt = queue->extra ? attempt_find(queue->extra, key) : NULL;
	size_t kept = 0;

	if (!attempt)
		return;
	for (size_t i = 0; i < attempt->count; i++)
		if (attempt->handles[i].seq != handle->seq ||
		    attempt->handles[i].receive != handle->receive)
			attempt->handles[kept++] = attempt->handles[i];
	check(kept <= attempt->count);
	attempt->count = kept;
	if (kept == 0)
		attempt_forget(queue->extra, attempt);
}

void attempt_remember(struct engine *engine, const struct queue_command *command,
		      struct engine_queue *queue, int64_t visible_ms)
{
	struct queue_extra *extra = queue_extra_get(queue);
	size_t count = command->receive.count;
	struct attempt *old = attempt_find(extra, command->receive.attempt);

	if (old)
		attempt_forget(extra, old);
	struct attempt *attempt =
		heap_alloc(sizeof(*attempt) + count * sizeof(attempt->handles[0]));
	memcpy(attempt->key, command->receive.attempt, 16);
	attempt->until_ms = engine->now_ms + LIMIT_DEDUPLICATION_MS;
	attempt->visible_ms = visible_ms;
	attempt->count = count;
	for (size_t i = 0; i < count; i++)
		attempt->handles[i] = command->receive.deliveries[i].handle;
	list_push_back(&extra->attempts, &attempt->link);
	map_insert(&extra->attempt_map, get_u64(attempt->key), attempt);
}
