/* SPDX-License-Identifier: MIT */
/*
 * move: messages that change their queue.
 *
 * The bytes are copied, so that a segment's messages always belong to the queues that its records
 * name.
 */

#include "queue/move.h"

#include <string.h>

#include "queue/answer.h"
#include "queue/apply.h"
#include "queue/backlog.h"
#include "queue/expire.h"
#include "queue/log.h"
#include "queue/message.h"
#include "queue/state.h"
#include "queue/turn.h"

/* Moves a message that was read; a new id makes it a new message there. False: there is no room. */
static bool move_message(struct engine *engine, struct message *message, struct record_head head,
			 struct str payload, struct engine_queue *to, const uint8_t *new_id,
			 struct str origin)
{
	uint8_t bytes[RECORD_MOVE_SIZE + RECORD_HEAD_SIZE];
	struct journal_location location;

	if (!journal_has_room(engine->journal, JOURNAL_ROOM_MESSAGE,
			      sizeof(bytes) + payload.size + origin.size))
		return false;
	put_u64(bytes, message->queue->number);
	put_u64(bytes + 8, message->seq);
	head.seq = to->next_seq;
	head.visible_ms = 0;
	head.dedup_until_ms = 0;
	head.shared_size = 0; /* the payload is copied */
	head.is_fifo = to->is_fifo;
	head.origin = origin;
	head.receive_count = new_id ? 0 : message->receive_count;
	head.first_receive_ms = new_id ? 0 : message->first_receive_ms;
	if (new_id)
		memcpy(head.id, new_id, 16);
	if (new_id || to->is_fifo) {
		head.sent_ms = engine->wall_ms;
		head.since_ms = engine->now_ms;
	}
	record_head_encode(&head, bytes + RECORD_MOVE_SIZE);
	struct str parts[] = {str_of(bytes, sizeof(bytes)), origin, payload};
	log_append(engine, RECORD_MOVE, to->number, parts, 3, &location);

	struct engine_queue *from = message->queue;
	check(!to->is_archive);
	apply_send(engine, to, &head, location);
	backlog_remove(engine, message);
	if (from->counters)
		atomic_fetch_add_explicit(&from->counters->moved_out, 1, memory_order_relaxed);
	if (to->counters)
		atomic_fetch_add_explicit(&to->counters->moved_in, 1, memory_order_relaxed);
	queue_publish(to);
	return true;
}

bool move_dead(struct engine *engine, struct message *message, struct engine_queue *to)
{
	struct record_head head;
	struct str payload;

	return log_read_head(engine, message, &head, &payload) &&
	       move_message(engine, message, head, payload, to, NULL,
			    message->queue->settings.label);
}

/* The target queue of a redriven message, or NULL. */
static struct engine_queue *find_target(struct engine *engine, const struct queue_command *command,
					struct str origin)
{
	if (command->redrive.to)
		return queue_find(engine, command->redrive.to);
	if (origin.size == 0)
		return NULL;
	return queue_find(engine,
			  command->redrive.find_label(command->redrive.find_context, origin));
}

static void make_id(struct prng *prng, uint8_t out[16])
{
	put_u64(out, prng_next(prng));
	put_u64(out + 8, prng_next(prng));
	out[6] = (uint8_t)((out[6] & 0x0f) | 0x40);
	out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
}

static struct message *first_ready(struct engine_queue *queue)
{
	if (list_is_empty(&queue->ready_groups))
		return NULL;

	struct group *group = container_of(queue->ready_groups.next, struct group, link);
	struct list *list = list_is_empty(&group->returned) ? &group->ready : &group->returned;
	return container_of(list->next, struct message, link);
}

/* False: the command ends here. */
static bool redrive_one(struct engine *engine, struct queue_command *command,
			struct message *message, struct prng *prng)
{
	struct record_head head;
	struct str payload;
	uint8_t id[16];

	if (message_is_expired(engine, message)) {
		if (!journal_has_room(engine->journal, JOURNAL_ROOM_FREE, RECORD_NAME_SIZE))
			return false;
		expire_messages(engine, message->queue, &message, 1);
		return true;
	}
	if (!log_read_head(engine, message, &head, &payload)) {
		command->redrive.is_unknown_source = true;
		return false;
	}
	struct engine_queue *to = find_target(engine, command, head.origin);
	if (!to || !to->is_defined) {
		command->redrive.is_unknown_source = true;
		return false;
	}
	make_id(prng, id);
	if (!move_message(engine, message, head, payload, to, id, STR("")))
		return false;
	command->redrive.moved++;
	return true;
}

void move_redrive(struct engine *engine, struct queue_command *command)
{
	struct prng prng;
	bool goes_on = true;

	command->redrive.moved = 0;
	struct engine_queue *queue = answer_queue(engine, command);
	if (!queue)
		return;
	prng_init(&prng, command->redrive.random);
	while (goes_on && command->redrive.moved < command->redrive.max) {
		struct message *message = first_ready(queue);
		if (!message) {
			command->redrive.is_empty = true;
			break;
		}
		goes_on = redrive_one(engine, command, message, &prng) && !turn_is_over(engine);
	}
	queue_publish(queue);
	answer_command(engine, command, QUEUE_OK);
}
