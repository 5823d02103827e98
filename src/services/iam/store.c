/* SPDX-License-Identifier: MIT */
/*
 * store: a row is an entity's id and its sealed record.
 *
 * Data directories of earlier versions keep root credentials in a table of their own, a row each:
 * the key's id, and sealed the account's 12 digits and the secret. A start moves them to their
 * accounts' records.
 */
#include "services/iam/store.h"

#include <string.h>

#include "base/arn.h"
#include "services/iam/record.h"

enum { ACCOUNT_SIZE = 12, SEAL_SUBJECT = 0 };

/* Opens a sealed row in a copy of its own, which the caller wipes. */
static enum err open_row(struct core *core, struct arena *arena, struct str value, char **out_copy,
			 struct str *out_row)
{
	char *copy = arena_bytes(arena, value.size);

	if (value.size > 0)
		memcpy(copy, value.data, value.size);
	*out_copy = copy;
	return seal_open(core->seal, copy, value.size, out_row);
}

static enum err load_row(void *context, struct str id, struct str value)
{
	struct core *core = context;
	struct directory_entity draft;
	struct arena arena;
	struct str row;
	char *copy;

	arena_init(&arena);
	enum err err = open_row(core, &arena, value, &copy, &row);
	if (!err)
		err = iam_record_decode(&arena, row, &draft);
	if (err)
		log_event(LOG_ERROR, "an identity cannot be read", log_str("id", id),
			  log_str("error", err_text(err)));
	if (!err) {
		directory_put(core->directory, &draft);
		iam_record_release(&draft);
	}
	explicit_bzero(copy, value.size);
	arena_done(&arena);
	return err;
}

/* In the transaction that is open. */
static enum err save(struct core *core, const struct directory_entity *draft)
{
	struct buf record = {0};
	struct arena arena;

	arena_init(&arena);
	iam_record_encode(&record, draft);
	struct str sealed = seal_close(core->seal, &arena, SEAL_SUBJECT, buf_str(&record));
	enum err err = catalog_put(core->catalog, CATALOG_IAM, draft->id, sealed);
	explicit_bzero(record.data, record.size);
	buf_done(&record);
	arena_done(&arena);
	return err;
}

/* ---- root credentials of earlier versions ---- */

struct moving {
	struct core *core;
	struct arena arena;
	size_t count, capacity;
	struct moved {
		struct str key_id, account, secret;
	} * items;
};

static enum err collect_root(void *context, struct str id, struct str value)
{
	struct moving *moving = context;
	struct str row;
	char *copy;

	enum err err = open_row(moving->core, &moving->arena, value, &copy, &row);
	if (err)
		return err;
	struct moved item = {
		.key_id = arena_copy(&moving->arena, id),
		.account = str_slice(row, 0, ACCOUNT_SIZE),
		.secret = str_slice(row, ACCOUNT_SIZE, SIZE_MAX),
	};
	if (!arn_is_account(item.account) || item.secret.size == 0)
		return ERR_DAMAGED;
	if (moving->count == moving->capacity) {
		moving->capacity = moving->capacity ? moving->capacity * 2 : 4;
		moving->items =
			heap_resize(moving->items, moving->capacity * sizeof(*moving->items));
	}
	moving->items[moving->count++] = item;
	return ERR_OK;
}

static enum err move_root(struct moving *moving, const struct moved *item)
{
	struct core *core = moving->core;
	const struct directory_entity *old = directory_find_id(core->directory, item->account);
	struct directory_entity draft = {
		.kind = DIRECTORY_ACCOUNT,
		.account = item->account,
		.name = item->account,
		.id = item->account,
		.arn = arena_format(&moving->arena, "arn:aws:iam::%.*s:root",
				    STR_ARG(item->account)),
		.created_ms = clock_now_ms(),
	};

	if (old)
		draft = directory_draft(old);
	struct directory_key *keys =
		arena_array(&moving->arena, struct directory_key, draft.key_count + 1);
	if (draft.key_count > 0)
		memcpy(keys, draft.keys, draft.key_count * sizeof(*keys));
	keys[draft.key_count++] = (struct directory_key){.id = item->key_id,
							 .secret = item->secret,
							 .is_active = true,
							 .created_ms = draft.created_ms};
	draft.keys = keys;
	enum err err = save(core, &draft);
	if (!err)
		err = catalog_delete(core->catalog, CATALOG_ACCESS_KEYS, item->key_id);
	if (!err)
		directory_put(core->directory, &draft);
	directory_release(old);
	return err;
}

static enum err move_roots(struct core *core)
{
	struct moving moving = {.core = core};

	arena_init(&moving.arena);
	enum err err = catalog_each(core->catalog, CATALOG_ACCESS_KEYS, collect_root, &moving);
	for (size_t i = 0; !err && i < moving.count; i++)
		err = move_root(&moving, &moving.items[i]);
	for (size_t i = 0; i < moving.count; i++)
		explicit_bzero((char *)moving.items[i].secret.data, moving.items[i].secret.size);
	heap_free(moving.items);
	arena_done(&moving.arena);
	return err;
}

/* ---- loading and changing ---- */

enum err iam_store_load(struct core *core)
{
	enum err err = catalog_begin(core->catalog, true);

	if (!err)
		err = catalog_each(core->catalog, CATALOG_IAM, load_row, core);
	if (!err)
		err = move_roots(core);
	if (!err)
		return catalog_commit(core->catalog);
	catalog_abort(core->catalog);
	return err;
}

enum err iam_store_put(struct core *core, const struct directory_entity *draft)
{
	enum err err = catalog_begin(core->catalog, true);

	if (!err)
		err = save(core, draft);
	if (err) {
		catalog_abort(core->catalog);
		return err;
	}
	err = catalog_commit(core->catalog);
	if (!err)
		directory_put(core->directory, draft);
	return err;
}

enum err iam_store_remove(struct core *core, struct str id)
{
	enum err err = catalog_begin(core->catalog, true);

	if (!err)
		err = catalog_delete(core->catalog, CATALOG_IAM, id);
	if (err) {
		catalog_abort(core->catalog);
		return err;
	}
	err = catalog_commit(core->catalog);
	if (!err)
		directory_remove(core->directory, id);
	return err;
}
