/* SPDX-License-Identifier: MIT */
/*
 * move_store: the record MoveTask of model/sqs.ops. Its count of moved messages is written when the
 * status changes: after a crash a running task continues and counts from there.
 */
#include "services/sqs/move_store.h"

#include <string.h>

#include "api/sqs_records.h"

struct sqs_moves *sqs_moves_of(const struct core *core)
{
	return sqs_of(core)->moves;
}

bool sqs_move_is_active(const struct sqs_move *move)
{
	return move->status == MOVE_RUNNING || move->status == MOVE_CANCELLING;
}

void sqs_move_free(struct sqs_move *move)
{
	heap_free((void *)move->account.data);
	heap_free((void *)move->source.data);
	heap_free((void *)move->destination.data);
	heap_free((void *)move->failure.data);
	heap_free(move);
}

/* Adds the task's record to the changes. */
void sqs_move_add_record(struct catalog_changes *changes, const struct sqs_move *move)
{
	struct sqs_move_task_record record = {
		.account = move->account,
		.source = move->source,
		.destination = move->destination,
		.failure = move->failure,
		.status = move->status,
		.rate = move->rate,
		.started_ms = move->started_ms,
		.started_base_ms = move->base_ms,
		.moved = move->moved,
		.to_move = move->to_move,
	};
	struct buf bytes = {0};

	sqs_move_task_record_encode(&bytes, &record);
	catalog_changes_put(changes, CATALOG_SQS_TASKS, str_of(move->id, UUID_TEXT_SIZE),
			    buf_str(&bytes));
	buf_done(&bytes);
}

enum err sqs_move_save(struct core *core, const struct sqs_move *move)
{
	struct catalog_changes changes = {0};

	sqs_move_add_record(&changes, move);
	return catalog_write(core->catalog, &changes);
}

void sqs_move_forget(struct sqs_move *move)
{
	list_remove(&move->link);
	if (move->is_posted)
		move->is_forgotten = true;
	else
		sqs_move_free(move);
}

static enum err load_one(void *context, struct str key, struct str value)
{
	struct core *core = context;
	struct arena arena;
	struct sqs_move_task_record record;

	if (key.size != UUID_TEXT_SIZE)
		return ERR_DAMAGED;
	arena_init(&arena);
	enum err err = sqs_move_task_record_decode(&arena, value, &record);
	if (!err && (record.status < 0 || record.status > MOVE_FAILED))
		err = ERR_DAMAGED;
	if (err) {
		arena_done(&arena);
		return err;
	}
	struct sqs_move *move = heap_alloc(sizeof(*move));
	memcpy(move->id, key.data, UUID_TEXT_SIZE);
	move->account = heap_copy(record.account);
	move->source = heap_copy(record.source);
	move->destination = heap_copy(record.destination);
	move->failure = heap_copy(record.failure);
	move->status = (enum sqs_move_status)record.status;
	move->rate = record.rate;
	move->started_ms = record.started_ms;
	move->base_ms = record.started_base_ms;
	move->moved = record.moved;
	move->to_move = record.to_move;
	arena_done(&arena);
	struct list *place = sqs_moves_of(core)->tasks.next;
	while (place != &sqs_moves_of(core)->tasks &&
	       container_of(place, struct sqs_move, link)->base_ms > move->base_ms)
		place = place->next;
	list_insert_before(place, &move->link);
	return ERR_OK;
}

enum err sqs_move_store_load(struct core *core)
{
	struct sqs_moves *moves = heap_alloc(sizeof(*moves));

	list_init(&moves->tasks);
	sqs_of(core)->moves = moves;
	enum err err = catalog_begin(core->catalog, false);
	if (err)
		return err;
	err = catalog_each(core->catalog, CATALOG_SQS_TASKS, load_one, core);
	catalog_abort(core->catalog);
	return err;
}

void sqs_moves_erase(struct core *core, struct str arn, struct catalog_changes *changes)
{
	FOR_MOVES(core, link)
	{
		const struct sqs_move *move = container_of(link, struct sqs_move, link);
		if (str_equal(move->source, arn))
			catalog_changes_delete(changes, CATALOG_SQS_TASKS,
					       str_of(move->id, UUID_TEXT_SIZE));
	}
}

void sqs_moves_forget(struct core *core, struct str arn)
{
	struct list *next;

	for (struct list *link = sqs_moves_of(core)->tasks.next; link != &sqs_moves_of(core)->tasks;
	     link = next) {
		struct sqs_move *move = container_of(link, struct sqs_move, link);
		next = link->next;
		if (str_equal(move->source, arn))
			sqs_move_forget(move);
	}
}
