/* SPDX-License-Identifier: MIT */
/* math/series: making series, and walking several in order of time. */
#include <math.h>

#include "metric/math/private.h"

struct math_points math_points_new(struct arena *arena, size_t count_max)
{
	return (struct math_points){
		.times_ms = arena_array(arena, int64_t, count_max),
		.values = arena_array(arena, double, count_max),
	};
}

void math_points_add(struct math_points *points, int64_t time_ms, double value)
{
	if (!isfinite(value))
		return;
	points->times_ms[points->count] = time_ms;
	points->values[points->count++] = value;
}

struct math_series math_series_like(const struct math_series *other,
				    const struct math_points *points)
{
	return (struct math_series){
		.label = other->label,
		.period_s = other->period_s,
		.count = points->count,
		.times_ms = points->times_ms,
		.values = points->values,
	};
}

struct math_value math_value_scalar(double value)
{
	return (struct math_value){.kind = MATH_SCALAR, .scalar = isfinite(value) ? value : NAN};
}

struct math_value math_value_series(struct arena *arena, struct math_series series)
{
	struct math_series *copy = arena_new(arena, struct math_series);

	*copy = series;
	return (struct math_value){.kind = MATH_SERIES, .series = copy, .count = 1};
}

enum err math_map(struct math_run *run, const struct math_node *node, struct math_value value,
		  math_change_fn change, void *context, struct math_value *out_value)
{
	struct math_series *changed = arena_array(run->arena, struct math_series, value.count);

	for (size_t i = 0; i < value.count; i++) {
		enum err err = math_charge(run, node, value.series[i].count);
		if (!err)
			err = change(run, node, &value.series[i], context, &changed[i]);
		if (err)
			return err;
	}
	*out_value =
		(struct math_value){.kind = value.kind, .series = changed, .count = value.count};
	return ERR_OK;
}

struct math_walk math_walk_new(struct arena *arena, const struct math_series *series, size_t count)
{
	return (struct math_walk){
		.series = series,
		.count = count,
		.cursors = arena_array(arena, size_t, count),
		.present = arena_array(arena, bool, count),
		.values = arena_array(arena, double, count),
	};
}

bool math_walk_next(struct math_walk *walk)
{
	int64_t first_ms = INT64_MAX;

	for (size_t i = 0; i < walk->count; i++) {
		const struct math_series *series = &walk->series[i];

		if (walk->cursors[i] < series->count &&
		    series->times_ms[walk->cursors[i]] < first_ms)
			first_ms = series->times_ms[walk->cursors[i]];
	}
	if (first_ms == INT64_MAX)
		return false;
	for (size_t i = 0; i < walk->count; i++) {
		const struct math_series *series = &walk->series[i];

		walk->present[i] = walk->cursors[i] < series->count &&
				   series->times_ms[walk->cursors[i]] == first_ms;
		if (walk->present[i])
			walk->values[i] = series->values[walk->cursors[i]++];
	}
	walk->time_ms = first_ms;
	return true;
}

struct math_value math_as_series(struct arena *arena, struct math_value value,
				 const struct math_window *window)
{
	int64_t period_ms = (int64_t)window->period_s * 1000;
	int64_t time_ms = window->start_ms;
	size_t count = 0;

	if (value.kind != MATH_SCALAR)
		return value;
	if (window->end_ms > time_ms)
		count = (size_t)((window->end_ms - time_ms + period_ms - 1) / period_ms);
	struct math_points points = math_points_new(arena, count);
	for (; time_ms < window->end_ms; time_ms += period_ms)
		math_points_add(&points, time_ms, value.scalar);
	struct math_series like = {.period_s = window->period_s};
	return math_value_series(arena, math_series_like(&like, &points));
}
