/* SPDX-License-Identifier: MIT */
/*
 * receive: chooses messages, leases them, and lets receives wait.
 *
 * Choosing only looks; what it finds is leased, dead-lettered or expired afterwards, because each
 * of these changes the lists that choosing walks. A round that found only dead ones is repeated.
 */
#include <string.h>

#include "queue/engine_private.h"

enum { ROUNDS_MAX = 32, GROUPS_LOOKED_AT = 256 };

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

static void consider(const struct engine *engine, struct choice *choice, struct message *message)
{
	const struct queue_settings *settings = &message->queue->settings;

	if (message_is_expired(engine, message))
		choice->expired[choice->expired_count++] = message;
	else if (choice->dead_letter && message->receives >= settings->max_receive_count)
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
		if (message->state != MESSAGE_READY)
			return; /* FIFO: nothing passes an invisible message of its group */
		consider(engine, choice, message);
	}
}

static void choose_from_group(const struct engine *engine, struct choice *choice,
			      struct group *group)
{
	choose_from_list(engine, choice, &group->returned);
	choose_from_list(engine, choice, &group->ready);
}

/* Quiet groups in their turn; noisy ones only if those have nothing, the one with least in flight.
 */
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

static void give(struct engine *engine, struct message *message, struct queue_delivery *out)
{
	journal_pin(engine->journal, message->location.segment);
	*out = (struct queue_delivery){
		.location = message->location,
		.handle = {message->queue->number, message->seq, message->receives,
			   message->received_ms},
		.receive_count = message->receive_count,
		.first_receive_ms = message->first_receive_ms,
	};
}

static void lease(struct engine *engine, struct queue_command *command, struct engine_queue *queue,
		  const struct choice *choice)
{
	uint8_t bytes[16 + 8 * LIMIT_RECEIVE_MESSAGES];
	struct str part = str_of(bytes, 16 + 8 * choice->good_count);
	int64_t visibility_ms = command->receive.has_visibility ? command->receive.visibility_ms
								: queue->settings.visibility_ms;
	int64_t received_ms = engine->now_ms, visible_ms = received_ms + visibility_ms;

	put_u64(bytes, (uint64_t)received_ms);
	put_u64(bytes + 8, (uint64_t)visible_ms);
	for (size_t i = 0; i < choice->good_count; i++)
		put_u64(bytes + 16 + 8 * i, choice->good[i]->seq);
	append_record(engine, RECORD_LEASE, queue->number, &part, 1, NULL);
	for (size_t i = 0; i < choice->good_count; i++) {
		struct message *message = choice->good[i];
		apply_lease(engine, message, received_ms, visible_ms);
		rotate(queue, message->group);
		give(engine, message, &command->receive.deliveries[i]);
	}
	command->receive.count = choice->good_count;
	atomic_fetch_add_explicit(&queue->counters->received, (int64_t)choice->good_count,
				  memory_order_relaxed);
}

static void bury(struct engine *engine, struct engine_queue *queue, const struct choice *choice)
{
	uint64_t seqs[RECORD_SEQS_MAX];

	for (size_t i = 0; i < choice->expired_count; i++) {
		seqs[i] = choice->expired[i]->seq;
		message_remove(engine, choice->expired[i]);
	}
	if (choice->expired_count > 0)
		append_seqs(engine, RECORD_EXPIRE, queue, seqs, choice->expired_count);
	for (size_t i = 0; i < choice->dead_count; i++)
		if (!move_message(engine, choice->dead[i], choice->dead_letter, NULL,
				  queue->settings.label))
			return;
}

static bool is_over_limit(const struct engine_queue *queue)
{
	return queue->in_flight >= LIMIT_INFLIGHT_MESSAGES;
}

/* Leases what there is; false if there was nothing. */
static bool receive_now(struct engine *engine, struct queue_command *command,
			struct engine_queue *queue)
{
	for (size_t round = 0; round < ROUNDS_MAX; round++) {
		struct choice choice = {.wanted = command->receive.max};
		if (queue->settings.dead_letter && queue->settings.max_receive_count)
			choice.dead_letter = queue_find(engine, queue->settings.dead_letter);
		if (choice.dead_letter && !choice.dead_letter->is_defined)
			choice.dead_letter = NULL;
		if (is_over_limit(queue) || journal_is_exhausted(engine->journal))
			return false;
		choose(engine, queue, &choice);
		bury(engine, queue, &choice);
		if (choice.good_count > 0) {
			lease(engine, command, queue, &choice);
			return true;
		}
		if (choice.dead_count == 0 && choice.expired_count == 0)
			return false;
	}
	return false;
}

static struct attempt *find_attempt(struct engine *engine, struct engine_queue *queue,
				    const uint8_t key[16])
{
	struct list *attempts = &queue_extra_get(queue)->attempts;

	while (!list_is_empty(attempts)) {
		struct attempt *oldest = container_of(attempts->next, struct attempt, link);
		if (oldest->until_ms > engine->now_ms)
			break;
		list_remove(&oldest->link);
		heap_free(oldest);
	}
	for (struct list *link = attempts->next; link != attempts; link = link->next) {
		struct attempt *attempt = container_of(link, struct attempt, link);
		if (memcmp(attempt->key, key, 16) == 0)
			return attempt;
	}
	return NULL;
}

/* Gives the messages of an earlier attempt again, if none of them was touched since. */
static bool repeat_attempt(struct engine *engine, struct queue_command *command,
			   struct engine_queue *queue)
{
	struct message *messages[LIMIT_RECEIVE_MESSAGES];
	int64_t visibility_ms = command->receive.has_visibility ? command->receive.visibility_ms
								: queue->settings.visibility_ms;

	const struct attempt *attempt = find_attempt(engine, queue, command->receive.attempt);
	if (!attempt)
		return false;
	for (size_t i = 0; i < attempt->count; i++) {
		const struct queue_handle *handle = &attempt->handles[i];
		messages[i] = message_find(engine, queue->number, handle->seq);
		if (!messages[i] || messages[i]->receives != handle->receive ||
		    messages[i]->state != MESSAGE_IN_FLIGHT)
			return false;
	}
	for (size_t i = 0; i < attempt->count; i++) {
		uint8_t bytes[16];
		struct str part = str_of(bytes, sizeof(bytes));
		int64_t visible_ms = visibility_ms ? engine->now_ms + visibility_ms : 0;
		put_u64(bytes, messages[i]->seq);
		put_u64(bytes + 8, (uint64_t)visible_ms);
		append_record(engine, RECORD_VISIBILITY, queue->number, &part, 1, NULL);
		apply_visibility(engine, messages[i], visible_ms);
		give(engine, messages[i], &command->receive.deliveries[i]);
	}
	command->receive.count = attempt->count;
	return true;
}

static void remember_attempt(struct engine *engine, const struct queue_command *command,
			     struct engine_queue *queue)
{
	struct attempt *attempt = find_attempt(engine, queue, command->receive.attempt);

	if (!attempt) {
		attempt = heap_alloc(sizeof(*attempt));
		memcpy(attempt->key, command->receive.attempt, 16);
	} else {
		list_remove(&attempt->link);
	}
	list_push_back(&queue->extra->attempts, &attempt->link);
	attempt->until_ms = engine->now_ms + LIMIT_DEDUPLICATION_MS;
	attempt->count = command->receive.count;
	for (size_t i = 0; i < attempt->count; i++)
		attempt->handles[i] = command->receive.deliveries[i].handle;
}

static bool receive_any(struct engine *engine, struct queue_command *command,
			struct engine_queue *queue)
{
	bool has_attempt = command->receive.has_attempt && queue->is_fifo;

	if (has_attempt && command->receive.max <= LIMIT_RECEIVE_MESSAGES &&
	    repeat_attempt(engine, command, queue))
		return true;
	if (!receive_now(engine, command, queue))
		return false;
	if (has_attempt)
		remember_attempt(engine, command, queue);
	return true;
}

void receive_execute(struct engine *engine, struct queue_command *command)
{
	struct engine_queue *queue = queue_find(engine, command->queue);

	command->receive.count = 0;
	if (!queue || !queue->is_defined) {
		command_answer(engine, command, QUEUE_NOT_FOUND);
		return;
	}
	check(command->receive.max >= 1 && command->receive.max <= LIMIT_RECEIVE_MESSAGES);
	bool is_served = list_is_empty(&queue->waiting) && receive_any(engine, command, queue);
	queue_publish(queue);
	if (is_served) {
		command_answer(engine, command, QUEUE_OK);
	} else if (command->receive.wait_ms > 0) {
		command->receive.wait.kind = TIMER_WAIT;
		list_push_back(&queue->waiting, &command->link);
		timer_set(&engine->timers, &command->receive.wait,
			  engine->now_ms + command->receive.wait_ms);
		atomic_fetch_add_explicit(&engine->waiting_count, 1, memory_order_relaxed);
	} else {
		atomic_fetch_add_explicit(&queue->counters->empty_receives, 1,
					  memory_order_relaxed);
		command_answer_now(command, !queue->is_fifo && is_over_limit(queue)
						    ? QUEUE_OVER_LIMIT
						    : QUEUE_OK);
	}
}

static void leave_waiting(struct engine *engine, struct queue_command *command)
{
	list_remove(&command->link);
	timer_clear(&engine->timers, &command->receive.wait);
	atomic_fetch_sub_explicit(&engine->waiting_count, 1, memory_order_relaxed);
}

void receive_end_waiting(struct engine *engine, struct queue_command *command,
			 enum queue_result result)
{
	struct engine_queue *queue = queue_find(engine, command->queue);

	leave_waiting(engine, command);
	if (result == QUEUE_OK && queue)
		atomic_fetch_add_explicit(&queue->counters->empty_receives, 1,
					  memory_order_relaxed);
	command_answer_now(command, result);
}

void receive_serve_waiting(struct engine *engine, struct engine_queue *queue)
{
	while (!list_is_empty(&queue->waiting)) {
		struct queue_command *command =
			container_of(queue->waiting.next, struct queue_command, link);
		if (!receive_any(engine, command, queue))
			break;
		leave_waiting(engine, command);
		command_answer(engine, command, QUEUE_OK);
	}
	queue_publish(queue);
}
