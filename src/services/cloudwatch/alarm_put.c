/* SPDX-License-Identifier: MIT */
/* alarm_put: PutMetricAlarm, and the checks that AWS makes of its settings. */
#include "services/cloudwatch/alarm_put.h"
#include "alarm/reason.h"
#include "metric/math/expression.h"
#include "services/cloudwatch/alarm_call.h"
#include "services/cloudwatch/alarm_change.h"
#include "services/cloudwatch/alarm_watch.h"
#include "services/cloudwatch/metric_key.h"
#include "services/cloudwatch/metric_query.h"

enum { DAY_S = 86400, WEEK_S = 604800, HOUR_S = 3600, QUERIES_MAX = 20, METRICS_MAX = 10 };

/* ---- queries ---- */

static enum err check_statistic(struct call *call, struct str text)
{
	struct metric_statistic statistic;

	if (metric_statistic_parse(text, &statistic))
		return ERR_OK;
	return fail(call, &CLOUDWATCH_VALIDATION,
		    "The value %.*s for parameter ExtendedStatistic is not supported.",
		    STR_ARG(text));
}

static enum err check_period(struct call *call, int64_t period_s)
{
	if (period_s == 10 || period_s == 20 || period_s == 30 ||
	    (period_s > 0 && period_s % 60 == 0))
		return ERR_OK;
	return fail(call, &CLOUDWATCH_VALIDATION, "Period must be 10, 20, 30 or a multiple of 60");
}

struct names {
	const struct cloudwatch_put_metric_alarm_in *in;
	struct str unknown;
};

static void check_name(void *context, struct str id)
{
	struct names *names = context;

	for (size_t i = 0; i < names->in->metrics_count; i++) {
		if (str_equal(names->in->metrics[i].id, id))
			return;
	}
	if (!names->unknown.data)
		names->unknown = id;
}

static enum err check_expression(struct call *call, const struct cloudwatch_put_metric_alarm_in *in,
				 const struct cloudwatch_metric_data_query *query)
{
	const struct math_expression *expression;
	struct math_problem problem = {0};
	struct names names = {.in = in};

	if (math_parse(call->arena, query->expression, &expression, &problem) != ERR_OK)
		return fail(call, &CLOUDWATCH_VALIDATION, "Error in expression '%.*s': %.*s",
			    STR_ARG(query->id), STR_ARG(problem.text));
	math_each_id(expression, check_name, &names);
	if (names.unknown.data)
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "Error in expression '%.*s': Unknown identifier '%.*s'",
			    STR_ARG(query->id), STR_ARG(names.unknown));
	if (math_uses_search(expression))
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "SEARCH is not supported on Metric Alarms.");
	return ERR_OK;
}

static enum err check_query(struct call *call, const struct cloudwatch_put_metric_alarm_in *in,
			    const struct cloudwatch_metric_data_query *query)
{
	if (!cloudwatch_is_query_id(query->id))
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "The value %.*s for parameter Id is invalid: it must begin with a "
			    "lower-case letter and have letters, digits and underscores only",
			    STR_ARG(query->id));
	if (!query->metric_stat == !query->expression.data)
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "Exactly one of MetricStat and Expression must be specified for '%.*s'",
			    STR_ARG(query->id));
	if (query->expression.data)
		return check_expression(call, in, query);
	enum err err = check_period(call, query->metric_stat->period);
	return err ? err : check_statistic(call, query->metric_stat->stat);
}

static enum err check_queries(struct call *call, const struct cloudwatch_put_metric_alarm_in *in)
{
	size_t returned = 0;

	if (in->metric_name.data || in->namespace.data || in->statistic.data ||
	    in->extended_statistic.data || in->has_period || in->unit.data ||
	    in->dimensions_count > 0)
		return fail(call, &CLOUDWATCH_INVALID_PARAMETER_COMBINATION,
			    "The parameters Metrics and MetricName, Namespace, Dimensions, Period, "
			    "Unit, Statistic and ExtendedStatistic are mutually exclusive.");
	if (in->metrics_count > QUERIES_MAX)
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "The collection Metrics must not have a size greater than %d.",
			    QUERIES_MAX);
	for (size_t i = 0; i < in->metrics_count; i++) {
		const struct cloudwatch_metric_data_query *query = &in->metrics[i];
		enum err err = check_query(call, in, query);

		for (size_t k = 0; !err && k < i; k++) {
			if (str_equal(in->metrics[k].id, query->id))
				err = fail(
					call, &CLOUDWATCH_VALIDATION,
					"The values for parameter id in Metrics must be unique.");
		}
		if (err)
			return err;
		returned += !query->has_return_data || query->return_data;
	}
	if (returned == 1)
		return ERR_OK;
	return fail(call, &CLOUDWATCH_VALIDATION,
		    "Exactly one element of the metrics list should return data.");
}

/* ---- one metric ---- */

static enum err missing(struct call *call, const char *name)
{
	return fail(call, &CLOUDWATCH_MISSING_PARAMETER, "The parameter %s is required.", name);
}

static enum err check_metric(struct call *call, const struct cloudwatch_put_metric_alarm_in *in)
{
	if (!in->metric_name.data)
		return missing(call, "MetricName");
	if (!in->namespace.data)
		return missing(call, "Namespace");
	if (!in->has_period)
		return missing(call, "Period");
	if (in->statistic.data && in->extended_statistic.data)
		return fail(call, &CLOUDWATCH_INVALID_PARAMETER_COMBINATION,
			    "The parameters Statistic and ExtendedStatistic are mutually exclusive "
			    "and you have specified both.");
	if (!in->statistic.data && !in->extended_statistic.data)
		return missing(call, "Statistic");
	enum err err = check_period(call, in->period);
	if (!err && in->extended_statistic.data)
		err = check_statistic(call, in->extended_statistic);
	return err;
}

/* ---- the evaluation ---- */

static enum err check_choices(struct call *call, const struct cloudwatch_put_metric_alarm_in *in)
{
	struct str low = in->evaluate_low_sample_count_percentile;
	enum alarm_missing treatment;

	if (in->treat_missing_data.data && !alarm_missing_parse(in->treat_missing_data, &treatment))
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "Option %.*s is not supported. Supported options for parameter "
			    "TreatMissingData are breaching, notBreaching, ignore, and missing.",
			    STR_ARG(in->treat_missing_data));
	if (low.data && !str_equal(low, STR("evaluate")) && !str_equal(low, STR("ignore")))
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "Option %.*s is not supported. Supported options for parameter "
			    "EvaluateLowSampleCountPercentile are evaluate and ignore.",
			    STR_ARG(low));
	if (low.data && !in->extended_statistic.data && in->metrics_count == 0)
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "EvaluateLowSampleCountPercentile is supported for percentiles only.");
	return ERR_OK;
}

static enum err check_unserved(struct call *call, const struct cloudwatch_put_metric_alarm_in *in)
{
	enum alarm_comparison comparison;

	if (in->evaluation_criteria)
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "Alarms on PromQL queries are not supported.");
	if (in->threshold_metric_id.data ||
	    (in->comparison_operator.data &&
	     !alarm_comparison_parse(in->comparison_operator, &comparison)))
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "Alarms on anomaly detection models are not supported.");
	return ERR_OK;
}

static enum err check_evaluation(struct call *call, const struct cloudwatch_put_metric_alarm_in *in)
{
	if (!in->comparison_operator.data)
		return missing(call, "ComparisonOperator");
	if (!in->has_evaluation_periods)
		return missing(call, "EvaluationPeriods");
	if (!in->has_threshold)
		return missing(call, "Threshold");
	if (in->has_datapoints_to_alarm && in->datapoints_to_alarm > in->evaluation_periods)
		return fail(call, &CLOUDWATCH_VALIDATION,
			    "DatapointsToAlarm must be less than or equal to EvaluationPeriods.");
	return check_choices(call, in);
}

/* Of the settings as they are stored. */
static enum err check_span(struct call *call, const struct cloudwatch_metric_alarm *shown)
{
	int64_t period_s = alarm_period_of(shown);
	int64_t most_s = period_s >= HOUR_S ? WEEK_S : DAY_S;

	if (shown->evaluation_periods <= most_s / period_s)
		return ERR_OK;
	return fail(call, &CLOUDWATCH_VALIDATION,
		    "Metrics cannot be checked across more than %s (EvaluationPeriods * Period "
		    "must be <= %lld).",
		    most_s == DAY_S ? "a day" : "seven days", (long long)most_s);
}

static void copy_settings(const struct cloudwatch_put_metric_alarm_in *in,
			  struct cloudwatch_metric_alarm *shown)
{
	*shown = (struct cloudwatch_metric_alarm){
		.alarm_description = in->alarm_description,
		.ok_actions = in->ok_actions,
		.ok_actions_count = in->ok_actions_count,
		.alarm_actions = in->alarm_actions,
		.alarm_actions_count = in->alarm_actions_count,
		.insufficient_data_actions = in->insufficient_data_actions,
		.insufficient_data_actions_count = in->insufficient_data_actions_count,
		.metric_name = in->metric_name,
		.namespace = in->namespace,
		.statistic = in->statistic,
		.extended_statistic = in->extended_statistic,
		.dimensions = in->dimensions,
		.dimensions_count = in->dimensions_count,
		.period = in->period,
		.has_period = in->has_period,
		.unit = in->unit,
		.evaluation_periods = in->evaluation_periods,
		.has_evaluation_periods = true,
		.datapoints_to_alarm = in->datapoints_to_alarm,
		.has_datapoints_to_alarm = in->has_datapoints_to_alarm,
		.threshold = in->threshold,
		.has_threshold = true,
		.comparison_operator = in->comparison_operator,
		.treat_missing_data = in->treat_missing_data,
		.evaluate_low_sample_count_percentile = in->evaluate_low_sample_count_percentile,
		.metrics = in->metrics,
		.metrics_count = in->metrics_count,
		.evaluation_window = in->evaluation_window,
		.action_configuration = in->action_configuration,
	};
}

enum err cloudwatch_alarm_room(struct call *call, const struct cloudwatch_alarm *old)
{
	if (old || cloudwatch_alarm_count(cloudwatch_alarms_of(call->core), call->account,
					  call->region) < LIMIT_ALARMS)
		return ERR_OK;
	return fail(call, &CLOUDWATCH_LIMIT_EXCEEDED_FAULT,
		    "The maximum number of alarms has been reached: %d.", LIMIT_ALARMS);
}

struct cloudwatch_alarm cloudwatch_alarm_draft_of(struct call *call,
						  const struct cloudwatch_alarm *old,
						  struct str name, bool has_disabled_actions)
{
	struct cloudwatch_alarm draft = {
		.account = call->account,
		.region = call->region,
		.name = name,
		.state = ALARM_INSUFFICIENT_DATA,
		.acted = ALARM_INSUFFICIENT_DATA,
		.reason = ALARM_REASON_INITIAL,
		.updated_ms = call->now_ms,
		.transitioned_ms = call->now_ms,
	};

	if (old)
		draft = cloudwatch_alarm_draft(old);
	draft.has_disabled_actions = has_disabled_actions;
	/* It is the version of the settings, too. */
	draft.configured_ms =
		old && old->configured_ms >= call->now_ms ? old->configured_ms + 1 : call->now_ms;
	return draft;
}

enum err cloudwatch_put_metric_alarm(struct call *call,
				     const struct cloudwatch_put_metric_alarm_in *in,
				     struct cloudwatch_put_metric_alarm_out *out)
{
	const struct cloudwatch_alarm *old = cloudwatch_alarm_of_call(call, in->alarm_name);
	struct cloudwatch_metric_alarm shown;
	const struct shape_pair *tags;

	(void)out;
	enum err err = cloudwatch_read_tags(call, in->tags, in->tags_count, &tags);
	if (!err)
		err = cloudwatch_alarm_authorize(call, STR("cloudwatch:PutMetricAlarm"),
						 in->alarm_name, old);
	if (!err)
		err = check_unserved(call, in);
	if (!err)
		err = in->metrics_count > 0 ? check_queries(call, in) : check_metric(call, in);
	if (!err)
		err = check_evaluation(call, in);
	if (!err)
		err = cloudwatch_check_actions(call, in->ok_actions, in->ok_actions_count);
	if (!err)
		err = cloudwatch_check_actions(call, in->alarm_actions, in->alarm_actions_count);
	if (!err)
		err = cloudwatch_check_actions(call, in->insufficient_data_actions,
					       in->insufficient_data_actions_count);
	copy_settings(in, &shown);
	if (!err)
		err = check_span(call, &shown);
	if (!err && old && old->is_composite)
		err = fail(call, &CLOUDWATCH_VALIDATION,
			   "A composite alarm named %.*s exists already.", STR_ARG(in->alarm_name));
	if (!err)
		err = cloudwatch_alarm_room(call, old);
	if (err)
		return err;
	struct cloudwatch_alarm draft = cloudwatch_alarm_draft_of(
		call, old, in->alarm_name, in->has_actions_enabled && !in->actions_enabled);
	draft.shown = cloudwatch_alarm_encode_metric(call->arena, &shown);
	if (!old) {
		draft.tags = tags;
		draft.tag_count = in->tags_count;
	}
	struct cloudwatch_transition transition = {.before = old, .now = &draft, .metric = &shown};
	struct alarm_batch batch;
	alarm_batch_init(&batch);
	alarm_batch_configure(call->core, &batch, &transition);
	return alarm_batch_commit(call->core, &batch);
}
