/* SPDX-License-Identifier: MIT */
/*
 * sorted: an array of pointers, with room in front for extents that retention removed.
 *
 * An extent's first_since_ms is at least the age of every message in the extents in front of it,
 * and at most that of its own first message.
 */
#include "queue/sorted.h"

#include <string.h>

#include "queue/state.h"

enum { CAPACITY_MIN = 16 };

static struct sorted_extents *sorted_of(struct engine_queue *queue)
{
	return &queue_extra_get(queue)->sorted;
}

size_t sorted_count(const struct engine_queue *queue)
{
	return queue->extra ? queue->extra->sorted.count : 0;
}

struct extent *sorted_extent(const struct engine_queue *queue, size_t index)
{
	const struct sorted_extents *sorted = &queue->extra->sorted;

	check(index < sorted->count);
	return sorted->items[sorted->first + index];
}

size_t sorted_seek(const struct engine_queue *queue, uint64_t seq)
{
	size_t low = 0, high = sorted_count(queue);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (sorted_extent(queue, middle)->last_seq > seq)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

size_t sorted_seek_age(const struct engine_queue *queue, int64_t since_ms)
{
	size_t count = sorted_count(queue), low = 0, high = count > 0 ? count - 1 : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (sorted_extent(queue, middle + 1)->first_since_ms >= since_ms)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Makes room for one more behind the last. */
static void reserve(struct sorted_extents *sorted)
{
	if (sorted->first + sorted->count < sorted->capacity)
		return;
	if (sorted->first > sorted->count) {
		memmove(sorted->items, sorted->items + sorted->first,
			sorted->count * sizeof(sorted->items[0]));
		sorted->first = 0;
		return;
	}
	sorted->capacity = 2 * sorted->capacity + CAPACITY_MIN;
	sorted->items = heap_resize(sorted->items, sorted->capacity * sizeof(sorted->items[0]));
}

static size_t index_of(const struct engine_queue *queue, const struct extent *extent)
{
	size_t index = sorted_seek(queue, extent->last_seq - 1);

	/* An extent whose last message was relocated has that one's seq like the extent before. */
	check(index < sorted_count(queue));
	if (sorted_extent(queue, index) != extent)
		index++;
	check(sorted_extent(queue, index) == extent);
	return index;
}

void sorted_enter(struct engine_queue *queue, struct extent *extent, const struct extent *next)
{
	struct sorted_extents *sorted = sorted_of(queue);
	size_t index = next ? index_of(queue, next) : sorted->count;

	reserve(sorted);
	struct extent **place = sorted->items + sorted->first + index;
	memmove(place + 1, place, (sorted->count - index) * sizeof(*place));
	*place = extent;
	sorted->count++;
}

void sorted_leave(struct engine_queue *queue, const struct extent *extent)
{
	struct sorted_extents *sorted = sorted_of(queue);
	size_t index = index_of(queue, extent);
	struct extent **place = sorted->items + sorted->first + index;

	sorted->count--;
	if (index == 0)
		sorted->first++;
	else
		memmove(place, place + 1, (sorted->count - index) * sizeof(*place));
}
