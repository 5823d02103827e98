/* SPDX-License-Identifier: MIT */
/*
 * receive: chooses messages, leases them, and lets receives wait.
 *
 * Choosing changes nothing. The chosen messages are leased, moved to the dead-letter queue or
 * expired afterwards, because each of these changes the lists that choosing walks. A round that
 * found only such messages is repeated.
 */

#include "queue/receive.h"

#include "queue/answer.h"
#include "queue/apply.h"
#include "queue/attempt.h"
#include "queue/backlog.h"
#include "queue/delivery.h"
#include "queue/expire.h"
#include "queue/log.h"
#include "queue/message.h"
#include "queue/move.h"
#include "queue/repeat.h"
#include "queue/state.h"
#include "queue/turn.h"
#include "queue/wait.h"

enum { ROUNDS_MAX = 32, GROUPS_LOOKED_AT = 256, GROUPS_REFILLED = 16 };

/* The overhead of a move's record: the source, and a label as the message's origin. */
enum { MOVE_OVERHEAD_SIZE = RECORD_MOVE_SIZE + 256 };

struct choice {
	struct message *good[LIMIT_RECEIVE_MESSAGES];
	struct message *dead[RECORD_SEQS_MAX];
	struct message *expired[RECORD_SEQS_MAX];
	size_t good_count, dead_count, expired_count;
	size_t wanted;
	struct engine_queue *dead_letter;
};

static bool choice_is_full(const struct choice *choice)
{
	return choice->good_count == choice->wanted || choice->dead_count == RECORD_SEQS_MAX ||
	       choice->expired_count == RECORD_SEQS_MAX;
}

/* A message that cannot move to the dead-letter queue now is delivered like any other: withheld, it
 * would block the messages behind it. */
static bool is_dead(const struct engine *engine, const struct choice *choice,
		    const struct message *message)
{
	const struct queue_settings *settings = &message->queue->settings;
	/* A move copies a shared payload. */
	size_t size = message->location.size + MOVE_OVERHEAD_SIZE +
		      (message->shared_size ? LIMIT_FANOUT_SIZE : 0);

	return choice->dead_letter &&
	       message->receives - message->given_back >= settings->max_receive_count &&
	       !message->is_unreadable &&
	       journal_has_room(engine->journal, JOURNAL_ROOM_MESSAGE, size);
}

static void consider(const struct engine *engine, struct choice *choice, struct message *message)
{
	if (message_is_expired(engine, message))
		choice->expired[choice->expired_count++] = message;
	else if (is_dead(engine, choice, message))
		choice->dead[choice->dead_count++] = message;
	else
		choice->good[choice->good_count++] = message;
}

static void choose_from_list(const struct engine *engine, struct choice *choice,
			     const struct list *list)
{
	for (struct list *link = list->next; link != list && !choice_is_full(choice);
	     link = link->next) {
		struct message *message = container_of(link, struct message, link);
		if (message->state != MESSAGE_READY || message_is_delayed(engine, message))
			return; /* FIFO: an invisible message blocks its group */
		consider(engine, choice, message);
	}
}

static void choose_from_group(const struct engine *engine, struct choice *choice,
			      struct group *group)
{
	choose_from_list(engine, choice, &group->returned);
	choose_from_list(engine, choice, &group->ready);
}

/* Chooses quiet groups in turn. If they have no message, chooses the noisy neighbor with the fewest
 * in flight. */
static void choose(const struct engine *engine, struct engine_queue *queue, struct choice *choice)
{
	struct group *least = NULL;
	size_t looked_at = 0;

	for (struct list *link = queue->ready_groups.next;
	     link != &queue->ready_groups && !choice_is_full(choice) &&
	     looked_at < GROUPS_LOOKED_AT;
	     link = link->next, looked_at++) {
		struct group *group = container_of(link, struct group, link);
		if (queue->is_fifo || !group_is_noisy(queue, group))
			choose_from_group(engine, choice, group);
		else if (!least || group->in_flight < least->in_flight)
			least = group;
	}
	if (least && choice->good_count == 0)
		choose_from_group(engine, choice, least);
}

/* A group that was served goes behind the others. */
static void rotate(struct engine_queue *queue, struct group *group)
{
	if (!list_is_linked(&group->link))
		return;
	list_remove(&group->link);
	list_push_back(&queue->ready_groups, &group->link);
}

/* Returns when they become visible again. */
static int64_t lease_chosen(struct engine *engine, struct queue_command *command,
			    struct engine_queue *queue, const struct choice *choice)
{
	uint8_t bytes[RECORD_LEASE_SIZE + RECORD_NAME_SIZE * LIMIT_RECEIVE_MESSAGES];
	uint8_t *names = bytes + RECORD_LEASE_SIZE;
	struct str part = str_of(bytes, RECORD_LEASE_SIZE + RECORD_NAME_SIZE * choice->good_count);
	int64_t visibility_ms = command->receive.has_visibility ? command->receive.visibility_ms
								: queue->settings.visibility_ms;
	const struct lease lease = {engine->now_ms, engine->now_ms + visibility_ms,
				    engine->wall_ms};

	check(choice->good_count > 0);
	check(choice->good_count <= command->receive.max);
	put_u64(bytes, (uint64_t)lease.received_ms);
	put_u64(bytes + 8, (uint64_t)lease.visible_ms);
	put_u64(bytes + 16, (uint64_t)lease.wall_ms);
	for (size_t i = 0; i < choice->good_count; i++) {
		put_u64(names + RECORD_NAME_SIZE * i, choice->good[i]->seq);
		put_u64(names + RECORD_NAME_SIZE * i + 8, choice->good[i]->group->hash);
	}
	log_append(engine, RECORD_LEASE, queue->number, &part, 1, NULL);
	for (size_t i = 0; i < choice->good_count; i++) {
		struct message *message = choice->good[i];
		apply_lease(engine, message, &lease);
		rotate(queue, message->group);
		delivery_give(engine, message, &command->receive.deliveries[i]);
	}
	command->receive.count = choice->good_count;
	atomic_fetch_add_explicit(&queue->counters->received, (int64_t)choice->good_count,
				  memory_order_relaxed);
	return lease.visible_ms;
}

/* False if messages for the dead-letter queue are left: one could not be moved, or the turn is
 * over. */
static bool remove_dead(struct engine *engine, struct engine_queue *queue,
			const struct choice *choice)
{
	expire_messages(engine, queue, choice->expired, choice->expired_count);
	for (size_t i = 0; i < choice->dead_count; i++)
		if ((i > 0 && turn_is_over(engine)) ||
		    !move_dead(engine, choice->dead[i], choice->dead_letter))
			return false;
	return true;
}

static bool is_over_limit(const struct engine_queue *queue)
{
	return queue->in_flight >= LIMIT_INFLIGHT_MESSAGES;
}

/* After a failure of the disk, deep groups may have no message in memory. Refills some groups at a
 * time: checked groups move behind the others. */
static void refill_queue(struct engine *engine, struct engine_queue *queue)
{
	for (size_t i = 0; i < GROUPS_REFILLED && !list_is_empty(&queue->deep_groups); i++) {
		struct group *group =
			container_of(queue->deep_groups.next, struct group, deep_link);
		list_remove(&group->deep_link);
		list_push_back(&queue->deep_groups, &group->deep_link);
		backlog_refill(engine, group);
		group_refresh(engine, queue, group);
	}
}

enum outcome {
	OUTCOME_NOTHING,
	OUTCOME_ANSWERED,
	OUTCOME_UNFINISHED, /* so many were dead that a turn is not enough for them */
};

/* Leases the available messages. */
static enum outcome receive_now(struct engine *engine, struct queue_command *command,
				struct engine_queue *queue, int64_t *out_visible_ms,
				enum queue_result *out_result)
{
	for (size_t round = 0; round < ROUNDS_MAX; round++) {
		if (round > 0 && turn_is_over(engine))
			return OUTCOME_UNFINISHED;
		if (is_over_limit(queue))
			return OUTCOME_NOTHING;
		if (engine->has_read_failed && list_is_empty(&queue->ready_groups))
			refill_queue(engine, queue);
		struct choice choice = {.wanted = command->receive.max};
		if (choice.wanted > LIMIT_INFLIGHT_MESSAGES - queue->in_flight)
			choice.wanted = LIMIT_INFLIGHT_MESSAGES - queue->in_flight;
		if (queue->settings.dead_letter && queue->settings.max_receive_count)
			choice.dead_letter = queue_find(engine, queue->settings.dead_letter);
		if (choice.dead_letter && !choice.dead_letter->is_defined)
			choice.dead_letter = NULL;
		choose(engine, queue, &choice);
		if (choice.good_count + choice.dead_count + choice.expired_count == 0)
			return OUTCOME_NOTHING;
		if (!journal_has_room(engine->journal, JOURNAL_ROOM_CHANGE, RECORD_NAMES_MAX)) {
			*out_result = QUEUE_DISK_FULL;
			return OUTCOME_ANSWERED;
		}
		/* Messages chosen behind it must be chosen again. */
		if (!remove_dead(engine, queue, &choice))
			continue;
		if (choice.good_count > 0) {
			*out_visible_ms = lease_chosen(engine, command, queue, &choice);
			return OUTCOME_ANSWERED;
		}
	}
	return OUTCOME_UNFINISHED;
}

/* True if the command repeats an attempt, or is refused as a repeat. It is answered before waiting
 * receives, as the messages are in flight already. */
static bool repeats_attempt(struct engine *engine, struct queue_command *command,
			    struct engine_queue *queue, enum queue_result *out_result)
{
	if (!command->receive.has_attempt || !queue->is_fifo)
		return false;
	enum attempt_outcome attempt = repeat_attempt(engine, command, queue);
	*out_result = attempt == ATTEMPT_OVER ? QUEUE_ATTEMPT_OVER : QUEUE_OK;
	return attempt != ATTEMPT_NEW;
}

static enum outcome receive_any(struct engine *engine, struct queue_command *command,
				struct engine_queue *queue, enum queue_result *out_result)
{
	int64_t visible_ms;

	*out_result = QUEUE_OK;
	if (repeats_attempt(engine, command, queue, out_result))
		return OUTCOME_ANSWERED;
	enum outcome outcome = receive_now(engine, command, queue, &visible_ms, out_result);
	if (command->receive.has_attempt && queue->is_fifo && command->receive.count > 0)
		attempt_remember(engine, command, queue, visible_ms);
	return outcome;
}

/* A refusal rests on no record. */
static void answer(struct engine *engine, struct queue_command *command, enum queue_result result)
{
	if (result == QUEUE_DISK_FULL)
		answer_now(command, result);
	else
		answer_command(engine, command, result);
}

static enum queue_result empty_result(const struct engine_queue *queue)
{
	return !queue->is_fifo && is_over_limit(queue) ? QUEUE_OVER_LIMIT : QUEUE_OK;
}

void receive_execute(struct engine *engine, struct queue_command *command)
{
	enum queue_result result = QUEUE_OK;
	enum outcome outcome = OUTCOME_NOTHING;

	command->receive.count = 0;
	struct engine_queue *queue = answer_queue(engine, command);
	if (!queue)
		return;
	check(command->receive.max >= 1 && command->receive.max <= LIMIT_RECEIVE_MESSAGES);
	/* Earlier waiting receives are served first. */
	if (repeats_attempt(engine, command, queue, &result))
		outcome = OUTCOME_ANSWERED;
	else if (!receive_serve_waiting(engine, queue))
		outcome = OUTCOME_UNFINISHED;
	else if (list_is_empty(&queue->waiting))
		outcome = receive_any(engine, command, queue, &result);
	queue_publish(queue);
	if (outcome == OUTCOME_ANSWERED) {
		answer(engine, command, result);
	} else if (outcome == OUTCOME_UNFINISHED) {
		wait_begin(engine, command, queue);
		queue_mark_dirty(engine, queue);
	} else if (command->receive.wait_ms > 0) {
		wait_begin(engine, command, queue);
	} else {
		atomic_fetch_add_explicit(&queue->counters->empty_receives, 1,
					  memory_order_relaxed);
		answer_now(command, empty_result(queue));
	}
}

/* There is nothing for those that only waited for turns. */
static void end_unfinished(struct engine *engine, struct engine_queue *queue)
{
	struct list *link = queue->waiting.next;

	while (queue->unfinished > 0 && link != &queue->waiting) {
		struct queue_command *command = container_of(link, struct queue_command, link);
		link = link->next;
		if (command->receive.wait_ms == 0)
			wait_end(engine, command, empty_result(queue));
	}
}

bool receive_serve_waiting(struct engine *engine, struct engine_queue *queue)
{
	bool is_finished = true;

	while (is_finished && !list_is_empty(&queue->waiting)) {
		struct queue_command *command =
			container_of(queue->waiting.next, struct queue_command, link);
		enum queue_result result;
		enum outcome outcome = receive_any(engine, command, queue, &result);
		if (outcome == OUTCOME_NOTHING) {
			end_unfinished(engine, queue);
			break;
		}
		if (outcome == OUTCOME_ANSWERED) {
			wait_leave(engine, queue, command);
			answer(engine, command, result);
		}
		is_finished = outcome == OUTCOME_ANSWERED && !turn_is_over(engine);
	}
	if (!is_finished)
		queue_mark_dirty(engine, queue);
	queue_publish(queue);
	return is_finished;
}
