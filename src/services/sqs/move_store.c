/* SPDX-License-Identifier: MIT */
/*
 * move_store: the catalog holds a task as JSON. Its count of moved messages is written when the
 * status changes: after a crash a running task continues and counts from there.
 */
#include "services/sqs/move_store.h"

#include <string.h>

#include "format/json.h"

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
	struct json_writer writer;
	struct buf record = {0};

	json_begin(&writer, &record);
	json_open_object(&writer);
	json_key(&writer, STR("account"));
	json_str(&writer, move->account);
	json_key(&writer, STR("source"));
	json_str(&writer, move->source);
	json_key(&writer, STR("destination"));
	json_str(&writer, move->destination);
	json_key(&writer, STR("failure"));
	json_str(&writer, move->failure);
	json_key(&writer, STR("status"));
	json_i64(&writer, move->status);
	json_key(&writer, STR("rate"));
	json_i64(&writer, move->rate);
	json_key(&writer, STR("startedMs"));
	json_i64(&writer, move->started_ms);
	json_key(&writer, STR("startedBaseMs"));
	json_i64(&writer, move->base_ms);
	json_key(&writer, STR("moved"));
	json_i64(&writer, move->moved);
	json_key(&writer, STR("toMove"));
	json_i64(&writer, move->to_move);
	json_close_object(&writer);
	catalog_changes_put(changes, CATALOG_SQS_TASKS, str_of(move->id, UUID_TEXT_SIZE),
			    buf_str(&record));
	buf_done(&record);
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
	yyjson_val *root;

	arena_init(&arena);
	if (key.size != UUID_TEXT_SIZE || json_parse(&arena, value, &root) != ERR_OK) {
		arena_done(&arena);
		return ERR_DAMAGED;
	}
	struct sqs_move *move = heap_alloc(sizeof(*move));
	memcpy(move->id, key.data, UUID_TEXT_SIZE);
	move->account = heap_copy(json_text(json_member(root, "account")));
	move->source = heap_copy(json_text(json_member(root, "source")));
	move->destination = heap_copy(json_text(json_member(root, "destination")));
	move->failure = heap_copy(json_text(json_member(root, "failure")));
	move->status = (enum sqs_move_status)yyjson_get_sint(json_member(root, "status"));
	move->rate = yyjson_get_sint(json_member(root, "rate"));
	move->started_ms = yyjson_get_sint(json_member(root, "startedMs"));
	move->base_ms = yyjson_get_sint(json_member(root, "startedBaseMs"));
	move->moved = yyjson_get_sint(json_member(root, "moved"));
	move->to_move = yyjson_get_sint(json_member(root, "toMove"));
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
