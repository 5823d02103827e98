/* SPDX-License-Identifier: MIT */
/* repeat: gives all messages of an attempt again, or none. */
#include "queue/repeat.h"

#include "queue/apply.h"
#include "queue/attempt.h"
#include "queue/delivery.h"
#include "queue/log.h"
#include "queue/message.h"
#include "queue/state.h"

/* Of the records that repeat an attempt, at most. */
enum { REPEAT_SIZE = LIMIT_RECEIVE_MESSAGES * 64 };

/* Finds the message's state since the attempt. */
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
	log_append(engine, RECORD_VISIBILITY, queue->number, &part, 1, NULL);
	apply_visibility(engine, message, visible_ms);
	delivery_give(engine, message, &command->receive.deliveries[index]);
}

enum attempt_outcome repeat_attempt(struct engine *engine, struct queue_command *command,
				    struct engine_queue *queue)
{
	struct message *messages[LIMIT_RECEIVE_MESSAGES];

	attempt_drop(queue, engine->now_ms);
	struct attempt *attempt = attempt_find(queue_extra_get(queue), command->receive.attempt);
	if (!attempt || attempt->until_ms <= engine->now_ms ||
	    attempt->count > command->receive.max ||
	    !journal_has_room(engine->journal, JOURNAL_ROOM_CHANGE, REPEAT_SIZE))
		return ATTEMPT_NEW;
	check(attempt->count > 0);
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
