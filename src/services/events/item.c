/* SPDX-License-Identifier: MIT */
/* item: one snapshot table, in order of kind, account, region and name. */
#include "services/events/item.h"

#include <string.h>

#include "base/arn.h"
#include "base/pack.h"
#include "base/snapshot.h"
#include "services/events/state.h"

struct events_items {
	struct snapshot_table *table;
};

static const struct events_item *item_new(const struct events_item *draft)
{
	struct str texts[] = {draft->account, draft->region, draft->name, draft->record};
	size_t size = sizeof(*draft);

	for (size_t i = 0; i < 4; i++)
		pack_size(&size, &texts[i]);
	struct events_item *item = heap_alloc(size);
	char *end = (char *)(item + 1);
	for (size_t i = 0; i < 4; i++)
		pack_text(&end, &texts[i]);
	item->references = 1;
	item->kind = draft->kind;
	item->account = texts[0];
	item->region = texts[1];
	item->name = texts[2];
	item->record = texts[3];
	return item;
}

void events_item_hold(const struct events_item *item)
{
	atomic_fetch_add_explicit(&((struct events_item *)item)->references, 1,
				  memory_order_relaxed);
}

void events_item_release(const struct events_item *item)
{
	struct events_item *mine = (struct events_item *)item;

	if (mine && atomic_fetch_sub_explicit(&mine->references, 1, memory_order_acq_rel) == 1)
		heap_free(mine);
}

/* ---- the table ---- */

static void hold(const void *value)
{
	events_item_hold(value);
}

static void release(const void *value)
{
	events_item_release(value);
}

/* An account, a region or a name whose data is NULL fits all. */
static int compare_scope(const void *key, const void *value)
{
	const struct events_item *a = key, *b = value;
	int order = (int)a->kind - (int)b->kind;

	if (order == 0 && a->account.data)
		order = str_compare(a->account, b->account);
	if (order == 0 && a->account.data && a->region.data)
		order = str_compare(a->region, b->region);
	if (order == 0 && a->account.data && a->region.data && a->name.data)
		order = str_compare(a->name, b->name);
	return order;
}

static const struct snapshot_kind kind = {
	.hold = hold, .release = release, .order_count = 1, .orders = {{.compare = compare_scope}}};

struct events_items *events_items_new(void)
{
	struct events_items *items = heap_alloc(sizeof(*items));

	items->table = snapshot_table_new(&kind);
	return items;
}

void events_items_free(struct events_items **items)
{
	if (!*items)
		return;
	snapshot_table_free(&(*items)->table);
	heap_free(*items);
	*items = NULL;
}

static void put(struct events_items *items, const struct events_item *item)
{
	snapshot_table_begin(items->table);
	snapshot_table_put(items->table, item);
	snapshot_table_commit(items->table);
}

const struct events_item *events_items_find(struct events_items *items,
					    enum events_item_kind item_kind, struct str account,
					    struct str region, struct str name)
{
	const struct events_item wanted = {
		.kind = item_kind, .account = account, .region = region, .name = name};

	return snapshot_table_find(items->table, 0,
				   (struct snapshot_key){0, compare_scope, &wanted});
}

const struct events_item *events_items_find_arn(struct events_items *items,
						enum events_item_kind item_kind, struct str text)
{
	struct arn arn;

	if (!arn_parse(text, &arn))
		return NULL;
	struct str name = arn.resource;
	(void)str_cut(&name, '/'); /* the type */
	return events_items_find(items, item_kind, arn.account, arn.region, str_cut(&name, '/'));
}

size_t events_items_count(struct events_items *items, enum events_item_kind item_kind,
			  struct str account, struct str region)
{
	const struct events_item scope = {.kind = item_kind, .account = account, .region = region};
	const struct snapshot *snapshot = snapshot_take(items->table);
	size_t count =
		snapshot_count_range(snapshot, 0, (struct snapshot_key){0, compare_scope, &scope});

	snapshot_release(snapshot);
	return count;
}

void events_items_each(struct events_items *items, enum events_item_kind item_kind,
		       struct str account, struct str region, struct str from,
		       events_item_visit_fn visit, void *context)
{
	const struct events_item scope = {.kind = item_kind, .account = account, .region = region};
	struct events_item first = scope;
	const struct snapshot *snapshot = snapshot_take(items->table);
	const struct events_item *item;
	struct snapshot_cursor cursor;

	if (from.size > 0)
		first.name = from;
	snapshot_seek(snapshot, 0, (struct snapshot_key){0, compare_scope, &first}, &cursor);
	while ((item = snapshot_next(&cursor)) != NULL && compare_scope(&scope, item) == 0)
		if (!visit(context, item))
			break;
	snapshot_release(snapshot);
}

/* ---- the catalog ---- */

struct str events_item_key(struct arena *arena, const struct events_item *item)
{
	return arena_format(arena, "%c/%.*s/%.*s/%.*s", (char)item->kind, STR_ARG(item->account),
			    STR_ARG(item->region), STR_ARG(item->name));
}

bool events_item_key_parse(struct str key, struct events_item *out_names)
{
	struct str letter = str_cut(&key, '/');

	*out_names = (struct events_item){0};
	if (letter.size != 1)
		return false;
	out_names->kind = (enum events_item_kind)letter.data[0];
	out_names->account = str_cut(&key, '/');
	out_names->region = str_cut(&key, '/');
	out_names->name = key;
	return key.size > 0;
}

struct loading {
	struct events_items *items;
};

static enum err load_row(void *context, struct str key, struct str record)
{
	struct loading *loading = context;
	struct events_item draft;

	if (!events_item_key_parse(key, &draft))
		return ERR_DAMAGED;
	draft.record = record;
	put(loading->items, item_new(&draft));
	return ERR_OK;
}

enum err events_items_load(struct core *core, struct events_items *items)
{
	struct loading loading = {items};

	enum err err = catalog_begin(core->catalog, false);
	if (!err)
		err = catalog_each(core->catalog, CATALOG_EVENTS_ITEMS, load_row, &loading);
	catalog_abort(core->catalog);
	return err;
}

enum err events_item_put(struct core *core, const struct events_item *draft, struct due_time old,
			 struct due_time at)
{
	struct catalog_changes changes = {0};
	struct arena arena;

	arena_init(&arena);
	struct str key = events_item_key(&arena, draft);
	catalog_changes_put(&changes, CATALOG_EVENTS_ITEMS, key, draft->record);
	due_set(&changes, DUE_EVENTS_ITEM, key, old, at);
	arena_done(&arena);
	enum err err = catalog_write(core->catalog, &changes);
	if (err)
		return err;
	due_watch(core, at);
	put(events_of(core)->items, item_new(draft));
	return ERR_OK;
}

enum err events_item_save(struct core *core, enum events_item_kind item_kind, struct str account,
			  struct str region, struct str name, struct buf *record)
{
	const struct events_item draft = {
		.kind = item_kind,
		.account = account,
		.region = region,
		.name = name,
		.record = buf_str(record),
	};

	enum err err = events_item_put(core, &draft, DUE_NEVER, DUE_NEVER);
	buf_done(record);
	return err;
}

enum err events_item_remove(struct core *core, const struct events_item *item, struct due_time old)
{
	struct events_items *items = events_of(core)->items;
	struct catalog_changes changes = {0};
	struct arena arena;

	arena_init(&arena);
	struct str key = events_item_key(&arena, item);
	catalog_changes_delete(&changes, CATALOG_EVENTS_ITEMS, key);
	due_set(&changes, DUE_EVENTS_ITEM, key, old, DUE_NEVER);
	arena_done(&arena);
	enum err err = catalog_write(core->catalog, &changes);
	if (err)
		return err;
	snapshot_table_begin(items->table);
	(void)snapshot_table_remove(items->table,
				    (struct snapshot_key){0, compare_scope, item}); /* was there */
	snapshot_table_commit(items->table);
	return ERR_OK;
}
