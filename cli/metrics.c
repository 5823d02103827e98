/* SPDX-License-Identifier: MIT */
/* metrics: metrics of CloudWatch: lists, statistics and samples. */
#include "commands.h"

#include <math.h>
#include <stdlib.h>

#include "api/cloudwatch.h"
#include "audit_filter.h"
#include "client/paginate.h"
#include "format/real.h"
#include "option.h"
#include "output.h"

enum { PERIOD_S = 300, SINCE_MS = 10800000 };

/* ---- what commands share ---- */

static struct str real_text(struct arena *arena, double value)
{
	struct buf text = {0};

	real_format(&text, value);
	struct str copy = arena_copy(arena, buf_str(&text));
	buf_done(&text);
	return copy;
}

/* "QueueName=orders" for each. */
static enum cli_exit read_dimensions(struct cli *cli, const struct option_list *given,
				     struct cloudwatch_dimension **out_dimensions)
{
	struct cloudwatch_dimension *dimensions =
		arena_array(&cli->arena, struct cloudwatch_dimension, given->count);

	for (size_t i = 0; i < given->count; i++)
		if (!cli_split(cli, "dimension", given->items[i], &dimensions[i].name,
			       &dimensions[i].value))
			return CLI_USAGE;
	*out_dimensions = dimensions;
	return CLI_OK;
}

static struct str join_dimensions(struct arena *arena,
				  const struct cloudwatch_dimension *dimensions, size_t count)
{
	struct buf text = {0};

	for (size_t i = 0; i < count; i++)
		buf_format(&text, "%s%.*s=%.*s", i > 0 ? " " : "", STR_ARG(dimensions[i].name),
			   STR_ARG(dimensions[i].value));
	struct str copy = arena_copy(arena, buf_str(&text));
	buf_done(&text);
	return copy;
}

static enum cli_exit read_time(struct cli *cli, struct str text, bool is_end, int64_t *out_ms)
{
	struct str iso;

	if (audit_filter_parse_time(&cli->arena, text, clock_now_ms(), is_end, &iso) &&
	    clock_parse_iso(iso, out_ms))
		return CLI_OK;
	return cli_fail(cli, CLI_USAGE,
			"\"%.*s\" is no time: write 15m, 2h, 3d, or a date such as "
			"2026-11-24T12:00:00Z",
			STR_ARG(text));
}

/* ---- ls ---- */

struct ls_values {
	struct str name;
	struct option_list dimensions;
	bool is_recent;
};

#define AT(member) offsetof(struct ls_values, member)
static const struct option ls_options[] = {
	{"name", OPTION_TEXT, AT(name), "NAME", "metrics of this name", 0, 0},
	{"dimension", OPTION_LIST, AT(dimensions), "NAME=VALUE",
	 "metrics with this dimension; may be repeated", 0, 0},
	{"recent", OPTION_FLAG, AT(is_recent), NULL, "metrics with data in the last three hours", 0,
	 0},
};
#undef AT

static const struct column ls_columns[] = {
	{"NAMESPACE", "Namespace", false},
	{"METRIC", "MetricName", false},
	{"DIMENSIONS", "Dimensions", false},
};

static enum cli_exit ls_run(struct cli *cli, const void *values_given)
{
	const struct ls_values *values = values_given;
	struct cloudwatch_dimension *dimensions;
	struct cloudwatch_list_metrics_in in = {
		.namespace = cli->arguments.count > 0 ? cli->arguments.items[0] : (struct str){0},
		.metric_name = values->name,
		.recently_active = values->is_recent ? STR("PT3H") : (struct str){0},
	};
	struct cloudwatch_list_metrics_out out;
	struct tern_pager pager;
	struct table table;
	enum err err;

	enum cli_exit code = read_dimensions(cli, &values->dimensions, &dimensions);
	if (code)
		return code;
	in.dimensions = arena_array(&cli->arena, struct cloudwatch_dimension_filter,
				    values->dimensions.count);
	in.dimensions_count = values->dimensions.count;
	for (size_t i = 0; i < in.dimensions_count; i++)
		in.dimensions[i] = (struct cloudwatch_dimension_filter){dimensions[i].name,
									dimensions[i].value};
	table_init(&table, cli, ls_columns, sizeof(ls_columns) / sizeof(ls_columns[0]));
	tern_pager_init(&pager, cli->call, &cloudwatch_operations[CLOUDWATCH_LIST_METRICS], &in);
	while ((err = tern_pager_next(&pager, &out)) == ERR_OK)
		for (size_t i = 0; i < out.metrics_count; i++) {
			const struct cloudwatch_metric *metric = &out.metrics[i];
			const struct str cells[] = {metric->namespace, metric->metric_name,
						    join_dimensions(&cli->arena, metric->dimensions,
								    metric->dimensions_count)};
			table_add(&table, cells);
		}
	tern_pager_done(&pager);
	size_t count = table.row_count;
	table_done(&table);
	if (err != ERR_NOTFOUND)
		return cli_explain(cli, err);
	if (count == 0 && !cli->is_json)
		cli_note(cli, "No metrics. A metric is listed from its first sample on, for two "
			      "weeks.");
	return CLI_OK;
}

static const struct command ls_command = {
	.name = "ls",
	.arguments = "[NAMESPACE]",
	.summary = "list metrics that got data in the last two weeks",
	.details = "  tern metrics ls AWS/SQS --dimension QueueName=orders",
	.arguments_max = 1,
	.run = ls_run,
	CLI_OPTIONS(ls_options, struct ls_values),
};

/* ---- get ---- */

struct get_values {
	struct option_list dimensions;
	struct str stat, since, until, unit;
	struct option_number period;
};

#define AT(member) offsetof(struct get_values, member)
static const struct option get_options[] = {
	{"dimension", OPTION_LIST, AT(dimensions), "NAME=VALUE",
	 "all dimensions of the metric; may be repeated", 0, 0},
	{"stat", OPTION_TEXT, AT(stat), "STAT",
	 "Average, Sum, Minimum, Maximum, SampleCount, p95, tm90, ...; without it Average", 0, 0},
	{"period", OPTION_NUMBER, AT(period), "SECONDS",
	 "1, 5, 10, 20, 30 or a multiple of 60; without it 300", 1, 86400 * 365},
	{"since", OPTION_TEXT, AT(since), "TIME",
	 "not older than 15m, 2h, 3d, or a date in UTC; without it 3h", 0, 0},
	{"until", OPTION_TEXT, AT(until), "TIME", "not newer than that", 0, 0},
	{"unit", OPTION_TEXT, AT(unit), "UNIT", "data of this unit", 0, 0},
};
#undef AT

static const struct column get_columns[] = {
	{"TIME", "Timestamp", false},
	{"VALUE", "Value", true},
};

static void add_values(struct table *table, struct cli *cli,
		       const struct cloudwatch_metric_data_result *result)
{
	for (size_t i = 0; i < result->timestamps_count && i < result->values_count; i++) {
		const struct str cells[] = {output_time(&cli->arena, result->timestamps[i]),
					    real_text(&cli->arena, result->values[i])};
		table_add(table, cells);
	}
	for (size_t i = 0; i < result->messages_count; i++)
		cli_note(cli, "%.*s", STR_ARG(result->messages[i].value));
}

static enum cli_exit print_values(struct cli *cli, struct cloudwatch_get_metric_data_in *in)
{
	struct cloudwatch_get_metric_data_out out;
	enum cli_exit code;
	struct table table;
	size_t count;

	table_init(&table, cli, get_columns, sizeof(get_columns) / sizeof(get_columns[0]));
	do {
		code = cli_call(cli, &cloudwatch_operations[CLOUDWATCH_GET_METRIC_DATA], in, &out);
		for (size_t i = 0; code == CLI_OK && i < out.metric_data_results_count; i++)
			add_values(&table, cli, &out.metric_data_results[i]);
		in->next_token = code == CLI_OK && out.next_token.data
					 ? arena_copy(&cli->arena, out.next_token)
					 : (struct str){0};
	} while (code == CLI_OK && in->next_token.data);
	count = table.row_count;
	table_done(&table);
	if (code == CLI_OK && count == 0 && !cli->is_json)
		cli_note(cli, "No data. tern metrics ls shows metrics and their dimensions, all of "
			      "which must be given.");
	return code;
}

static enum cli_exit get_run(struct cli *cli, const void *values_given)
{
	const struct get_values *values = values_given;
	struct cloudwatch_metric metric = {.namespace = cli->arguments.items[0],
					   .metric_name = cli->arguments.items[1],
					   .dimensions_count = values->dimensions.count};
	struct cloudwatch_metric_stat stat = {
		.metric = &metric,
		.period = values->period.is_given ? values->period.value : PERIOD_S,
		.has_period = true,
		.stat = values->stat.data ? values->stat : STR("Average"),
		.unit = values->unit,
	};
	struct cloudwatch_metric_data_query query = {.id = STR("m"), .metric_stat = &stat};
	struct cloudwatch_get_metric_data_in in = {
		.metric_data_queries = &query,
		.metric_data_queries_count = 1,
		.start_time = clock_now_ms() - SINCE_MS,
		.has_start_time = true,
		.end_time = clock_now_ms() + 60000,
		.has_end_time = true,
		.scan_by = STR("TimestampAscending"),
	};

	enum cli_exit code = read_dimensions(cli, &values->dimensions, &metric.dimensions);
	if (code == CLI_OK && values->since.data)
		code = read_time(cli, values->since, false, &in.start_time);
	if (code == CLI_OK && values->until.data)
		code = read_time(cli, values->until, true, &in.end_time);
	return code ? code : print_values(cli, &in);
}

static const struct command get_command = {
	.name = "get",
	.arguments = "NAMESPACE METRIC",
	.summary = "print a statistic of a metric over time",
	.details = "  tern metrics get AWS/SQS ApproximateNumberOfMessagesVisible \\\n"
		   "    --dimension QueueName=orders --stat Maximum --since 1d --period 3600",
	.arguments_min = 2,
	.arguments_max = 2,
	.run = get_run,
	CLI_OPTIONS(get_options, struct get_values),
};

/* ---- put ---- */

struct put_values {
	struct option_list dimensions;
	struct str unit, time;
	bool is_fine;
};

#define AT(member) offsetof(struct put_values, member)
static const struct option put_options[] = {
	{"dimension", OPTION_LIST, AT(dimensions), "NAME=VALUE", "a dimension; may be repeated", 0,
	 0},
	{"unit", OPTION_TEXT, AT(unit), "UNIT", "Count, Seconds, Bytes, ...; without it None", 0,
	 0},
	{"time", OPTION_TEXT, AT(time), "TIME", "when: 15m ago, or a date in UTC; without it now",
	 0, 0},
	{"high-resolution", OPTION_FLAG, AT(is_fine), NULL, "keep it to the second for three hours",
	 0, 0},
};
#undef AT

static bool parse_value(struct cli *cli, struct str text, double *out)
{
	char *end, *copy = arena_cstr(&cli->arena, text);

	*out = strtod(copy, &end);
	return text.size > 0 && end == copy + text.size && isfinite(*out);
}

static enum cli_exit put_run(struct cli *cli, const void *values_given)
{
	const struct put_values *values = values_given;
	size_t count = cli->arguments.count - 2;
	struct cloudwatch_metric_datum datum = {
		.metric_name = cli->arguments.items[1],
		.dimensions_count = values->dimensions.count,
		.unit = values->unit,
		.has_storage_resolution = values->is_fine,
		.storage_resolution = 1,
		.has_timestamp = values->time.data != NULL,
		.values = arena_array(&cli->arena, double, count),
		.values_count = count,
	};
	const struct cloudwatch_put_metric_data_in in = {.namespace = cli->arguments.items[0],
							 .metric_data = &datum,
							 .metric_data_count = 1};
	struct cloudwatch_put_metric_data_out out;

	enum cli_exit code = read_dimensions(cli, &values->dimensions, &datum.dimensions);
	if (code == CLI_OK && values->time.data)
		code = read_time(cli, values->time, false, &datum.timestamp);
	for (size_t i = 0; i < count && code == CLI_OK; i++)
		if (!parse_value(cli, cli->arguments.items[2 + i], &datum.values[i]))
			code = cli_fail(cli, CLI_USAGE, "\"%.*s\" is no number",
					STR_ARG(cli->arguments.items[2 + i]));
	if (code)
		return code;
	return cli_call(cli, &cloudwatch_operations[CLOUDWATCH_PUT_METRIC_DATA], &in, &out);
}

static const struct command put_command = {
	.name = "put",
	.arguments = "NAMESPACE METRIC VALUE...",
	.summary = "add samples to a metric",
	.details = "  tern metrics put Shop Orders 3 --unit Count --dimension Region=eu",
	.arguments_min = 3,
	.arguments_max = 152,
	.run = put_run,
	CLI_OPTIONS(put_options, struct put_values),
};

static const struct command *const children[] = {
	&ls_command,
	&get_command,
	&put_command,
};

const struct command metrics_command = {
	.name = "metrics",
	.summary = "list, read and write metrics of CloudWatch",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
