/* SPDX-License-Identifier: MIT */
/* math/functions: the functions that look at values one by one or at arrays as a whole. */
#include <math.h>
#include <stdlib.h>

#include "metric/math/functions.h"

/* An argument that is a value. */
static enum err argument(struct math_run *run, const struct math_node *node, size_t index,
			 struct math_value *out_value)
{
	return math_node_evaluate(run, node->children[index], out_value);
}

enum err math_refuse_argument(struct math_run *run, const struct math_node *node,
			      struct math_value value)
{
	return math_refuse_types(run, node, node->text, &value, 1);
}

/* ---- one value ---- */

enum { VALUE_ABS, VALUE_CEIL, VALUE_FLOOR, VALUE_LOG, VALUE_LOG10 };

static double change_value(int detail, double value)
{
	switch (detail) {
	case VALUE_ABS:
		return fabs(value);
	case VALUE_CEIL:
		return ceil(value);
	case VALUE_FLOOR:
		return floor(value);
	case VALUE_LOG:
		return log(value);
	default:
		return log10(value);
	}
}

static enum err change_values(struct math_run *run, const struct math_node *node,
			      const struct math_series *series, void *context,
			      struct math_series *out_series)
{
	struct math_points points = math_points_new(run->arena, series->count);

	(void)context;
	for (size_t i = 0; i < series->count; i++)
		math_points_add(&points, series->times_ms[i],
				change_value(node->function->detail, series->values[i]));
	*out_series = math_series_like(series, &points);
	return ERR_OK;
}

static enum err each_value(struct math_run *run, const struct math_node *node,
			   struct math_value *out_value)
{
	struct math_value value;
	enum err err = argument(run, node, 0, &value);

	if (err)
		return err;
	if (value.kind != MATH_SCALAR)
		return math_map(run, node, value, change_values, NULL, out_value);
	*out_value = math_value_scalar(change_value(node->function->detail, value.scalar));
	return ERR_OK;
}

/* ---- many values ---- */

/* Variance by Welford's method, which does not lose digits of large values. */
struct sums {
	double sum, minimum, maximum, mean, squares;
	size_t count;
};

static void sums_add(struct sums *sums, double value)
{
	sums->minimum = sums->count == 0 || value < sums->minimum ? value : sums->minimum;
	sums->maximum = sums->count == 0 || value > sums->maximum ? value : sums->maximum;
	sums->count++;
	sums->sum += value;
	double distance = value - sums->mean;
	sums->mean += distance / (double)sums->count;
	sums->squares += distance * (value - sums->mean);
}

static double sums_result(const struct sums *sums, int detail)
{
	if (detail == MATH_COUNT)
		return (double)sums->count;
	if (sums->count == 0)
		return NAN;
	switch (detail) {
	case MATH_SUM:
		return sums->sum;
	case MATH_AVG:
		return sums->sum / (double)sums->count;
	case MATH_MIN:
		return sums->minimum;
	case MATH_MAX:
		return sums->maximum;
	default:
		return sqrt(sums->squares / (double)sums->count);
	}
}

double math_aggregate(const struct math_series *series, int detail)
{
	struct sums sums = {0};

	for (size_t i = 0; i < series->count; i++)
		sums_add(&sums, series->values[i]);
	return sums_result(&sums, detail);
}

/* At each time of any series: the series that have a point there. */
static enum err aggregate_array(struct math_run *run, const struct math_node *node,
				struct math_value value, struct math_value *out_value)
{
	struct math_walk walk = math_walk_new(run->arena, value.series, value.count);
	size_t total = 0;

	for (size_t i = 0; i < value.count; i++)
		total += value.series[i].count;
	enum err err = math_charge(run, node, total);
	if (err)
		return err;
	struct math_points points = math_points_new(run->arena, total);
	while (math_walk_next(&walk)) {
		struct sums sums = {0};

		for (size_t i = 0; i < walk.count; i++) {
			if (walk.present[i])
				sums_add(&sums, walk.values[i]);
		}
		math_points_add(&points, walk.time_ms, sums_result(&sums, node->function->detail));
	}
	struct math_series like = {.period_s = value.count > 0 ? value.series[0].period_s
							       : run->window->period_s};
	*out_value = math_value_series(run->arena, math_series_like(&like, &points));
	return ERR_OK;
}

static enum err aggregate(struct math_run *run, const struct math_node *node,
			  struct math_value *out_value)
{
	struct math_value value;
	enum err err = argument(run, node, 0, &value);

	if (err)
		return err;
	if (value.kind == MATH_ARRAY)
		return aggregate_array(run, node, value, out_value);
	if (value.kind == MATH_SCALAR)
		return math_refuse_argument(run, node, value);
	*out_value = math_value_scalar(math_aggregate(value.series, node->function->detail));
	return ERR_OK;
}

static enum err count_series(struct math_run *run, const struct math_node *node,
			     struct math_value *out_value)
{
	struct math_value value;
	enum err err = argument(run, node, 0, &value);

	if (err)
		return err;
	if (value.kind != MATH_ARRAY)
		return math_refuse_argument(run, node, value);
	*out_value = math_value_scalar((double)value.count);
	return ERR_OK;
}

/* ---- arrays ---- */

static enum err first_or_last(struct math_run *run, const struct math_node *node,
			      struct math_value *out_value)
{
	struct math_value value;
	enum err err = argument(run, node, 0, &value);

	if (err)
		return err;
	if (value.kind != MATH_ARRAY)
		return math_refuse_argument(run, node, value);
	struct math_series none = {.period_s = run->window->period_s};
	size_t index = node->function->detail == MATH_FIRST ? 0 : value.count - 1;
	*out_value = math_value_series(run->arena, value.count > 0 ? value.series[index] : none);
	return ERR_OK;
}

static enum err remove_empty(struct math_run *run, const struct math_node *node,
			     struct math_value *out_value)
{
	struct math_value value;
	enum err err = argument(run, node, 0, &value);
	size_t count = 0;

	if (err)
		return err;
	if (value.kind != MATH_ARRAY)
		return math_refuse_argument(run, node, value);
	struct math_series *kept = arena_array(run->arena, struct math_series, value.count);
	for (size_t i = 0; i < value.count; i++) {
		if (value.series[i].count > 0)
			kept[count++] = value.series[i];
	}
	*out_value = (struct math_value){.kind = MATH_ARRAY, .series = kept, .count = count};
	return ERR_OK;
}

/* A whole number from 0, as an index. */
static enum err index_of(struct math_run *run, const struct math_node *node, size_t argument_index,
			 size_t *out_index)
{
	struct math_value value;
	enum err err = argument(run, node, argument_index, &value);

	if (err)
		return err;
	if (value.kind != MATH_SCALAR)
		return math_refuse_argument(run, node, value);
	if (!(value.scalar >= 0) || value.scalar > 1e6 || value.scalar != floor(value.scalar))
		return math_refuse(run, node->children[argument_index],
				   STR("A whole number from 0 is expected"));
	*out_index = (size_t)value.scalar;
	return ERR_OK;
}

/* SLICE(array, start): one series; SLICE(array, start, end): those before end. */
static enum err slice(struct math_run *run, const struct math_node *node,
		      struct math_value *out_value)
{
	struct math_value value;
	size_t start, end = SIZE_MAX;
	enum err err = argument(run, node, 0, &value);

	if (!err && value.kind != MATH_ARRAY)
		return math_refuse_argument(run, node, value);
	if (!err)
		err = index_of(run, node, 1, &start);
	if (!err && node->child_count == 3)
		err = index_of(run, node, 2, &end);
	if (err)
		return err;
	if (node->child_count == 2) {
		struct math_series none = {.period_s = run->window->period_s};

		*out_value = math_value_series(run->arena,
					       start < value.count ? value.series[start] : none);
		return ERR_OK;
	}
	end = end < value.count ? end : value.count;
	start = start < end ? start : end;
	*out_value = (struct math_value){
		.kind = MATH_ARRAY, .series = value.series + start, .count = end - start};
	return ERR_OK;
}

struct ranked {
	struct math_series series;
	double rank; /* NaN: without points, at the end */
	size_t index;
};

static int compare(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;

	if (isnan(a->rank) != isnan(b->rank))
		return isnan(a->rank) ? 1 : -1;
	if (!isnan(a->rank) && a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return a->index < b->index ? -1 : 1;
}

static bool is_word(const struct math_node *node, struct str word)
{
	return (node->kind == NODE_WORD || node->kind == NODE_TEXT) && str_equal(node->text, word);
}

static enum err sort_by(struct math_run *run, const struct math_node *node, int *out_detail,
			double *out_sign)
{
	static const struct str names[] = {STR_INIT("SUM"), STR_INIT("AVG"), STR_INIT("MIN"),
					   STR_INIT("MAX"), STR_INIT("STDDEV")};
	int detail = -1;

	for (int i = MATH_SUM; i <= MATH_STDDEV; i++) {
		if (is_word(node->children[1], names[i]))
			detail = i;
	}
	if (detail < 0)
		return math_refuse(run, node->children[1],
				   STR("AVG, MAX, MIN, STDDEV or SUM is expected"));
	if (!is_word(node->children[2], STR("ASC")) && !is_word(node->children[2], STR("DESC")))
		return math_refuse(run, node->children[2], STR("ASC or DESC is expected"));
	*out_detail = detail;
	*out_sign = is_word(node->children[2], STR("ASC")) ? 1 : -1;
	return ERR_OK;
}

/* SORT(array, function, order[, count]) */
static enum err sort(struct math_run *run, const struct math_node *node,
		     struct math_value *out_value)
{
	struct math_value value;
	size_t kept = SIZE_MAX;
	double sign = 1;
	int detail = 0;
	enum err err = argument(run, node, 0, &value);

	if (!err && value.kind != MATH_ARRAY)
		return math_refuse_argument(run, node, value);
	if (!err)
		err = sort_by(run, node, &detail, &sign);
	if (!err && node->child_count == 4)
		err = index_of(run, node, 3, &kept);
	for (size_t i = 0; !err && i < value.count; i++)
		err = math_charge(run, node, value.series[i].count);
	if (err)
		return err;
	struct ranked *ranked = arena_array(run->arena, struct ranked, value.count);
	struct math_series *sorted = arena_array(run->arena, struct math_series, value.count);
	for (size_t i = 0; i < value.count; i++)
		ranked[i] = (struct ranked){.series = value.series[i],
					    .rank = sign * math_aggregate(&value.series[i], detail),
					    .index = i};
	qsort(ranked, value.count, sizeof(*ranked), compare);
	for (size_t i = 0; i < value.count; i++)
		sorted[i] = ranked[i].series;
	*out_value = (struct math_value){.kind = MATH_ARRAY,
					 .series = sorted,
					 .count = kept < value.count ? kept : value.count};
	return ERR_OK;
}

/* ---- the source ---- */

/* METRICS("filter"): the metrics whose id contains the filter. */
static enum err metrics(struct math_run *run, const struct math_node *node,
			struct math_value *out_value)
{
	struct math_value value;
	struct str filter = STR("");
	size_t count = 0;

	if (node->child_count == 1 && node->children[0]->kind != NODE_TEXT)
		return math_refuse(run, node->children[0], STR("A text is expected"));
	if (node->child_count == 1)
		filter = node->children[0]->text;
	enum err err = run->source->metrics(run->source->context, &value);
	if (err)
		return err;
	struct math_series *kept = arena_array(run->arena, struct math_series, value.count);
	for (size_t i = 0; i < value.count; i++) {
		if (str_find(value.series[i].id, filter, 0) != SIZE_MAX)
			kept[count++] = value.series[i];
	}
	*out_value = (struct math_value){.kind = MATH_ARRAY, .series = kept, .count = count};
	return ERR_OK;
}

/* SEARCH('expression', 'statistic'[, period]) */
static enum err search(struct math_run *run, const struct math_node *node,
		       struct math_value *out_value)
{
	size_t period = 0;
	enum err err = ERR_OK;

	for (size_t i = 0; i < 2; i++) {
		if (node->children[i]->kind != NODE_TEXT)
			return math_refuse(run, node->children[i], STR("A text is expected"));
	}
	if (node->child_count == 3)
		err = index_of(run, node, 2, &period);
	if (err)
		return err;
	if (!run->source->search)
		return math_refuse(run, node, STR("SEARCH is not supported here"));
	err = run->source->search(run->source->context, node->children[0]->text,
				  node->children[1]->text, (uint32_t)period, out_value);
	if (err == ERR_INVALID)
		return math_refuse(run, node, STR("The search expression is invalid"));
	return err;
}

/* ---- the table ---- */

static const struct math_function functions[] = {
	{STR_INIT("ABS"), 1, 1, each_value, VALUE_ABS},
	{STR_INIT("AVG"), 1, 1, aggregate, MATH_AVG},
	{STR_INIT("CEIL"), 1, 1, each_value, VALUE_CEIL},
	{STR_INIT("DATAPOINT_COUNT"), 1, 1, aggregate, MATH_COUNT},
	{STR_INIT("DATE"), 1, 1, math_date, MATH_DATE},
	{STR_INIT("DAY"), 1, 1, math_date, MATH_DAY},
	{STR_INIT("DIFF"), 1, 1, math_difference, MATH_DIFF},
	{STR_INIT("DIFF_TIME"), 1, 1, math_difference, MATH_DIFF_TIME},
	{STR_INIT("EPOCH"), 1, 1, math_date, MATH_EPOCH},
	{STR_INIT("FILL"), 2, 2, math_fill, 0},
	{STR_INIT("FIRST"), 1, 1, first_or_last, MATH_FIRST},
	{STR_INIT("FLOOR"), 1, 1, each_value, VALUE_FLOOR},
	{STR_INIT("HOUR"), 1, 1, math_date, MATH_HOUR},
	{STR_INIT("IF"), 2, 3, math_if, 0},
	{STR_INIT("LAST"), 1, 1, first_or_last, MATH_LAST},
	{STR_INIT("LOG"), 1, 1, each_value, VALUE_LOG},
	{STR_INIT("LOG10"), 1, 1, each_value, VALUE_LOG10},
	{STR_INIT("MAX"), 1, 1, aggregate, MATH_MAX},
	{STR_INIT("METRIC_COUNT"), 1, 1, count_series, 0},
	{STR_INIT("METRICS"), 0, 1, metrics, 0},
	{STR_INIT("MIN"), 1, 1, aggregate, MATH_MIN},
	{STR_INIT("MINUTE"), 1, 1, math_date, MATH_MINUTE},
	{STR_INIT("MONTH"), 1, 1, math_date, MATH_MONTH},
	{STR_INIT("PERIOD"), 1, 1, math_period, 0},
	{STR_INIT("RATE"), 1, 1, math_difference, MATH_RATE},
	{STR_INIT("REMOVE_EMPTY"), 1, 1, remove_empty, 0},
	{STR_INIT("RUNNING_SUM"), 1, 1, math_difference, MATH_RUNNING_SUM},
	{STR_INIT("SEARCH"), 2, 3, search, 0},
	{STR_INIT("SLICE"), 2, 3, slice, 0},
	{STR_INIT("SORT"), 3, 4, sort, 0},
	{STR_INIT("STDDEV"), 1, 1, aggregate, MATH_STDDEV},
	{STR_INIT("SUM"), 1, 1, aggregate, MATH_SUM},
	{STR_INIT("TIME_SERIES"), 1, 1, math_time_series, 0},
	{STR_INIT("YEAR"), 1, 1, math_date, MATH_YEAR},
};

static const struct str refused[] = {STR_INIT("ANOMALY_DETECTION_BAND"),
				     STR_INIT("DB_PERF_INSIGHTS"), STR_INIT("INSIGHT_RULE_METRIC"),
				     STR_INIT("LAMBDA"), STR_INIT("SERVICE_QUOTA")};

const struct math_function *math_function_find(struct str name)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		if (str_equal(functions[i].name, name))
			return &functions[i];
	}
	return NULL;
}

bool math_function_is_refused(struct str name)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (str_equal(refused[i], name))
			return true;
	}
	return false;
}
