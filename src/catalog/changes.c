/* SPDX-License-Identifier: MIT */
/* changes: struct catalog_changes, a list of changes that one transaction makes. */
#include "catalog/catalog.h"

/* Key and value lie in the bytes, at places that stay the same while those grow. */
struct catalog_change {
	enum catalog_table table;
	bool is_deletion, may_be_missing;
	size_t place, key_size, value_size;
};

static void add_change(struct catalog_changes *changes, struct catalog_change change,
		       struct str key, struct str value)
{
	if (changes->count == changes->capacity) {
		changes->capacity = changes->capacity ? changes->capacity * 2 : 4;
		changes->items =
			heap_resize(changes->items, changes->capacity * sizeof(*changes->items));
	}
	change.place = changes->bytes.size;
	change.key_size = key.size;
	change.value_size = value.size;
	buf_append(&changes->bytes, key);
	buf_append(&changes->bytes, value);
	changes->items[changes->count++] = change;
}

void catalog_changes_put(struct catalog_changes *changes, enum catalog_table table, struct str key,
			 struct str value)
{
	add_change(changes, (struct catalog_change){.table = table}, key, value);
}

void catalog_changes_delete(struct catalog_changes *changes, enum catalog_table table,
			    struct str key)
{
	add_change(changes, (struct catalog_change){.table = table, .is_deletion = true}, key,
		   STR(""));
}

void catalog_changes_drop(struct catalog_changes *changes, enum catalog_table table, struct str key)
{
	struct catalog_change change = {
		.table = table, .is_deletion = true, .may_be_missing = true};

	add_change(changes, change, key, STR(""));
}

void catalog_changes_done(struct catalog_changes *changes)
{
	heap_free(changes->items);
	buf_done(&changes->bytes);
	*changes = (struct catalog_changes){0};
}

static enum err make_change(struct catalog *catalog, const struct catalog_changes *changes,
			    const struct catalog_change *change)
{
	const char *bytes = changes->bytes.data + change->place;
	struct str key = str_of(bytes, change->key_size);
	struct str value = str_of(bytes + change->key_size, change->value_size);

	if (!change->is_deletion)
		return catalog_put(catalog, change->table, key, value);
	enum err err = catalog_delete(catalog, change->table, key);
	return err == ERR_NOTFOUND && change->may_be_missing ? ERR_OK : err;
}

enum err catalog_write(struct catalog *catalog, struct catalog_changes *changes)
{
	enum err err = catalog_begin(catalog, true);

	for (size_t i = 0; i < changes->count && !err; i++)
		err = make_change(catalog, changes, &changes->items[i]);
	catalog_changes_done(changes);
	if (!err)
		return catalog_commit(catalog);
	catalog_abort(catalog);
	return err;
}
