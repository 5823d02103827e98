/* SPDX-License-Identifier: MIT */
/*
 * command: executes commands.
 *
 * An answer waits for the journal's tail at the time of its execution, also if the command changed
 * nothing: "already deleted" and "duplicate" depend on records that may not be durable yet. Only a
 * refusal for lack of room depends on none, so it is not held back by records that wait for room.
 */

#include "queue/command.h"

#include <string.h>

#include "queue/answer.h"
#include "queue/apply.h"
#include "queue/attempt.h"
#include "queue/backlog.h"
#include "queue/browse.h"
#include "queue/dedup.h"
#include "queue/delay.h"
#include "queue/due.h"
#include "queue/fanout.h"
#include "queue/handle.h"
#include "queue/log.h"
#include "queue/message.h"
#include "queue/move.h"
#include "queue/purge.h"
#include "queue/receive.h"
#include "queue/state.h"
#include "queue/turn.h"
#include "queue/wait.h"

enum { TICK_ROUNDS_MAX = 1000 };

static void execute_define(struct engine *engine, struct queue_command *command)
{
	struct queue_settings *settings = &command->define.settings;
	struct engine_queue *queue = queue_get(engine, command->queue, settings->is_fifo);
	bool is_new_delay = queue->settings.delay_ms != settings->delay_ms || !queue->is_defined;

	heap_free((void *)(uintptr_t)queue->settings.label.data);
	queue->settings = *settings;
	queue->settings.label = heap_copy(settings->label);
	queue->is_defined = true;
	if (is_new_delay)
		delay_change(engine, queue);
	if (!queue->counters)
		queue->counters = command->define.counters;
	if (!list_is_empty(&queue->messages) || queue->cold > 0)
		timer_set(&engine->timers, &queue->retention, engine->now_ms);
	queue_publish(queue);
	answer_now(command, QUEUE_OK);
}

/* The queue of a drop or purge. NULL if the command is answered, since there is no such queue or no
 * room for the record. */
static struct engine_queue *queue_to_empty(struct engine *engine, struct queue_command *command)
{
	struct engine_queue *queue = queue_find(engine, command->queue);

	if (!queue) {
		answer_command(engine, command, QUEUE_NOT_FOUND);
		return NULL;
	}
	if (!journal_has_room(engine->journal, JOURNAL_ROOM_LAST, sizeof(uint64_t))) {
		answer_now(command, QUEUE_DISK_FULL);
		return NULL;
	}
	return queue;
}

static void execute_drop(struct engine *engine, struct queue_command *command)
{
	struct engine_queue *queue = queue_to_empty(engine, command);

	if (!queue)
		return;
	while (!list_is_empty(&queue->waiting))
		wait_end(engine, container_of(queue->waiting.next, struct queue_command, link),
			 QUEUE_NOT_FOUND);
	log_append(engine, RECORD_DROP, queue->number, NULL, 0, NULL);
	purge_dropped(engine, queue);
	answer_command(engine, command, QUEUE_OK);
}

static void execute_purge(struct engine *engine, struct queue_command *command)
{
	struct engine_queue *queue = queue_to_empty(engine, command);
	uint8_t last[8];
	struct str part = str_of(last, sizeof(last));

	if (!queue)
		return;
	put_u64(last, queue->next_seq - 1);
	log_append(engine, RECORD_PURGE, queue->number, &part, 1, NULL);
	purge_messages(engine, queue);
	answer_command(engine, command, QUEUE_OK);
}

/* `refused`: entries without room, of `count`. */
static void answer_entries(struct engine *engine, struct queue_command *command, size_t refused,
			   size_t count)
{
	if (refused == count)
		answer_now(command, QUEUE_OK);
	else
		answer_command(engine, command, QUEUE_OK);
}

static void answer_changes(struct engine *engine, struct queue_command *command)
{
	size_t refused = 0;

	for (size_t i = 0; i < command->change.count; i++)
		refused += command->change.changes[i].result == QUEUE_DISK_FULL;
	answer_entries(engine, command, refused, command->change.count);
}

/* True if the message repeats an earlier one; then its outputs are that one's. */
static bool is_duplicate(struct engine *engine, struct engine_queue *queue, struct queue_send *send)
{
	const struct dedup *first =
		send->has_dedup ? dedup_find_first(engine, queue, send->dedup, send->group) : NULL;

	if (!first)
		return false;
	memcpy(send->id, first->id, 16);
	send->seq = first->seq;
	send->is_duplicate = true;
	queue_count(&queue->counters->deduplicated, 1);
	return true;
}

static enum queue_result send_one(struct engine *engine, struct engine_queue *queue,
				  struct queue_command *command, struct queue_send *send)
{
	uint8_t bytes[RECORD_HEAD_SIZE];
	struct str parts[] = {str_of(bytes, sizeof(bytes)), send->payload};
	/* A FIFO queue's delay is not the message's; an archive has none. */
	int64_t delay_ms = queue->is_fifo || queue->is_archive ? 0
			   : send->has_delay		       ? send->delay_ms
							       : queue->settings.delay_ms;
	struct record_head head = {
		.seq = queue->next_seq,
		.sent_ms = command->now_ms,
		.since_ms = engine->now_ms,
		.visible_ms = delay_ms > 0 ? engine->now_ms + delay_ms : 0,
		.group = queue->is_archive ? 0 : send->group,
		.dedup_until_ms = send->has_dedup ? engine->now_ms + LIMIT_DEDUPLICATION_MS : 0,
		.is_fifo = queue->is_fifo,
	};
	struct journal_location location;

	if (is_duplicate(engine, queue, send))
		return QUEUE_OK;
	if (!journal_has_room(engine->journal, JOURNAL_ROOM_MESSAGE,
			      sizeof(bytes) + send->payload.size))
		return QUEUE_DISK_FULL;
	memcpy(head.id, send->id, 16);
	memcpy(head.dedup, send->dedup, 16);
	record_head_encode(&head, bytes);
	log_append(engine, RECORD_SEND, queue->number, parts, 2, &location);
	apply_send(engine, queue, &head, location);
	send->seq = head.seq;
	queue_count(&queue->counters->sent, 1);
	queue_count(&queue->counters->sent_bytes, (int64_t)send->payload.size);
	return QUEUE_OK;
}

static void execute_send(struct engine *engine, struct queue_command *command)
{
	struct engine_queue *queue = answer_queue(engine, command);
	size_t refused = 0;

	if (!queue)
		return;
	for (size_t i = 0; i < command->send.count; i++) {
		struct queue_send *send = &command->send.messages[i];
		send->result = send_one(engine, queue, command, send);
		refused += send->result == QUEUE_DISK_FULL;
	}
	queue_publish(queue);
	answer_entries(engine, command, refused, command->send.count);
}

static void execute_delete(struct engine *engine, struct queue_command *command)
{
	struct engine_queue *queue = answer_queue(engine, command);
	struct message *messages[LIMIT_BATCH_ENTRIES];
	bool has_room = journal_has_room(engine->journal, JOURNAL_ROOM_FREE, RECORD_NAMES_MAX);
	size_t count = 0;

	if (!queue)
		return;
	check(command->change.count <= LIMIT_BATCH_ENTRIES);
	for (size_t i = 0; i < command->change.count; i++) {
		struct queue_change *change = &command->change.changes[i];
		struct message *message;
		change->result = handle_check(engine, queue, &change->handle, &message);
		if (!change->result && !has_room)
			change->result = QUEUE_DISK_FULL;
		if (change->result)
			continue;
		if (!handle_is_among(messages, count, message))
			messages[count++] = message;
	}
	if (count > 0)
		log_append_messages(engine, RECORD_DELETE, queue, messages, count);
	for (size_t i = 0; i < count; i++)
		backlog_remove(engine, messages[i]);
	queue_count(&queue->counters->deleted, (int64_t)count);
	queue_publish(queue);
	answer_changes(engine, command);
}

static enum queue_result change_visibility(struct engine *engine, struct engine_queue *queue,
					   struct queue_change *change)
{
	uint8_t bytes[16];
	struct str part = str_of(bytes, sizeof(bytes));
	struct message *message;

	enum queue_result result = handle_check(engine, queue, &change->handle, &message);
	if (result)
		return result;
	int64_t visible_ms = change->visibility_ms ? engine->now_ms + change->visibility_ms : 0;
	if (visible_ms - message->received_ms > (int64_t)LIMIT_VISIBILITY_S * 1000)
		return QUEUE_VISIBILITY_LIMIT;
	if (!journal_has_room(engine->journal, JOURNAL_ROOM_CHANGE, sizeof(bytes)))
		return QUEUE_DISK_FULL;
	put_u64(bytes, message->seq);
	put_u64(bytes + 8, (uint64_t)visible_ms);
	log_append(engine, RECORD_VISIBILITY, queue->number, &part, 1, NULL);
	apply_visibility(engine, message, visible_ms);
	return QUEUE_OK;
}

static void execute_visibility(struct engine *engine, struct queue_command *command)
{
	struct engine_queue *queue = answer_queue(engine, command);

	if (!queue)
		return;
	for (size_t i = 0; i < command->change.count; i++)
		command->change.changes[i].result =
			change_visibility(engine, queue, &command->change.changes[i]);
	queue_publish(queue);
	answer_changes(engine, command);
}

static void execute_give_back(struct engine *engine, struct queue_command *command)
{
	struct engine_queue *queue = answer_queue(engine, command);
	struct message *messages[LIMIT_RECEIVE_MESSAGES];
	size_t count = 0;

	if (!queue)
		return;
	check(command->change.count <= LIMIT_RECEIVE_MESSAGES);
	bool has_room = journal_has_room(engine->journal, JOURNAL_ROOM_CHANGE, RECORD_NAMES_MAX);
	for (size_t i = 0; i < command->change.count; i++) {
		struct queue_change *change = &command->change.changes[i];
		struct message *message;
		change->result = handle_check(engine, queue, &change->handle, &message);
		if (!change->result && (message->receives != change->handle.receive ||
					message->state != MESSAGE_IN_FLIGHT))
			change->result = QUEUE_HANDLE_EXPIRED;
		if (!change->result && !has_room)
			change->result = QUEUE_DISK_FULL;
		if (change->result || handle_is_among(messages, count, message))
			continue;
		messages[count++] = message;
		if (command->change.has_attempt)
			attempt_leave_out(queue, command->change.attempt, &change->handle);
	}
	if (count > 0)
		log_append_messages(engine, RECORD_GIVE_BACK, queue, messages, count);
	for (size_t i = 0; i < count; i++)
		apply_give_back(engine, messages[i]);
	atomic_fetch_sub_explicit(&queue->counters->received, (int64_t)count, memory_order_relaxed);
	queue_publish(queue);
	answer_changes(engine, command);
}

static void execute_cancel(struct engine *engine, struct queue_command *command)
{
	struct queue_command *receive = command->cancel;

	if (timer_is_set(&receive->receive.wait))
		wait_end(engine, receive, QUEUE_OK);
	answer_now(command, QUEUE_OK);
}

/* A turn handles a bounded part of the due timers; a tick handles all of them. */
static void execute_tick(struct engine *engine, struct queue_command *command)
{
	for (size_t i = 0; i < TICK_ROUNDS_MAX; i++) {
		const struct timer *timer = timer_first(&engine->timers);
		if (!timer || timer->at_ms > engine->now_ms)
			break;
		due_run(engine);
	}
	answer_command(engine, command, QUEUE_OK);
}

void command_execute(struct engine *engine, struct queue_command *command)
{
	if (journal_has_failed(engine->journal)) {
		answer_now(command, QUEUE_FAILED);
		return;
	}
	if (engine->is_stopping && command->type != QUEUE_CANCEL) {
		answer_now(command, QUEUE_STOPPING);
		return;
	}
	switch (command->type) {
	case QUEUE_DEFINE:
		execute_define(engine, command);
		return;
	case QUEUE_DROP:
		execute_drop(engine, command);
		return;
	case QUEUE_PURGE:
		execute_purge(engine, command);
		return;
	case QUEUE_SEND:
		execute_send(engine, command);
		return;
	case QUEUE_FANOUT:
		fanout_execute(engine, command);
		return;
	case QUEUE_RECEIVE:
		receive_execute(engine, command);
		return;
	case QUEUE_DELETE:
		execute_delete(engine, command);
		return;
	case QUEUE_VISIBILITY:
		execute_visibility(engine, command);
		return;
	case QUEUE_GIVE_BACK:
		execute_give_back(engine, command);
		return;
	case QUEUE_REDRIVE:
		move_redrive(engine, command);
		return;
	case QUEUE_BROWSE:
		browse_execute(engine, command);
		return;
	case QUEUE_CANCEL:
		execute_cancel(engine, command);
		return;
	case QUEUE_TICK:
		execute_tick(engine, command);
		return;
	case QUEUE_CHECKPOINT:
		list_push_back(&engine->checkpoint_asked, &command->link);
		return;
	}
}
