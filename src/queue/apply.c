/* SPDX-License-Identifier: MIT */
/*
 * apply: the only place where records change the state, called right after appending and at replay.
 *
 * At replay a record may name a message that no longer exists: its segment was recycled after all
 * its records were dead, while records about the message remain in later segments. Replay skips
 * such records.
 */

#include "queue/apply.h"

#include "queue/archive.h"
#include "queue/backlog.h"
#include "queue/dedup.h"
#include "queue/extent.h"
#include "queue/message.h"
#include "queue/purge.h"
#include "queue/read.h"
#include "queue/state.h"

static void watch_retention(struct engine *engine, struct engine_queue *queue, int64_t since_ms)
{
	int64_t due_ms = since_ms + queue->settings.retention_ms;

	/* A moved message may be older than all messages of this queue. */
	if (queue->is_defined && queue->settings.retention_ms < QUEUE_RETENTION_UNLIMITED &&
	    (!timer_is_set(&queue->retention) || due_ms < queue->retention.at_ms))
		timer_set(&engine->timers, &queue->retention, due_ms);
}

void apply_send(struct engine *engine, struct engine_queue *queue, const struct record_head *head,
		struct journal_location location)
{
	struct group *group = group_get(queue, head->group);

	check(head->seq > 0);
	check(!queue->is_retired);
	if (queue->next_seq <= head->seq)
		queue->next_seq = head->seq + 1;
	if (head->dedup_until_ms)
		dedup_remember(queue, head);
	watch_retention(engine, queue, head->since_ms);
	/* A delay of its own has a timer, which needs memory. */
	if ((!head->visible_ms || queue->is_archive) && extent_takes(engine, queue, group)) {
		extent_append(engine, queue, group, head, location);
		return;
	}

	struct message *message = message_add(engine, queue, head->seq, head->group, head->since_ms,
					      location, head->shared_size);
	message->receive_count = head->receive_count;
	message->first_receive_ms = head->first_receive_ms;
	message_begin(engine, message, head->visible_ms);
	message_place(engine, message);
}

void apply_gate(struct engine_queue *queue, const struct record_gate *gate)
{
	check(queue->is_archive);
	if (queue->next_seq <= gate->number)
		queue->next_seq = gate->number + 1;
	dedup_remember_gate(queue, gate);
}

void apply_lease(struct engine *engine, struct message *message, const struct lease *lease)
{
	check(!message->queue->is_archive);
	message_unplace(engine, message);
	message->receives++;
	message->receive_count++;
	message->received_ms = lease->received_ms;
	if (!message->first_receive_ms)
		message->first_receive_ms = lease->wall_ms;
	message->visible_ms = lease->visible_ms;
	message->state = lease->visible_ms > lease->received_ms ? MESSAGE_IN_FLIGHT : MESSAGE_READY;
	message_place(engine, message);
	backlog_refill(engine, message->group);
	group_refresh(engine, message->queue, message->group);
}

void apply_visibility(struct engine *engine, struct message *message, int64_t visible_ms)
{
	message_unplace(engine, message);
	message->visible_ms = visible_ms;
	message->state = visible_ms ? MESSAGE_IN_FLIGHT : MESSAGE_READY;
	message_place(engine, message);
}

void apply_give_back(struct engine *engine, struct message *message)
{
	/* Beyond that many, the receive counts: a message must not return without end. */
	bool is_uncounted = message->given_back < UINT16_MAX;

	check(message->receives > message->given_back || !is_uncounted);
	message_unplace(engine, message);
	message->given_back = (uint16_t)(message->given_back + is_uncounted);
	message->receive_count -= is_uncounted;
	if (message->receive_count == 0)
		message->first_receive_ms = 0;
	message->visible_ms = 0;
	message->state = MESSAGE_READY;
	message_place(engine, message);
}

/* The time base continues from the last time in a replayed record. */
static void note_time(struct engine *engine, int64_t now_ms)
{
	if (now_ms > engine->now_ms)
		engine->now_ms = now_ms;
}

/* A message has a new location; one in an extent stays in the extent. */
static void replay_relocation(struct engine *engine, const struct journal_record *record,
			      uint64_t seq, uint64_t hash, uint32_t shared_size)
{
	struct message *known = message_find(engine, record->queue, seq);
	struct engine_queue *queue = queue_find(engine, record->queue);
	struct group *group = queue ? group_find(queue, hash) : NULL;
	struct extent *extent = group && !known ? extent_find(queue, group, seq) : NULL;
	struct extent_entry entry;

	if (extent && extent_peek(engine, extent, 0, &entry, 1) == 1 && entry.seq == seq) {
		extent_relocate_first(engine, extent, &entry, record->location, shared_size);
		return;
	}
	if (extent)
		known = backlog_fetch(engine, record->queue, hash, seq);
	if (known)
		message_relocate(engine, known, record->location, shared_size);
}

static enum err replay_new(struct engine *engine, const struct journal_record *record,
			   const struct record_head *head)
{
	if (message_find(engine, record->queue, head->seq))
		return ERR_DAMAGED;
	note_time(engine, head->since_ms);
	apply_send(engine, queue_get(engine, record->queue, head->is_fifo), head, record->location);
	return ERR_OK;
}

static enum err replay_message(struct engine *engine, const struct journal_record *record,
			       struct str data)
{
	struct record_head head;
	struct str payload;

	if (!record_head_decode(data, &head, &payload))
		return ERR_DAMAGED;
	if (record->type != RECORD_RELOCATE)
		return replay_new(engine, record, &head);
	replay_relocation(engine, record, head.seq, head.group, 0);
	return ERR_OK;
}

static enum err replay_shared(struct engine *engine, const struct journal_record *record)
{
	struct shared_seen *shared = &engine->shared;
	struct str payload;

	if (!read_shared_decode(record, &shared->head, &payload, &shared->share))
		return ERR_DAMAGED;
	shared->head.origin = (struct str){0};
	shared->location = record->location;
	return ERR_OK;
}

static enum err replay_reference(struct engine *engine, const struct journal_record *record)
{
	const struct shared_seen *shared = &engine->shared;
	struct record_reference reference;

	if (!record_reference_decode(record->data, &reference))
		return ERR_DAMAGED;
	if (record->type == RECORD_RELOCATE_REFERENCE) {
		replay_relocation(engine, record, reference.seq, reference.group,
				  reference.shared_size);
		return ERR_OK;
	}
	/* Both are of one batch, so replay has both or none. */
	if (shared->location.segment != record->location.segment ||
	    shared->location.offset != reference.shared_offset)
		return ERR_DAMAGED;
	reference.shared_size = record_share(record->queue, shared->location.size, shared->share);
	struct record_head head = record_reference_head(&reference, &shared->head, record->queue);
	return replay_new(engine, record, &head);
}

static enum err replay_move(struct engine *engine, const struct journal_record *record)
{
	struct str data = str_slice(record->data, RECORD_MOVE_SIZE, record->data.size);
	struct record_head head;
	struct str payload;

	if (record->data.size < RECORD_MOVE_SIZE || !record_head_decode(data, &head, &payload))
		return ERR_DAMAGED;

	/* A message keeps its group when it moves. */
	struct message *source = backlog_fetch(engine, get_u64(record->data.data), head.group,
					       get_u64(record->data.data + 8));
	enum err err = replay_message(engine, record, data);
	if (!err && source)
		backlog_remove(engine, source);
	return err;
}

static struct message *fetch_named(struct engine *engine, const struct journal_record *record,
				   size_t at)
{
	const char *name = record->data.data + at;

	return backlog_fetch(engine, record->queue, get_u64(name + 8), get_u64(name));
}

static enum err replay_lease(struct engine *engine, const struct journal_record *record)
{
	if (record->data.size < RECORD_LEASE_SIZE ||
	    (record->data.size - RECORD_LEASE_SIZE) % RECORD_NAME_SIZE != 0)
		return ERR_DAMAGED;

	const struct lease lease = {
		.received_ms = (int64_t)get_u64(record->data.data),
		.visible_ms = (int64_t)get_u64(record->data.data + 8),
		.wall_ms = (int64_t)get_u64(record->data.data + 16),
	};
	note_time(engine, lease.received_ms);
	for (size_t at = RECORD_LEASE_SIZE; at < record->data.size; at += RECORD_NAME_SIZE) {
		struct message *message = fetch_named(engine, record, at);
		if (message)
			apply_lease(engine, message, &lease);
	}
	return ERR_OK;
}

static enum err replay_clock(struct engine *engine, const struct journal_record *record)
{
	if (record->data.size != 16)
		return ERR_DAMAGED;
	note_time(engine, (int64_t)get_u64(record->data.data));
	engine->wall_offset_ms = (int64_t)get_u64(record->data.data + 8);
	return ERR_OK;
}

static enum err replay_removal(struct engine *engine, const struct journal_record *record)
{
	if (record->data.size % RECORD_NAME_SIZE != 0)
		return ERR_DAMAGED;
	for (size_t at = 0; at < record->data.size; at += RECORD_NAME_SIZE) {
		struct message *message = fetch_named(engine, record, at);
		if (message)
			backlog_remove(engine, message);
	}
	return ERR_OK;
}

static enum err replay_give_back(struct engine *engine, const struct journal_record *record)
{
	if (record->data.size % RECORD_NAME_SIZE != 0)
		return ERR_DAMAGED;
	for (size_t at = 0; at < record->data.size; at += RECORD_NAME_SIZE) {
		struct message *message = fetch_named(engine, record, at);
		if (message && message->receives > message->given_back)
			apply_give_back(engine, message);
	}
	return ERR_OK;
}

static enum err replay_visibility(struct engine *engine, const struct journal_record *record)
{
	if (record->data.size != 16)
		return ERR_DAMAGED;

	struct message *message = message_find(engine, record->queue, get_u64(record->data.data));
	if (message)
		apply_visibility(engine, message, (int64_t)get_u64(record->data.data + 8));
	return ERR_OK;
}

static enum err replay_purge(struct engine *engine, const struct journal_record *record)
{
	struct engine_queue *queue = queue_find(engine, record->queue);

	if (record->type == RECORD_PURGE && record->data.size != 8)
		return ERR_DAMAGED;
	if (!queue)
		return ERR_OK;
	/* Replay keeps the order, so all messages to remove are there. */
	purge_at_once(engine, queue);
	if (record->type == RECORD_PURGE && queue->next_seq <= get_u64(record->data.data))
		queue->next_seq = get_u64(record->data.data) + 1;
	if (record->type == RECORD_DROP) {
		purge_unlink(engine, queue);
		queue_free(queue);
	}
	return ERR_OK;
}

static enum err replay_gate(struct engine *engine, const struct journal_record *record)
{
	struct record_gate gate;

	if (!record_gate_decode(record->data, &gate) || !queue_number_is_archive(record->queue))
		return ERR_DAMAGED;
	note_time(engine, gate.since_ms);
	apply_gate(queue_get(engine, record->queue, false), &gate);
	return ERR_OK;
}

static enum err replay_trim(struct engine *engine, const struct journal_record *record)
{
	struct engine_queue *queue = queue_find(engine, record->queue);

	if (record->data.size != 8 || !queue_number_is_archive(record->queue))
		return ERR_DAMAGED;
	if (queue)
		archive_trim(engine, queue, get_u64(record->data.data));
	return ERR_OK;
}

static enum err replay_record(struct engine *engine, const struct journal_record *record)
{
	switch ((enum record_type)record->type) {
	case RECORD_SEND:
	case RECORD_RELOCATE:
		return replay_message(engine, record, record->data);
	case RECORD_SHARED:
		return replay_shared(engine, record);
	case RECORD_REFERENCE:
	case RECORD_RELOCATE_REFERENCE:
		return replay_reference(engine, record);
	case RECORD_MOVE:
		return replay_move(engine, record);
	case RECORD_LEASE:
		return replay_lease(engine, record);
	case RECORD_VISIBILITY:
		return replay_visibility(engine, record);
	case RECORD_DELETE:
	case RECORD_EXPIRE:
		return replay_removal(engine, record);
	case RECORD_PURGE:
	case RECORD_DROP:
		return replay_purge(engine, record);
	case RECORD_GIVE_BACK:
		return replay_give_back(engine, record);
	case RECORD_CLOCK:
		return replay_clock(engine, record);
	case RECORD_GATE:
		return replay_gate(engine, record);
	case RECORD_TRIM:
		return replay_trim(engine, record);
	}
	return ERR_VERSION;
}

enum err apply_record(struct engine *engine, const struct journal_record *record)
{
	enum err err = replay_record(engine, record);

	return !err && engine->has_read_failed ? ERR_IO : err;
}
