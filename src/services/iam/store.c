/* SPDX-License-Identifier: MIT */
/* store: a row is an entity's id and its sealed record. */
#include "services/iam/store.h"

#include <string.h>

#include "base/arn.h"
#include "services/iam/record.h"

enum { SEAL_SUBJECT = 0 };

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

enum err iam_store_load(struct core *core)
{
	enum err err = catalog_begin(core->catalog, false);
	if (err)
		return err;
	err = catalog_each(core->catalog, CATALOG_IAM, load_row, core);
	catalog_abort(core->catalog);
	return err;
}

enum err iam_store_put(struct core *core, const struct directory_entity *draft)
{
	struct catalog_changes changes = {0};
	struct buf record = {0};
	struct arena arena;

	arena_init(&arena);
	iam_record_encode(&record, draft);
	struct str sealed = seal_close(core->seal, &arena, SEAL_SUBJECT, buf_str(&record));
	catalog_changes_put(&changes, CATALOG_IAM, draft->id, sealed);
	explicit_bzero(record.data, record.size);
	buf_done(&record);
	arena_done(&arena);
	enum err err = catalog_write(core->catalog, &changes);
	if (!err)
		directory_put(core->directory, draft);
	return err;
}

enum err iam_store_remove(struct core *core, struct str id)
{
	struct catalog_changes changes = {0};

	catalog_changes_delete(&changes, CATALOG_IAM, id);
	enum err err = catalog_write(core->catalog, &changes);
	if (!err)
		directory_remove(core->directory, id);
	return err;
}
