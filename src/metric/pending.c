/* SPDX-License-Identifier: MIT */
/* pending: the newest point is the likeliest to get more, so it is looked at first. */
#include "metric/pending.h"

enum { BINS_ROOM = 8 };

static void copy_bins(struct metric_pending_point *to, const struct metric_bin *bins, size_t count)
{
	if (count > to->bin_capacity) {
		heap_free((void *)(uintptr_t)to->point.bins);
		to->bin_capacity = count + BINS_ROOM;
		to->point.bins = heap_alloc(to->bin_capacity * sizeof(*bins));
	}
	memcpy((void *)(uintptr_t)to->point.bins, bins, count * sizeof(*bins));
	to->point.bin_count = count;
}

static void drop_bins(struct metric_pending_point *from)
{
	heap_free((void *)(uintptr_t)from->point.bins);
	from->point.bins = NULL;
	from->point.bin_count = from->bin_capacity = 0;
}

/* Equal samples into a point that has bins: in place. False: there is no room. */
static bool count_in_place(struct metric_pending_point *to, const struct metric_point *more)
{
	struct metric_bin *bins = (struct metric_bin *)(uintptr_t)to->point.bins;
	int32_t place = metric_bin_place(more->min);
	size_t low = 0, high = to->point.bin_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (bins[middle].place < place)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == to->point.bin_count || bins[low].place != place) {
		if (to->point.bin_count == to->bin_capacity ||
		    to->point.bin_count >= LIMIT_METRIC_BINS)
			return false;
		memmove(&bins[low + 1], &bins[low], (to->point.bin_count - low) * sizeof(*bins));
		bins[low] = (struct metric_bin){.place = place};
		to->point.bin_count++;
	}
	bins[low].count += more->count;
	to->point.count += more->count;
	to->point.sum += more->sum;
	to->point.min = more->min < to->point.min ? more->min : to->point.min;
	to->point.max = more->max > to->point.max ? more->max : to->point.max;
	return true;
}

static void add_to(struct metric_pending_point *to, const struct metric_point *more)
{
	bool is_equal = !more->bins && more->min == more->max;
	struct metric_point sum = to->point;
	struct arena arena;

	if (is_equal && to->point.bins && count_in_place(to, more))
		return;
	arena_init(&arena);
	metric_point_add(&arena, &sum, more);
	const struct metric_bin *bins = sum.bins;
	size_t count = sum.bin_count;
	sum.bins = to->point.bins;
	sum.bin_count = to->point.bin_count;
	to->point = sum;
	if (!bins)
		drop_bins(to);
	else if (bins != to->point.bins)
		copy_bins(to, bins, count);
	arena_done(&arena);
}

void metric_pending_add(struct metric_pending *pending, uint32_t step_s,
			const struct metric_point *point)
{
	struct metric_pending_point *to = NULL;

	for (size_t i = pending->count; i-- > 0 && !to;)
		if (pending->items[i].point.time_s == point->time_s &&
		    pending->items[i].step_s == step_s)
			to = &pending->items[i];
	if (!to) {
		to = vec_add(pending);
		*to = (struct metric_pending_point){.step_s = step_s};
		to->point.time_s = point->time_s;
	}
	add_to(to, point);
}

void metric_pending_done(struct metric_pending *pending)
{
	for (size_t i = 0; i < pending->count; i++)
		drop_bins(&pending->items[i]);
	vec_done(pending);
}
