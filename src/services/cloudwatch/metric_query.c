/* SPDX-License-Identifier: MIT */
/* metric_query: a label names what sets a metric apart from the request's others. */
#include "services/cloudwatch/metric_query.h"

#include <stdlib.h>

#include "base/vec.h"
#include "metric/math/expression.h"
#include "services/cloudwatch/metric_key.h"
#include "services/cloudwatch/metric_search.h"

bool cloudwatch_is_query_id(struct str id)
{
	for (size_t i = 0; i < id.size; i++) {
		char c = id.data[i];
		bool is_lower = c >= 'a' && c <= 'z';
		bool is_other = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
		if (!is_lower && (i == 0 || !is_other))
			return false;
	}
	return id.size > 0;
}

/* ---- labels ---- */

/* In what the metrics of a request differ. */
struct differences {
	bool has_names, has_statistics, has_dimensions;
};

static bool has_same_dimensions(const struct cloudwatch_metric *a,
				const struct cloudwatch_metric *b)
{
	if (a->dimensions_count != b->dimensions_count)
		return false;
	for (size_t i = 0; i < a->dimensions_count; i++)
		if (!str_equal(a->dimensions[i].name, b->dimensions[i].name) ||
		    !str_equal(a->dimensions[i].value, b->dimensions[i].value))
			return false;
	return true;
}

static struct differences find_differences(const struct cloudwatch_get_metric_data_in *in)
{
	const struct cloudwatch_metric_stat *first = NULL;
	struct differences found = {0};

	for (size_t i = 0; i < in->metric_data_queries_count; i++) {
		const struct cloudwatch_metric_stat *stat = in->metric_data_queries[i].metric_stat;
		if (!stat)
			continue;
		if (!first)
			first = stat;
		found.has_names |=
			!str_equal(stat->metric->metric_name, first->metric->metric_name);
		found.has_statistics |= !str_equal(stat->stat, first->stat);
		found.has_dimensions |= !has_same_dimensions(stat->metric, first->metric);
	}
	return found;
}

static bool is_shared(const struct cloudwatch_get_metric_data_in *in,
		      const struct cloudwatch_dimension *dimension)
{
	for (size_t i = 0; i < in->metric_data_queries_count; i++) {
		const struct cloudwatch_metric_stat *stat = in->metric_data_queries[i].metric_stat;
		bool has = !stat;
		for (size_t j = 0; stat && j < stat->metric->dimensions_count; j++)
			has |= str_equal(stat->metric->dimensions[j].name, dimension->name) &&
			       str_equal(stat->metric->dimensions[j].value, dimension->value);
		if (!has)
			return false;
	}
	return true;
}

static struct str label_of(struct call *call, const struct cloudwatch_get_metric_data_in *in,
			   const struct cloudwatch_metric_data_query *query,
			   struct differences differ)
{
	const struct cloudwatch_metric_stat *stat = query->metric_stat;
	const struct cloudwatch_metric *metric = stat->metric;
	bool is_plain = differ.has_names || (!differ.has_dimensions && !differ.has_statistics);
	struct buf label = {0};

	if (query->label.data)
		return query->label;
	if (is_plain && !(differ.has_names && differ.has_dimensions))
		return metric->metric_name;
	for (size_t i = 0; differ.has_dimensions && i < metric->dimensions_count; i++)
		if (!is_shared(in, &metric->dimensions[i]))
			buf_format(&label, "%.*s ", STR_ARG(metric->dimensions[i].value));
	if (label.size == 0 || differ.has_names || differ.has_statistics)
		buf_format(&label, "%.*s ", STR_ARG(metric->metric_name));
	if (differ.has_statistics)
		buf_format(&label, "%.*s ", STR_ARG(stat->stat));
	struct str text = arena_copy(call->arena, str_of(label.data, label.size - 1));
	buf_done(&label);
	return text;
}

/* ---- metrics ---- */

static int by_name(const void *left, const void *right)
{
	return str_compare(*(const struct str *)left, *(const struct str *)right);
}

/* AWS returns the data of one unit and says that there are others. */
static void say_units(struct call *call, const struct metric_points *points,
		      struct cloudwatch_result *result)
{
	struct str *units = arena_array(call->arena, struct str, points->unit_count);
	struct buf text = {0};

	if (points->unit_count < 2)
		return;
	memcpy(units, points->units, points->unit_count * sizeof(*units));
	qsort(units, points->unit_count, sizeof(*units), by_name);
	for (size_t i = 0; i < points->unit_count; i++)
		buf_format(&text, "%s%.*s", i > 0 ? ", " : "", STR_ARG(units[i]));
	result->messages = arena_new(call->arena, struct cloudwatch_message_data);
	result->message_count = 1;
	result->messages->code = STR("MultipleUnits");
	result->messages->value = arena_format(call->arena, "Multiple units returned: '[%.*s]'",
					       (int)text.size, text.data);
	buf_done(&text);
}

static enum err read_metric(struct call *call, const struct cloudwatch_get_metric_data_in *in,
			    const struct cloudwatch_metric_stat *stat,
			    struct cloudwatch_result *result)
{
	const struct cloudwatch_metric *metric = stat->metric;
	struct metric_key key =
		cloudwatch_key(call, metric->namespace, metric->metric_name, metric->dimensions,
			       metric->dimensions_count, stat->unit);
	struct metric_range range = {
		.start_s = cloudwatch_round_start(cloudwatch_seconds(in->start_time), stat->period,
						  clock_now_ms() / 1000),
		.end_s = cloudwatch_seconds_up(in->end_time),
		.period_s = (uint32_t)stat->period,
	};
	struct metric_statistic statistic;
	struct metric_points points;

	check(metric_statistic_parse(stat->stat, &statistic));
	range.skips_samples = statistic.kind <= METRIC_MAXIMUM;
	enum err err = metric_read(call->core, call->arena, &key, range, &points);
	if (err)
		return err;
	int64_t *times_s = arena_array(call->arena, int64_t, points.count);
	double *values = arena_array(call->arena, double, points.count);
	for (size_t i = 0; i < points.count; i++)
		if (metric_statistic_of(&statistic, &points.items[i], &values[result->count]))
			times_s[result->count++] = points.items[i].time_s;
	result->times_s = times_s;
	result->values = values;
	say_units(call, &points, result);
	return ERR_OK;
}

/* ---- expressions ---- */

enum { SERIES_MAX = 500 }; /* of one SEARCH, and of all results */

/* The queries of a request, each evaluated when it is first used. */
struct math {
	struct call *call;
	const struct cloudwatch_get_metric_data_in *in;
	struct differences differ;
	struct cloudwatch_result *metrics; /* of queries with a MetricStat */
	struct math_value *values;
	enum { MATH_NOT_YET, MATH_RUNNING, MATH_DONE } * states;
	struct math_window window;
	struct math_problem problem;
};

static const struct math_series *series_of(struct math *math,
					   const struct cloudwatch_result *result, int64_t period_s)
{
	struct math_series *series = arena_new(math->call->arena, struct math_series);
	int64_t *times_ms = arena_array(math->call->arena, int64_t, result->count);

	for (size_t i = 0; i < result->count; i++)
		times_ms[i] = result->times_s[i] * 1000;
	*series = (struct math_series){.id = result->id,
				       .label = result->label,
				       .period_s = (uint32_t)period_s,
				       .count = result->count,
				       .times_ms = times_ms,
				       .values = result->values};
	return series;
}

static enum err math_find(void *context, struct str id, struct math_value *out_value);
static enum err math_metrics(void *context, struct math_value *out_value);
static enum err math_search(void *context, struct str expression, struct str statistic,
			    uint32_t period_s, struct math_value *out_value);

static enum err evaluate_query(struct math *math, size_t index)
{
	const struct math_source source = {
		.context = math, .find = math_find, .metrics = math_metrics, .search = math_search};
	const struct cloudwatch_metric_data_query *query = &math->in->metric_data_queries[index];
	struct cloudwatch_result *result = &math->metrics[index];
	const struct math_expression *expression;
	struct math_window window = math->window;
	enum err err;

	result->id = query->id;
	if (query->metric_stat) {
		result->label = label_of(math->call, math->in, query, math->differ);
		err = read_metric(math->call, math->in, query->metric_stat, result);
		if (!err)
			math->values[index] = (struct math_value){
				.kind = MATH_SERIES,
				.series = series_of(math, result, query->metric_stat->period),
				.count = 1};
		return err;
	}
	if (query->has_period)
		window.period_s = (uint32_t)query->period;
	err = math_parse(math->call->arena, query->expression, &expression, &math->problem);
	if (!err)
		err = math_evaluate(math->call->arena, expression, &source, &window,
				    &math->values[index], &math->problem);
	if (!err)
		math->values[index] =
			math_as_series(math->call->arena, math->values[index], &window);
	if (err != ERR_INVALID && err != ERR_TOOLARGE)
		return err;
	return fail(math->call, &CLOUDWATCH_VALIDATION, "Error in expression '%.*s': %.*s",
		    STR_ARG(query->id), STR_ARG(math->problem.text));
}

static enum err value_of(struct math *math, size_t index)
{
	if (math->states[index] == MATH_DONE)
		return ERR_OK;
	if (math->states[index] == MATH_RUNNING) {
		math->problem.text = STR("The expressions depend on each other");
		return ERR_INVALID;
	}
	math->states[index] = MATH_RUNNING;
	enum err err = evaluate_query(math, index);
	math->states[index] = MATH_DONE;
	return err;
}

static enum err math_find(void *context, struct str id, struct math_value *out_value)
{
	struct math *math = context;

	for (size_t i = 0; i < math->in->metric_data_queries_count; i++) {
		if (!str_equal(math->in->metric_data_queries[i].id, id))
			continue;
		enum err err = value_of(math, i);
		if (!err)
			*out_value = math->values[i];
		return err;
	}
	return ERR_NOTFOUND;
}

static enum err math_metrics(void *context, struct math_value *out_value)
{
	struct math *math = context;
	size_t count = math->in->metric_data_queries_count, found = 0;
	struct math_series *series = arena_array(math->call->arena, struct math_series, count);

	for (size_t i = 0; i < count; i++) {
		if (!math->in->metric_data_queries[i].metric_stat)
			continue;
		enum err err = value_of(math, i);
		if (err)
			return err;
		series[found++] = math->values[i].series[0];
	}
	*out_value = (struct math_value){.kind = MATH_ARRAY, .series = series, .count = found};
	return ERR_OK;
}

struct finding {
	struct math *math;
	const struct metric_search *search;
	struct cloudwatch_metric *metrics;
	size_t count;
};

static bool add_found(void *context, const struct metric_listed *listed)
{
	struct finding *finding = context;
	struct arena *arena = finding->math->call->arena;
	struct str name_space = metric_search_namespace(finding->search);

	if (name_space.size > 0 && !str_equal(listed->key->name_space, name_space))
		return false;
	if (!metric_search_matches(finding->search, listed->key))
		return true;
	if (finding->count > 0 && /* another unit of the same metric */
	    str_equal(finding->metrics[finding->count - 1].metric_name, listed->key->name)) {
		const struct cloudwatch_metric *last = &finding->metrics[finding->count - 1];
		struct metric_key key =
			cloudwatch_key(finding->math->call, last->namespace, last->metric_name,
				       last->dimensions, last->dimensions_count, STR(""));

		if (metric_key_is_metric(&key, listed->key))
			return true;
	}
	struct cloudwatch_metric *metric = &finding->metrics[finding->count++];
	metric->namespace = arena_copy(arena, listed->key->name_space);
	metric->metric_name = arena_copy(arena, listed->key->name);
	metric->dimensions = cloudwatch_dimensions(arena, listed->key);
	metric->dimensions_count = listed->key->dimension_count;
	for (size_t i = 0; i < metric->dimensions_count; i++) {
		metric->dimensions[i].name = arena_copy(arena, metric->dimensions[i].name);
		metric->dimensions[i].value = arena_copy(arena, metric->dimensions[i].value);
	}
	return finding->count < SERIES_MAX;
}

/* "MetricName" behind the values of its dimensions. */
static struct str found_label(struct arena *arena, const struct cloudwatch_metric *metric)
{
	struct buf label = {0};

	for (size_t i = 0; i < metric->dimensions_count; i++)
		buf_format(&label, "%.*s ", STR_ARG(metric->dimensions[i].value));
	buf_append(&label, metric->metric_name);
	struct str copy = arena_copy(arena, buf_str(&label));
	buf_done(&label);
	return copy;
}

static enum err math_search(void *context, struct str expression, struct str statistic,
			    uint32_t period_s, struct math_value *out_value)
{
	struct math *math = context;
	struct call *call = math->call;
	struct finding finding = {
		.math = math,
		.metrics = arena_array(call->arena, struct cloudwatch_metric, SERIES_MAX)};
	struct metric_statistic parsed;

	if (period_s == 0)
		period_s = math->window.period_s;
	if (!metric_statistic_parse(statistic, &parsed) || !cloudwatch_is_period(period_s) ||
	    metric_search_parse(call->arena, expression, &finding.search) != ERR_OK)
		return ERR_INVALID;
	metric_list(call->core, call->account, call->region,
		    metric_search_namespace(finding.search), NULL, add_found, &finding);
	struct math_series *series = arena_array(call->arena, struct math_series, finding.count);
	for (size_t i = 0; i < finding.count; i++) {
		struct cloudwatch_metric_stat stat = {
			.metric = &finding.metrics[i], .period = period_s, .stat = statistic};
		struct cloudwatch_result result = {
			.label = found_label(call->arena, &finding.metrics[i])};
		enum err err = read_metric(call, math->in, &stat, &result);

		if (err)
			return err;
		series[i] = *series_of(math, &result, period_s);
	}
	*out_value =
		(struct math_value){.kind = MATH_ARRAY, .series = series, .count = finding.count};
	return ERR_OK;
}

/* ---- results ---- */

struct list_of_results {
	struct cloudwatch_result *items;
	size_t count, capacity;
};

static struct cloudwatch_result result_of(struct call *call,
					  const struct cloudwatch_metric_data_query *query,
					  const struct math_series *series, bool is_one)
{
	struct cloudwatch_result result = {
		.id = query->id, .values = series->values, .count = series->count};
	int64_t *times_s = arena_array(call->arena, int64_t, series->count);

	for (size_t i = 0; i < series->count; i++)
		times_s[i] = series->times_ms[i] / 1000;
	result.times_s = times_s;
	result.label = query->label.data ? query->label : query->id;
	if (!is_one && series->label.data)
		result.label = query->label.data
				       ? arena_format(call->arena, "%.*s %.*s",
						      STR_ARG(query->label), STR_ARG(series->label))
				       : series->label;
	return result;
}

static enum err add_results(struct math *math, size_t index, struct list_of_results *results)
{
	const struct cloudwatch_metric_data_query *query = &math->in->metric_data_queries[index];
	const struct math_value *value = &math->values[index];
	enum err err = value_of(math, index);

	if (err == ERR_INVALID)
		return fail(math->call, &CLOUDWATCH_VALIDATION, "Error in expression '%.*s': %.*s",
			    STR_ARG(query->id), STR_ARG(math->problem.text));
	if (err || (query->has_return_data && !query->return_data))
		return err;
	if (query->metric_stat)
		vec_push(results, math->metrics[index]);
	for (size_t i = 0; !query->metric_stat && i < value->count && i < SERIES_MAX; i++)
		vec_push(results, result_of(math->call, query, &value->series[i],
					    value->kind == MATH_SERIES));
	return ERR_OK;
}

/* The shortest period of the metrics; expressions without metrics: a minute. */
static uint32_t window_period(const struct cloudwatch_get_metric_data_in *in)
{
	int64_t least = 0;

	for (size_t i = 0; i < in->metric_data_queries_count; i++) {
		const struct cloudwatch_metric_data_query *query = &in->metric_data_queries[i];
		int64_t period = query->metric_stat  ? query->metric_stat->period
				 : query->has_period ? query->period
						     : 0;

		if (period > 0 && (least == 0 || period < least))
			least = period;
	}
	return least > 0 ? (uint32_t)least : 60;
}

enum err cloudwatch_query(struct call *call, const struct cloudwatch_get_metric_data_in *in,
			  struct cloudwatch_results *out_results)
{
	size_t count = in->metric_data_queries_count;
	uint32_t period_s = window_period(in);
	int64_t start_s = cloudwatch_round_start(cloudwatch_seconds(in->start_time), period_s,
						 clock_now_ms() / 1000);
	struct math math = {
		.call = call,
		.in = in,
		.differ = find_differences(in),
		.metrics = arena_array(call->arena, struct cloudwatch_result, count),
		.values = arena_array(call->arena, struct math_value, count),
		.states = arena_alloc(call->arena, count * sizeof(*math.states)),
		.window = {.start_ms = (start_s - start_s % period_s) * 1000,
			   .end_ms = cloudwatch_seconds_up(in->end_time) * 1000,
			   .period_s = period_s},
	};
	struct list_of_results results = {0};
	enum err err = ERR_OK;

	for (size_t i = 0; i < count && !err; i++)
		err = add_results(&math, i, &results);
	if (!err) {
		out_results->count = results.count;
		out_results->items =
			arena_array(call->arena, struct cloudwatch_result, results.count);
		if (results.count > 0)
			memcpy(out_results->items, results.items,
			       results.count * sizeof(*results.items));
	}
	vec_done(&results);
	return err;
}
