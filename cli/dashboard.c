/* SPDX-License-Identifier: MIT */
/* dashboard: CloudWatch's dashboards, as files. */
#include "commands.h"

#include "api/cloudwatch.h"
#include "document.h"
#include "output.h"
#include "view.h"

static enum cli_exit ls_run(struct cli *cli, const void *values)
{
	static const struct view_column columns[] = {
		{"NAME", "DashboardName"}, {"BYTES", "Size"}, {"MODIFIED", "LastModified"}};
	const struct view_list view = {&cloudwatch_operations[CLOUDWATCH_LIST_DASHBOARDS],
				       "DashboardEntries", VIEW_COLUMNS(columns)};
	const struct cloudwatch_list_dashboards_in in = {
		.dashboard_name_prefix =
			cli->arguments.count > 0 ? cli->arguments.items[0] : (struct str){0}};

	(void)values; /* it has no options */
	return view_list(cli, &view, &in,
			 "No dashboards. Make one with: tern dashboard push NAME FILE");
}

static const struct command ls_command = {
	.name = "ls",
	.arguments = "[PREFIX]",
	.summary = "list dashboards whose names begin with PREFIX",
	.arguments_max = 1,
	.run = ls_run,
};

static enum cli_exit push_run(struct cli *cli, const void *values)
{
	struct cloudwatch_put_dashboard_in in = {.dashboard_name = cli->arguments.items[0]};
	struct cloudwatch_put_dashboard_out out;

	(void)values; /* it has no options */
	enum cli_exit code = document_read_json(cli, cli->arguments.items[1], &in.dashboard_body);
	if (code == CLI_OK)
		code = cli_call(cli, &cloudwatch_operations[CLOUDWATCH_PUT_DASHBOARD], &in, &out);
	if (code != CLI_OK)
		return code;
	for (size_t i = 0; i < out.dashboard_validation_messages_count; i++)
		cli_note(cli, "%.*s: %.*s", STR_ARG(out.dashboard_validation_messages[i].data_path),
			 STR_ARG(out.dashboard_validation_messages[i].message));
	return CLI_OK;
}

static const struct command push_command = {
	.name = "push",
	.arguments = "NAME FILE",
	.summary = "create or replace a dashboard by the JSON of a file",
	.arguments_min = 2,
	.arguments_max = 2,
	.run = push_run,
};

static enum cli_exit pull_run(struct cli *cli, const void *values)
{
	const struct cloudwatch_get_dashboard_in in = {.dashboard_name = cli->arguments.items[0]};
	struct cloudwatch_get_dashboard_out out;

	(void)values; /* it has no options */
	enum cli_exit code =
		cli_call(cli, &cloudwatch_operations[CLOUDWATCH_GET_DASHBOARD], &in, &out);
	if (code == CLI_OK)
		output_text(cli, "DashboardBody", out.dashboard_body);
	return code;
}

static const struct command pull_command = {
	.name = "pull",
	.arguments = "NAME",
	.summary = "print the JSON of a dashboard",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = pull_run,
};

static enum cli_exit rm_run(struct cli *cli, const void *values)
{
	const struct cloudwatch_delete_dashboards_in in = {.dashboard_names = cli->arguments.items,
							   .dashboard_names_count =
								   cli->arguments.count};
	struct cloudwatch_delete_dashboards_out out;

	(void)values; /* it has no options */
	return cli_call(cli, &cloudwatch_operations[CLOUDWATCH_DELETE_DASHBOARDS], &in, &out);
}

static const struct command rm_command = {
	.name = "rm",
	.arguments = "NAME...",
	.summary = "delete dashboards, all of them or none, without asking",
	.arguments_min = 1,
	.arguments_max = ARGUMENTS_ANY,
	.run = rm_run,
};

static const struct command *const dashboard_children[] = {&ls_command, &push_command,
							   &pull_command, &rm_command};

const struct command dashboard_command = {
	.name = "dashboard",
	.summary = "CloudWatch's dashboards",
	.children = dashboard_children,
	.child_count = sizeof(dashboard_children) / sizeof(dashboard_children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
