/* SPDX-License-Identifier: MIT */
/*
 * fanout: decides for all targets, then appends and applies.
 *
 * The decision has no effect, so a refused fan-out changes nothing. After the decision no step
 * fails: journal_keep_together ensures that all records go into one batch of one segment, and a
 * batch is not closed within a turn. The shared payload is in front of its references.
 */
#include "queue/fanout.h"

#include <string.h>

#include "queue/answer.h"
#include "queue/apply.h"
#include "queue/backlog.h"
#include "queue/dedup.h"
#include "queue/handle.h"
#include "queue/log.h"
#include "queue/state.h"

struct plan {
	struct engine_queue *gate;   /* NULL: none */
	bool is_duplicate;	     /* of the gate */
	bool has_number;	     /* a message has the gate's number */
	struct engine_queue *source; /* of the deleted message */
	struct message *deletes[LIMIT_BATCH_ENTRIES];
	size_t delete_count;
	size_t records, bytes; /* to append */
	uint32_t references;
	struct journal_location shared;
	uint32_t share; /* of the shared record, for each reference */
};

void queue_target_id(const uint8_t id[16], uint64_t queue, uint8_t out[16])
{
	record_target_id(id, queue, out);
}

size_t fanout_cost(const struct queue_command *command)
{
	return command->type == QUEUE_FANOUT ? command->fanout.count : 1;
}

/* ---- deciding ---- */

static enum queue_result plan_deletes(struct engine *engine, const struct queue_command *command,
				      struct plan *plan)
{
	if (command->fanout.delete_count == 0)
		return QUEUE_OK;
	check(command->fanout.delete_count <= LIMIT_BATCH_ENTRIES);
	plan->source = queue_find(engine, command->queue);
	if (!plan->source || !plan->source->is_defined)
		return QUEUE_NOT_FOUND;
	for (size_t i = 0; i < command->fanout.delete_count; i++) {
		struct message *message;
		enum queue_result result =
			handle_check(engine, plan->source, &command->fanout.deletes[i], &message);
		if (result)
			return result;
		if (!handle_is_among(plan->deletes, plan->delete_count, message))
			plan->deletes[plan->delete_count++] = message;
	}
	plan->records++;
	plan->bytes += RECORD_NAME_SIZE * plan->delete_count;
	return QUEUE_OK;
}

static bool is_duplicate(struct engine *engine, struct engine_queue *queue,
			 struct queue_target *target)
{
	const struct dedup *first =
		target->has_dedup && queue->is_fifo
			? dedup_find_first(engine, queue, target->dedup, target->group)
			: NULL;

	target->is_duplicate = first != NULL;
	target->seq = first ? first->seq : 0;
	if (first)
		memcpy(target->id, first->id, sizeof(target->id));
	return first != NULL;
}

/* QUEUE_OK: passed, or a duplicate. */
static enum queue_result plan_gate(struct engine *engine, struct queue_command *command,
				   struct plan *plan)
{
	struct queue_gate *gate = command->fanout.gate;

	if (!gate)
		return QUEUE_OK;
	check(queue_number_is_archive(gate->queue));
	check(gate->group != 0);
	struct engine_queue *queue = queue_find(engine, gate->queue);
	if (!queue || !queue->is_defined)
		return QUEUE_NOT_FOUND;
	const struct dedup *first = dedup_find_first(engine, queue, gate->dedup, gate->group);
	plan->gate = queue;
	plan->is_duplicate = gate->is_duplicate = first != NULL;
	memcpy(gate->id, first ? first->id : command->fanout.id, sizeof(gate->id));
	if (first) {
		gate->number = first->seq;
		return QUEUE_OK;
	}
	bool is_late = gate->number > 0 && gate->number < queue->next_seq;
	if (gate->number < queue->next_seq)
		gate->number = queue->next_seq;
	if (is_late)
		return QUEUE_OUT_OF_ORDER;
	plan->records++;
	plan->bytes += RECORD_GATE_SIZE;
	return QUEUE_OK;
}

/* The gate refused the fan-out, so no target gets its message. */
static void mark_duplicate(struct queue_target *target)
{
	target->found = NULL;
	target->result = QUEUE_OK;
	target->is_duplicate = true;
	target->seq = 0;
}

static void plan_target(struct engine *engine, struct queue_target *target, struct plan *plan)
{
	struct engine_queue *queue = queue_find(engine, target->queue);

	target->found = queue && queue->is_defined ? queue : NULL;
	target->result = target->found ? QUEUE_OK : QUEUE_NOT_FOUND;
	if (!target->found || is_duplicate(engine, queue, target))
		return;
	plan->records++;
	plan->bytes += target->own.size +
		       (target->is_whole ? RECORD_HEAD_SIZE : RECORD_REFERENCE_SIZE_MAX);
	plan->references += !target->is_whole;
}

/* A message is not deleted for another that goes nowhere. */
static bool has_no_target(const struct queue_command *command)
{
	for (size_t i = 0; i < command->fanout.count; i++)
		if (command->fanout.targets[i].result == QUEUE_OK)
			return false;
	return command->fanout.count > 0;
}

static enum queue_result plan_all(struct engine *engine, struct queue_command *command,
				  struct plan *plan)
{
	check(command->fanout.count <= LIMIT_FANOUT_TARGETS);
	enum queue_result result = plan_deletes(engine, command, plan);
	if (result)
		return result;
	result = plan_gate(engine, command, plan);
	if (result)
		return result;
	for (size_t i = 0; i < command->fanout.count; i++) {
		if (plan->is_duplicate)
			mark_duplicate(&command->fanout.targets[i]);
		else
			plan_target(engine, &command->fanout.targets[i], plan);
	}
	if (plan->delete_count > 0 && has_no_target(command))
		return QUEUE_NOT_FOUND;
	if (plan->references > 0) {
		plan->records++;
		plan->bytes += RECORD_SHARED_SIZE + RECORD_HEAD_SIZE + command->fanout.shared.size;
	}
	if (plan->bytes > LIMIT_FANOUT_SIZE)
		return QUEUE_TOO_LARGE;
	if (plan->records == 0)
		return QUEUE_OK;
	if (!journal_has_room_for(engine->journal, JOURNAL_ROOM_MESSAGE, plan->records,
				  plan->bytes))
		return QUEUE_DISK_FULL;
	return journal_keep_together(engine->journal, plan->records, plan->bytes) ? QUEUE_OK
										  : QUEUE_TOO_LARGE;
}

/* ---- doing ---- */

static struct record_head shared_head(const struct engine *engine,
				      const struct queue_command *command)
{
	struct record_head head = {
		.sent_ms = command->now_ms,
		.since_ms = engine->now_ms,
		.dedup_until_ms = engine->now_ms + LIMIT_DEDUPLICATION_MS,
	};

	memcpy(head.id, command->fanout.id, 16);
	return head;
}

static void append_shared(struct engine *engine, const struct queue_command *command,
			  const struct record_head *head, struct plan *plan)
{
	uint8_t bytes[RECORD_SHARED_SIZE + RECORD_HEAD_SIZE];
	struct str parts[] = {str_of(bytes, sizeof(bytes)), command->fanout.shared};

	put_u32(bytes, plan->references);
	record_head_encode(head, bytes + RECORD_SHARED_SIZE);
	log_append(engine, RECORD_SHARED, 0, parts, 2, &plan->shared);
	plan->share = plan->shared.size / plan->references + 1;
}

/* Sets head->shared_size, which makes it the head that replay reads from the reference. */
static void append_reference(struct engine *engine, const struct queue_target *target,
			     struct record_head *head, const struct plan *plan,
			     struct journal_location *out_location)
{
	struct record_reference reference = {
		.seq = head->seq,
		.group = head->group,
		.shared_offset = plan->shared.offset,
		.shared_record_size = plan->shared.size,
		.visible_ms = head->visible_ms,
		.is_fifo = head->is_fifo,
		.has_dedup = head->dedup_until_ms != 0,
	};
	uint8_t bytes[RECORD_REFERENCE_SIZE_MAX];

	if (reference.has_dedup)
		memcpy(reference.dedup, head->dedup, 16);
	struct str parts[] = {str_of(bytes, record_reference_encode(&reference, bytes)),
			      target->own};
	log_append(engine, RECORD_REFERENCE, target->queue, parts, 2, out_location);
	check(out_location->segment == plan->shared.segment);
	head->shared_size = record_share(target->queue, plan->shared.size, plan->share);
}

static void set_head(const struct engine *engine, const struct engine_queue *queue,
		     const struct record_head *shared, const struct queue_target *target,
		     struct record_head *head)
{
	int64_t delay_ms = queue->is_fifo || queue->is_archive ? 0
			   : target->has_delay		       ? target->delay_ms
							       : queue->settings.delay_ms;
	bool has_dedup = target->has_dedup && queue->is_fifo;

	*head = *shared;
	head->seq = queue->next_seq;
	head->visible_ms = delay_ms > 0 ? engine->now_ms + delay_ms : 0;
	head->group = queue->is_archive ? 0 : target->group;
	head->is_fifo = queue->is_fifo;
	if (has_dedup)
		memcpy(head->dedup, target->dedup, 16);
	else
		head->dedup_until_ms = 0;
	record_target_id(shared->id, queue->number, head->id);
}

static void send_to(struct engine *engine, const struct queue_command *command,
		    struct queue_target *target, const struct record_head *shared,
		    struct plan *plan)
{
	struct engine_queue *queue = target->found;
	struct journal_location location;
	struct record_head head;

	if (!queue)
		return;
	/* The same queue may be named twice. */
	if (target->is_duplicate || is_duplicate(engine, queue, target)) {
		queue_count(&queue->counters->deduplicated, 1);
		return;
	}
	set_head(engine, queue, shared, target, &head);
	/* Only the first message of the gate's own queue gets its number, which has passed. */
	if (queue == plan->gate && !plan->has_number) {
		head.seq = command->fanout.gate->number;
		plan->has_number = true;
	}
	if (target->is_whole) {
		uint8_t bytes[RECORD_HEAD_SIZE];
		struct str parts[] = {str_of(bytes, sizeof(bytes)), target->own};
		record_head_encode(&head, bytes);
		log_append(engine, RECORD_SEND, queue->number, parts, 2, &location);
	} else {
		append_reference(engine, target, &head, plan, &location);
	}
	apply_send(engine, queue, &head, location);
	target->seq = head.seq;
	/* As head.id, which cannot be read so soon after it was written in parts without a stall.
	 */
	record_target_id(shared->id, queue->number, target->id);
	size_t size = target->own.size + (target->is_whole ? 0 : command->fanout.shared.size);
	queue_count(&queue->counters->sent, 1);
	queue_count(&queue->counters->sent_bytes, (int64_t)size);
	queue_publish(queue);
}

static void pass_gate(struct engine *engine, const struct queue_command *command,
		      const struct record_head *shared, const struct plan *plan)
{
	const struct queue_gate *gate = command->fanout.gate;

	if (!gate)
		return;
	if (plan->is_duplicate) {
		queue_count(&plan->gate->counters->deduplicated, 1);
		return;
	}
	struct record_gate record = {
		.number = gate->number,
		.group = gate->group,
		.since_ms = shared->since_ms,
		.until_ms = shared->dedup_until_ms,
	};
	uint8_t bytes[RECORD_GATE_SIZE];
	struct str part = str_of(bytes, sizeof(bytes));

	check(gate->number >= plan->gate->next_seq);
	memcpy(record.id, shared->id, sizeof(record.id));
	memcpy(record.dedup, gate->dedup, sizeof(record.dedup));
	record_gate_encode(&record, bytes);
	log_append(engine, RECORD_GATE, plan->gate->number, &part, 1, NULL);
	apply_gate(plan->gate, &record);
}

static void delete_sources(struct engine *engine, struct plan *plan)
{
	if (plan->delete_count == 0)
		return;
	log_append_messages(engine, RECORD_DELETE, plan->source, plan->deletes, plan->delete_count);
	for (size_t i = 0; i < plan->delete_count; i++)
		backlog_remove(engine, plan->deletes[i]);
	queue_count(&plan->source->counters->deleted, (int64_t)plan->delete_count);
	queue_publish(plan->source);
}

void fanout_execute(struct engine *engine, struct queue_command *command)
{
	struct plan plan = {0};

	enum queue_result result = plan_all(engine, command, &plan);
	if (result == QUEUE_DISK_FULL || result == QUEUE_TOO_LARGE ||
	    result == QUEUE_OUT_OF_ORDER) {
		answer_now(command, result);
		return;
	}
	if (result == QUEUE_OK) {
		struct record_head shared = shared_head(engine, command);
		delete_sources(engine, &plan);
		pass_gate(engine, command, &shared, &plan);
		if (plan.references > 0)
			append_shared(engine, command, &shared, &plan);
		for (size_t i = 0; i < command->fanout.count; i++)
			send_to(engine, command, &command->fanout.targets[i], &shared, &plan);
	}
	answer_command(engine, command, result);
}
