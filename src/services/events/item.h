/* SPDX-License-Identifier: MIT */
/*
 * item: the connections, API destinations, archives and replays of all accounts and regions, for
 * every thread.
 *
 * An item is a name and a record (api/events_records.h), which its readers decode; it never
 * changes, a change puts another in its place. Readers hold a reference. Only the control thread
 * (or main at start-up) changes items; any thread reads without waiting (base/snapshot.h).
 */
#ifndef TERN_SERVICES_EVENTS_ITEM_H
#define TERN_SERVICES_EVENTS_ITEM_H

#include "core/due.h"

/* As in the keys of the catalog. */
enum events_item_kind {
	EVENTS_CONNECTION = 'c',
	EVENTS_DESTINATION = 'd',
	EVENTS_ARCHIVE = 'a',
	EVENTS_REPLAY = 'r',
	EVENTS_SCHEDULE = 's', /* of a rule of the default bus */
};

/* In one block of memory with its texts. */
struct events_item {
	_Atomic uint32_t references;
	enum events_item_kind kind;
	struct str account, region, name;
	struct str record;
};
void events_item_hold(const struct events_item *item);
void events_item_release(const struct events_item *item); /* accepts NULL */

struct events_items;
struct events_items *events_items_new(void);
void events_items_free(struct events_items **items); /* accepts NULL, leaves NULL */
/* Main, at start-up: from the catalog. */
must_check enum err events_items_load(struct core *core, struct events_items *items);

/* Any thread. NULL if there is none; release the result. */
const struct events_item *events_items_find(struct events_items *items, enum events_item_kind kind,
					    struct str account, struct str region, struct str name);
/* The same by an ARN whose resource is "type/name/id"; the caller checks the type and the id. */
const struct events_item *events_items_find_arn(struct events_items *items,
						enum events_item_kind kind, struct str arn);
/*
 * Any thread: visits the items of a kind, account and region (data NULL: of all regions; account
 * too: of all accounts) in order of account, region and name, from the name `from` on, which counts
 * with a region only. The visitor returns false to stop.
 */
typedef bool (*events_item_visit_fn)(void *context, const struct events_item *item);
void events_items_each(struct events_items *items, enum events_item_kind kind, struct str account,
		       struct str region, struct str from, events_item_visit_fn visit,
		       void *context);
size_t events_items_count(struct events_items *items, enum events_item_kind kind,
			  struct str account, struct str region);

/*
 * Control thread: in the catalog, then here. The item is due at `at` and no longer at `old`
 * (core/due.h, DUE_EVENTS_ITEM, with its key in the catalog). Errors as the catalog's.
 */
must_check enum err events_item_put(struct core *core, const struct events_item *draft,
				    struct due_time old, struct due_time at);
/* Control thread: the same for an item that is never due. Frees the record. */
must_check enum err events_item_save(struct core *core, enum events_item_kind kind,
				     struct str account, struct str region, struct str name,
				     struct buf *record);
must_check enum err events_item_remove(struct core *core, const struct events_item *item,
				       struct due_time old);
/* "a/account/region/name", in the arena. */
struct str events_item_key(struct arena *arena, const struct events_item *item);
/* Views into the key; false: it is none. */
bool events_item_key_parse(struct str key, struct events_item *out_names);

#endif
