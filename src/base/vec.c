/* SPDX-License-Identifier: MIT */
/* Growth is by doubling, so that n pushes copy at most 2n items. */
#include "base/vec.h"

#include "base/arena.h"
#include "base/check.h"

enum { CAPACITY_MIN = 8 };

void *vec_grow(void *items, size_t count, size_t *capacity, size_t more, size_t item_size)
{
	size_t needed, size, grown = *capacity > CAPACITY_MIN ? *capacity : CAPACITY_MIN;

	check(count <= *capacity);
	check(!__builtin_add_overflow(count, more, &needed));
	while (grown < needed)
		check(!__builtin_mul_overflow(grown, 2, &grown));
	check(!__builtin_mul_overflow(grown, item_size, &size));
	*capacity = grown;
	return heap_resize(items, size);
}
