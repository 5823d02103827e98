/* SPDX-License-Identifier: MIT */
/*
 * store: the memory of a compiled policy.
 *
 * A policy is compiled twice: first into an arena, which checks it and counts its size, then into
 * one block of exactly that size. The second compilation cannot fail.
 */
#ifndef TERN_ACCESS_STORE_H
#define TERN_ACCESS_STORE_H

#include <string.h>

#include "base/base.h"

struct store {
	struct arena *arena; /* of the first time */
	char *block;	     /* of the second time; else NULL */
	size_t size;	     /* handed out so far */
};

/* Zeroed, aligned for everything. */
static inline void *store_take(struct store *store, size_t size)
{
	size_t whole = (size + 15) & ~(size_t)15;
	void *memory = store->block ? store->block + store->size : arena_alloc(store->arena, whole);

	store->size += whole;
	return memory;
}
#define store_array(store, type, count) ((type *)store_take((store), sizeof(type) * (count)))

static inline struct str store_text(struct store *store, struct str text)
{
	char *copy = store_take(store, text.size);

	if (text.size > 0)
		memcpy(copy, text.data, text.size);
	return str_of(copy, text.size);
}

#endif
