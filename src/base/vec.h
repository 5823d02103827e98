/* SPDX-License-Identifier: MIT */
/*
 * vec: arrays that grow at the end, on the heap.
 *
 * A vec is any struct with the members `items` (a pointer to the items' type), `count` and
 * `capacity` (both size_t): the struct keeps its own name and may have other members.
 * Zero-initialised is empty and valid. Pointers to items are valid until the next push. Appending
 * never fails, so the caller bounds the count. One owning thread at a time.
 */
#ifndef TERN_BASE_VEC_H
#define TERN_BASE_VEC_H

#include <stddef.h>

#include "base/arena.h" /* vec_done frees */

/* Room for `more` further items; capacities double. Returns the items, moved perhaps. */
void *vec_grow(void *items, size_t count, size_t *capacity, size_t more, size_t item_size);

static inline void *vec_room(void *items, size_t count, size_t *capacity, size_t more,
			     size_t item_size)
{
	if (more <= *capacity - count)
		return items;
	return vec_grow(items, count, capacity, more, item_size);
}

/* These evaluate `vec`, a pointer, several times. */
#define vec_reserve(vec, more)                                                                     \
	((vec)->items = vec_room((vec)->items, (vec)->count, &(vec)->capacity, (more),             \
				 sizeof(*(vec)->items)))
/* A pointer to one more item, which is not zeroed. */
#define vec_add(vec) (vec_reserve((vec), 1), &(vec)->items[(vec)->count++])
/* Appends a value: vec_push(&list, value), vec_push(&list, (struct item){1, 2}). */
#define vec_push(vec, ...)                                                                         \
	(vec_reserve((vec), 1), (void)((vec)->items[(vec)->count++] = (__VA_ARGS__)))
/* Frees the items; the vec is empty and valid again. */
#define vec_done(vec)                                                                              \
	(heap_free((vec)->items), (vec)->items = NULL, (void)((vec)->count = (vec)->capacity = 0))

#endif
