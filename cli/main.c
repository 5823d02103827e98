/* SPDX-License-Identifier: MIT */
/*
 * main: the table of commands, and the way from the command line to one of them.
 *
 * Options that every command has may also stand before the command.
 */
#include "commands.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/suggest.h"
#include "bench.h"
#include "help.h"

enum { COMMANDS_MAX = 32, DEPTH_MAX = 4 };

#define AT(member) offsetof(struct cli_globals, member)
const struct option cli_global_options[] = {
	{"endpoint-url", OPTION_TEXT, AT(endpoint_url), "URL",
	 "where the service is; without it: AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL, the profile, "
	 "then " CLI_ENDPOINT,
	 0, 0},
	{"aws", OPTION_FLAG, AT(wants_aws), NULL,
	 "talk to AWS itself, whatever endpoint is configured", 0, 0},
	{"region", OPTION_TEXT, AT(region), "NAME",
	 "AWS region; without it: AWS_REGION, AWS_DEFAULT_REGION, the profile, then us-east-1", 0,
	 0},
	{"profile", OPTION_TEXT, AT(profile), "NAME",
	 "profile of ~/.aws/config and ~/.aws/credentials; without it: AWS_PROFILE", 0, 0},
	{"output", OPTION_CHOICE, AT(output), "table|json", "for people, or one JSON object a line",
	 0, 0},
	{"help", OPTION_FLAG, AT(wants_help), NULL, "print help and exit", 0, 0},
	{"version", OPTION_FLAG, AT(wants_version), NULL, "print the version and exit", 0, 0},
};
const size_t cli_global_option_count = sizeof(cli_global_options) / sizeof(cli_global_options[0]);

static const struct command bench_command = {
	.name = "bench",
	.summary = "drive an SQS endpoint with load and measure it",
	.main = bench_main,
};

/* clang-format off */
static const struct command *const commands[] = {
	&queue_command, &send_command, &receive_command, &dlq_command,
	&topic_command, &sub_command, &publish_command,
	&bus_command, &rule_command, &event_command, &archive_command, &replay_command,
	&schedule_command, &logs_command, &metrics_command, &pipe_command, &cost_command,
	&alarm_command, &dashboard_command,
	&account_command, &delivery_command, &user_command, &key_command, &role_command, &policy_command,
	&whoami_command, &endpoint_command, &kms_command,
	&watch_command, &health_command, &audit_command, &cert_command,
	&bench_command, &completion_command, &version_command, &help_command,
};
/* clang-format on */

const struct command cli_root = {
	.name = "tern",
	.summary = "queues, topics, events, users and keys of Tern, or of AWS",
	.details = "Credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
		   "AWS_SESSION_TOKEN, or from the profile: its keys, its role_arn, or its "
		   "credential_process. Without any, requests to an endpoint that is not AWS are "
		   "signed as \"tern\".\n"
		   "\n"
		   "Exit status: 0 done, 1 the service refused or not all could be done, 2 the "
		   "command "
		   "line is wrong, 3 the endpoint does not answer.",
	.children = commands,
	.child_count = sizeof(commands) / sizeof(commands[0]),
	.arguments_max = ARGUMENTS_ANY,
	.is_offline = true,
};

static enum cli_exit version_run(struct cli *cli, const void *values)
{
	(void)values; /* it has no options */
	if (cli->is_json)
		printf("{\"version\":\"%s\"}\n", tern_version());
	else
		printf("tern %s\n", tern_version());
	return CLI_OK;
}

const struct command version_command = {
	.name = "version",
	.summary = "print the version",
	.run = version_run,
	.is_offline = true,
};

/* Where a command is found, from the top. */
struct place {
	const struct command *command;
	char path[128]; /* "tern queue ls" */
};

const struct command *command_find(const struct command *command, struct str name)
{
	for (size_t i = 0; i < command->child_count; i++)
		if (str_equal(str_from(command->children[i]->name), name))
			return command->children[i];
	return NULL;
}

/* Names of commands in other command-line programs, and their names here. */
static const char *const synonyms[][2] = {
	{"list", "ls"},		{"delete", "rm"},  {"remove", "rm"},   {"del", "rm"},
	{"new", "create"},	{"add", "create"}, {"make", "create"}, {"get", "show"},
	{"describe", "show"},	{"info", "show"},  {"update", "set"},  {"publish", "send"},
	{"consume", "receive"},
};

static const char *suggest_command(const struct command *parent, struct str name)
{
	const char *names[COMMANDS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++)
		if (str_equal(name, str_from(synonyms[i][0])) &&
		    command_find(parent, str_from(synonyms[i][1])))
			return synonyms[i][1];
	for (; count < parent->child_count && count < COMMANDS_MAX; count++)
		names[count] = parent->children[count]->name;
	return suggest_name(name, names, count);
}

static enum cli_exit refuse_command(struct cli *cli, const struct place *place, struct str name)
{
	const char *meant = suggest_command(place->command, name);

	if (meant)
		cli_fail(cli, CLI_USAGE, "there is no command \"%s %.*s\"; did you mean \"%s %s\"?",
			 place->path, STR_ARG(name), place->path, meant);
	else
		cli_fail(cli, CLI_USAGE, "there is no command \"%s %.*s\"", place->path,
			 STR_ARG(name));
	cli_note(cli, "See the commands with: %s --help", place->path);
	return CLI_USAGE;
}

static void descend(struct place *place, const struct command *child)
{
	size_t size = strlen(place->path);

	snprintf(place->path + size, sizeof(place->path) - size, " %s", child->name);
	place->command = child;
}

static const struct option *find_global(struct str word)
{
	struct str rest = str_slice(word, 2, word.size);
	struct str name = str_cut(&rest, '=');

	for (size_t i = 0; i < cli_global_option_count; i++)
		if (str_equal(name, str_from(cli_global_options[i].name)))
			return &cli_global_options[i];
	return NULL;
}

/*
 * How many of the words at the start are options, with their values. All of them if one is
 * unknown: without a command to run it will be refused.
 */
static int leading_options(int argc, char **argv)
{
	int count = 0;

	while (count < argc && argv[count][0] == '-' && argv[count][1] != '\0') {
		struct str word = str_from(argv[count++]);
		if (str_equal(word, STR("-h")))
			continue;
		const struct option *option = find_global(word);
		if (!option)
			return argc;
		if (option->kind != OPTION_FLAG && str_find_char(word, '=', 0) == SIZE_MAX &&
		    count < argc)
			count++;
	}
	return count;
}

static void look_at_terminal(struct cli *cli)
{
	const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
	bool may_color = !(no_color && *no_color) && !(terminal && strcmp(terminal, "dumb") == 0);

	cli->is_terminal = isatty(STDOUT_FILENO);
	cli->is_error_terminal = isatty(STDERR_FILENO);
	cli->has_color = cli->is_terminal && may_color;
	cli->has_error_color = cli->is_error_terminal && may_color;
}

enum cli_exit cli_open_session(struct cli *cli)
{
	const struct tern_options options = {
		.endpoint_url = cli->globals.endpoint_url,
		.endpoint_url_default = STR(CLI_ENDPOINT),
		.wants_aws = cli->globals.wants_aws,
		.region = cli->globals.region,
		.profile = cli->globals.profile,
		.user_agent = STR("tern"),
	};
	char problem[TERN_PROBLEM_SIZE];

	if (options.wants_aws && options.endpoint_url.size > 0)
		return cli_fail(cli, CLI_USAGE, "--aws and --endpoint-url exclude each other");
	enum err err = tern_session_new(&options, &cli->session, problem);
	if (err)
		return cli_fail(cli, CLI_USAGE, "%s", problem);
	cli->call = tern_call_new(cli->session);
	cli_catch_interrupt(cli);
	return CLI_OK;
}

static enum cli_exit check_arguments(struct cli *cli)
{
	const struct command *command = cli->command;

	if (cli->arguments.count >= command->arguments_min &&
	    cli->arguments.count <= command->arguments_max)
		return CLI_OK;
	cli_fail(cli, CLI_USAGE, "%s: %s", cli->path,
		 cli->arguments.count < command->arguments_min ? "an argument is missing"
							       : "too many arguments");
	cli_note(cli, "Usage: %s [options] %s", cli->path,
		 command->arguments ? command->arguments : "");
	return CLI_USAGE;
}

static enum cli_exit run_command(struct cli *cli, int argc, char **argv)
{
	const struct command *command = cli->command;
	void *values = arena_alloc(&cli->arena, command->values_size);
	const struct option_set sets[] = {
		{command->options, command->option_count, values},
		{cli_global_options, cli_global_option_count, &cli->globals},
	};
	char problem[OPTION_PROBLEM_SIZE];

	if (!option_parse(&cli->arena, sets, 2, argc, argv, &cli->arguments, problem)) {
		cli_fail(cli, CLI_USAGE, "%s: %s", cli->path, problem);
		cli_note(cli, "See the options with: %s --help", cli->path);
		return CLI_USAGE;
	}
	cli->is_json = cli->globals.output == 1;
	if (cli->globals.wants_help) {
		help_print(cli, command, cli->path);
		return CLI_OK;
	}
	if (cli->globals.wants_version)
		return version_run(cli, NULL);
	if (!command->run) {
		help_print(cli, command, cli->path);
		return CLI_USAGE;
	}
	enum cli_exit code = check_arguments(cli);
	if (code == CLI_OK && !command->is_offline)
		code = cli_open_session(cli);
	if (code == CLI_OK)
		code = command->run(cli, values);
	return code;
}

/* The words without those that name the command, in an array of their own. */
static char **other_words(struct cli *cli, int argc, char **argv, int lead, int next,
			  int *out_count)
{
	char **words = arena_array(&cli->arena, char *, (size_t)argc);
	int count = 0;

	for (int i = 1; i < argc; i++)
		if (i < lead || i >= next)
			words[count++] = argv[i];
	*out_count = count;
	return words;
}

static enum cli_exit dispatch(struct cli *cli, int argc, char **argv)
{
	struct place place = {&cli_root, "tern"};
	int lead = 1 + leading_options(argc - 1, argv + 1);
	int next = lead, count;

	while (place.command->child_count > 0 && next < argc && argv[next][0] != '-') {
		struct str name = str_from(argv[next]);
		const struct command *child = command_find(place.command, name);
		if (!child && place.command->run)
			break; /* an argument */
		if (!child)
			return refuse_command(cli, &place, name);
		descend(&place, child);
		next++;
	}
	cli->command = place.command;
	cli->path = place.path;
	if (place.command->main)
		return (enum cli_exit)place.command->main(argc - next + 1, argv + next - 1);
	char **words = other_words(cli, argc, argv, lead, next, &count);
	return run_command(cli, count, words);
}

int main(int argc, char **argv)
{
	struct cli cli = {0};

	base_init();
	/* A closed pipe is an error of a write, not the end of the process. */
	(void)signal(SIGPIPE, SIG_IGN); /* cannot fail for SIGPIPE */
	arena_init(&cli.arena);
	look_at_terminal(&cli);
	enum cli_exit code = dispatch(&cli, argc, argv);
	if (!cli_flush(&cli) && code == CLI_OK)
		code = CLI_FAILED;
	tern_call_free(&cli.call);
	tern_session_free(&cli.session);
	arena_done(&cli.arena);
	return (int)code;
}
