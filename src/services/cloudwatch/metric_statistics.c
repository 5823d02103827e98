/* SPDX-License-Identifier: MIT */
/*
 * metric_statistics: GetMetricStatistics. Without a unit, each unit has datapoints of its own.
 */
#include "services/cloudwatch/metric_key.h"

#include "core/authorize.h"
#include "metric/statistic.h"

enum { DATAPOINTS_MAX = 1440, STATISTICS_MAX = 10 };

struct asked {
	struct call *call;
	const struct cloudwatch_get_metric_statistics_in *in;
	struct metric_range range;
	struct metric_statistic extended[STATISTICS_MAX];
	struct cloudwatch_get_metric_statistics_out *out;
	size_t room;
};

static enum err check_statistics(struct asked *asked)
{
	const struct cloudwatch_get_metric_statistics_in *in = asked->in;

	if (in->statistics_count == 0 && in->extended_statistics_count == 0)
		return fail(asked->call, &CLOUDWATCH_INVALID_PARAMETER_COMBINATION,
			    "At least one of the parameters Statistics and ExtendedStatistics "
			    "must be specified.");
	if (in->statistics_count > 0 && in->extended_statistics_count > 0)
		return fail(asked->call, &CLOUDWATCH_INVALID_PARAMETER_COMBINATION,
			    "The parameters Statistics and ExtendedStatistics are mutually "
			    "exclusive and you have specified both.");
	for (size_t i = 0; i < in->extended_statistics_count; i++)
		if (!metric_statistic_parse(in->extended_statistics[i], &asked->extended[i]))
			return fail(asked->call, &CLOUDWATCH_INVALID_PARAMETER_VALUE,
				    "The value %.*s for parameter ExtendedStatistics is invalid.",
				    STR_ARG(in->extended_statistics[i]));
	return ERR_OK;
}

static enum err check_range(struct asked *asked)
{
	const struct cloudwatch_get_metric_statistics_in *in = asked->in;
	struct call *call = asked->call;

	if (in->start_time >= in->end_time)
		return fail(call, &CLOUDWATCH_INVALID_PARAMETER_VALUE,
			    "The parameter StartTime must be less than the parameter EndTime.");
	if (!cloudwatch_is_period(in->period))
		return fail(call, &CLOUDWATCH_INVALID_PARAMETER_VALUE,
			    "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.");
	int64_t start_s = cloudwatch_seconds(in->start_time);
	asked->range = (struct metric_range){
		.start_s = cloudwatch_round_start(start_s, in->period, clock_now_ms() / 1000),
		.end_s = cloudwatch_seconds_up(in->end_time),
		.period_s = (uint32_t)in->period,
		.skips_samples = in->extended_statistics_count == 0,
	};
	int64_t most = (asked->range.end_s - asked->range.start_s + in->period - 1) / in->period;
	if (most > DATAPOINTS_MAX)
		return fail(call, &CLOUDWATCH_INVALID_PARAMETER_COMBINATION,
			    "You have requested up to %lld datapoints, which exceeds the limit of "
			    "%d. You may reduce the datapoints requested by increasing Period, or "
			    "decreasing the time range.",
			    (long long)most, DATAPOINTS_MAX);
	return ERR_OK;
}

/* ---- datapoints ---- */

static void put_plain(struct cloudwatch_datapoint *datapoint, struct str name,
		      const struct metric_point *point)
{
	static const struct metric_statistic average = {.kind = METRIC_AVERAGE};

	if (str_equal(name, STR("SampleCount"))) {
		datapoint->has_sample_count = true;
		datapoint->sample_count = point->count;
	} else if (str_equal(name, STR("Sum"))) {
		datapoint->has_sum = true;
		datapoint->sum = point->sum;
	} else if (str_equal(name, STR("Average"))) {
		datapoint->has_average = metric_statistic_of(&average, point, &datapoint->average);
	} else if (str_equal(name, STR("Minimum"))) {
		datapoint->has_minimum = true;
		datapoint->minimum = point->min;
	} else {
		datapoint->has_maximum = true;
		datapoint->maximum = point->max;
	}
}

/* Points whose samples are not known have no percentiles, and so no datapoint. */
static bool put_extended(const struct asked *asked, struct cloudwatch_datapoint *datapoint,
			 const struct metric_point *point)
{
	size_t count = asked->in->extended_statistics_count;

	if (count == 0)
		return true;
	datapoint->extended_statistics =
		arena_alloc(asked->call->arena, count * sizeof(*datapoint->extended_statistics));
	for (size_t i = 0; i < count; i++) {
		double value;
		if (!metric_statistic_of(&asked->extended[i], point, &value))
			continue;
		size_t at = datapoint->extended_statistics_count++;
		datapoint->extended_statistics[at].key = asked->in->extended_statistics[i];
		datapoint->extended_statistics[at].value = value;
	}
	return datapoint->extended_statistics_count > 0;
}

static void add_points(struct asked *asked, const struct metric_points *points)
{
	struct cloudwatch_get_metric_statistics_out *out = asked->out;

	for (size_t i = 0; i < points->count && out->datapoints_count < asked->room; i++) {
		struct cloudwatch_datapoint *datapoint = &out->datapoints[out->datapoints_count];
		datapoint->has_timestamp = true;
		datapoint->timestamp = points->items[i].time_s * 1000;
		datapoint->unit = points->unit;
		for (size_t j = 0; j < asked->in->statistics_count; j++)
			put_plain(datapoint, asked->in->statistics[j], &points->items[i]);
		if (put_extended(asked, datapoint, &points->items[i]))
			out->datapoints_count++;
		else
			*datapoint = (struct cloudwatch_datapoint){0};
	}
}

static enum err read_points(struct asked *asked)
{
	const struct cloudwatch_get_metric_statistics_in *in = asked->in;
	struct call *call = asked->call;
	struct metric_key key = cloudwatch_key(call, in->namespace, in->metric_name, in->dimensions,
					       in->dimensions_count, in->unit);
	struct metric_points points;

	enum err err = metric_read(call->core, call->arena, &key, asked->range, &points);
	if (err)
		return err;
	asked->room = (DATAPOINTS_MAX + 1) * (points.unit_count + 1);
	asked->out->datapoints = arena_array(call->arena, struct cloudwatch_datapoint, asked->room);
	if (points.unit_count <= 1) {
		add_points(asked, &points);
		return ERR_OK;
	}
	const struct str *units = points.units;
	size_t count = points.unit_count;
	for (size_t i = 0; i < count && !err; i++) {
		key.unit = units[i];
		err = metric_read(call->core, call->arena, &key, asked->range, &points);
		if (!err)
			add_points(asked, &points);
	}
	return err;
}

enum err cloudwatch_get_metric_statistics(struct call *call,
					  const struct cloudwatch_get_metric_statistics_in *in,
					  struct cloudwatch_get_metric_statistics_out *out)
{
	struct asked asked = {.call = call, .in = in, .out = out};

	enum err err = call_authorize_any(call, STR("cloudwatch:GetMetricStatistics"));
	if (!err)
		err = check_statistics(&asked);
	if (!err)
		err = check_range(&asked);
	if (err)
		return err;
	out->label = in->metric_name;
	return read_points(&asked);
}
