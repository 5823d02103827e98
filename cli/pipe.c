/* SPDX-License-Identifier: MIT */
/* pipe: pipes of EventBridge Pipes. */
#include "commands.h"

#include <assert.h>

#include "api/pipes.h"
#include "name.h"
#include "output.h"
#include "view.h"

/* ---- create, set ---- */

struct pipe_values {
	struct str role, filter, template, enrichment, target, group, description;
	struct option_number batch, window;
	bool is_stopped;
};

#define AT(member) offsetof(struct pipe_values, member)
#define COMMON_OPTIONS                                                                             \
	{"role", OPTION_TEXT, AT(role), "ARN", "role that Pipes assumes: it must be given", 0, 0}, \
		{"filter",                                                                         \
		 OPTION_TEXT,                                                                      \
		 AT(filter),                                                                       \
		 "PATTERN",                                                                        \
		 "event pattern of the messages that pass; others are deleted",                    \
		 0,                                                                                \
		 0},                                                                               \
		{"template",                                                                       \
		 OPTION_TEXT,                                                                      \
		 AT(template),                                                                     \
		 "TEXT",                                                                           \
		 "InputTemplate of the target: '<$.body>' is the body of the message",             \
		 0,                                                                                \
		 0},                                                                               \
		{"enrichment",                                                                     \
		 OPTION_TEXT,                                                                      \
		 AT(enrichment),                                                                   \
		 "ARN",                                                                            \
		 "API destination whose answer the target gets",                                   \
		 0,                                                                                \
		 0},                                                                               \
		{"group",                                                                          \
		 OPTION_TEXT,                                                                      \
		 AT(group),                                                                        \
		 "ID",                                                                             \
		 "MessageGroupId of a target that is a FIFO queue",                                \
		 0,                                                                                \
		 0},                                                                               \
		{"batch", OPTION_NUMBER, AT(batch), "COUNT", "messages of a batch at most",        \
		 1,	  10000},                                                                  \
		{"window", OPTION_NUMBER, AT(window), "SECONDS", "that a batch is gathered", 0,    \
		 300},                                                                             \
	{                                                                                          \
		"description", OPTION_TEXT, AT(description), "TEXT", "what it is for", 0, 0        \
	}
static const struct option create_options[] = {
	COMMON_OPTIONS,
	{"stopped", OPTION_FLAG, AT(is_stopped), NULL, "make it without starting it", 0, 0},
};
static const struct option set_options[] = {
	COMMON_OPTIONS,
	{"target", OPTION_TEXT, AT(target), "TARGET", "another target: a queue or an ARN", 0, 0},
};
#undef AT

static enum cli_exit need_role(struct cli *cli, const struct pipe_values *values)
{
	if (values->role.size > 0)
		return CLI_OK;
	return cli_fail(cli, CLI_USAGE,
			"give the role that Pipes assumes: --role ARN. Make one with: "
			"tern role create NAME --trust pipes.amazonaws.com");
}

static struct pipes_filter_criteria *filter_of(struct cli *cli, const struct pipe_values *values)
{
	struct pipes_filter_criteria *criteria =
		arena_new(&cli->arena, struct pipes_filter_criteria);

	if (!values->filter.data)
		return NULL;
	criteria->filters = arena_new(&cli->arena, struct pipes_filter);
	criteria->filters->pattern = values->filter;
	criteria->filters_count = values->filter.size > 0;
	return criteria;
}

static struct pipes_pipe_target_parameters *target_of(struct cli *cli,
						      const struct pipe_values *values)
{
	struct pipes_pipe_target_parameters *target =
		arena_new(&cli->arena, struct pipes_pipe_target_parameters);

	if (!values->template.data && !values->group.data)
		return NULL;
	target->input_template = values->template;
	if (values->group.data) {
		target->sqs_queue_parameters =
			arena_new(&cli->arena, struct pipes_pipe_target_sqs_queue_parameters);
		target->sqs_queue_parameters->message_group_id = values->group;
	}
	return target;
}

static bool has_batch(const struct pipe_values *values)
{
	return values->batch.is_given || values->window.is_given;
}

static enum cli_exit create_run(struct cli *cli, const void *values_given)
{
	const struct pipe_values *values = values_given;
	struct pipes_pipe_source_sqs_queue_parameters queue = {
		.batch_size = values->batch.value,
		.has_batch_size = values->batch.is_given,
		.maximum_batching_window_in_seconds = values->window.value,
		.has_maximum_batching_window_in_seconds = values->window.is_given,
	};
	struct pipes_pipe_source_parameters source = {
		.filter_criteria = filter_of(cli, values),
		.sqs_queue_parameters = has_batch(values) ? &queue : NULL,
	};
	struct pipes_create_pipe_in in = {
		.name = cli->arguments.items[0],
		.role_arn = values->role,
		.description = values->description,
		.enrichment = values->enrichment,
		.desired_state = values->is_stopped ? STR("STOPPED") : (struct str){0},
		.source_parameters =
			source.filter_criteria || source.sqs_queue_parameters ? &source : NULL,
		.target_parameters = target_of(cli, values),
	};
	struct pipes_create_pipe_out out;

	enum cli_exit code = need_role(cli, values);
	if (code == CLI_OK)
		code = name_queue_arn(cli, cli->arguments.items[1], &in.source);
	if (code == CLI_OK)
		code = name_queue_arn(cli, cli->arguments.items[2], &in.target);
	if (code == CLI_OK)
		code = cli_call(cli, &pipes_operations[PIPES_CREATE_PIPE], &in, &out);
	if (code == CLI_OK)
		output_text(cli, "Arn", out.arn);
	return code;
}

static const struct command create_command = {
	.name = "create",
	.arguments = "NAME SOURCE TARGET",
	.summary = "make a pipe from a queue to a target and print its ARN",
	.details =
		"SOURCE is a queue. TARGET is a queue or an ARN: of a topic, an event bus, an API "
		"destination.\n"
		"\n"
		"  tern pipe create paid orders paid-orders --filter '{\"body\":{\"state\":"
		"[\"PAID\"]}}' \\\n"
		"    --template '<$.body>' --role arn:aws:iam::000000000000:role/pipes",
	.arguments_min = 3,
	.arguments_max = 3,
	.run = create_run,
	CLI_OPTIONS(create_options, struct pipe_values),
};

/* The role of the pipe, unless another is given: UpdatePipe needs it. */
static enum cli_exit read_role(struct cli *cli, struct str name, struct str *role)
{
	const struct pipes_describe_pipe_in in = {.name = name};
	struct pipes_describe_pipe_out out;

	if (role->size > 0)
		return CLI_OK;
	enum cli_exit code = cli_call(cli, &pipes_operations[PIPES_DESCRIBE_PIPE], &in, &out);
	if (code == CLI_OK)
		*role = out.role_arn;
	return code;
}

static enum cli_exit set_run(struct cli *cli, const void *values_given)
{
	const struct pipe_values *values = values_given;
	struct pipes_update_pipe_source_sqs_queue_parameters queue = {
		.batch_size = values->batch.value,
		.has_batch_size = values->batch.is_given,
		.maximum_batching_window_in_seconds = values->window.value,
		.has_maximum_batching_window_in_seconds = values->window.is_given,
	};
	struct pipes_update_pipe_source_parameters source = {
		.filter_criteria = filter_of(cli, values),
		.sqs_queue_parameters = has_batch(values) ? &queue : NULL,
	};
	struct pipes_update_pipe_in in = {
		.name = cli->arguments.items[0],
		.role_arn = values->role,
		.description = values->description,
		.enrichment = values->enrichment,
		.source_parameters =
			source.filter_criteria || source.sqs_queue_parameters ? &source : NULL,
		.target_parameters = target_of(cli, values),
	};
	struct pipes_update_pipe_out out;

	enum cli_exit code = read_role(cli, in.name, &in.role_arn);
	if (code == CLI_OK && values->target.data)
		code = name_queue_arn(cli, values->target, &in.target);
	return code ? code : cli_call(cli, &pipes_operations[PIPES_UPDATE_PIPE], &in, &out);
}

static const struct command set_command = {
	.name = "set",
	.arguments = "NAME",
	.summary = "change the settings of a pipe",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = set_run,
	CLI_OPTIONS(set_options, struct pipe_values),
};

/* ---- ls, show ---- */

static enum cli_exit ls_run(struct cli *cli, const void *values_given)
{
	static const struct view_column columns[] = {
		{"NAME", "Name"},     {"STATE", "CurrentState"}, {"SOURCE", "Source"},
		{"TARGET", "Target"}, {"REASON", "StateReason"},
	};
	const struct view_list view = {&pipes_operations[PIPES_LIST_PIPES], "Pipes",
				       VIEW_COLUMNS(columns)};
	const struct pipes_list_pipes_in in = {.name_prefix = cli->arguments.count > 0
								      ? cli->arguments.items[0]
								      : (struct str){0}};

	(void)values_given;
	return view_list(cli, &view, &in,
			 "No pipes. Make one with: tern pipe create NAME SOURCE TARGET");
}

static const struct command ls_command = {
	.name = "ls",
	.arguments = "[PREFIX]",
	.summary = "list pipes whose names begin with PREFIX",
	.arguments_max = 1,
	.run = ls_run,
};

static enum cli_exit show_run(struct cli *cli, const void *values_given)
{
	const struct pipes_describe_pipe_in in = {.name = cli->arguments.items[0]};

	(void)values_given;
	return view_run(cli, &pipes_operations[PIPES_DESCRIBE_PIPE], &in);
}

static const struct command show_command = {
	.name = "show",
	.arguments = "NAME",
	.summary = "print a pipe, its state and the reason",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = show_run,
};

/* ---- start, stop, rm ---- */

/* The inputs of these operations are a name each. */
static enum cli_exit call_each(struct cli *cli, uint32_t operation)
{
	enum cli_exit code = CLI_OK;

	for (size_t i = 0; i < cli->arguments.count && code == CLI_OK; i++) {
		const struct pipes_start_pipe_in in = {.name = cli->arguments.items[i]};
		struct pipes_start_pipe_out out;
		code = cli_call(cli, &pipes_operations[operation], &in, &out);
	}
	return code;
}
static_assert(sizeof(struct pipes_start_pipe_in) == sizeof(struct pipes_stop_pipe_in), "a name");
static_assert(sizeof(struct pipes_start_pipe_in) == sizeof(struct pipes_delete_pipe_in), "a name");
static_assert(sizeof(struct pipes_start_pipe_out) == sizeof(struct pipes_stop_pipe_out), "alike");
static_assert(sizeof(struct pipes_start_pipe_out) == sizeof(struct pipes_delete_pipe_out), "alike");

static enum cli_exit start_run(struct cli *cli, const void *values_given)
{
	(void)values_given;
	return call_each(cli, PIPES_START_PIPE);
}

static const struct command start_command = {
	.name = "start",
	.arguments = "NAME...",
	.summary = "start pipes",
	.arguments_min = 1,
	.arguments_max = ARGUMENTS_ANY,
	.run = start_run,
};

static enum cli_exit stop_run(struct cli *cli, const void *values_given)
{
	(void)values_given;
	return call_each(cli, PIPES_STOP_PIPE);
}

static const struct command stop_command = {
	.name = "stop",
	.arguments = "NAME...",
	.summary = "stop pipes; messages stay in their queues",
	.arguments_min = 1,
	.arguments_max = ARGUMENTS_ANY,
	.run = stop_run,
};

static enum cli_exit rm_run(struct cli *cli, const void *values_given)
{
	(void)values_given;
	return call_each(cli, PIPES_DELETE_PIPE);
}

static const struct command rm_command = {
	.name = "rm",
	.arguments = "NAME...",
	.summary = "delete pipes, without asking",
	.arguments_min = 1,
	.arguments_max = ARGUMENTS_ANY,
	.run = rm_run,
};

static const struct command *const children[] = {
	&create_command, &ls_command,	&show_command, &set_command,
	&start_command,	 &stop_command, &rm_command,
};

const struct command pipe_command = {
	.name = "pipe",
	.summary = "make, list, change, start and stop pipes",
	.children = children,
	.child_count = sizeof(children) / sizeof(children[0]),
	.arguments_max = ARGUMENTS_ANY,
};
