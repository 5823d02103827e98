/* SPDX-License-Identifier: MIT */
/* bus: event buses of EventBridge. */
#include "commands.h"

#include "api/events.h"
#include "output.h"
#include "view.h"

static enum cli_exit create_run(struct cli *cli, const void *values)
{
	const struct events_create_event_bus_in in = {.name = cli->arguments.items[0]};
	struct events_create_event_bus_out out;

	(void)values; /* it has no options */
	enum cli_exit code = cli_call(cli, &events_operations[EVENTS_CREATE_EVENT_BUS], &in, &out);
	if (code == CLI_OK)
		output_text(cli, "EventBusArn", out.event_bus_arn);
	return code;
}

static const struct command create_command = {
	.name = "create",
	.arguments = "NAME",
	.summary = "make an event bus and print its ARN",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = create_run,
};

static enum cli_exit ls_run(struct cli *cli, const void *values)
{
	static const struct view_column columns[] = {{"NAME", "Name"}, {"ARN", "Arn"}};
	const struct view_list view = {&events_operations[EVENTS_LIST_EVENT_BUSES], "EventBuses",
				       VIEW_COLUMNS(columns)};
	const struct events_list_event_buses_in in = {
		.name_prefix =
			cli->arguments.count > 0 ? cli->arguments.items[0] : (struct str){0}};

	(void)values; /* it has no options */
	return view_list(cli, &view, &in, "No event buses with that name.");
}

static const struct command ls_command = {
	.name = "ls",
	.arguments = "[PREFIX]",
	.summary = "list event buses whose names begin with PREFIX",
	.arguments_max = 1,
	.run = ls_run,
};

static enum cli_exit show_run(struct cli *cli, const void *values)
{
	const struct events_describe_event_bus_in in = {
		.name = cli->arguments.count > 0 ? cli->arguments.items[0] : (struct str){0}};

	(void)values; /* it has no options */
	return view_run(cli, &events_operations[EVENTS_DESCRIBE_EVENT_BUS], &in);
}

static const struct command show_command = {
	.name = "show",
	.arguments = "[BUS]",
	.summary = "print an event bus and its policy; without BUS the default one",
	.arguments_max = 1,
	.run = show_run,
};

static enum cli_exit rm_run(struct cli *cli, const void *values)
{
	struct events_delete_event_bus_out out;
	enum cli_exit code = CLI_OK;

	(void)values; /* it has no options */
	for (size_t i = 0; i < cli->arguments.count && code == CLI_OK; i++) {
		const struct events_delete_event_bus_in in = {.name = cli->arguments.items[i]};
		code = cli_call(cli, &events_operations[EVENTS_DELETE_EVENT_BUS], &in, &out);
	}
	return code;
}

static const struct command rm_command = {
	.name = "rm",
	.arguments = "BUS...",
	.summary = "delete event buses without rules, without asking",
	.arguments_min = 1,
	.arguments_max = ARGUMENTS_ANY,
	.run = rm_run,
};

static const struct command *const children[] = {
	&create_command,
	&ls_command,
	&show_command,
	&rm_command,
};

const struct command bus_command = {
	.name = "bus",
	.summary = "make, list, show and remove event buses",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
