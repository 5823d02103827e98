/* SPDX-License-Identifier: MIT */
/* heap: a 4-ary heap in an array; each timer knows its place, so moving and clearing are O(log n).
 */
#include "base/heap.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/vec.h"

enum { ARITY = 4 };

static bool is_before(const struct timer *a, const struct timer *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void put(struct timer_heap *heap, size_t index, struct timer *timer)
{
	heap->items[index] = timer;
	timer->place = (uint32_t)index + 1;
}

static void sift_up(struct timer_heap *heap, size_t index, struct timer *timer)
{
	while (index > 0) {
		size_t parent = (index - 1) / ARITY;
		if (!is_before(timer, heap->items[parent]))
			break;
		put(heap, index, heap->items[parent]);
		index = parent;
	}
	put(heap, index, timer);
}

static void sift_down(struct timer_heap *heap, size_t index, struct timer *timer)
{
	for (;;) {
		size_t first = index * ARITY + 1;
		if (first >= heap->count)
			break;

		size_t last = first + ARITY < heap->count ? first + ARITY : heap->count;
		size_t least = first;
		for (size_t i = first + 1; i < last; i++)
			if (is_before(heap->items[i], heap->items[least]))
				least = i;
		if (!is_before(heap->items[least], timer))
			break;
		put(heap, index, heap->items[least]);
		index = least;
	}
	put(heap, index, timer);
}

void timer_set(struct timer_heap *heap, struct timer *timer, int64_t at_ms)
{
	if (timer_is_set(timer))
		timer_clear(heap, timer);
	check(heap->count < UINT32_MAX - 1);
	vec_reserve(heap, 1);
	timer->at_ms = at_ms;
	timer->order = heap->next_order++;
	sift_up(heap, heap->count++, timer);
}

void timer_clear(struct timer_heap *heap, struct timer *timer)
{
	if (!timer_is_set(timer))
		return;

	size_t index = timer->place - 1;
	check(heap->items[index] == timer);
	timer->place = 0;
	struct timer *moved = heap->items[--heap->count];
	if (moved == timer)
		return;
	sift_down(heap, index, moved);
	sift_up(heap, moved->place - 1, moved);
}

struct timer *timer_first(const struct timer_heap *heap)
{
	return heap->count ? heap->items[0] : NULL;
}

void timer_heap_done(struct timer_heap *heap)
{
	heap_free(heap->items);
	*heap = (struct timer_heap){0};
}
