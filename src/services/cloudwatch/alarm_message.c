/* SPDX-License-Identifier: MIT */
/*
 * alarm_message: the forms of
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
 * and of recorded notifications. Numbers are written as Java does.
 */
#include "services/cloudwatch/alarm_message.h"

#include "alarm/reason.h"
#include "format/json.h"

enum { SUBJECT_MAX = 100 };

static const struct {
	struct str region, name;
} regions[] = {
	{STR_INIT("us-east-1"), STR_INIT("US East (N. Virginia)")},
	{STR_INIT("us-east-2"), STR_INIT("US East (Ohio)")},
	{STR_INIT("us-west-1"), STR_INIT("US West (N. California)")},
	{STR_INIT("us-west-2"), STR_INIT("US West (Oregon)")},
	{STR_INIT("af-south-1"), STR_INIT("Africa (Cape Town)")},
	{STR_INIT("ap-east-1"), STR_INIT("Asia Pacific (Hong Kong)")},
	{STR_INIT("ap-south-1"), STR_INIT("Asia Pacific (Mumbai)")},
	{STR_INIT("ap-south-2"), STR_INIT("Asia Pacific (Hyderabad)")},
	{STR_INIT("ap-southeast-1"), STR_INIT("Asia Pacific (Singapore)")},
	{STR_INIT("ap-southeast-2"), STR_INIT("Asia Pacific (Sydney)")},
	{STR_INIT("ap-southeast-3"), STR_INIT("Asia Pacific (Jakarta)")},
	{STR_INIT("ap-southeast-4"), STR_INIT("Asia Pacific (Melbourne)")},
	{STR_INIT("ap-northeast-1"), STR_INIT("Asia Pacific (Tokyo)")},
	{STR_INIT("ap-northeast-2"), STR_INIT("Asia Pacific (Seoul)")},
	{STR_INIT("ap-northeast-3"), STR_INIT("Asia Pacific (Osaka)")},
	{STR_INIT("ca-central-1"), STR_INIT("Canada (Central)")},
	{STR_INIT("ca-west-1"), STR_INIT("Canada West (Calgary)")},
	{STR_INIT("cn-north-1"), STR_INIT("China (Beijing)")},
	{STR_INIT("cn-northwest-1"), STR_INIT("China (Ningxia)")},
	{STR_INIT("eu-central-1"), STR_INIT("EU (Frankfurt)")},
	{STR_INIT("eu-central-2"), STR_INIT("Europe (Zurich)")},
	{STR_INIT("eu-west-1"), STR_INIT("EU (Ireland)")},
	{STR_INIT("eu-west-2"), STR_INIT("EU (London)")},
	{STR_INIT("eu-west-3"), STR_INIT("EU (Paris)")},
	{STR_INIT("eu-north-1"), STR_INIT("EU (Stockholm)")},
	{STR_INIT("eu-south-1"), STR_INIT("EU (Milan)")},
	{STR_INIT("eu-south-2"), STR_INIT("Europe (Spain)")},
	{STR_INIT("il-central-1"), STR_INIT("Israel (Tel Aviv)")},
	{STR_INIT("me-central-1"), STR_INIT("Middle East (UAE)")},
	{STR_INIT("me-south-1"), STR_INIT("Middle East (Bahrain)")},
	{STR_INIT("sa-east-1"), STR_INIT("South America (Sao Paulo)")},
};

struct str cloudwatch_region_name(struct str region)
{
	for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
		if (str_equal(regions[i].region, region))
			return regions[i].name;
	}
	return region;
}

/* ---- JSON ---- */

static void put(struct json_writer *writer, const char *name, struct str text)
{
	json_key(writer, str_from(name));
	if (text.data)
		json_str(writer, text);
	else
		json_null(writer);
}

static void put_if(struct json_writer *writer, const char *name, struct str text)
{
	if (text.data)
		put(writer, name, text);
}

static void put_number(struct json_writer *writer, const char *name, double value)
{
	json_key(writer, str_from(name));
	alarm_number_append(writer->out, value);
	writer->needs_comma = true;
}

static void put_whole(struct json_writer *writer, const char *name, int64_t value)
{
	json_key(writer, str_from(name));
	json_i64(writer, value);
}

static void put_raw(struct json_writer *writer, const char *name, struct str json)
{
	json_key(writer, str_from(name));
	buf_append(writer->out, json);
	writer->needs_comma = true;
}

static void put_time(struct json_writer *writer, const char *name, int64_t time_ms)
{
	struct buf text = {0};

	alarm_time_append(&text, time_ms);
	put(writer, name, buf_str(&text));
	buf_done(&text);
}

static void put_list(struct json_writer *writer, const char *name, const struct str *items,
		     size_t count)
{
	json_key(writer, str_from(name));
	json_open_array(writer);
	for (size_t i = 0; i < count; i++)
		json_str(writer, items[i]);
	json_close_array(writer);
}

static struct str take(struct arena *arena, struct buf *out)
{
	struct str copy = arena_copy(arena, buf_str(out));

	buf_done(out);
	return copy;
}

/* ---- notifications ---- */

struct str cloudwatch_alarm_subject(struct arena *arena,
				    const struct cloudwatch_transition *transition)
{
	struct str subject = arena_format(arena, "%.*s: \"%.*s\" in %.*s",
					  STR_ARG(alarm_state_name(transition->now->state)),
					  STR_ARG(transition->now->name),
					  STR_ARG(cloudwatch_region_name(transition->now->region)));
	size_t end = 0;

	for (size_t count = 0; end < subject.size && count < SUBJECT_MAX; count++)
		end += str_utf8_sequence(str_slice(subject, end, SIZE_MAX));
	return str_slice(subject, 0, end);
}

static struct str upper(struct arena *arena, struct str text)
{
	char *copy = arena_bytes(arena, text.size);

	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		copy[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
	}
	return str_of(copy, text.size);
}

/* Statistics of notifications: "SAMPLE_COUNT", "AVERAGE". */
static struct str statistic_name(struct arena *arena, struct str statistic)
{
	if (str_equal(statistic, STR("SampleCount")))
		return STR("SAMPLE_COUNT");
	return upper(arena, statistic);
}

static void put_dimensions(struct json_writer *writer, const char *name,
			   const struct cloudwatch_dimension *dimensions, size_t count)
{
	json_key(writer, str_from(name));
	json_open_array(writer);
	for (size_t i = 0; i < count; i++) {
		json_open_object(writer);
		put(writer, "value", dimensions[i].value);
		put(writer, "name", dimensions[i].name);
		json_close_object(writer);
	}
	json_close_array(writer);
}

static void put_query(struct json_writer *writer, const struct cloudwatch_metric_data_query *query)
{
	json_open_object(writer);
	put_if(writer, "Expression", query->expression);
	put(writer, "Id", query->id);
	put_if(writer, "Label", query->label);
	if (query->metric_stat) {
		const struct cloudwatch_metric *metric = query->metric_stat->metric;

		json_key(writer, STR("MetricStat"));
		json_open_object(writer);
		json_key(writer, STR("Metric"));
		json_open_object(writer);
		put_dimensions(writer, "Dimensions", metric->dimensions, metric->dimensions_count);
		put(writer, "MetricName", metric->metric_name);
		put(writer, "Namespace", metric->namespace);
		json_close_object(writer);
		put_whole(writer, "Period", query->metric_stat->period);
		put(writer, "Stat", query->metric_stat->stat);
		put_if(writer, "Unit", query->metric_stat->unit);
		json_close_object(writer);
	}
	json_key(writer, STR("ReturnData"));
	json_bool(writer, !query->has_return_data || query->return_data);
	json_close_object(writer);
}

static void put_trigger(struct arena *arena, struct json_writer *writer,
			const struct cloudwatch_metric_alarm *alarm)
{
	json_key(writer, STR("Trigger"));
	json_open_object(writer);
	if (alarm->metrics_count == 0) {
		bool is_extended = alarm->extended_statistic.data != NULL;

		put(writer, "MetricName", alarm->metric_name);
		put(writer, "Namespace", alarm->namespace);
		put(writer, "StatisticType",
		    is_extended ? STR("ExtendedStatistic") : STR("Statistic"));
		if (is_extended)
			put(writer, "ExtendedStatistic", alarm->extended_statistic);
		else
			put(writer, "Statistic", statistic_name(arena, alarm->statistic));
		put(writer, "Unit", alarm->unit);
		put_dimensions(writer, "Dimensions", alarm->dimensions, alarm->dimensions_count);
		put_whole(writer, "Period", alarm->period);
	}
	put_whole(writer, "EvaluationPeriods", alarm->evaluation_periods);
	if (alarm->has_datapoints_to_alarm)
		put_whole(writer, "DatapointsToAlarm", alarm->datapoints_to_alarm);
	put(writer, "ComparisonOperator", alarm->comparison_operator);
	put_number(writer, "Threshold", alarm->threshold);
	put(writer, "TreatMissingData",
	    alarm->treat_missing_data.data ? alarm->treat_missing_data : STR("missing"));
	put(writer, "EvaluateLowSampleCountPercentile",
	    alarm->evaluate_low_sample_count_percentile.data
		    ? alarm->evaluate_low_sample_count_percentile
		    : STR(""));
	if (alarm->metrics_count > 0) {
		json_key(writer, STR("Metrics"));
		json_open_array(writer);
		for (size_t i = 0; i < alarm->metrics_count; i++)
			put_query(writer, &alarm->metrics[i]);
		json_close_array(writer);
	}
	json_close_object(writer);
}

static void put_actions(struct json_writer *writer, const struct cloudwatch_transition *transition,
			const char *const names[3])
{
	const struct cloudwatch_metric_alarm *metric = transition->metric;
	const struct cloudwatch_composite_alarm *composite = transition->composite;

	if (metric) {
		put_list(writer, names[0], metric->ok_actions, metric->ok_actions_count);
		put_list(writer, names[1], metric->alarm_actions, metric->alarm_actions_count);
		put_list(writer, names[2], metric->insufficient_data_actions,
			 metric->insufficient_data_actions_count);
		return;
	}
	put_list(writer, names[0], composite->ok_actions, composite->ok_actions_count);
	put_list(writer, names[1], composite->alarm_actions, composite->alarm_actions_count);
	put_list(writer, names[2], composite->insufficient_data_actions,
		 composite->insufficient_data_actions_count);
}

static struct str description_of(const struct cloudwatch_transition *transition)
{
	return transition->metric ? transition->metric->alarm_description
				  : transition->composite->alarm_description;
}

struct str cloudwatch_alarm_notification(struct arena *arena,
					 const struct cloudwatch_transition *transition)
{
	static const char *const actions[] = {"OKActions", "AlarmActions",
					      "InsufficientDataActions"};
	const struct cloudwatch_alarm *now = transition->now;
	struct json_writer writer;
	struct buf out = {0};

	json_begin(&writer, &out);
	json_open_object(&writer);
	put(&writer, "AlarmName", now->name);
	put(&writer, "AlarmDescription", description_of(transition));
	put(&writer, "AWSAccountId", now->account);
	put_time(&writer, "AlarmConfigurationUpdatedTimestamp", now->configured_ms);
	put(&writer, "NewStateValue", alarm_state_name(now->state));
	put(&writer, "NewStateReason", now->reason);
	put_time(&writer, "StateChangeTime", now->updated_ms);
	put(&writer, "Region", cloudwatch_region_name(now->region));
	put(&writer, "AlarmArn", cloudwatch_alarm_arn(arena, now));
	put(&writer, "OldStateValue", alarm_state_name(transition->before->state));
	put_actions(&writer, transition, actions);
	if (transition->metric)
		put_trigger(arena, &writer, transition->metric);
	else
		put(&writer, "AlarmRule", transition->composite->alarm_rule);
	if (transition->children.size > 0)
		put_raw(&writer, "TriggeringChildren", transition->children);
	json_close_object(&writer);
	return take(arena, &out);
}

/* ---- events and functions ---- */

static void put_state(struct json_writer *writer, const char *name,
		      const struct cloudwatch_alarm *alarm, bool is_brief)
{
	json_key(writer, str_from(name));
	json_open_object(writer);
	put(writer, "value", alarm_state_name(alarm->state));
	if (!is_brief) {
		put(writer, "reason", alarm->reason);
		put_if(writer, "reasonData", alarm->reason_data);
	}
	put_time(writer, "timestamp", alarm->updated_ms);
	json_close_object(writer);
}

static void put_metric_stat(struct json_writer *writer, const struct cloudwatch_metric *metric,
			    int64_t period, struct str stat, struct str unit)
{
	json_key(writer, STR("metricStat"));
	json_open_object(writer);
	json_key(writer, STR("metric"));
	json_open_object(writer);
	put(writer, "namespace", metric->namespace);
	put(writer, "name", metric->metric_name);
	json_key(writer, STR("dimensions"));
	json_open_object(writer);
	for (size_t i = 0; i < metric->dimensions_count; i++) {
		json_key(writer, metric->dimensions[i].name);
		json_str(writer, metric->dimensions[i].value);
	}
	json_close_object(writer);
	json_close_object(writer);
	put_whole(writer, "period", period);
	put(writer, "stat", stat);
	put_if(writer, "unit", unit);
	json_close_object(writer);
}

static void put_metrics(struct json_writer *writer, const struct cloudwatch_metric_alarm *alarm)
{
	json_key(writer, STR("metrics"));
	json_open_array(writer);
	if (alarm->metrics_count == 0) {
		struct cloudwatch_metric metric = {.namespace = alarm->namespace,
						   .metric_name = alarm->metric_name,
						   .dimensions = alarm->dimensions,
						   .dimensions_count = alarm->dimensions_count};
		char id[UUID_TEXT_SIZE];
		uint8_t bytes[16];

		uuid_new(bytes);
		uuid_format(bytes, id);
		json_open_object(writer);
		put(writer, "id", str_of(id, sizeof(id)));
		put_metric_stat(writer, &metric, alarm->period,
				alarm->statistic.data ? alarm->statistic
						      : alarm->extended_statistic,
				alarm->unit);
		json_key(writer, STR("returnData"));
		json_bool(writer, true);
		json_close_object(writer);
	}
	for (size_t i = 0; i < alarm->metrics_count; i++) {
		const struct cloudwatch_metric_data_query *query = &alarm->metrics[i];

		json_open_object(writer);
		put(writer, "id", query->id);
		put_if(writer, "expression", query->expression);
		put_if(writer, "label", query->label);
		if (query->metric_stat)
			put_metric_stat(writer, query->metric_stat->metric,
					query->metric_stat->period, query->metric_stat->stat,
					query->metric_stat->unit);
		json_key(writer, STR("returnData"));
		json_bool(writer, !query->has_return_data || query->return_data);
		json_close_object(writer);
	}
	json_close_array(writer);
}

/* All of the settings, or what a state change shows of them. */
static void put_configuration(struct json_writer *writer,
			      const struct cloudwatch_transition *transition, bool is_full)
{
	static const char *const actions[] = {"okActions", "alarmActions",
					      "insufficientDataActions"};
	const struct cloudwatch_metric_alarm *metric = transition->metric;

	json_key(writer, STR("configuration"));
	json_open_object(writer);
	put_if(writer, "description", description_of(transition));
	if (metric)
		put_metrics(writer, metric);
	else {
		put(writer, "alarmRule", transition->composite->alarm_rule);
		put_if(writer, "actionsSuppressor", transition->composite->actions_suppressor);
	}
	if (is_full) {
		put(writer, "alarmName", transition->now->name);
		json_key(writer, STR("actionsEnabled"));
		json_bool(writer, !transition->now->has_disabled_actions);
		put_time(writer, "timestamp", transition->now->configured_ms);
		put_actions(writer, transition, actions);
	}
	if (is_full && metric) {
		put_whole(writer, "evaluationPeriods", metric->evaluation_periods);
		if (metric->has_datapoints_to_alarm)
			put_whole(writer, "datapointsToAlarm", metric->datapoints_to_alarm);
		put_number(writer, "threshold", metric->threshold);
		put(writer, "comparisonOperator", metric->comparison_operator);
		put_if(writer, "treatMissingData", metric->treat_missing_data);
	}
	json_close_object(writer);
}

static void open_event(struct arena *arena, struct json_writer *writer,
		       const struct cloudwatch_alarm *alarm, struct str type, int64_t time_ms)
{
	struct str arn = cloudwatch_alarm_arn(arena, alarm);
	char id[UUID_TEXT_SIZE], time[CLOCK_TEXT_MAX];
	uint8_t bytes[16];

	uuid_new(bytes);
	uuid_format(bytes, id);
	clock_format_iso(time_ms, time);
	json_open_object(writer);
	put(writer, "version", STR("0"));
	put(writer, "id", str_of(id, sizeof(id)));
	put(writer, "detail-type", type);
	put(writer, "source", STR("aws.cloudwatch"));
	put(writer, "account", alarm->account);
	put(writer, "time", arena_format(arena, "%.19sZ", time));
	put(writer, "region", alarm->region);
	put_list(writer, "resources", &arn, 1);
	json_key(writer, STR("detail"));
	json_open_object(writer);
	put(writer, "alarmName", alarm->name);
}

struct str cloudwatch_alarm_event(struct arena *arena,
				  const struct cloudwatch_transition *transition)
{
	struct json_writer writer;
	struct buf out = {0};

	json_begin(&writer, &out);
	open_event(arena, &writer, transition->now, STR("CloudWatch Alarm State Change"),
		   transition->now->updated_ms);
	put_state(&writer, "state", transition->now, false);
	put_state(&writer, "previousState", transition->before, false);
	put_configuration(&writer, transition, false);
	json_close_object(&writer);
	json_close_object(&writer);
	return take(arena, &out);
}

struct str cloudwatch_alarm_configuration_event(struct arena *arena,
						const struct cloudwatch_transition *transition,
						struct str operation)
{
	struct json_writer writer;
	struct buf out = {0};

	json_begin(&writer, &out);
	open_event(arena, &writer, transition->now, STR("CloudWatch Alarm Configuration Change"),
		   clock_now_ms());
	put(&writer, "operation", operation);
	put_state(&writer, "state", transition->now, true);
	put_configuration(&writer, transition, true);
	json_close_object(&writer);
	json_close_object(&writer);
	return take(arena, &out);
}

struct str cloudwatch_alarm_invocation(struct arena *arena,
				       const struct cloudwatch_transition *transition)
{
	const struct cloudwatch_alarm *now = transition->now;
	struct json_writer writer;
	struct buf out = {0};

	json_begin(&writer, &out);
	json_open_object(&writer);
	put(&writer, "source", STR("aws.cloudwatch"));
	put(&writer, "alarmArn", cloudwatch_alarm_arn(arena, now));
	put(&writer, "accountId", now->account);
	put_time(&writer, "time", now->updated_ms);
	put(&writer, "region", now->region);
	json_key(&writer, STR("alarmData"));
	json_open_object(&writer);
	put(&writer, "alarmName", now->name);
	put_state(&writer, "state", now, false);
	put_state(&writer, "previousState", transition->before, false);
	put_configuration(&writer, transition, false);
	json_close_object(&writer);
	json_close_object(&writer);
	return take(arena, &out);
}

static void put_history_state(struct json_writer *writer, const char *name,
			      const struct cloudwatch_alarm *alarm)
{
	json_key(writer, str_from(name));
	json_open_object(writer);
	put(writer, "stateValue", alarm_state_name(alarm->state));
	put(writer, "stateReason", alarm->reason);
	if (alarm->reason_data.size > 0 && alarm->reason_data.data[0] == '{')
		put_raw(writer, "stateReasonData", alarm->reason_data);
	else
		put_if(writer, "stateReasonData", alarm->reason_data);
	json_close_object(writer);
}

struct str cloudwatch_alarm_state_data(struct arena *arena,
				       const struct cloudwatch_transition *transition)
{
	struct json_writer writer;
	struct buf out = {0};

	json_begin(&writer, &out);
	json_open_object(&writer);
	put(&writer, "version", STR("1.0"));
	put_history_state(&writer, "oldState", transition->before);
	put_history_state(&writer, "newState", transition->now);
	json_close_object(&writer);
	return take(arena, &out);
}
