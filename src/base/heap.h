/* SPDX-License-Identifier: MIT */
/*
 * heap: what is due next, a 4-ary heap of timers embedded in their owners.
 *
 * A timer that is set stands once in the heap; setting it again moves it. Ties come out in the
 * order of `order`, which the heap assigns at each set, so that runs are reproducible.
 * Zero-initialised heaps and timers are empty and valid. One owning thread.
 */
#ifndef TERN_BASE_HEAP_H
#define TERN_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer {
	int64_t at_ms; /* meaningful while set */
	uint64_t order;
	uint32_t place; /* 1 + index in the heap; 0 when not set */
	uint32_t kind;	/* the owner's; tells what the timer is embedded in */
};

struct timer_heap {
	struct timer **items;
	size_t count, capacity;
	uint64_t next_order;
};

void timer_set(struct timer_heap *heap, struct timer *timer, int64_t at_ms);
void timer_clear(struct timer_heap *heap, struct timer *timer); /* accepts one that is not set */
static inline bool timer_is_set(const struct timer *timer)
{
	return timer->place != 0;
}
/* The earliest, or NULL; it stays in the heap. */
struct timer *timer_first(const struct timer_heap *heap);
void timer_heap_done(struct timer_heap *heap);

#endif
