/* SPDX-License-Identifier: MIT */
/*
 * snapshot: an ordered table of immutable values, for one writer and any number of readers.
 *
 * A value is counted by reference and never changes; a change puts another value in its place. The
 * values stand in one or more orders, such as by name and by id: the first order has all of them,
 * the others may have some. A reader takes a snapshot: all orders as they were after one commit,
 * for as long as it likes. It waits for a writer only while a pointer is exchanged. Changes between
 * begin and commit show at once or not at all. While the owner has a staging open (base/staging.h),
 * a commit shows to the owner only, and to readers when the staging is kept.
 *
 * Finding, putting, removing, counting a range: O(log n). Memory: about 25 bytes a value and order.
 *
 * Threads: begin, put, remove and commit are the owner's; the rest is any thread's. Only the owner
 * of a table opens a staging.
 */
#ifndef TERN_BASE_SNAPSHOT_H
#define TERN_BASE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SNAPSHOT_ORDERS_MAX = 5, SNAPSHOT_DEPTH_MAX = 24 };

/* Negative, zero, positive: the key is before the value, names it, is behind it. */
typedef int (*snapshot_compare_fn)(const void *key, const void *value);

struct snapshot_order {
	/* A number that is compared first, without a look at the value, such as a hash. NULL: 0. */
	uint64_t (*prefix)(const void *value);
	/* Of values with the same prefix; the key is a value. Total: zero only if one takes the
	 * other's place. */
	snapshot_compare_fn compare;
	/* NULL: all values stand in it. */
	bool (*has)(const void *value);
};

struct snapshot_kind {
	void (*hold)(const void *value);
	void (*release)(const void *value);
	/* Changes of the table take no part in a staging: several threads change it, one at a time
	 * under a lock of theirs. */
	bool is_shared;
	size_t order_count; /* 1 to SNAPSHOT_ORDERS_MAX */
	struct snapshot_order orders[SNAPSHOT_ORDERS_MAX];
};

/* A search key: it finds one value, or all that compare to zero, which stand side by side. */
struct snapshot_key {
	uint64_t prefix; /* as the order's; 0 if it has none */
	snapshot_compare_fn compare;
	const void *key;
};

struct snapshot_table;
struct snapshot;

/* The kind is the caller's constant. */
struct snapshot_table *snapshot_table_new(const struct snapshot_kind *kind);
/* No snapshot of it is taken any more. Accepts NULL, leaves NULL. */
void snapshot_table_free(struct snapshot_table **table);

/* ---- reading ---- */

/*
 * Grows with each change that readers see, before the change is acknowledged: what was found in a
 * snapshot that was taken after a generation was read is current while the generation is the same.
 */
uint64_t snapshot_table_generation(const struct snapshot_table *table);
/* The last commit's; release it. */
const struct snapshot *snapshot_take(struct snapshot_table *table);
void snapshot_release(const struct snapshot *snapshot);

/* NULL if there is none. The value lives as long as the snapshot; hold it to keep it longer. */
const void *snapshot_find(const struct snapshot *snapshot, size_t order, struct snapshot_key key);
/* As snapshot_find in the last commit's snapshot; the value is held for the caller. */
const void *snapshot_table_find(struct snapshot_table *table, size_t order,
				struct snapshot_key key);
size_t snapshot_count(const struct snapshot *snapshot, size_t order);
size_t snapshot_table_count(struct snapshot_table *table, size_t order);
/* How many values compare to zero. */
size_t snapshot_count_range(const struct snapshot *snapshot, size_t order, struct snapshot_key key);

/* A place between two values, of a snapshot that outlives it. */
struct snapshot_cursor {
	const void *nodes[SNAPSHOT_DEPTH_MAX];
	size_t places[SNAPSHOT_DEPTH_MAX];
	size_t depth; /* 0: at the end */
};
/* In front of the first value. */
void snapshot_begin(const struct snapshot *snapshot, size_t order, struct snapshot_cursor *out);
/* In front of the first value that the key is not behind. */
void snapshot_seek(const struct snapshot *snapshot, size_t order, struct snapshot_key key,
		   struct snapshot_cursor *out);
/* The next value, or NULL at the end. */
const void *snapshot_next(struct snapshot_cursor *cursor);

/* ---- changing ---- */

void snapshot_table_begin(struct snapshot_table *table);
/* Takes over the caller's reference; the value replaces the one that the first order calls the
 * same. Within begin and commit. */
void snapshot_table_put(struct snapshot_table *table, const void *value);
/* False if there is none. Within begin and commit. */
bool snapshot_table_remove(struct snapshot_table *table, struct snapshot_key key);
void snapshot_table_commit(struct snapshot_table *table);

#endif
