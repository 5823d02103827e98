/* SPDX-License-Identifier: MIT */
/*
 * command: what each command decides.
 *
 * An answer waits for the journal's tail at the time of its execution, also where it changed
 * nothing itself: "already deleted" and "duplicate" rest on records that may not be durable yet.
 */
#include <string.h>

#include "queue/engine_private.h"

enum {
	EXPIRY_PAUSE_MS = 1000,
	TICK_ROUNDS_MAX = 1000,
	DELAYS_PER_TURN = 1000,
	DELAY_MS_MAX = LIMIT_DELAY_S * 1000,
};

void command_answer_now(struct queue_command *command, enum queue_result result)
{
	command->result = result;
	command->done(command);
}

void command_answer(struct engine *engine, struct queue_command *command, enum queue_result result)
{
	command->result = result;
	command->after_lsn = journal_tail_lsn(engine->journal);
	list_push_back(&engine->pending, &command->link);
}

struct engine_queue *command_queue(struct engine *engine, struct queue_command *command)
{
	struct engine_queue *queue = queue_find(engine, command->queue);

	if (queue && queue->is_defined)
		return queue;
	command_answer(engine, command, QUEUE_NOT_FOUND);
	return NULL;
}

uint64_t append_record(struct engine *engine, enum record_type type, uint64_t queue,
		       const struct str *parts, size_t count, struct journal_location *out_location)
{
	struct journal_location unused;

	for (size_t i = 0; i < count; i++)
		turn_spend(engine, 0, parts[i].size);
	turn_spend(engine, 1, 0);
	return journal_append(engine->journal, (uint8_t)type, queue, parts, count,
			      out_location ? out_location : &unused);
}

void append_messages(struct engine *engine, enum record_type type, struct engine_queue *queue,
		     struct message *const *messages, size_t count)
{
	uint8_t bytes[RECORD_NAME_SIZE * RECORD_SEQS_MAX];
	struct str part = str_of(bytes, RECORD_NAME_SIZE * count);

	check(count <= RECORD_SEQS_MAX);
	for (size_t i = 0; i < count; i++) {
		put_u64(bytes + RECORD_NAME_SIZE * i, messages[i]->seq);
		put_u64(bytes + RECORD_NAME_SIZE * i + 8, messages[i]->group->hash);
	}
	append_record(engine, type, queue->number, &part, 1, NULL);
	turn_spend(engine, count, 0);
}

void expire_these(struct engine *engine, struct engine_queue *queue,
		  struct message *const *messages, size_t count)
{
	if (count == 0)
		return;
	append_messages(engine, RECORD_EXPIRE, queue, messages, count);
	for (size_t i = 0; i < count; i++)
		message_remove(engine, messages[i]);
	if (queue->counters)
		atomic_fetch_add_explicit(&queue->counters->expired, (int64_t)count,
					  memory_order_relaxed);
}

bool message_is_expired(const struct engine *engine, const struct message *message)
{
	const struct engine_queue *queue = message->queue;

	return queue->is_defined &&
	       message->since_ms + queue->settings.retention_ms <= engine->now_ms;
}

/* Messages and groups that are looked at for expired ones at a time. */
enum { EXPIRY_LOOKS = 1000 };

struct expiry {
	struct message *messages[RECORD_SEQS_MAX];
	size_t count, looks;
	bool is_unfinished;   /* goes on at once */
	bool has_more_groups; /* goes on after a pause */
	int64_t since_ms;     /* the least of those that stay, among those looked at */
};

/* False: there is no room for more. */
static bool look_at_age(const struct engine *engine, struct message *message, struct expiry *expiry)
{
	expiry->looks++;
	if (!message_is_expired(engine, message)) {
		if (message->since_ms < expiry->since_ms)
			expiry->since_ms = message->since_ms;
		return true;
	}
	if (expiry->count == RECORD_SEQS_MAX)
		return false;
	expiry->messages[expiry->count++] = message;
	return true;
}

/* What stands in front is oldest. Where ages are mixed all are looked at, in several turns. */
static void collect_in_memory(const struct engine *engine, struct engine_queue *queue,
			      struct expiry *expiry)
{
	struct list *link =
		queue->expiry_next ? &queue->expiry_next->in_queue : queue->messages.next;

	if (queue->expiry_next && queue->expiry_since_ms < expiry->since_ms)
		expiry->since_ms = queue->expiry_since_ms;
	queue->expiry_next = NULL;
	for (; link != &queue->messages; link = link->next) {
		struct message *message = container_of(link, struct message, in_queue);
		size_t before = expiry->count;
		if (expiry->looks >= EXPIRY_LOOKS || !look_at_age(engine, message, expiry)) {
			expiry->is_unfinished = true;
			if (queue->has_mixed_ages)
				queue->expiry_next = message;
			break;
		}
		if (expiry->count == before && !queue->has_mixed_ages)
			return;
	}
	queue->expiry_since_ms = expiry->since_ms;
}

/* In each deep group what stands in front is oldest. Groups that were looked at go behind the
 * others. */
static void collect_in_groups(const struct engine *engine, struct engine_queue *queue,
			      struct expiry *expiry)
{
	struct group *first = NULL;

	while (!list_is_empty(&queue->deep_groups)) {
		struct group *group =
			container_of(queue->deep_groups.next, struct group, deep_link);
		if (group == first)
			return;
		if (expiry->count > 0)
			return;
		if (expiry->looks++ >= EXPIRY_LOOKS) {
			expiry->has_more_groups = true;
			return;
		}
		first = first ? first : group;
		list_remove(&group->deep_link);
		list_push_back(&queue->deep_groups, &group->deep_link);
		for (struct list *link = group->ready.next; link != &group->ready;
		     link = link->next) {
			size_t before = expiry->count;
			if (!look_at_age(engine, container_of(link, struct message, link),
					 expiry) ||
			    expiry->count == before)
				break;
		}
	}
}

/* Where ages are mixed, or groups are deep, all of it is not looked at more often than each second.
 */
void expire_messages(struct engine *engine, struct engine_queue *queue)
{
	struct expiry expiry = {.since_ms = INT64_MAX};
	bool is_exhausted = !journal_has_room(engine->journal, JOURNAL_ROOM_FREE, RECORD_NAMES_MAX);
	bool is_mixed = queue->has_mixed_ages || !list_is_empty(&queue->deep_groups);

	collect_in_memory(engine, queue, &expiry);
	if (expiry.count == 0 && !expiry.is_unfinished)
		collect_in_groups(engine, queue, &expiry);
	turn_spend(engine, expiry.looks / 16, 0);
	if (!is_exhausted)
		expire_these(engine, queue, expiry.messages, expiry.count);
	bool goes_on = expiry.count > 0 || expiry.is_unfinished;
	int64_t pause_end_ms = engine->now_ms + EXPIRY_PAUSE_MS;
	int64_t due_ms = goes_on ? engine->now_ms
			 : expiry.since_ms == INT64_MAX
				 ? pause_end_ms /* it cannot be read now */
				 : expiry.since_ms + queue->settings.retention_ms;
	if (is_exhausted || (!goes_on && is_mixed))
		due_ms = due_ms < pause_end_ms || expiry.has_more_groups ? pause_end_ms : due_ms;
	if (!list_is_empty(&queue->messages) || queue->cold > 0)
		timer_set(&engine->timers, &queue->retention, due_ms);
	queue_publish(queue);
}

/* From the last message to the first: those that are older than any delay need no look. */
size_t apply_delays(struct engine *engine, struct engine_queue *queue)
{
	size_t count = 0;

	while (queue->delays_next && count++ < DELAYS_PER_TURN) {
		struct message *message = queue->delays_next;
		struct list *before = message->in_queue.prev;
		bool is_old = message->since_ms + DELAY_MS_MAX <= engine->now_ms;
		queue->delays_next =
			before == &queue->messages || (is_old && !queue->has_mixed_ages)
				? NULL
				: container_of(before, struct message, in_queue);
		if (message->receives > 0)
			continue;
		message_unplace(engine, message);
		message_begin(engine, message, 0);
		message_place(engine, message);
	}
	if (queue->delays_next)
		timer_set(&engine->timers, &queue->delays, engine->now_ms);
	/* Those that are held back no longer stand in front of what a receive can get. */
	queue_mark_dirty(engine, queue);
	queue_publish(queue);
	return count;
}

static void change_delay(struct engine *engine, struct engine_queue *queue)
{
	if (!queue->is_fifo || list_is_empty(&queue->messages))
		return;
	queue->delays_next = container_of(queue->messages.prev, struct message, in_queue);
	timer_set(&engine->timers, &queue->delays, engine->now_ms);
}

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
		change_delay(engine, queue);
	if (!queue->counters)
		queue->counters = command->define.counters;
	if (!list_is_empty(&queue->messages))
		timer_set(&engine->timers, &queue->retention, engine->now_ms);
	queue_publish(queue);
	command_answer_now(command, QUEUE_OK);
}

static void execute_drop(struct engine *engine, struct queue_command *command)
{
	struct engine_queue *queue = queue_find(engine, command->queue);

	if (!queue) {
		command_answer(engine, command, QUEUE_NOT_FOUND);
		return;
	}
	if (!journal_has_room(engine->journal, JOURNAL_ROOM_LAST, sizeof(uint64_t))) {
		command_answer_now(command, QUEUE_DISK_FULL);
		return;
	}
	while (!list_is_empty(&queue->waiting))
		receive_end_waiting(engine,
				    container_of(queue->waiting.next, struct queue_command, link),
				    QUEUE_NOT_FOUND);
	append_record(engine, RECORD_DROP, queue->number, NULL, 0, NULL);
	purge_dropped(engine, queue);
	command_answer(engine, command, QUEUE_OK);
}

static void execute_purge(struct engine *engine, struct queue_command *command)
{
	struct engine_queue *queue = queue_find(engine, command->queue);
	uint8_t last[8];
	struct str part = str_of(last, sizeof(last));

	if (!queue) {
		command_answer(engine, command, QUEUE_NOT_FOUND);
		return;
	}
	if (!journal_has_room(engine->journal, JOURNAL_ROOM_LAST, sizeof(uint64_t))) {
		command_answer_now(command, QUEUE_DISK_FULL);
		return;
	}
	put_u64(last, queue->next_seq - 1);
	append_record(engine, RECORD_PURGE, queue->number, &part, 1, NULL);
	purge_queue(engine, queue);
	command_answer(engine, command, QUEUE_OK);
}

/* True if the message repeats an earlier one; then its outputs are that one's. */
static bool is_duplicate(struct engine *engine, struct engine_queue *queue, struct queue_send *send)
{
	if (!send->has_dedup)
		return false;
	queue_drop_dedups(queue, engine->now_ms);

	const struct dedup *first = queue_find_dedup(
		queue, send->dedup, queue->settings.dedup_per_group ? send->group : 0);
	if (!first || first->until_ms <= engine->now_ms)
		return false;
	memcpy(send->id, first->id, 16);
	send->seq = first->seq;
	send->is_duplicate = true;
	atomic_fetch_add_explicit(&queue->counters->deduplicated, 1, memory_order_relaxed);
	return true;
}

static enum queue_result send_one(struct engine *engine, struct engine_queue *queue,
				  struct queue_command *command, struct queue_send *send)
{
	uint8_t bytes[RECORD_HEAD_SIZE];
	struct str parts[] = {str_of(bytes, sizeof(bytes)), send->payload};
	/* A FIFO queue's delay is not the message's. */
	int64_t delay_ms = queue->is_fifo    ? 0
			   : send->has_delay ? send->delay_ms
					     : queue->settings.delay_ms;
	struct record_head head = {
		.seq = queue->next_seq,
		.sent_ms = command->now_ms,
		.since_ms = engine->now_ms,
		.visible_ms = delay_ms > 0 ? engine->now_ms + delay_ms : 0,
		.group = send->group,
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
	append_record(engine, RECORD_SEND, queue->number, parts, 2, &location);
	apply_send(engine, queue, &head, location);
	send->seq = head.seq;
	atomic_fetch_add_explicit(&queue->counters->sent, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&queue->counters->sent_bytes, (int64_t)send->payload.size,
				  memory_order_relaxed);
	return QUEUE_OK;
}

static void execute_send(struct engine *engine, struct queue_command *command)
{
	struct engine_queue *queue = command_queue(engine, command);

	if (!queue)
		return;
	for (size_t i = 0; i < command->send.count; i++)
		command->send.messages[i].result =
			send_one(engine, queue, command, &command->send.messages[i]);
	queue_publish(queue);
	command_answer(engine, command, QUEUE_OK);
}

/* True if the handle is of a receive of this very message: an earlier one may have had its seq, in
 * a queue that was dropped or in what a power cut took. */
static bool is_of_message(const struct queue_handle *handle, const struct message *message)
{
	if (handle->receive == message->receives)
		return handle->received_ms == message->received_ms;
	return handle->receive < message->receives && handle->received_ms >= message->since_ms &&
	       handle->received_ms <= message->received_ms;
}

/* Finds the message of a handle. On standard queues handles of earlier receives count as well. */
static enum queue_result check_handle(struct engine *engine, const struct engine_queue *queue,
				      const struct queue_handle *handle,
				      struct message **out_message)
{
	struct message *message = message_find(engine, queue->number, handle->seq);

	if (!message || message_is_expired(engine, message) || !is_of_message(handle, message))
		return QUEUE_MESSAGE_GONE;
	if (queue->is_fifo &&
	    (handle->receive < message->receives || message->state != MESSAGE_IN_FLIGHT))
		return QUEUE_HANDLE_EXPIRED;
	*out_message = message;
	return QUEUE_OK;
}

/* The same handle may come twice in a batch. */
static bool is_among(struct message *const *messages, size_t count, const struct message *message)
{
	for (size_t i = 0; i < count; i++)
		if (messages[i] == message)
			return true;
	return false;
}

static void execute_delete(struct engine *engine, struct queue_command *command)
{
	struct engine_queue *queue = command_queue(engine, command);
	struct message *messages[LIMIT_BATCH_ENTRIES];
	bool has_room = journal_has_room(engine->journal, JOURNAL_ROOM_FREE, RECORD_NAMES_MAX);
	size_t count = 0;

	if (!queue)
		return;
	check(command->change.count <= LIMIT_BATCH_ENTRIES);
	for (size_t i = 0; i < command->change.count; i++) {
		struct queue_change *change = &command->change.changes[i];
		struct message *message;
		change->result = check_handle(engine, queue, &change->handle, &message);
		if (!change->result && !has_room)
			change->result = QUEUE_DISK_FULL;
		if (change->result)
			continue;
		if (!is_among(messages, count, message))
			messages[count++] = message;
	}
	if (count > 0)
		append_messages(engine, RECORD_DELETE, queue, messages, count);
	for (size_t i = 0; i < count; i++)
		message_remove(engine, messages[i]);
	atomic_fetch_add_explicit(&queue->counters->deleted, (int64_t)count, memory_order_relaxed);
	queue_publish(queue);
	command_answer(engine, command, QUEUE_OK);
}

static enum queue_result change_visibility(struct engine *engine, struct engine_queue *queue,
					   struct queue_change *change)
{
	uint8_t bytes[16];
	struct str part = str_of(bytes, sizeof(bytes));
	struct message *message;

	enum queue_result result = check_handle(engine, queue, &change->handle, &message);
	if (result)
		return result;
	int64_t visible_ms = change->visibility_ms ? engine->now_ms + change->visibility_ms : 0;
	if (visible_ms - message->received_ms > (int64_t)LIMIT_VISIBILITY_S * 1000)
		return QUEUE_VISIBILITY_LIMIT;
	if (!journal_has_room(engine->journal, JOURNAL_ROOM_CHANGE, sizeof(bytes)))
		return QUEUE_DISK_FULL;
	put_u64(bytes, message->seq);
	put_u64(bytes + 8, (uint64_t)visible_ms);
	append_record(engine, RECORD_VISIBILITY, queue->number, &part, 1, NULL);
	apply_visibility(engine, message, visible_ms);
	return QUEUE_OK;
}

static void execute_visibility(struct engine *engine, struct queue_command *command)
{
	struct engine_queue *queue = command_queue(engine, command);

	if (!queue)
		return;
	for (size_t i = 0; i < command->change.count; i++)
		command->change.changes[i].result =
			change_visibility(engine, queue, &command->change.changes[i]);
	queue_publish(queue);
	command_answer(engine, command, QUEUE_OK);
}

static void execute_give_back(struct engine *engine, struct queue_command *command)
{
	struct engine_queue *queue = command_queue(engine, command);
	struct message *messages[LIMIT_RECEIVE_MESSAGES];
	size_t count = 0;

	if (!queue)
		return;
	check(command->change.count <= LIMIT_RECEIVE_MESSAGES);
	bool has_room = journal_has_room(engine->journal, JOURNAL_ROOM_CHANGE, RECORD_NAMES_MAX);
	for (size_t i = 0; i < command->change.count; i++) {
		struct queue_change *change = &command->change.changes[i];
		struct message *message;
		change->result = check_handle(engine, queue, &change->handle, &message);
		if (!change->result && (message->receives != change->handle.receive ||
					message->state != MESSAGE_IN_FLIGHT))
			change->result = QUEUE_HANDLE_EXPIRED;
		if (!change->result && !has_room)
			change->result = QUEUE_DISK_FULL;
		if (change->result || is_among(messages, count, message))
			continue;
		messages[count++] = message;
		if (command->change.has_attempt)
			attempt_leave_out(queue, command->change.attempt, &change->handle);
	}
	if (count > 0)
		append_messages(engine, RECORD_GIVE_BACK, queue, messages, count);
	for (size_t i = 0; i < count; i++)
		apply_give_back(engine, messages[i]);
	atomic_fetch_sub_explicit(&queue->counters->received, (int64_t)count, memory_order_relaxed);
	queue_publish(queue);
	command_answer(engine, command, QUEUE_OK);
}

static void execute_cancel(struct engine *engine, struct queue_command *command)
{
	struct queue_command *receive = command->cancel;

	if (timer_is_set(&receive->receive.wait))
		receive_end_waiting(engine, receive, QUEUE_OK);
	command_answer_now(command, QUEUE_OK);
}

/* A turn does a bounded part of what is due; here all of it must be done. */
static void execute_tick(struct engine *engine, struct queue_command *command)
{
	for (size_t i = 0; i < TICK_ROUNDS_MAX; i++) {
		const struct timer *timer = timer_first(&engine->timers);
		if (!timer || timer->at_ms > engine->now_ms)
			break;
		run_timers(engine);
	}
	command_answer(engine, command, QUEUE_OK);
}

void command_execute(struct engine *engine, struct queue_command *command)
{
	if (journal_has_failed(engine->journal)) {
		command_answer_now(command, QUEUE_FAILED);
		return;
	}
	if (engine->is_stopping && command->type != QUEUE_CANCEL) {
		command_answer_now(command, QUEUE_STOPPING);
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
		redrive_execute(engine, command);
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
