/* SPDX-License-Identifier: MIT */
/*
 * alarm_read: periods of a metric or an expression that end at any minute. Points are read in steps
 * of a minute, or of shorter periods, and summed up: periods of the store begin at multiples of
 * their length only.
 */
#include <math.h>

#include "metric/math/expression.h"
#include "services/cloudwatch/alarm_watch.h"

/* An evaluation of queries. */
struct reading {
	struct core *core;
	struct arena *arena;
	struct str account, region;
	const struct cloudwatch_metric_data_query *queries;
	size_t count;
	struct math_value *values;
	enum { READ_NOT, READ_NOW, READ_DONE } * states;
	int64_t end_s, span_s;
	struct math_window window;
	struct math_problem problem;
};

static struct metric_key key_of(struct arena *arena, struct str account, struct str region,
				const struct cloudwatch_metric *metric, struct str unit)
{
	struct metric_dimension *dimensions =
		arena_array(arena, struct metric_dimension, metric->dimensions_count);

	for (size_t i = 0; i < metric->dimensions_count; i++)
		dimensions[i] = (struct metric_dimension){metric->dimensions[i].name,
							  metric->dimensions[i].value};
	return (struct metric_key){
		.account = account,
		.region = region,
		.name_space = metric->namespace,
		.name = metric->metric_name,
		.dimensions = dimensions,
		.dimension_count = metric->dimensions_count,
		.unit = unit,
	};
}

/* `count` periods that end at end_s, oldest first; empty ones have no samples. */
static enum err read_periods(struct core *core, struct arena *arena, const struct metric_key *key,
			     uint32_t period_s, int64_t end_s, uint32_t count,
			     struct metric_point *out)
{
	struct metric_range range = {
		.start_s = end_s - (int64_t)period_s * count,
		.end_s = end_s,
		.period_s = period_s < 60 ? period_s : 60,
	};
	struct metric_points points = {0};

	for (uint32_t i = 0; i < count; i++)
		out[i] = (struct metric_point){.time_s = range.start_s + (int64_t)i * period_s};
	enum err err = metric_read(core, arena, key, range, &points);
	if (err)
		return err;
	for (size_t i = 0; i < points.count; i++) {
		int64_t place = (points.items[i].time_s - range.start_s) / period_s;

		if (place < 0 || place >= count)
			continue;
		if (metric_point_is_empty(&out[place])) {
			int64_t time_s = out[place].time_s;
			out[place] = points.items[i];
			out[place].time_s = time_s;
		} else
			metric_point_add(arena, &out[place], &points.items[i]);
	}
	return ERR_OK;
}

/* ---- queries ---- */

static enum err read_metric(struct reading *reading,
			    const struct cloudwatch_metric_data_query *query,
			    struct math_value *out_value)
{
	const struct cloudwatch_metric_stat *stat = query->metric_stat;
	uint32_t period_s = (uint32_t)stat->period;
	uint32_t count = (uint32_t)((reading->span_s + period_s - 1) / period_s);
	struct metric_key key =
		key_of(reading->arena, reading->account, reading->region, stat->metric, stat->unit);
	struct metric_point *points = arena_array(reading->arena, struct metric_point, count);
	struct math_series *series = arena_new(reading->arena, struct math_series);
	int64_t *times_ms = arena_array(reading->arena, int64_t, count);
	double *values = arena_array(reading->arena, double, count);
	struct metric_statistic statistic;

	if (!metric_statistic_parse(stat->stat, &statistic))
		return ERR_INVALID;
	enum err err = read_periods(reading->core, reading->arena, &key, period_s, reading->end_s,
				    count, points);
	if (err)
		return err;
	*series = (struct math_series){
		.id = query->id, .period_s = period_s, .times_ms = times_ms, .values = values};
	for (uint32_t i = 0; i < count; i++) {
		double value;

		if (metric_point_is_empty(&points[i]) ||
		    !metric_statistic_of(&statistic, &points[i], &value) || !isfinite(value))
			continue;
		times_ms[series->count] = points[i].time_s * 1000;
		values[series->count++] = value;
	}
	*out_value = (struct math_value){.kind = MATH_SERIES, .series = series, .count = 1};
	return ERR_OK;
}

static enum err find(void *context, struct str id, struct math_value *out_value);
static enum err all_metrics(void *context, struct math_value *out_value);

static enum err evaluate(struct reading *reading, const struct cloudwatch_metric_data_query *query,
			 struct math_value *out_value)
{
	const struct math_source source = {
		.context = reading, .find = find, .metrics = all_metrics};
	const struct math_expression *expression;

	if (query->metric_stat)
		return read_metric(reading, query, out_value);
	enum err err =
		math_parse(reading->arena, query->expression, &expression, &reading->problem);
	if (!err)
		err = math_evaluate(reading->arena, expression, &source, &reading->window,
				    out_value, &reading->problem);
	return err;
}

static enum err find(void *context, struct str id, struct math_value *out_value)
{
	struct reading *reading = context;

	for (size_t i = 0; i < reading->count; i++) {
		if (!str_equal(reading->queries[i].id, id))
			continue;
		if (reading->states[i] == READ_NOW) {
			reading->problem.text = STR("The expressions depend on each other");
			return ERR_INVALID;
		}
		if (reading->states[i] == READ_NOT) {
			reading->states[i] = READ_NOW;
			enum err err = evaluate(reading, &reading->queries[i], &reading->values[i]);
			if (err)
				return err;
			reading->states[i] = READ_DONE;
		}
		*out_value = reading->values[i];
		return ERR_OK;
	}
	return ERR_NOTFOUND;
}

static enum err all_metrics(void *context, struct math_value *out_value)
{
	struct reading *reading = context;
	struct math_series *series =
		arena_array(reading->arena, struct math_series, reading->count);
	size_t count = 0;

	for (size_t i = 0; i < reading->count; i++) {
		struct math_value value;

		if (!reading->queries[i].metric_stat)
			continue;
		enum err err = find(reading, reading->queries[i].id, &value);
		if (err)
			return err;
		series[count++] = value.series[0];
	}
	*out_value = (struct math_value){.kind = MATH_ARRAY, .series = series, .count = count};
	return ERR_OK;
}

static const struct cloudwatch_metric_data_query *
returned_query(const struct cloudwatch_metric_alarm *shown)
{
	for (size_t i = 0; i < shown->metrics_count; i++) {
		const struct cloudwatch_metric_data_query *query = &shown->metrics[i];

		if (!query->has_return_data || query->return_data)
			return query;
	}
	return NULL;
}

uint32_t alarm_period_of(const struct cloudwatch_metric_alarm *shown)
{
	const struct cloudwatch_metric_data_query *query = returned_query(shown);
	int64_t most = 0;

	if (!query)
		return (uint32_t)shown->period;
	if (query->metric_stat)
		return (uint32_t)query->metric_stat->period;
	if (query->has_period)
		return (uint32_t)query->period;
	for (size_t i = 0; i < shown->metrics_count; i++) {
		if (shown->metrics[i].metric_stat && shown->metrics[i].metric_stat->period > most)
			most = shown->metrics[i].metric_stat->period;
	}
	return most > 0 ? (uint32_t)most : 60;
}

static enum err read_expression(struct reading *reading,
				const struct cloudwatch_metric_data_query *query,
				struct math_value *out_value, struct str *out_problem)
{
	enum err err = find(reading, query->id, out_value);

	if (!err)
		*out_value = math_as_series(reading->arena, *out_value, &reading->window);
	if (!err && out_value->count > 1) {
		reading->problem.text = STR("The expression gives more than one time series");
		err = ERR_INVALID;
	}
	*out_problem = reading->problem.text;
	return err == ERR_TOOLARGE ? ERR_INVALID : err;
}

static enum err read_queries(struct reading *reading, const struct cloudwatch_metric_alarm *shown,
			     uint32_t period_s, uint32_t count, struct alarm_point *out_points,
			     struct str *out_problem)
{
	struct math_value value;

	reading->queries = shown->metrics;
	reading->count = shown->metrics_count;
	reading->values = arena_array(reading->arena, struct math_value, reading->count);
	reading->states = arena_alloc(reading->arena, reading->count * sizeof(*reading->states));
	reading->span_s = (int64_t)period_s * count;
	reading->window = (struct math_window){
		.start_ms = (reading->end_s - reading->span_s) * 1000,
		.end_ms = reading->end_s * 1000,
		.period_s = period_s,
	};
	enum err err = read_expression(reading, returned_query(shown), &value, out_problem);
	if (err || value.count == 0)
		return err;
	for (size_t i = 0; i < value.series->count; i++) {
		int64_t place = (value.series->times_ms[i] - reading->window.start_ms) /
				((int64_t)period_s * 1000);

		if (place >= 0 && place < count)
			out_points[place].value = value.series->values[i];
	}
	return ERR_OK;
}

enum err alarm_read_points(struct core *core, struct arena *arena, struct str account,
			   struct str region, const struct cloudwatch_metric_alarm *shown,
			   int64_t end_s, uint32_t count, struct alarm_point *out_points,
			   struct str *out_problem)
{
	uint32_t period_s = alarm_period_of(shown);
	struct reading reading = {
		.core = core, .arena = arena, .account = account, .region = region, .end_s = end_s};
	struct cloudwatch_metric metric = {.namespace = shown->namespace,
					   .metric_name = shown->metric_name,
					   .dimensions = shown->dimensions,
					   .dimensions_count = shown->dimensions_count};
	struct metric_statistic statistic;

	for (uint32_t i = 0; i < count; i++)
		out_points[i] = (struct alarm_point){
			.time_ms = (end_s - (int64_t)period_s * (count - i)) * 1000,
			.value = NAN,
			.sample_count = -1,
		};
	if (shown->metrics_count > 0)
		return read_queries(&reading, shown, period_s, count, out_points, out_problem);
	struct str name = shown->statistic.data ? shown->statistic : shown->extended_statistic;
	if (!metric_statistic_parse(name, &statistic))
		return ERR_INVALID;
	struct metric_key key = key_of(arena, account, region, &metric, shown->unit);
	struct metric_point *points = arena_array(arena, struct metric_point, count);
	enum err err = read_periods(core, arena, &key, period_s, end_s, count, points);
	for (uint32_t i = 0; !err && i < count; i++) {
		double value;

		if (metric_point_is_empty(&points[i]) ||
		    !metric_statistic_of(&statistic, &points[i], &value))
			continue;
		out_points[i].value = isfinite(value) ? value : NAN;
		out_points[i].sample_count = points[i].count;
		out_points[i].has_few_samples =
			statistic.kind == METRIC_PERCENTILE &&
			alarm_has_few_samples(statistic.high, points[i].count);
	}
	return err;
}
