/* SPDX-License-Identifier: MIT */
/* cost: what the usage would cost on AWS, by service, operation, queue or another dimension. */
#include "commands.h"

#include "api/ce.h"
#include "output.h"

enum { DAY_MS = 86400000, DAYS_DEFAULT = 30 };

static const struct str dimensions[] = {
	STR_INIT("SERVICE"), STR_INIT("OPERATION"),   STR_INIT("USAGE_TYPE"),
	STR_INIT("REGION"),  STR_INIT("RESOURCE_ID"),
};

struct cost_values {
	struct str since, until;
	size_t by; /* of dimensions */
	size_t granularity;
};

#define AT(member) offsetof(struct cost_values, member)
static const struct option cost_options[] = {
	{"by", OPTION_CHOICE, AT(by), "service|operation|usage|region|resource",
	 "the group of each row", 0, 0},
	{"per", OPTION_CHOICE, AT(granularity), "month|day", "the period of each row", 0, 0},
	{"since", OPTION_TEXT, AT(since), "DATE", "first day; without it 30 days ago", 0, 0},
	{"until", OPTION_TEXT, AT(until), "DATE", "day behind the last one; without it tomorrow", 0,
	 0},
};
#undef AT

static const struct column columns[] = {
	{"FROM", "Start", false}, {NULL, "End", false},		{"GROUP", "Group", false},
	{"USAGE", "Usage", true}, {"COST (USD)", "Cost", true},
};
enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static struct str date_of(struct arena *arena, int64_t time_ms)
{
	char text[CLOCK_TEXT_MAX];

	(void)clock_format_iso(time_ms, text);
	return arena_copy(arena, str_of(text, 10));
}

static struct str amount_of(const struct ce_group *group, struct str metric)
{
	for (size_t i = 0; i < group->metrics_count; i++)
		if (str_equal(group->metrics[i].key, metric))
			return group->metrics[i].value.amount;
	return (struct str){0};
}

static void add_rows(struct table *table, const struct ce_result_by_time *result)
{
	for (size_t i = 0; i < result->groups_count; i++) {
		const struct ce_group *group = &result->groups[i];
		const struct str cells[COLUMNS] = {
			result->time_period->start,
			result->time_period->end,
			group->keys_count > 0 ? group->keys[0] : (struct str){0},
			amount_of(group, STR("UsageQuantity")),
			amount_of(group, STR("UnblendedCost")),
		};
		table_add(table, cells);
	}
}

static enum cli_exit cost_run(struct cli *cli, const void *values_given)
{
	static struct str metrics[] = {STR_INIT("UnblendedCost"), STR_INIT("UsageQuantity")};
	const struct cost_values *values = values_given;
	int64_t now_ms = clock_now_ms();
	struct ce_date_interval period = {
		.start = values->since.data
				 ? values->since
				 : date_of(&cli->arena, now_ms - DAYS_DEFAULT * (int64_t)DAY_MS),
		.end = values->until.data ? values->until : date_of(&cli->arena, now_ms + DAY_MS),
	};
	struct ce_group_definition group = {.type = STR("DIMENSION"),
					    .key = dimensions[values->by]};
	const struct ce_get_cost_and_usage_in in = {
		.time_period = &period,
		.granularity = values->granularity == 1 ? STR("DAILY") : STR("MONTHLY"),
		.metrics = metrics,
		.metrics_count = sizeof(metrics) / sizeof(metrics[0]),
		.group_by = &group,
		.group_by_count = 1,
	};
	struct ce_get_cost_and_usage_out out;
	struct table table;

	enum cli_exit code = cli_call(cli, &ce_operations[CE_GET_COST_AND_USAGE], &in, &out);
	if (code)
		return code;
	table_init(&table, cli, columns, COLUMNS);
	for (size_t i = 0; i < out.results_by_time_count; i++)
		add_rows(&table, &out.results_by_time[i]);
	table_done(&table);
	return CLI_OK;
}

const struct command cost_command = {
	.name = "cost",
	.summary = "show what the usage would cost on AWS",
	.details = "The price list has a date and sources: see doc/ce.md.\n"
		   "\n"
		   "  tern cost --by resource --per day --since 2026-11-01",
	.run = cost_run,
	CLI_OPTIONS(cost_options, struct cost_values),
};
