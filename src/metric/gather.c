/* SPDX-License-Identifier: MIT */
/* gather: points that come in order are added up at once, others after they were sorted. */
#include "metric/store_private.h"

#include <stdlib.h>

void metric_gather_add(struct metric_gather *gather, const struct metric_point *point)
{
	struct metric_point *last = gather->count > 0 ? &gather->items[gather->count - 1] : NULL;
	struct metric_point copy = *point;

	if (point->time_s < gather->start_s || point->time_s >= gather->end_s)
		return;
	copy.time_s -= copy.time_s % gather->period_s;
	if (last && last->time_s == copy.time_s) {
		metric_point_add(gather->arena, last, &copy);
		return;
	}
	if (last && last->time_s > copy.time_s)
		gather->is_unordered = true;
	vec_push(gather, copy);
}

static int by_time(const void *left, const void *right)
{
	const struct metric_point *a = left, *b = right;

	return (a->time_s > b->time_s) - (a->time_s < b->time_s);
}

void metric_gather_end(struct metric_gather *gather)
{
	struct metric_point *items = arena_array(gather->arena, struct metric_point, gather->count);
	size_t count = 0;

	if (gather->is_unordered)
		qsort(gather->items, gather->count, sizeof(*items), by_time);
	for (size_t i = 0; i < gather->count; i++) {
		if (count > 0 && items[count - 1].time_s == gather->items[i].time_s)
			metric_point_add(gather->arena, &items[count - 1], &gather->items[i]);
		else
			items[count++] = gather->items[i];
	}
	vec_done(gather);
	gather->items = items;
	gather->count = count;
}

enum err metric_gather_rows(struct metric_gather *gather, struct str rows, uint32_t step_s)
{
	struct byte_reader reader = byte_reader_of(rows);
	struct metric_row_state state = {0};
	struct metric_point point;

	while (metric_row_next(&reader, &state, step_s, gather->arena, &point))
		metric_gather_add(gather, &point);
	return reader.is_short ? ERR_DAMAGED : ERR_OK;
}
