/* SPDX-License-Identifier: MIT */
/* metric_query: a label names what sets a metric apart from the request's others. */
#include "services/cloudwatch/metric_query.h"

#include "services/cloudwatch/metric_key.h"

#include <stdlib.h>

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

enum err cloudwatch_query(struct call *call, const struct cloudwatch_get_metric_data_in *in,
			  struct cloudwatch_results *out_results)
{
	struct differences differ = find_differences(in);

	out_results->items =
		arena_array(call->arena, struct cloudwatch_result, in->metric_data_queries_count);
	for (size_t i = 0; i < in->metric_data_queries_count; i++) {
		const struct cloudwatch_metric_data_query *query = &in->metric_data_queries[i];
		struct cloudwatch_result *result = &out_results->items[out_results->count];
		if (!query->metric_stat)
			return fail(call, &CLOUDWATCH_VALIDATION,
				    "Metric math is not served: the expression of '%.*s' cannot "
				    "be evaluated.",
				    STR_ARG(query->id));
		if (query->has_return_data && !query->return_data)
			continue;
		result->id = query->id;
		result->label = label_of(call, in, query, differ);
		enum err err = read_metric(call, in, query->metric_stat, result);
		if (err)
			return err;
		out_results->count++;
	}
	return ERR_OK;
}
