/* SPDX-License-Identifier: MIT */
/* math/times: the functions that look at the times of points. */
#include <math.h>
#include <time.h>

#include "metric/math/functions.h"

/* ---- dates ---- */

static double date_part(int detail, int64_t time_ms)
{
	time_t seconds = (time_t)(time_ms / 1000);
	struct tm parts;

	gmtime_r(&seconds, &parts);
	switch (detail) {
	case MATH_MINUTE:
		return parts.tm_min;
	case MATH_HOUR:
		return parts.tm_hour;
	case MATH_DAY:
		return parts.tm_wday == 0 ? 7 : parts.tm_wday; /* Monday is 1 */
	case MATH_DATE:
		return parts.tm_mday;
	case MATH_MONTH:
		return parts.tm_mon + 1;
	case MATH_YEAR:
		return parts.tm_year + 1900;
	default:
		return (double)seconds;
	}
}

static enum err change_to_date(struct math_run *run, const struct math_node *node,
			       const struct math_series *series, void *context,
			       struct math_series *out_series)
{
	struct math_points points = math_points_new(run->arena, series->count);

	(void)context;
	for (size_t i = 0; i < series->count; i++)
		math_points_add(&points, series->times_ms[i],
				date_part(node->function->detail, series->times_ms[i]));
	*out_series = math_series_like(series, &points);
	return ERR_OK;
}

/* The argument's series, each changed; scalars are refused. */
static enum err each_series(struct math_run *run, const struct math_node *node,
			    math_change_fn change, struct math_value *out_value)
{
	struct math_value value;
	enum err err = math_node_evaluate(run, node->children[0], &value);

	if (err)
		return err;
	if (value.kind == MATH_SCALAR)
		return math_refuse_argument(run, node, value);
	return math_map(run, node, value, change, NULL, out_value);
}

enum err math_date(struct math_run *run, const struct math_node *node, struct math_value *out_value)
{
	return each_series(run, node, change_to_date, out_value);
}

/* ---- neighbours ---- */

static enum err change_by_previous(struct math_run *run, const struct math_node *node,
				   const struct math_series *series, void *context,
				   struct math_series *out_series)
{
	struct math_points points = math_points_new(run->arena, series->count);
	int detail = node->function->detail;
	double sum = 0;

	(void)context;
	for (size_t i = 0; i < series->count; i++) {
		double value = series->values[i];

		sum += value;
		if (detail == MATH_RUNNING_SUM) {
			math_points_add(&points, series->times_ms[i], sum);
			continue;
		}
		if (i == 0)
			continue;
		double change = value - series->values[i - 1];
		double seconds = (double)(series->times_ms[i] - series->times_ms[i - 1]) / 1000;
		if (detail == MATH_DIFF_TIME)
			change = seconds;
		else if (detail == MATH_RATE)
			change /= seconds;
		math_points_add(&points, series->times_ms[i], change);
	}
	*out_series = math_series_like(series, &points);
	return ERR_OK;
}

enum err math_difference(struct math_run *run, const struct math_node *node,
			 struct math_value *out_value)
{
	return each_series(run, node, change_by_previous, out_value);
}

/* ---- FILL ---- */

enum fill_kind { FILL_VALUE, FILL_SERIES, FILL_REPEAT, FILL_LINEAR };
struct fill {
	enum fill_kind kind;
	double value;
	const struct math_series *series;
	size_t cursor; /* of `series` */
};

/* The value at a time without a point, between point `next` - 1 and `next`. NaN: none. */
static double fill_value(struct fill *fill, const struct math_series *series, size_t next,
			 int64_t time_ms)
{
	switch (fill->kind) {
	case FILL_VALUE:
		return fill->value;
	case FILL_REPEAT:
		return next > 0 ? series->values[next - 1] : NAN;
	case FILL_SERIES:
		while (fill->cursor < fill->series->count &&
		       fill->series->times_ms[fill->cursor] < time_ms)
			fill->cursor++;
		return fill->cursor < fill->series->count &&
				       fill->series->times_ms[fill->cursor] == time_ms
			       ? fill->series->values[fill->cursor]
			       : NAN;
	case FILL_LINEAR:
		break;
	}
	if (next == 0 || next == series->count)
		return NAN;
	double share = (double)(time_ms - series->times_ms[next - 1]) /
		       (double)(series->times_ms[next] - series->times_ms[next - 1]);
	return series->values[next - 1] + share * (series->values[next] - series->values[next - 1]);
}

static enum err fill_gaps(struct math_run *run, const struct math_node *node,
			  const struct math_series *series, void *context,
			  struct math_series *out_series)
{
	struct fill *fill = context;
	int64_t period_ms =
		(int64_t)(series->period_s ? series->period_s : run->window->period_s) * 1000;
	int64_t phase_ms = series->count > 0 ? series->times_ms[0] : run->window->start_ms;
	int64_t before_ms = (run->window->start_ms - phase_ms) % period_ms;
	int64_t time_ms =
		run->window->start_ms - (before_ms < 0 ? before_ms + period_ms : before_ms);
	int64_t grid = run->window->end_ms > time_ms
			       ? (run->window->end_ms - time_ms + period_ms - 1) / period_ms
			       : 0;
	size_t next = 0;

	enum err err = grid > LIMIT_MATH_POINTS ? math_charge(run, node, LIMIT_MATH_POINTS)
						: math_charge(run, node, (size_t)grid);
	if (err)
		return err;
	struct math_points points = math_points_new(run->arena, (size_t)grid + series->count);
	fill->cursor = 0;
	for (; time_ms < run->window->end_ms; time_ms += period_ms) {
		while (next < series->count && series->times_ms[next] < time_ms) {
			math_points_add(&points, series->times_ms[next], series->values[next]);
			next++;
		}
		if (next < series->count && series->times_ms[next] == time_ms)
			continue; /* the next turn adds it */
		math_points_add(&points, time_ms, fill_value(fill, series, next, time_ms));
	}
	for (; next < series->count; next++)
		math_points_add(&points, series->times_ms[next], series->values[next]);
	*out_series = math_series_like(series, &points);
	return ERR_OK;
}

/* FILL(m1, 0), FILL(m1, REPEAT), FILL(m1, LINEAR), FILL(m1, m2) */
enum err math_fill(struct math_run *run, const struct math_node *node, struct math_value *out_value)
{
	const struct math_node *with = node->children[1];
	struct math_value values[2];
	struct fill fill = {.kind = FILL_VALUE};
	enum err err = math_node_evaluate(run, node->children[0], &values[0]);

	if (err)
		return err;
	if (values[0].kind == MATH_SCALAR)
		return math_refuse_argument(run, node, values[0]);
	if (with->kind == NODE_WORD && str_equal(with->text, STR("REPEAT")))
		fill.kind = FILL_REPEAT;
	else if (with->kind == NODE_WORD && str_equal(with->text, STR("LINEAR")))
		fill.kind = FILL_LINEAR;
	else {
		err = math_node_evaluate(run, with, &values[1]);
		if (err)
			return err;
		if (values[1].kind == MATH_ARRAY)
			return math_refuse_types(run, node, node->text, values, 2);
		fill.kind = values[1].kind == MATH_SCALAR ? FILL_VALUE : FILL_SERIES;
		fill.value = values[1].scalar;
		fill.series = values[1].series;
	}
	return math_map(run, node, values[0], fill_gaps, &fill, out_value);
}

/* ---- IF ---- */

/* The times at which a choice is made: those of the condition, or of the first series. */
static enum err choose(struct math_run *run, const struct math_node *node,
		       const struct math_value *values, size_t count, struct math_value *out_value)
{
	struct math_series series[3] = {0};
	bool is_scalar[3] = {0};
	size_t total = 0;

	for (size_t i = 0; i < count; i++) {
		is_scalar[i] = values[i].kind == MATH_SCALAR;
		if (!is_scalar[i])
			series[i] = values[i].series[0];
		total += series[i].count;
	}
	enum err err = math_charge(run, node, total);
	if (err)
		return err;
	struct math_walk walk = math_walk_new(run->arena, series, 3);
	struct math_points points = math_points_new(run->arena, total);
	while (math_walk_next(&walk)) {
		bool has_condition = is_scalar[0] || walk.present[0];
		double condition = is_scalar[0] ? values[0].scalar : walk.values[0];
		size_t branch = condition != 0 ? 1 : 2;

		if (!has_condition || isnan(condition) || branch >= count)
			continue;
		if (is_scalar[branch])
			math_points_add(&points, walk.time_ms, values[branch].scalar);
		else if (walk.present[branch])
			math_points_add(&points, walk.time_ms, walk.values[branch]);
	}
	const struct math_series *like = &series[0];
	for (size_t i = 1; i < count && is_scalar[0]; i++) {
		if (!is_scalar[i])
			like = &series[i];
	}
	*out_value = math_value_series(run->arena, math_series_like(like, &points));
	return ERR_OK;
}

/* IF(condition, then[, else]); without `else`, a false condition gives no point. */
enum err math_if(struct math_run *run, const struct math_node *node, struct math_value *out_value)
{
	struct math_value values[3] = {0};
	size_t count = node->child_count;
	bool is_all_scalar = true;

	for (size_t i = 0; i < count; i++) {
		enum err err = math_node_evaluate(run, node->children[i], &values[i]);
		if (err)
			return err;
		is_all_scalar = is_all_scalar && values[i].kind == MATH_SCALAR;
	}
	for (size_t i = 0; i < count; i++) {
		if (values[i].kind == MATH_ARRAY)
			return math_refuse_types(run, node, node->text, values, count);
	}
	if (!is_all_scalar)
		return choose(run, node, values, count, out_value);
	double result = NAN;
	if (values[0].scalar != 0 && !isnan(values[0].scalar))
		result = values[1].scalar;
	else if (count == 3 && !isnan(values[0].scalar))
		result = values[2].scalar;
	*out_value = math_value_scalar(result);
	return ERR_OK;
}

/* ---- periods ---- */

enum err math_period(struct math_run *run, const struct math_node *node,
		     struct math_value *out_value)
{
	struct math_value value;
	enum err err = math_node_evaluate(run, node->children[0], &value);

	if (err)
		return err;
	if (value.kind != MATH_SERIES)
		return math_refuse_argument(run, node, value);
	*out_value = math_value_scalar(value.series->period_s);
	return ERR_OK;
}

enum err math_time_series(struct math_run *run, const struct math_node *node,
			  struct math_value *out_value)
{
	struct math_value value;
	enum err err = math_node_evaluate(run, node->children[0], &value);

	if (err)
		return err;
	if (value.kind != MATH_SCALAR)
		return math_refuse_argument(run, node, value);
	return math_constant(run, node, value.scalar, out_value);
}
