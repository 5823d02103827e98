/* SPDX-License-Identifier: MIT */
/*
 * attempt: receives that may be repeated.
 *
 * An attempt whose messages were all left alone is given again: same messages, same handles, their
 * visibility from now. If their visibility is over, and nobody has received them since, it is an
 * ordinary receive; if they were touched, it is refused. Attempts live in memory only: after a
 * restart a repeated one is a new receive, and finds the group locked until its visibility is over.
 * The oldest make way when there are more than messages can be in flight.
 */
#include <string.h>

#include "queue/engine_private.h"

/* Of the records that repeat an attempt, at most. */
/* Attempts that are forgotten at a time. */
enum { DROPS_MAX = 100 };
enum { REPEAT_SIZE = LIMIT_RECEIVE_MESSAGES * 64 };

static bool attempt_has_key(const void *attempt, const void *key)
{
	return memcmp(((const struct attempt *)attempt)->key, key, 16) == 0;
}

void attempt_forget(struct queue_extra *extra, struct attempt *attempt)
{
	list_remove(&attempt->link);
	map_remove(&extra->attempt_map, get_u64(attempt->key), attempt);
	heap_free(attempt);
}

void attempts_drop(struct engine_queue *queue, int64_t now_ms)
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

static struct attempt *find(struct queue_extra *extra, const uint8_t key[16])
{
	return map_find(&extra->attempt_map, get_u64(key), attempt_has_key, key);
}

/* What became of a message since the attempt. */
static enum attempt_outcome look_at(struct engine *engine, const struct engine_queue *queue,
				    const struct attempt *attempt,
				    const struct queue_handle *handle, struct message **out_message)
{
	struct message *message = message_find(engine, queue->number, handle->seq);

	*out_message = message;
	if (!message || message->receives != handle->receive ||
	    message->visible_ms != attempt->visible_ms || message_is_expired(engine, message))
		return ATTEMPT_OVER;
	return message->state == MESSAGE_IN_FLIGHT ? ATTEMPT_REPEATED : ATTEMPT_NEW;
}

static void give_again(struct engine *engine, struct queue_command *command,
		       struct engine_queue *queue, struct message *message, size_t index)
{
	uint8_t bytes[16];
	struct str part = str_of(bytes, sizeof(bytes));
	int64_t visibility_ms = command->receive.has_visibility ? command->receive.visibility_ms
								: queue->settings.visibility_ms;
	int64_t visible_ms = visibility_ms ? engine->now_ms + visibility_ms : 0;

	put_u64(bytes, message->seq);
	put_u64(bytes + 8, (uint64_t)visible_ms);
	append_record(engine, RECORD_VISIBILITY, queue->number, &part, 1, NULL);
	apply_visibility(engine, message, visible_ms);
	delivery_give(engine, message, &command->receive.deliveries[index]);
}

enum attempt_outcome attempt_repeat(struct engine *engine, struct queue_command *command,
				    struct engine_queue *queue)
{
	struct message *messages[LIMIT_RECEIVE_MESSAGES];

	attempts_drop(queue, engine->now_ms);
	struct attempt *attempt = find(queue_extra_get(queue), command->receive.attempt);
	if (!attempt || attempt->until_ms <= engine->now_ms ||
	    attempt->count > command->receive.max ||
	    !journal_has_room(engine->journal, JOURNAL_ROOM_CHANGE, REPEAT_SIZE))
		return ATTEMPT_NEW;
	for (size_t i = 0; i < attempt->count; i++) {
		enum attempt_outcome outcome =
			look_at(engine, queue, attempt, &attempt->handles[i], &messages[i]);
		if (outcome != ATTEMPT_REPEATED)
			return outcome;
	}
	for (size_t i = 0; i < attempt->count; i++)
		give_again(engine, command, queue, messages[i], i);
	command->receive.count = attempt->count;
	attempt->visible_ms = messages[0]->visible_ms;
	return ATTEMPT_REPEATED;
}

void attempt_leave_out(struct engine_queue *queue, const uint8_t key[16],
		       const struct queue_handle *handle)
{
	struct attempt *attempt = queue->extra ? find(queue->extra, key) : NULL;
	size_t kept = 0;

	if (!attempt)
		return;
	for (size_t i = 0; i < attempt->count; i++)
		if (attempt->handles[i].seq != handle->seq ||
		    attempt->handles[i].receive != handle->receive)
			attempt->handles[kept++] = attempt->handles[i];
	attempt->count = kept;
	if (kept == 0)
		attempt_forget(queue->extra, attempt);
}

void attempt_remember(struct engine *engine, const struct queue_command *command,
		      struct engine_queue *queue, int64_t visible_ms)
{
	struct queue_extra *extra = queue_extra_get(queue);
	size_t count = command->receive.count;
	struct attempt *old = find(extra, command->receive.attempt);

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
