/* SPDX-License-Identifier: MIT */
/* rule: rules of an event bus and their targets. */
#include "commands.h"

#include "api/events.h"
#include "document.h"
#include "grant.h"
#include "name.h"
#include "output.h"
#include "view.h"

struct bus_values {
	struct str bus;
};
#define BUS_OPTION(type, member)                                                                   \
	{                                                                                          \
		"bus", OPTION_TEXT, offsetof(type, member), "BUS",                                 \
			"name or ARN of the event bus; without it default", 0, 0                   \
	}
static const struct option bus_options[] = {BUS_OPTION(struct bus_values, bus)};

/* ---- put ---- */

struct put_values {
	struct str bus, pattern, schedule, description, role;
	struct option_list targets;
	bool is_disabled, grants;
};

static const struct option put_options[] = {
	BUS_OPTION(struct put_values, bus),
	{"pattern", OPTION_TEXT, offsetof(struct put_values, pattern), "JSON|FILE",
	 "EventPattern: the events that the rule is for", 0, 0},
	{"schedule", OPTION_TEXT, offsetof(struct put_values, schedule), "EXPRESSION",
	 "ScheduleExpression: rate(5 minutes) or cron(0 12 * * ? *)", 0, 0},
	{"description", OPTION_TEXT, offsetof(struct put_values, description), "TEXT",
	 "what it is for", 0, 0},
	{"role", OPTION_TEXT, offsetof(struct put_values, role), "ARN",
	 "role that EventBridge assumes for the targets", 0, 0},
	{"target", OPTION_LIST, offsetof(struct put_values, targets), "QUEUE|ARN",
	 "a queue, or another target's ARN; may be repeated", 0, 0},
	{"grant", OPTION_FLAG, offsetof(struct put_values, grants), NULL, GRANT_HELP, 0, 0},
	{"disabled", OPTION_FLAG, offsetof(struct put_values, is_disabled), NULL,
	 "do not begin to match yet", 0, 0},
};

static enum cli_exit explain_failed(struct cli *cli, const struct events_put_targets_out *out)
{
	for (size_t i = 0; i < out->failed_entries_count; i++)
		cli_fail(cli, CLI_FAILED, "target %.*s: %.*s (%.*s)",
			 STR_ARG(out->failed_entries[i].target_id),
			 STR_ARG(out->failed_entries[i].error_message),
			 STR_ARG(out->failed_entries[i].error_code));
	return out->failed_entry_count > 0 ? CLI_FAILED : CLI_OK;
}

/* Targets get their names as ids. */
static enum cli_exit put_targets(struct cli *cli, const struct put_values *values,
				 struct str rule_arn)
{
	const struct option_list *given = &values->targets;
	struct events_target *targets =
		arena_array(&cli->arena, struct events_target, given->count);
	const struct events_put_targets_in in = {.rule = cli->arguments.items[0],
						 .event_bus_name = values->bus,
						 .targets = targets,
						 .targets_count = given->count};
	struct events_put_targets_out out;
	enum cli_exit code = CLI_OK;

	for (size_t i = 0; i < given->count && code == CLI_OK; i++) {
		code = name_queue_arn(cli, given->items[i], &targets[i].arn);
		targets[i].id = name_of_arn(targets[i].arn);
		if (code == CLI_OK && values->grants)
			code = grant_service(cli, given->items[i], "events.amazonaws.com",
					     rule_arn);
	}
	if (code == CLI_OK)
		code = cli_call(cli, &events_operations[EVENTS_PUT_TARGETS], &in, &out);
	return code ? code : explain_failed(cli, &out);
}

static enum cli_exit put_run(struct cli *cli, const void *values_given)
{
	const struct put_values *values = values_given;
	struct events_put_rule_in in = {
		.name = cli->arguments.items[0],
		.event_bus_name = values->bus,
		.schedule_expression = values->schedule,
		.description = values->description,
		.role_arn = values->role,
		.state = values->is_disabled ? STR("DISABLED") : STR("ENABLED"),
	};
	struct events_put_rule_out out;
	enum cli_exit code = CLI_OK;

	if (values->pattern.data)
		code = document_read_json(cli, values->pattern, &in.event_pattern);
	if (code == CLI_OK)
		code = cli_call(cli, &events_operations[EVENTS_PUT_RULE], &in, &out);
	if (code)
		return code;
	struct str arn = arena_copy(&cli->arena, out.rule_arn);
	output_text(cli, "RuleArn", arn);
	return values->targets.count > 0 ? put_targets(cli, values, arn) : CLI_OK;
}

static const struct command put_command = {
	.name = "put",
	.arguments = "NAME",
	.summary = "make or change a rule and print its ARN",
	.details = "A target's policy must let EventBridge in: --grant does that for queues.\n"
		   "\n"
		   "  tern rule put issues --pattern '{\"detail-type\": [\"issues\"]}' --target "
		   "open --grant\n"
		   "  tern rule put hourly --schedule 'rate(1 hour)' --target ticks",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = put_run,
	CLI_OPTIONS(put_options, struct put_values),
};

/* ---- ls, show ---- */

static enum cli_exit ls_run(struct cli *cli, const void *values_given)
{
	static const struct view_column columns[] = {
		{"NAME", "Name"},
		{"STATE", "State"},
		{"PATTERN", "EventPattern"},
		{"SCHEDULE", "ScheduleExpression"},
	};
	const struct view_list view = {&events_operations[EVENTS_LIST_RULES], "Rules",
				       VIEW_COLUMNS(columns)};
	const struct bus_values *values = values_given;
	const struct events_list_rules_in in = {
		.name_prefix = cli->arguments.count > 0 ? cli->arguments.items[0] : (struct str){0},
		.event_bus_name = values->bus};

	return view_list(cli, &view, &in, "No rules. Make one with: tern rule put NAME");
}

static const struct command ls_command = {
	.name = "ls",
	.arguments = "[PREFIX]",
	.summary = "list rules whose names begin with PREFIX",
	.arguments_max = 1,
	.run = ls_run,
	CLI_OPTIONS(bus_options, struct bus_values),
};

static enum cli_exit show_run(struct cli *cli, const void *values_given)
{
	static const struct view_column columns[] = {
		{"ID", "Id"}, {"TARGET", "Arn"}, {"INPUT", "Input"}, {"ROLE", "RoleArn"}};
	const struct view_list view = {&events_operations[EVENTS_LIST_TARGETS_BY_RULE], "Targets",
				       VIEW_COLUMNS(columns)};
	const struct bus_values *values = values_given;
	const struct events_describe_rule_in rule = {.name = cli->arguments.items[0],
						     .event_bus_name = values->bus};
	const struct events_list_targets_by_rule_in targets = {.rule = rule.name,
							       .event_bus_name = values->bus};

	enum cli_exit code = view_run(cli, &events_operations[EVENTS_DESCRIBE_RULE], &rule);
	return code ? code
		    : view_list(cli, &view, &targets,
				"No targets. Add one with: tern rule put NAME --target QUEUE");
}

static const struct command show_command = {
	.name = "show",
	.arguments = "NAME",
	.summary = "print a rule and its targets",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = show_run,
	CLI_OPTIONS(bus_options, struct bus_values),
};

/* ---- rm, enable, disable ---- */

enum { TARGETS_MAX = 100 };

/* A rule is deleted only without targets. */
static enum cli_exit remove_targets(struct cli *cli, struct str rule, struct str bus)
{
	const struct events_list_targets_by_rule_in in = {.rule = rule, .event_bus_name = bus};
	struct events_list_targets_by_rule_out out;
	struct events_remove_targets_out removed;
	struct str ids[TARGETS_MAX];

	for (;;) {
		enum cli_exit code =
			cli_call(cli, &events_operations[EVENTS_LIST_TARGETS_BY_RULE], &in, &out);
		if (code || out.targets_count == 0)
			return code;
		struct events_remove_targets_in remove = {
			.rule = rule, .event_bus_name = bus, .ids = ids};
		for (size_t i = 0; i < out.targets_count && i < TARGETS_MAX; i++)
			ids[remove.ids_count++] = arena_copy(&cli->arena, out.targets[i].id);
		code = cli_call(cli, &events_operations[EVENTS_REMOVE_TARGETS], &remove, &removed);
		if (code)
			return code;
		if (removed.failed_entry_count > 0)
			return cli_fail(cli, CLI_FAILED, "a target of %.*s could not be removed",
					STR_ARG(rule));
	}
}

static enum cli_exit rm_run(struct cli *cli, const void *values_given)
{
	const struct bus_values *values = values_given;
	struct events_delete_rule_out out;
	enum cli_exit code = CLI_OK;

	for (size_t i = 0; i < cli->arguments.count && code == CLI_OK; i++) {
		const struct events_delete_rule_in in = {.name = cli->arguments.items[i],
							 .event_bus_name = values->bus};
		code = remove_targets(cli, in.name, values->bus);
		if (code == CLI_OK)
			code = cli_call(cli, &events_operations[EVENTS_DELETE_RULE], &in, &out);
	}
	return code;
}

static const struct command rm_command = {
	.name = "rm",
	.arguments = "NAME...",
	.summary = "delete rules with their targets, without asking",
	.arguments_min = 1,
	.arguments_max = ARGUMENTS_ANY,
	.run = rm_run,
	CLI_OPTIONS(bus_options, struct bus_values),
};

static enum cli_exit enable_run(struct cli *cli, const void *values_given)
{
	const struct bus_values *values = values_given;
	const struct events_enable_rule_in in = {.name = cli->arguments.items[0],
						 .event_bus_name = values->bus};
	struct events_enable_rule_out out;

	return cli_call(cli, &events_operations[EVENTS_ENABLE_RULE], &in, &out);
}

static const struct command enable_command = {
	.name = "enable",
	.arguments = "NAME",
	.summary = "let a rule match events",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = enable_run,
	CLI_OPTIONS(bus_options, struct bus_values),
};

static enum cli_exit disable_run(struct cli *cli, const void *values_given)
{
	const struct bus_values *values = values_given;
	const struct events_disable_rule_in in = {.name = cli->arguments.items[0],
						  .event_bus_name = values->bus};
	struct events_disable_rule_out out;

	return cli_call(cli, &events_operations[EVENTS_DISABLE_RULE], &in, &out);
}

static const struct command disable_command = {
	.name = "disable",
	.arguments = "NAME",
	.summary = "keep a rule from matching events",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = disable_run,
	CLI_OPTIONS(bus_options, struct bus_values),
};

static const struct command *const children[] = {
	&put_command, &ls_command, &show_command, &rm_command, &enable_command, &disable_command,
};

const struct command rule_command = {
	.name = "rule",
	.summary = "make, list, show, switch and remove rules of an event bus",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
