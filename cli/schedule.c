/* SPDX-License-Identifier: MIT */
/* schedule: schedules of EventBridge Scheduler. */
#include "commands.h"

#include "api/scheduler.h"
#include "document.h"
#include "name.h"
#include "output.h"
#include "view.h"

struct group_values {
	struct str group;
};
#define GROUP_OPTION(type, member)                                                                 \
	{                                                                                          \
		"group", OPTION_TEXT, offsetof(type, member), "NAME",                              \
			"schedule group; without it default", 0, 0                                 \
	}
static const struct option group_options[] = {GROUP_OPTION(struct group_values, group)};

/* ---- create ---- */

struct create_values {
	struct str group, role, input, zone, description, dlq;
	struct option_number window;
	bool deletes;
};

#define AT(member) offsetof(struct create_values, member)
static const struct option create_options[] = {
	GROUP_OPTION(struct create_values, group),
	{"role", OPTION_TEXT, AT(role), "ARN", "role that Scheduler assumes: it must be given", 0,
	 0},
	{"input", OPTION_TEXT, AT(input), "TEXT", "what the target gets", 0, 0},
	{"time-zone", OPTION_TEXT, AT(zone), "NAME",
	 "ScheduleExpressionTimezone: Europe/Berlin; without it UTC", 0, 0},
	{"window", OPTION_NUMBER, AT(window), "MINUTES",
	 "FlexibleTimeWindow: at some moment within so many minutes", 1, 1440},
	{"dlq", OPTION_TEXT, AT(dlq), "QUEUE", "queue for what cannot be delivered", 0, 0},
	{"delete", OPTION_FLAG, AT(deletes), NULL, "ActionAfterCompletion: delete it at its end", 0,
	 0},
	{"description", OPTION_TEXT, AT(description), "TEXT", "what it is for", 0, 0},
};
#undef AT

static enum cli_exit read_target(struct cli *cli, const struct create_values *values,
				 struct scheduler_target *target)
{
	struct scheduler_dead_letter_config *dead_letter =
		arena_new(&cli->arena, struct scheduler_dead_letter_config);

	if (values->role.size == 0)
		return cli_fail(cli, CLI_USAGE,
				"give the role that Scheduler assumes: --role ARN. Make one with: "
				"tern role create NAME --trust scheduler.amazonaws.com");
	target->role_arn = values->role;
	target->input = values->input;
	enum cli_exit code = name_queue_arn(cli, cli->arguments.items[2], &target->arn);
	if (code || !values->dlq.data)
		return code;
	target->dead_letter_config = dead_letter;
	return name_queue_arn(cli, values->dlq, &dead_letter->arn);
}

static enum cli_exit create_run(struct cli *cli, const void *values_given)
{
	const struct create_values *values = values_given;
	struct scheduler_target target = {0};
	struct scheduler_flexible_time_window window = {
		.mode = values->window.is_given ? STR("FLEXIBLE") : STR("OFF"),
		.maximum_window_in_minutes = values->window.value,
		.has_maximum_window_in_minutes = values->window.is_given,
	};
	const struct scheduler_create_schedule_in in = {
		.name = cli->arguments.items[0],
		.schedule_expression = cli->arguments.items[1],
		.schedule_expression_timezone = values->zone,
		.group_name = values->group,
		.description = values->description,
		.action_after_completion = values->deletes ? STR("DELETE") : (struct str){0},
		.flexible_time_window = &window,
		.target = &target,
	};
	struct scheduler_create_schedule_out out;

	enum cli_exit code = read_target(cli, values, &target);
	if (code == CLI_OK)
		code = cli_call(cli, &scheduler_operations[SCHEDULER_CREATE_SCHEDULE], &in, &out);
	if (code == CLI_OK)
		output_text(cli, "ScheduleArn", out.schedule_arn);
	return code;
}

static const struct command create_command = {
	.name = "create",
	.arguments = "NAME EXPRESSION TARGET",
	.summary = "make a schedule and print its ARN",
	.details = "EXPRESSION is at(2026-11-24T12:00:00), rate(5 minutes) or cron(0 12 * * ? *). "
		   "TARGET is a queue or an ARN.\n"
		   "\n"
		   "  tern schedule create report 'cron(0 8 ? * MON-FRI *)' reports \\\n"
		   "    --time-zone Europe/Berlin --role arn:aws:iam::000000000000:role/scheduler",
	.arguments_min = 3,
	.arguments_max = 3,
	.run = create_run,
	CLI_OPTIONS(create_options, struct create_values),
};

/* ---- ls, show, rm ---- */

static enum cli_exit ls_run(struct cli *cli, const void *values_given)
{
	static const struct view_column columns[] = {
		{"NAME", "Name"},
		{"GROUP", "GroupName"},
		{"STATE", "State"},
		{"TARGET", "Target"},
	};
	const struct view_list view = {&scheduler_operations[SCHEDULER_LIST_SCHEDULES], "Schedules",
				       VIEW_COLUMNS(columns)};
	const struct group_values *values = values_given;
	const struct scheduler_list_schedules_in in = {
		.name_prefix = cli->arguments.count > 0 ? cli->arguments.items[0] : (struct str){0},
		.group_name = values->group};

	return view_list(cli, &view, &in,
			 "No schedules. Make one with: tern schedule create NAME EXPRESSION "
			 "TARGET");
}

static const struct command ls_command = {
	.name = "ls",
	.arguments = "[PREFIX]",
	.summary = "list schedules whose names begin with PREFIX",
	.arguments_max = 1,
	.run = ls_run,
	CLI_OPTIONS(group_options, struct group_values),
};

static enum cli_exit show_run(struct cli *cli, const void *values_given)
{
	const struct group_values *values = values_given;
	const struct scheduler_get_schedule_in in = {.name = cli->arguments.items[0],
						     .group_name = values->group};

	return view_run(cli, &scheduler_operations[SCHEDULER_GET_SCHEDULE], &in);
}

static const struct command show_command = {
	.name = "show",
	.arguments = "NAME",
	.summary = "print a schedule",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = show_run,
	CLI_OPTIONS(group_options, struct group_values),
};

static enum cli_exit rm_run(struct cli *cli, const void *values_given)
{
	const struct group_values *values = values_given;
	struct scheduler_delete_schedule_out out;
	enum cli_exit code = CLI_OK;

	for (size_t i = 0; i < cli->arguments.count && code == CLI_OK; i++) {
		const struct scheduler_delete_schedule_in in = {.name = cli->arguments.items[i],
								.group_name = values->group};
		code = cli_call(cli, &scheduler_operations[SCHEDULER_DELETE_SCHEDULE], &in, &out);
	}
	return code;
}

static const struct command rm_command = {
	.name = "rm",
	.arguments = "NAME...",
	.summary = "delete schedules, without asking",
	.arguments_min = 1,
	.arguments_max = ARGUMENTS_ANY,
	.run = rm_run,
	CLI_OPTIONS(group_options, struct group_values),
};

static const struct command *const children[] = {
	&create_command,
	&ls_command,
	&show_command,
	&rm_command,
};

const struct command schedule_command = {
	.name = "schedule",
	.summary = "make, list, show and remove schedules",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
