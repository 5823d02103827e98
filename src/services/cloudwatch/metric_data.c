/* SPDX-License-Identifier: MIT */
/*
 * metric_data: GetMetricData. All results are computed for each page; a page has at most
 * MaxDatapoints values, and its token says which result goes on where.
 */
#include "services/cloudwatch/metric_key.h"

#include "core/authorize.h"
#include "core/page.h"
#include "services/cloudwatch/metric_query.h"

enum { QUERIES_MAX = 500, DATAPOINTS_MAX = 100800 };

static enum err check_query(struct call *call, const struct cloudwatch_metric_data_query *query,
			    size_t number)
{
	struct metric_statistic statistic;

	if (!cloudwatch_is_query_id(query->id))
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "The value %.*s for parameter MetricDataQueries.member.%zu.Id is not "
			    "matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.",
			    STR_ARG(query->id), number);
	if (!query->metric_stat == !query->expression.data)
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "Exactly one of the parameters MetricDataQueries.member.%zu.MetricStat "
			    "and MetricDataQueries.member.%zu.Expression must be specified.",
			    number, number);
	if (query->has_period && !cloudwatch_is_period(query->period))
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "The value %lld for parameter MetricDataQueries.member.%zu.Period is "
			    "invalid.",
			    (long long)query->period, number);
	const struct cloudwatch_metric_stat *stat = query->metric_stat;
	if (!stat)
		return ERR_OK;
	if (!cloudwatch_is_period(stat->period))
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "The value %lld for parameter MetricDataQueries.member.%zu."
			    "MetricStat.Period is invalid.",
			    (long long)stat->period, number);
	if (!metric_statistic_parse(stat->stat, &statistic))
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "The value %.*s for parameter MetricDataQueries.member.%zu.MetricStat."
			    "Stat is not supported.",
			    STR_ARG(stat->stat), number);
	if (!stat->metric->namespace.data || !stat->metric->metric_name.data)
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "The parameter MetricDataQueries.member.%zu.MetricStat.Metric.%s is "
			    "required.",
			    number, stat->metric->namespace.data ? "MetricName" : "Namespace");
	return ERR_OK;
}

static enum err check_queries(struct call *call, const struct cloudwatch_get_metric_data_in *in)
{
	if (in->start_time >= in->end_time)
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "The parameter EndTime must be greater than StartTime.");
	if (in->metric_data_queries_count > QUERIES_MAX)
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "The collection MetricDataQueries must not have a size greater than "
			    "%d.",
			    QUERIES_MAX);
	if (in->has_max_datapoints &&
	    (in->max_datapoints < 1 || in->max_datapoints > DATAPOINTS_MAX))
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "The value %lld for parameter MaxDatapoints is invalid.",
			    (long long)in->max_datapoints);
	for (size_t i = 0; i < in->metric_data_queries_count; i++) {
		enum err err = check_query(call, &in->metric_data_queries[i], i + 1);
		if (err)
			return err;
		for (size_t j = 0; j < i; j++)
			if (str_equal(in->metric_data_queries[i].id, in->metric_data_queries[j].id))
				return fail(call, &CLOUDWATCH_VALIDATION,
					    "The values for parameter id in MetricDataQueries are "
					    "not unique.");
	}
	return ERR_OK;
}

/* ---- pages ---- */

struct place {
	uint64_t result, value; /* the first value of a page */
};

static enum err open_place(struct call *call, struct str token, struct place *out_place)
{
	struct str bytes;

	if (!token.data)
		return ERR_OK;
	if (page_token_open(call, token, 0, &bytes))
		return fail(call, &CLOUDWATCH_INVALID_NEXT_TOKEN,
			    "Request parameter NextToken is invalid.");
	struct byte_reader reader = byte_reader_of(bytes);
	out_place->result = byte_reader_varint(&reader);
	out_place->value = byte_reader_varint(&reader);
	check(byte_reader_is_done(&reader)); /* the token is our own */
	return ERR_OK;
}

static struct str make_token(struct call *call, struct place place)
{
	struct buf bytes = {0};

	bytes_append_varint(&bytes, place.result);
	bytes_append_varint(&bytes, place.value);
	struct str token = page_token_make(call, buf_str(&bytes));
	buf_done(&bytes);
	return token;
}

static void copy_values(struct call *call, const struct cloudwatch_result *result, size_t first,
			size_t count, bool is_ascending, struct cloudwatch_metric_data_result *out)
{
	out->timestamps = arena_array(call->arena, int64_t, count);
	out->values = arena_array(call->arena, double, count);
	for (size_t i = 0; i < count; i++) {
		size_t at = is_ascending ? first + i : result->count - 1 - first - i;
		out->timestamps[i] = result->times_s[at] * 1000;
		out->values[i] = result->values[at];
	}
	out->timestamps_count = out->values_count = count;
}

static void page_of(struct call *call, const struct cloudwatch_results *results, struct place place,
		    struct cloudwatch_get_metric_data_out *out)
{
	const struct cloudwatch_get_metric_data_in *in = call->in;
	size_t left = in->has_max_datapoints ? (size_t)in->max_datapoints : DATAPOINTS_MAX;
	bool is_ascending = str_equal(in->scan_by, STR("TimestampAscending"));

	out->metric_data_results =
		arena_array(call->arena, struct cloudwatch_metric_data_result, results->count);
	for (size_t i = (size_t)place.result; i < results->count; i++) {
		const struct cloudwatch_result *result = &results->items[i];
		size_t first = i == place.result ? (size_t)place.value : 0;
		/* The data may have become fewer since the page before. */
		size_t rest = first < result->count ? result->count - first : 0;
		size_t count = rest < left ? rest : left;
		if (rest > 0 && left == 0) {
			out->next_token = make_token(call, (struct place){i, first});
			return;
		}
		struct cloudwatch_metric_data_result *to =
			&out->metric_data_results[out->metric_data_results_count++];
		to->id = result->id;
		to->label = result->label;
		to->messages = result->messages;
		to->messages_count = result->message_count;
		to->status_code = count < rest ? STR("PartialData") : STR("Complete");
		copy_values(call, result, first, count, is_ascending, to);
		left -= count;
		if (count < rest) {
			out->next_token = make_token(call, (struct place){i, first + count});
			return;
		}
	}
}

enum err cloudwatch_get_metric_data(struct call *call,
				    const struct cloudwatch_get_metric_data_in *in,
				    struct cloudwatch_get_metric_data_out *out)
{
	struct cloudwatch_results results = {0};
	struct place place = {0};

	enum err err = call_authorize_any(call, STR("cloudwatch:GetMetricData"));
	if (!err)
		err = check_queries(call, in);
	if (!err)
		err = open_place(call, in->next_token, &place);
	if (!err)
		err = cloudwatch_query(call, in, &results);
	if (err)
		return err;
	page_of(call, &results, place, out);
	return ERR_OK;
}
