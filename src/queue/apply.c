/* SPDX-License-Identifier: MIT */
/*
 * apply: the only place where records change the state, called right after appending and at replay.
 *
 * At replay a record may name a message that is gone: its segment was recycled because all in it
 * was dead, while the records about it live on in later segments. Such records say nothing any more
 * and are passed over.
 */
#include <string.h>

#include "queue/engine_private.h"

static void remember_dedup(struct engine_queue *queue, const struct record_head *head)
{
	struct queue_extra *extra = queue_extra_get(queue);
	struct dedup *old = queue_find_dedup(queue, head->dedup);

	if (old) {
		list_remove(&old->link);
		map_remove(&extra->dedup_map, get_u64(old->key), old);
		heap_free(old);
	}
	struct dedup *dedup = heap_alloc(sizeof(*dedup));
	memcpy(dedup->key, head->dedup, 16);
	memcpy(dedup->id, head->id, 16);
	dedup->seq = head->seq;
	dedup->until_ms = head->dedup_until_ms;
	list_push_back(&extra->dedups, &dedup->link);
	map_insert(&extra->dedup_map, get_u64(dedup->key), dedup);
}

static void watch_retention(struct engine *engine, struct engine_queue *queue, int64_t sent_ms)
{
	if (queue->is_defined && !timer_is_set(&queue->retention))
		timer_set(&engine->timers, &queue->retention,
			  sent_ms + queue->settings.retention_ms);
}

void apply_send(struct engine *engine, struct engine_queue *queue, const struct record_head *head,
		struct journal_location location)
{
	struct message *message = message_add(engine, queue, head->seq, head->group, location);

	message->sent_ms = head->sent_ms;
	message->receive_count = head->receive_count;
	message->first_receive_ms = head->first_receive_ms;
	message->visible_ms = head->visible_ms;
	message->state = head->visible_ms ? MESSAGE_DELAYED : MESSAGE_READY;
	if (queue->next_seq <= head->seq)
		queue->next_seq = head->seq + 1;
	if (head->dedup_until_ms)
		remember_dedup(queue, head);
	watch_retention(engine, queue, head->sent_ms);
	message_place(engine, message);
}

void apply_lease(struct engine *engine, struct message *message, int64_t received_ms,
		 int64_t visible_ms)
{
	message_unplace(engine, message);
	message->receives++;
	message->receive_count++;
	message->received_ms = received_ms;
	if (!message->first_receive_ms)
		message->first_receive_ms = received_ms;
	message->visible_ms = visible_ms;
	message->state = visible_ms > received_ms ? MESSAGE_IN_FLIGHT : MESSAGE_READY;
	message_place(engine, message);
}

void apply_visibility(struct engine *engine, struct message *message, int64_t visible_ms)
{
	message_unplace(engine, message);
	message->visible_ms = visible_ms;
	message->state = visible_ms ? MESSAGE_IN_FLIGHT : MESSAGE_READY;
	message_place(engine, message);
}

void message_due(struct engine *engine, struct message *message)
{
	message_unplace(engine, message);
	message->state = MESSAGE_READY;
	message_place(engine, message);
	queue_publish(message->queue);
}

void apply_purge(struct engine *engine, struct engine_queue *queue, uint64_t last_seq)
{
	while (!list_is_empty(&queue->messages)) {
		struct message *message =
			container_of(queue->messages.next, struct message, in_queue);
		if (message->seq > last_seq)
			break;
		message_remove(engine, message);
	}
	queue_drop_dedups(queue, INT64_MAX);
}

static enum err replay_message(struct engine *engine, const struct journal_record *record,
			       struct str data)
{
	struct record_head head;
	struct str payload;

	if (!record_head_decode(data, &head, &payload))
		return ERR_DAMAGED;
	struct message *known = message_find(engine, record->queue, head.seq);
	if (record->type == RECORD_CARRY) {
		if (known)
			message_relocate(engine, known, record->location);
		return ERR_OK;
	}
	if (known)
		return ERR_DAMAGED;
	apply_send(engine, queue_get(engine, record->queue, head.is_fifo), &head, record->location);
	return ERR_OK;
}

static enum err replay_move(struct engine *engine, const struct journal_record *record)
{
	if (record->data.size < RECORD_MOVE_SIZE)
		return ERR_DAMAGED;

	struct message *source =
		message_find(engine, get_u64(record->data.data), get_u64(record->data.data + 8));
	enum err err = replay_message(engine, record,
				      str_slice(record->data, RECORD_MOVE_SIZE, record->data.size));
	if (!err && source)
		message_remove(engine, source);
	return err;
}

static enum err replay_lease(struct engine *engine, const struct journal_record *record)
{
	if (record->data.size < 16 || record->data.size % 8 != 0)
		return ERR_DAMAGED;

	int64_t received_ms = (int64_t)get_u64(record->data.data);
	int64_t visible_ms = (int64_t)get_u64(record->data.data + 8);
	for (size_t at = 16; at < record->data.size; at += 8) {
		struct message *message =
			message_find(engine, record->queue, get_u64(record->data.data + at));
		if (message)
			apply_lease(engine, message, received_ms, visible_ms);
	}
	return ERR_OK;
}

static enum err replay_removal(struct engine *engine, const struct journal_record *record)
{
	if (record->data.size % 8 != 0)
		return ERR_DAMAGED;
	for (size_t at = 0; at < record->data.size; at += 8) {
		struct message *message =
			message_find(engine, record->queue, get_u64(record->data.data + at));
		if (message)
			message_remove(engine, message);
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
	apply_purge(engine, queue,
		    record->type == RECORD_DROP ? UINT64_MAX : get_u64(record->data.data));
	if (record->type == RECORD_DROP)
		queue_forget(engine, queue);
	return ERR_OK;
}

enum err apply_record(struct engine *engine, const struct journal_record *record)
{
	switch ((enum record_type)record->type) {
	case RECORD_SEND:
	case RECORD_CARRY:
		return replay_message(engine, record, record->data);
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
	}
	return ERR_VERSION;
}
