/* SPDX-License-Identifier: MIT */
/*
 * metric_put: PutMetricData. All data of a request are checked before any is added. Samples are
 * read at once; like those of the minute that is open they are durable at the next minute's close.
 */
#include "services/cloudwatch/metric_key.h"

#include <math.h>

#include "core/authorize.h"

enum {
	DATA_MAX = 1000,
	VALUES_MAX = 150,
	OLDEST_MS = 1209600000, /* two weeks */
	NEWEST_MS = 7200000,	/* two hours */
};

/* The datum of a request, for the texts of faults. */
struct place {
	struct call *call;
	const struct cloudwatch_metric_datum *datum;
	size_t number; /* from 1 on */
};

static enum err fail_value(const struct place *place, const char *member, double value)
{
	return fail(place->call, &CLOUDWATCH_INVALID_PARAMETER_VALUE,
		    "The value %g for parameter MetricData.member.%zu.%s is invalid.", value,
		    place->number, member);
}

static enum err fail_both(const struct place *place, const char *one, const char *other)
{
	return fail(place->call, &CLOUDWATCH_INVALID_PARAMETER_COMBINATION,
		    "The parameters MetricData.member.%zu.%s and MetricData.member.%zu.%s are "
		    "mutually exclusive and you have specified both.",
		    place->number, one, place->number, other);
}

/* AWS takes values from -2^360 to 2^360. */
static bool is_value(double value)
{
	return isfinite(value) && fabs(value) <= 0x1p360;
}

static enum err check_values(const struct place *place)
{
	const struct cloudwatch_metric_datum *datum = place->datum;

	if (datum->values_count > VALUES_MAX)
		return fail(place->call, &CLOUDWATCH_INVALID_PARAMETER_VALUE,
			    "The collection MetricData.member.%zu.Values must not have a size "
			    "greater than %d.",
			    place->number, VALUES_MAX);
	if (datum->counts && datum->counts_count != datum->values_count)
		return fail(place->call, &CLOUDWATCH_INVALID_PARAMETER_VALUE,
			    "The parameters MetricData.member.%zu.Values and "
			    "MetricData.member.%zu.Counts must be of the same size.",
			    place->number, place->number);
	for (size_t i = 0; i < datum->values_count; i++) {
		if (!is_value(datum->values[i]))
			return fail_value(place, "Values", datum->values[i]);
		if (datum->counts && (!is_value(datum->counts[i]) || datum->counts[i] <= 0))
			return fail_value(place, "Counts", datum->counts[i]);
	}
	return ERR_OK;
}

static enum err check_set(const struct place *place)
{
	const struct cloudwatch_statistic_set *set = place->datum->statistic_values;

	if (!is_value(set->sample_count) || set->sample_count <= 0)
		return fail_value(place, "StatisticValues.SampleCount", set->sample_count);
	if (!is_value(set->sum))
		return fail_value(place, "StatisticValues.Sum", set->sum);
	if (!is_value(set->minimum))
		return fail_value(place, "StatisticValues.Minimum", set->minimum);
	if (!is_value(set->maximum))
		return fail_value(place, "StatisticValues.Maximum", set->maximum);
	if (set->maximum < set->minimum)
		return fail(place->call, &CLOUDWATCH_INVALID_PARAMETER_COMBINATION,
			    "The parameter MetricData.member.%zu.StatisticValues.Maximum must be "
			    "greater than MetricData.member.%zu.StatisticValues.Minimum.",
			    place->number, place->number);
	return ERR_OK;
}

static enum err check_samples(const struct place *place)
{
	const struct cloudwatch_metric_datum *datum = place->datum;

	if (datum->has_value && datum->values)
		return fail_both(place, "Value", "Values");
	if (datum->has_value && datum->statistic_values)
		return fail_both(place, "Value", "StatisticValues");
	if (datum->values && datum->statistic_values)
		return fail_both(place, "Values", "StatisticValues");
	if (datum->statistic_values)
		return check_set(place);
	if (datum->has_value)
		return is_value(datum->value) ? ERR_OK : fail_value(place, "Value", datum->value);
	if (datum->values_count == 0)
		return fail(place->call, &CLOUDWATCH_INVALID_PARAMETER_COMBINATION,
			    "At least one of the parameters must be specified.");
	return check_values(place);
}

static enum err check_dimensions(const struct place *place)
{
	const struct cloudwatch_metric_datum *datum = place->datum;

	for (size_t i = 0; i < datum->dimensions_count; i++)
		for (size_t j = 0; j < i; j++)
			if (str_equal(datum->dimensions[i].name, datum->dimensions[j].name))
				return fail(place->call, &CLOUDWATCH_INVALID_PARAMETER_VALUE,
					    "No Metric may specify the same dimension name twice.");
	return ERR_OK;
}

static enum err check_datum(const struct place *place)
{
	const struct cloudwatch_metric_datum *datum = place->datum;
	int64_t now_ms = clock_now_ms();

	if (datum->has_timestamp && datum->timestamp < now_ms - OLDEST_MS)
		return fail(place->call, &CLOUDWATCH_INVALID_PARAMETER_VALUE,
			    "The parameter MetricData.member.%zu.Timestamp must specify a time "
			    "within the past two weeks.",
			    place->number);
	if (datum->has_timestamp && datum->timestamp > now_ms + NEWEST_MS)
		return fail(place->call, &CLOUDWATCH_INVALID_PARAMETER_VALUE,
			    "The parameter MetricData.member.%zu.Timestamp must specify a time no "
			    "more than two hours in the future.",
			    place->number);
	if (datum->has_storage_resolution && datum->storage_resolution != 1 &&
	    datum->storage_resolution != 60)
		return fail(place->call, &CLOUDWATCH_INVALID_PARAMETER_VALUE,
			    "The value %lld for parameter MetricData.member.%zu.StorageResolution "
			    "is invalid.",
			    (long long)datum->storage_resolution, place->number);
	enum err err = check_dimensions(place);
	return err ? err : check_samples(place);
}

static enum err check_data(struct call *call, const struct cloudwatch_metric_datum *data,
			   size_t count)
{
	if (count > DATA_MAX)
		return fail(call, &CLOUDWATCH_INVALID_PARAMETER_VALUE,
			    "The collection MetricData must not have a size greater than %d.",
			    DATA_MAX);
	for (size_t i = 0; i < count; i++) {
		const struct place place = {call, &data[i], i + 1};
		enum err err = check_datum(&place);
		if (err)
			return err;
	}
	return ERR_OK;
}

/* ---- adding ---- */

/* False: there is no room for the metric. */
static bool add_datum(struct call *call, struct str name_space,
		      const struct cloudwatch_metric_datum *datum)
{
	struct metric_key key =
		cloudwatch_key(call, name_space, datum->metric_name, datum->dimensions,
			       datum->dimensions_count, datum->unit);
	int64_t time_s =
		cloudwatch_seconds(datum->has_timestamp ? datum->timestamp : clock_now_ms());
	uint32_t step_s = datum->storage_resolution == 1 ? 1 : 60;

	if (datum->statistic_values) {
		const struct cloudwatch_statistic_set *set = datum->statistic_values;
		const struct metric_point point = {.time_s = time_s,
						   .count = set->sample_count,
						   .sum = set->sum,
						   .min = set->minimum,
						   .max = set->maximum};
		return metric_put(call->core, &key, step_s, &point);
	}
	struct metric_point sum = {.time_s = time_s};
	if (datum->has_value)
		sum = metric_point_of(time_s, datum->value, 1);
	for (size_t i = 0; i < datum->values_count; i++) {
		const struct metric_point point = metric_point_of(
			time_s, datum->values[i], datum->counts ? datum->counts[i] : 1);
		metric_point_add(call->arena, &sum, &point);
	}
	return metric_put(call->core, &key, step_s, &sum);
}

static enum err add_data(struct call *call, struct str name_space,
			 const struct cloudwatch_metric_datum *data, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!add_datum(call, name_space, &data[i]))
			return fail(call, &CLOUDWATCH_LIMIT_EXCEEDED_FAULT,
				    "The server keeps no more than %d metrics.",
				    LIMIT_METRIC_SERIES);
	return ERR_OK;
}

enum err cloudwatch_put_metric_data(struct call *call,
				    const struct cloudwatch_put_metric_data_in *in,
				    struct cloudwatch_put_metric_data_out *out)
{
	(void)out;
	call_add_key(call, STR("cloudwatch:namespace"), &in->namespace, 1);
	enum err err = call_authorize_any(call, STR("cloudwatch:PutMetricData"));
	if (err)
		return err;
	if (str_starts(in->namespace, STR("AWS/")))
		return fail(call, &CLOUDWATCH_INVALID_PARAMETER_VALUE,
			    "The value AWS/ for parameter Namespace is invalid.");
	if (in->metric_data_count == 0 && in->entity_metric_data_count == 0)
		return fail(call, &CLOUDWATCH_MISSING_PARAMETER,
			    "The parameter MetricData is required.");
	err = check_data(call, in->metric_data, in->metric_data_count);
	for (size_t i = 0; i < in->entity_metric_data_count && !err; i++)
		err = check_data(call, in->entity_metric_data[i].metric_data,
				 in->entity_metric_data[i].metric_data_count);
	if (!err)
		err = add_data(call, in->namespace, in->metric_data, in->metric_data_count);
	/* The entity is what Application Signals shows beside the metric; it has no dimensions. */
	for (size_t i = 0; i < in->entity_metric_data_count && !err; i++)
		err = add_data(call, in->namespace, in->entity_metric_data[i].metric_data,
			       in->entity_metric_data[i].metric_data_count);
	return err;
}
