/* SPDX-License-Identifier: MIT */
/*
 * alarm: CloudWatch's alarms: list, show, set, delete, history, and a test of a proposed alarm on
 * past data, which evaluates in this process what the server would (src/alarm).
 */
#include "commands.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "alarm/reason.h"
#include "api/cloudwatch.h"
#include "base/clock.h"
#include "document.h"
#include "output.h"
#include "view.h"
#include "wire/json.h"

enum { REASON_COLUMNS = 70 };

static const struct operation *operation_of(int number)
{
	return &cloudwatch_operations[number];
}

/* ---- ls ---- */

static void add_row(struct table *table, struct str name, struct str state, struct str type,
		    int64_t updated_ms, struct str reason)
{
	struct arena *arena = &table->cli->arena;
	const struct str cells[] = {
		name, state, type, output_time(arena, updated_ms),
		table->cli->is_json ? reason : output_shorten(arena, reason, REASON_COLUMNS)};

	table_add(table, cells);
}

static enum cli_exit ls_run(struct cli *cli, const void *values)
{
	static const struct column columns[] = {
		{"NAME", "AlarmName", false},	  {"STATE", "StateValue", false},
		{"TYPE", "AlarmType", false},	  {"UPDATED", "StateUpdatedTimestamp", false},
		{"REASON", "StateReason", false},
	};
	struct str types[] = {STR("MetricAlarm"), STR("CompositeAlarm")};
	struct cloudwatch_describe_alarms_in in = {.alarm_types = types, .alarm_types_count = 2};
	struct table table;
	enum cli_exit code;

	(void)values; /* it has no options */
	if (cli->arguments.count > 0)
		in.alarm_name_prefix = cli->arguments.items[0];
	table_init(&table, cli, columns, sizeof(columns) / sizeof(columns[0]));
	do {
		struct cloudwatch_describe_alarms_out out;

		code = cli_call(cli, operation_of(CLOUDWATCH_DESCRIBE_ALARMS), &in, &out);
		if (code != CLI_OK)
			break;
		for (size_t i = 0; i < out.metric_alarms_count; i++)
			add_row(&table, out.metric_alarms[i].alarm_name,
				out.metric_alarms[i].state_value, STR("metric"),
				out.metric_alarms[i].state_updated_timestamp,
				out.metric_alarms[i].state_reason);
		for (size_t i = 0; i < out.composite_alarms_count; i++)
			add_row(&table, out.composite_alarms[i].alarm_name,
				out.composite_alarms[i].state_value, STR("composite"),
				out.composite_alarms[i].state_updated_timestamp,
				out.composite_alarms[i].state_reason);
		in.next_token = arena_copy(&cli->arena, out.next_token);
	} while (in.next_token.size > 0);
	if (code == CLI_OK && table.row_count == 0)
		cli_note(cli, "No alarms.");
	table_done(&table);
	return code;
}

static const struct command ls_command = {
	.name = "ls",
	.arguments = "[PREFIX]",
	.summary = "list alarms whose names begin with PREFIX, with their states",
	.arguments_max = 1,
	.run = ls_run,
};

/* ---- show, history, set, rm ---- */

/* The alarm of that name; both NULL, with a message: there is none. */
static enum cli_exit find(struct cli *cli, struct str name,
			  const struct cloudwatch_metric_alarm **out_metric,
			  const struct cloudwatch_composite_alarm **out_composite)
{
	struct str types[] = {STR("MetricAlarm"), STR("CompositeAlarm")};
	const struct cloudwatch_describe_alarms_in in = {.alarm_names = &name,
							 .alarm_names_count = 1,
							 .alarm_types = types,
							 .alarm_types_count = 2};
	struct cloudwatch_describe_alarms_out out;

	enum cli_exit code = cli_call(cli, operation_of(CLOUDWATCH_DESCRIBE_ALARMS), &in, &out);
	if (code != CLI_OK)
		return code;
	*out_metric = out.metric_alarms_count > 0 ? &out.metric_alarms[0] : NULL;
	*out_composite = out.composite_alarms_count > 0 ? &out.composite_alarms[0] : NULL;
	if (*out_metric || *out_composite)
		return CLI_OK;
	return cli_fail(cli, CLI_FAILED, "alarm '%.*s' does not exist; 'tern alarm ls' lists all",
			STR_ARG(name));
}

static const struct shape *shape_of(const char *list)
{
	return view_member(operation_of(CLOUDWATCH_DESCRIBE_ALARMS)->out, list)->shape;
}

static enum cli_exit show_run(struct cli *cli, const void *values)
{
	const struct cloudwatch_metric_alarm *metric = NULL;
	const struct cloudwatch_composite_alarm *composite = NULL;

	(void)values; /* it has no options */
	enum cli_exit code = find(cli, cli->arguments.items[0], &metric, &composite);
	if (code != CLI_OK)
		return code;
	if (metric)
		view_structure(cli, shape_of("MetricAlarms"), metric);
	else
		view_structure(cli, shape_of("CompositeAlarms"), composite);
	return CLI_OK;
}

static const struct command show_command = {
	.name = "show",
	.arguments = "NAME",
	.summary = "print an alarm with its state",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = show_run,
};

static enum cli_exit history_run(struct cli *cli, const void *values)
{
	static const struct view_column columns[] = {
		{"TIME", "Timestamp"},
		{"ALARM", "AlarmName"},
		{"TYPE", "HistoryItemType"},
		{"SUMMARY", "HistorySummary"},
	};
	const struct view_list view = {operation_of(CLOUDWATCH_DESCRIBE_ALARM_HISTORY),
				       "AlarmHistoryItems", VIEW_COLUMNS(columns)};
	struct str types[] = {STR("MetricAlarm"), STR("CompositeAlarm")};
	const struct cloudwatch_describe_alarm_history_in in = {
		.alarm_name = cli->arguments.count > 0 ? cli->arguments.items[0] : (struct str){0},
		.alarm_types = types,
		.alarm_types_count = 2,
	};

	(void)values; /* it has no options */
	return view_list(cli, &view, &in, "No history.");
}

static const struct command history_command = {
	.name = "history",
	.arguments = "[NAME]",
	.summary = "print changes and actions of alarms in the last 30 days, newest first",
	.arguments_max = 1,
	.run = history_run,
};

struct set_values {
	struct str reason;
};

static const struct option set_options[] = {
	{"reason", OPTION_TEXT, offsetof(struct set_values, reason), "TEXT",
	 "why; without it 'set by tern alarm set'", 0, 0},
};

static enum cli_exit set_run(struct cli *cli, const void *values_given)
{
	const struct set_values *values = values_given;
	const struct cloudwatch_set_alarm_state_in in = {
		.alarm_name = cli->arguments.items[0],
		.state_value = cli->arguments.items[1],
		.state_reason = values->reason.data ? values->reason : STR("set by tern alarm set"),
	};
	struct cloudwatch_set_alarm_state_out out;

	return cli_call(cli, operation_of(CLOUDWATCH_SET_ALARM_STATE), &in, &out);
}

static const struct command set_command = {
	.name = "set",
	.arguments = "NAME OK|ALARM|INSUFFICIENT_DATA",
	.summary = "set the state of an alarm until its next evaluation, and run its actions",
	.arguments_min = 2,
	.arguments_max = 2,
	.run = set_run,
	CLI_OPTIONS(set_options, struct set_values),
};

static enum cli_exit rm_run(struct cli *cli, const void *values)
{
	const struct cloudwatch_delete_alarms_in in = {.alarm_names = cli->arguments.items,
						       .alarm_names_count = cli->arguments.count};
	struct cloudwatch_delete_alarms_out out;

	(void)values; /* it has no options */
	return cli_call(cli, operation_of(CLOUDWATCH_DELETE_ALARMS), &in, &out);
}

static const struct command rm_command = {
	.name = "rm",
	.arguments = "NAME...",
	.summary = "delete alarms, all of them or none, without asking",
	.arguments_min = 1,
	.arguments_max = ARGUMENTS_ANY,
	.run = rm_run,
};

/* ---- test ---- */

struct test_values {
	struct str from, to, threshold, missing;
	struct option_number periods, datapoints;
};

static const struct option test_options[] = {
	{"from", OPTION_TEXT, offsetof(struct test_values, from), "TIME",
	 "data since this time: 2026-11-24T12:00:00Z; without it of the last day", 0, 0},
	{"to", OPTION_TEXT, offsetof(struct test_values, to), "TIME",
	 "data before this time; without it until now", 0, 0},
	{"threshold", OPTION_TEXT, offsetof(struct test_values, threshold), "NUMBER",
	 "in place of the alarm's threshold", 0, 0},
	{"periods", OPTION_NUMBER, offsetof(struct test_values, periods), "N",
	 "in place of EvaluationPeriods", 1, LIMIT_ALARM_PERIODS},
	{"datapoints", OPTION_NUMBER, offsetof(struct test_values, datapoints), "M",
	 "in place of DatapointsToAlarm", 1, LIMIT_ALARM_PERIODS},
	{"missing", OPTION_TEXT, offsetof(struct test_values, missing), "TREATMENT",
	 "breaching, notBreaching, ignore or missing", 0, 0},
};

/* The points of a proposed alarm, ascending. */
struct series {
	int64_t *times_ms;
	double *values;
	size_t count, capacity;
};

/* A PutMetricAlarm as JSON, or the alarm of that name. */
static enum cli_exit read_proposal(struct cli *cli, struct str given,
				   struct cloudwatch_metric_alarm *out_alarm)
{
	const struct cloudwatch_metric_alarm *metric = NULL;
	const struct cloudwatch_composite_alarm *composite = NULL;
	struct str text, problem;
	bool is_document =
		given.size > 0 && (given.data[0] == '{' || str_ends(given, STR(".json")));

	if (!is_document) {
		enum cli_exit code = find(cli, given, &metric, &composite);
		if (code == CLI_OK && !metric)
			return cli_fail(cli, CLI_USAGE, "'%.*s' is a composite alarm",
					STR_ARG(given));
		if (code == CLI_OK)
			*out_alarm = *metric;
		return code;
	}
	enum cli_exit code = document_read_json(cli, given, &text);
	if (code != CLI_OK)
		return code;
	if (wire_json_decode(&cli->arena, text, shape_of("MetricAlarms"), out_alarm, &problem) !=
	    ERR_OK)
		return cli_fail(cli, CLI_USAGE, "the alarm cannot be read: %.*s", STR_ARG(problem));
	return CLI_OK;
}

static enum cli_exit change_proposal(struct cli *cli, const struct test_values *values,
				     struct cloudwatch_metric_alarm *alarm,
				     struct alarm_criteria *out)
{
	char *end;

	if (values->threshold.data) {
		const char *text = arena_cstr(&cli->arena, values->threshold);
		alarm->threshold = strtod(text, &end);
		if (*end || end == text || !isfinite(alarm->threshold))
			return cli_fail(cli, CLI_USAGE, "--threshold is no number");
	}
	if (values->periods.is_given)
		alarm->evaluation_periods = values->periods.value;
	if (values->datapoints.is_given) {
		alarm->datapoints_to_alarm = values->datapoints.value;
		alarm->has_datapoints_to_alarm = true;
	}
	if (values->missing.data)
		alarm->treat_missing_data = values->missing;
	*out = (struct alarm_criteria){
		.threshold = alarm->threshold,
		.evaluation_periods = (uint32_t)alarm->evaluation_periods,
		.datapoints_to_alarm =
			(uint32_t)(alarm->has_datapoints_to_alarm ? alarm->datapoints_to_alarm
								  : alarm->evaluation_periods),
		.has_datapoints_to_alarm = alarm->has_datapoints_to_alarm,
	};
	if (!alarm_comparison_parse(alarm->comparison_operator, &out->comparison) ||
	    (alarm->treat_missing_data.data &&
	     !alarm_missing_parse(alarm->treat_missing_data, &out->missing)) ||
	    alarm->evaluation_periods < 1 || alarm->evaluation_periods > LIMIT_ALARM_PERIODS ||
	    out->datapoints_to_alarm > out->evaluation_periods || out->datapoints_to_alarm < 1)
		return cli_fail(cli, CLI_USAGE, "these settings are not those of an alarm");
	return CLI_OK;
}

static int64_t period_of(const struct cloudwatch_metric_alarm *alarm)
{
	int64_t period = alarm->period;

	for (size_t i = 0; i < alarm->metrics_count; i++) {
		const struct cloudwatch_metric_data_query *query = &alarm->metrics[i];
		int64_t own = query->metric_stat ? query->metric_stat->period : query->period;

		period = own > period ? own : period;
	}
	return period > 0 ? period : 60;
}

static enum cli_exit fetch(struct cli *cli, const struct cloudwatch_metric_alarm *alarm,
			   int64_t from_ms, int64_t to_ms, struct series *out)
{
	struct cloudwatch_metric metric = {.namespace = alarm->namespace,
					   .metric_name = alarm->metric_name,
					   .dimensions = alarm->dimensions,
					   .dimensions_count = alarm->dimensions_count};
	struct cloudwatch_metric_stat stat = {
		.metric = &metric,
		.period = alarm->period,
		.has_period = true,
		.stat = alarm->statistic.data ? alarm->statistic : alarm->extended_statistic,
		.unit = alarm->unit};
	struct cloudwatch_metric_data_query own = {.id = STR("m1"), .metric_stat = &stat};
	struct cloudwatch_get_metric_data_in in = {
		.metric_data_queries = alarm->metrics_count > 0 ? alarm->metrics : &own,
		.metric_data_queries_count = alarm->metrics_count > 0 ? alarm->metrics_count : 1,
		.start_time = from_ms,
		.has_start_time = true,
		.end_time = to_ms,
		.has_end_time = true,
		.scan_by = STR("TimestampAscending"),
	};
	enum cli_exit code;

	do {
		struct cloudwatch_get_metric_data_out answer;

		code = cli_call(cli, operation_of(CLOUDWATCH_GET_METRIC_DATA), &in, &answer);
		if (code != CLI_OK)
			return code;
		for (size_t i = 0; i < answer.metric_data_results_count; i++) {
			const struct cloudwatch_metric_data_result *result =
				&answer.metric_data_results[i];
			size_t room = out->count + result->values_count;
			out->times_ms = heap_resize(out->times_ms, (room + 1) * sizeof(int64_t));
			out->values = heap_resize(out->values, (room + 1) * sizeof(double));
			for (size_t k = 0; k < result->values_count; k++) {
				out->times_ms[out->count] = result->timestamps[k];
				out->values[out->count++] = result->values[k];
			}
		}
		in.next_token = arena_copy(&cli->arena, answer.next_token);
	} while (in.next_token.size > 0);
	return CLI_OK;
}

struct replay {
	struct table table;
	struct alarm_ring ring;
	enum alarm_state state;
	int64_t alarm_ms, transitions;
};

static void step(struct cli *cli, struct replay *replay, const struct alarm_criteria *criteria,
		 const struct cloudwatch_metric_alarm *alarm, struct alarm_point point,
		 int64_t period_ms)
{
	struct alarm_point *points =
		arena_array(&cli->arena, struct alarm_point, criteria->evaluation_periods);
	struct buf reason = {0};

	alarm_ring_push(&replay->ring, criteria, point);
	struct alarm_outcome outcome = alarm_ring_evaluate(&replay->ring, criteria, replay->state);
	if (outcome.state != replay->state) {
		struct alarm_evidence evidence = {
			.criteria = criteria,
			.outcome = outcome,
			.points = points,
			.point_count = alarm_ring_evaluated(&replay->ring, criteria, points),
			.period_s = (uint32_t)(period_ms / 1000),
			.statistic = alarm->statistic,
		};
		alarm_reason_append(&reason, &evidence);
		const struct str cells[] = {output_time(&cli->arena, point.time_ms + period_ms),
					    alarm_state_name(replay->state),
					    alarm_state_name(outcome.state),
					    arena_copy(&cli->arena, buf_str(&reason))};
		table_add(&replay->table, cells);
		replay->transitions++;
		buf_done(&reason);
	}
	replay->state = outcome.state;
	replay->alarm_ms += outcome.state == ALARM_ALARM ? period_ms : 0;
}

static void run_replay(struct cli *cli, const struct alarm_criteria *criteria,
		       const struct cloudwatch_metric_alarm *alarm, const struct series *series,
		       int64_t from_ms, int64_t to_ms)
{
	static const struct column columns[] = {{"TIME", "Time", false},
						{"FROM", "OldState", false},
						{"TO", "NewState", false},
						{"REASON", "StateReason", false}};
	struct replay replay = {.state = ALARM_INSUFFICIENT_DATA};
	int64_t period_ms = period_of(alarm) * 1000;
	size_t next = 0;

	table_init(&replay.table, cli, columns, 4);
	alarm_ring_init(&replay.ring, criteria);
	for (int64_t time_ms = from_ms; time_ms + period_ms <= to_ms; time_ms += period_ms) {
		struct alarm_point point = {.time_ms = time_ms, .value = NAN, .sample_count = -1};

		while (next < series->count && series->times_ms[next] < time_ms)
			next++;
		if (next < series->count && series->times_ms[next] < time_ms + period_ms)
			point.value = series->values[next];
		step(cli, &replay, criteria, alarm, point, period_ms);
	}
	table_done(&replay.table);
	alarm_ring_done(&replay.ring);
	cli_note(cli, "%lld transitions; %.1f %% of the time in ALARM; now %.*s",
		 (long long)replay.transitions,
		 to_ms > from_ms ? 100.0 * (double)replay.alarm_ms / (double)(to_ms - from_ms)
				 : 0.0,
		 STR_ARG(alarm_state_name(replay.state)));
}

static enum cli_exit test_run(struct cli *cli, const void *values_given)
{
	const struct test_values *values = values_given;
	struct cloudwatch_metric_alarm alarm = {0};
	struct alarm_criteria criteria;
	struct series series = {0};
	int64_t to_ms = clock_now_ms(), from_ms;

	if (values->to.data && !clock_parse_iso(values->to, &to_ms))
		return cli_fail(cli, CLI_USAGE, "--to is no time such as 2026-11-24T12:00:00Z");
	from_ms = to_ms - 86400000;
	if (values->from.data && !clock_parse_iso(values->from, &from_ms))
		return cli_fail(cli, CLI_USAGE, "--from is no time such as 2026-11-24T12:00:00Z");
	enum cli_exit code = read_proposal(cli, cli->arguments.items[0], &alarm);
	if (code == CLI_OK)
		code = change_proposal(cli, values, &alarm, &criteria);
	if (code != CLI_OK)
		return code;
	int64_t period_ms = period_of(&alarm) * 1000;
	from_ms -= from_ms % period_ms;
	to_ms -= to_ms % period_ms;
	if (from_ms >= to_ms)
		return cli_fail(cli, CLI_USAGE, "--from must be before --to by a period at least");
	code = fetch(cli, &alarm, from_ms, to_ms, &series);
	if (code == CLI_OK)
		run_replay(cli, &criteria, &alarm, &series, from_ms, to_ms);
	heap_free(series.times_ms);
	heap_free(series.values);
	return code;
}

static const struct command test_command = {
	.name = "test",
	.arguments = "NAME|FILE",
	.summary = "replay past data through an alarm, or one that is proposed",
	.details = "FILE has the input of PutMetricAlarm as JSON; so may the argument itself. The "
		   "alarm is not created. Periods begin at multiples of their length.",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = test_run,
	CLI_OPTIONS(test_options, struct test_values),
};

static const struct command *const alarm_children[] = {
	&ls_command, &show_command, &test_command, &history_command, &set_command, &rm_command,
};

const struct command alarm_command = {
	.name = "alarm",
	.summary = "CloudWatch's alarms",
	.children = alarm_children,
	.child_count = sizeof(alarm_children) / sizeof(alarm_children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
