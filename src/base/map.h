/* SPDX-License-Identifier: MIT */
/*
 * map: an open-addressing hash table from a 64-bit hash to pointers.
 *
 * The map borrows its values and knows nothing of keys: the caller gives the hash and a function
 * that says whether a value has the key. No order. Zero-initialised is empty and valid.
 * One owning thread.
 */
#ifndef TERN_BASE_MAP_H
#define TERN_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot {
	uint64_t hash;
	void *value; /* NULL: free */
};

struct map {
	struct map_slot *slots;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
};

/* True if `value` is the one that `key` names. */
typedef bool (*map_equal_fn)(const void *value, const void *key);

void *map_find(const struct map *map, uint64_t hash, map_equal_fn equal, const void *key);
void map_insert(struct map *map, uint64_t hash,
		void *value); /* value is not NULL and not in the map */
/* Removes that very pointer; it must be there. */
void map_remove(struct map *map, uint64_t hash, const void *value);
/* Visits all: start with *cursor = 0; NULL at the end. The map must not change meanwhile. */
void *map_next(const struct map *map, size_t *cursor);
void map_done(struct map *map);

#endif
