/* SPDX-License-Identifier: MIT */
/*
 * due: a record's key is the time (8 bytes, big endian), the kind (1 byte) and the resource's key;
 * its value the time base's part of the time (8 bytes).
 */
#include "core/due.h"

#include <string.h>

#include "base/bytes.h"
#include "core/control.h"
#include "core/group.h"

enum { HEAD_SIZE = 9, VALUE_SIZE = 8 };

struct due {
	due_fn kinds[DUE_KINDS];
	due_finish_fn finishes[DUE_KINDS];
	struct core_task task;
	int64_t armed_ms; /* the task's time; INT64_MAX: it does not wait */
	bool is_started;
};

struct entry {
	struct due_time at;
	enum due_kind kind;
	struct str key;
};

/* ---- records ---- */

static struct str encode_key(struct buf *out, enum due_kind kind, struct str key, int64_t wall_ms)
{
	char head[HEAD_SIZE];

	check(wall_ms >= 0);
	put_u64_be(head, (uint64_t)wall_ms);
	head[8] = (char)kind;
	buf_reset(out);
	buf_append(out, str_of(head, sizeof(head)));
	buf_append(out, key);
	return buf_str(out);
}

static enum err decode(struct str key, struct str value, struct entry *out)
{
	if (key.size <= HEAD_SIZE || value.size != VALUE_SIZE)
		return ERR_DAMAGED;
	uint8_t kind = (uint8_t)key.data[8];
	if (kind == 0 || kind >= DUE_KINDS)
		return ERR_DAMAGED;
	*out = (struct entry){
		.at = {(int64_t)get_u64_be(key.data), (int64_t)get_u64(value.data)},
		.kind = (enum due_kind)kind,
		.key = str_slice(key, HEAD_SIZE, SIZE_MAX),
	};
	return ERR_OK;
}

void due_set(struct catalog_changes *changes, enum due_kind kind, struct str key,
	     struct due_time old, struct due_time at)
{
	struct buf record = {0};
	char value[VALUE_SIZE];

	if (old.wall_ms != INT64_MAX && old.wall_ms != at.wall_ms)
		catalog_changes_drop(changes, CATALOG_DUE,
				     encode_key(&record, kind, key, old.wall_ms));
	if (at.wall_ms != INT64_MAX) {
		put_u64(value, (uint64_t)at.base_ms);
		catalog_changes_put(changes, CATALOG_DUE,
				    encode_key(&record, kind, key, at.wall_ms),
				    str_of(value, sizeof(value)));
	}
	buf_done(&record);
}

enum err due_restore(struct core *core, enum due_kind kind, struct str key, struct due_time at)
{
	struct catalog_changes changes = {0};
	struct buf record = {0};
	struct str value;

	if (at.wall_ms == INT64_MAX)
		return ERR_OK;
	enum err err = catalog_begin(core->catalog, false);
	if (err)
		return err;
	err = catalog_get(core->catalog, CATALOG_DUE, encode_key(&record, kind, key, at.wall_ms),
			  &value);
	catalog_abort(core->catalog);
	buf_done(&record);
	if (err != ERR_NOTFOUND)
		return err;
	due_set(&changes, kind, key, DUE_NEVER, at);
	return catalog_write(core->catalog, &changes);
}

/* ---- turns ---- */

/* The first entries, as far as they are due. Their keys are in the arena. */
struct turn {
	struct arena arena;
	int64_t now_ms, next_ms;
	struct entry entries[LIMIT_DUE_TURN];
	size_t count;
};

/* ERR_CLOSED ends the walk. */
static enum err take(void *context, struct str key, struct str value)
{
	struct turn *turn = context;
	struct entry entry;

	enum err err = decode(key, value, &entry);
	if (err)
		return err;
	if (entry.at.wall_ms > turn->now_ms || turn->count == LIMIT_DUE_TURN) {
		turn->next_ms = entry.at.wall_ms;
		return ERR_CLOSED;
	}
	entry.key = arena_copy(&turn->arena, entry.key);
	turn->entries[turn->count++] = entry;
	return ERR_OK;
}

static enum err collect(struct core *core, struct turn *turn)
{
	enum err err = catalog_begin(core->catalog, false);
	if (err)
		return err;
	err = catalog_each(core->catalog, CATALOG_DUE, take, turn);
	catalog_abort(core->catalog);
	return err == ERR_CLOSED ? ERR_OK : err;
}

static void arm(struct core *core, int64_t wall_ms)
{
	core->due->armed_ms = wall_ms;
	if (wall_ms != INT64_MAX)
		core_set_control_on(core, &core->due->task, wall_ms);
}

static enum err move_entry(struct core *core, const struct entry *entry, struct due_time at)
{
	struct catalog_changes changes = {0};

	due_set(&changes, entry->kind, entry->key, entry->at, at);
	enum err err = catalog_write(core->catalog, &changes);
	if (!err)
		due_watch(core, at);
	return err;
}

/* The entry ends before its function runs, which may set the same time again. */
static enum err run_entry(struct core *core, const struct entry *entry, int64_t now_ms)
{
	int64_t left_ms = entry->at.base_ms - clock_base_ms();

	if (left_ms > 0)
		return move_entry(core, entry,
				  (struct due_time){now_ms + left_ms, entry->at.base_ms});
	enum err err = move_entry(core, entry, DUE_NEVER);
	if (err)
		return err;
	check(core->due->kinds[entry->kind] != NULL);
	err = core->due->kinds[entry->kind](core, entry->key);
	if (!err)
		return ERR_OK;
	log_event(LOG_ERROR, "a change that is due failed; it is tried again",
		  log_str("key", entry->key), log_str("error", err_text(err)));
	return move_entry(core, entry,
			  (struct due_time){now_ms + LIMIT_DUE_RETRY_MS, entry->at.base_ms});
}

static enum err finish_kinds(struct core *core)
{
	enum err result = ERR_OK;

	for (int i = 0; i < DUE_KINDS; i++) {
		group_begin(core);
		enum err err = core->due->finishes[i] ? core->due->finishes[i](core) : ERR_OK;
		if (!result)
			result = err;
	}
	return result;
}

/* Some entries as one group, and the time of the next one. */
static enum err run_turn(struct core *core, int64_t *out_next_ms)
{
	struct turn *turn = heap_alloc(sizeof(*turn));

	turn->now_ms = clock_now_ms();
	turn->next_ms = INT64_MAX;
	arena_init(&turn->arena);
	enum err err = collect(core, turn);
	for (size_t i = 0; i < turn->count && !err; i++) {
		group_begin(core); /* a function may have ended the last one */
		err = run_entry(core, &turn->entries[i], turn->now_ms);
	}
	enum err finished = finish_kinds(core);
	enum err commit = core_leave_group(core);
	if (!err)
		err = finished;
	*out_next_ms = turn->next_ms;
	/* Functions may have set times that the walk did not see. */
	if (core->due->armed_ms < *out_next_ms)
		*out_next_ms = core->due->armed_ms;
	arena_done(&turn->arena);
	heap_free(turn);
	return err ? err : commit;
}

static void run_task(struct core *core, struct core_task *task)
{
	int64_t next_ms;

	(void)task;
	core->due->armed_ms = INT64_MAX;
	enum err err = run_turn(core, &next_ms);
	if (err) {
		log_event(LOG_ERROR, "what is due cannot be changed; it is tried again",
			  log_str("error", err_text(err)));
		next_ms = clock_now_ms() + LIMIT_DUE_RETRY_MS;
	}
	arm(core, next_ms);
}

/* ---- beginning and end ---- */

void due_new(struct core *core)
{
	core->due = heap_alloc(sizeof(*core->due));
	core->due->armed_ms = INT64_MAX;
	core->due->task.run = run_task;
}

void due_free(struct core *core)
{
	heap_free(core->due);
	core->due = NULL;
}

void due_register(struct core *core, enum due_kind kind, due_fn run)
{
	check(kind > 0 && kind < DUE_KINDS);
	check(core->due->kinds[kind] == NULL);
	core->due->kinds[kind] = run;
}

void due_register_finish(struct core *core, enum due_kind kind, due_finish_fn finish)
{
	check(core->due->kinds[kind] != NULL);
	core->due->finishes[kind] = finish;
}

void due_watch(struct core *core, struct due_time at)
{
	if (core->due->is_started && at.wall_ms < core->due->armed_ms)
		arm(core, at.wall_ms);
}

enum err due_start(struct core *core)
{
	int64_t next_ms;

	core->due->is_started = true;
	do {
		core->due->armed_ms = INT64_MAX;
		enum err err = run_turn(core, &next_ms);
		if (err)
			return err;
	} while (next_ms <= clock_now_ms());
	arm(core, next_ms);
	return ERR_OK;
}
