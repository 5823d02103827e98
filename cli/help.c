/* SPDX-License-Identifier: MIT */
/* help: the texts of --help, from the tables of commands and options. */
#include "commands.h"

#include <stdio.h>
#include <string.h>

#include "help.h"
#include "help_api.h"
#include "output.h"

enum { WIDTH = 100, INDENT = 28 };

const struct help_variable help_variables[] = {
	{"AWS_ENDPOINT_URL_SQS", "endpoint of SQS; AWS_ENDPOINT_URL is that of all services"},
	{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
	 "true: the two above and the profile's do not count"},
	{"AWS_REGION", "region; if it is not set, AWS_DEFAULT_REGION"},
	{"AWS_ACCESS_KEY_ID", "with AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN: who signs"},
	{"AWS_PROFILE", "section of ~/.aws/config and ~/.aws/credentials to use"},
	{"AWS_CONFIG_FILE", "instead of ~/.aws/config; AWS_SHARED_CREDENTIALS_FILE for the other"},
	{"AWS_MAX_ATTEMPTS", "how often a request is tried, 3 if it is not set"},
	{"AWS_CA_BUNDLE", "file of certificates that are trusted instead of the system's"},
	{"NO_COLOR", "set to anything: no colours"},
};
const size_t help_variable_count = sizeof(help_variables) / sizeof(help_variables[0]);

/* Words of `text` in lines of WIDTH columns, of which the first begins at `indent` too. */
static void print_wrapped(struct str text, size_t indent)
{
	size_t column = indent;

	while (text.size > 0) {
		struct str word = str_cut(&text, ' ');
		if (column > indent && column + 1 + word.size > WIDTH) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			putchar(' ');
			column++;
		}
		printf("%.*s", STR_ARG(word));
		column += word.size;
	}
	putchar('\n');
}

/* A name with its meaning beside it, or below it if the name is long. */
static void print_entry(const char *name, const char *text)
{
	size_t column = 2 + strlen(name);

	printf("  %s", name);
	if (column + 2 > INDENT) {
		putchar('\n');
		column = 0;
	}
	printf("%*s", (int)(INDENT - column), "");
	print_wrapped(str_from(text), INDENT);
}

static void print_options(const struct option *options, size_t count)
{
	char name[HELP_NAME_SIZE];

	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "--%s%s%s", options[i].name,
			 options[i].value ? " " : "", options[i].value ? options[i].value : "");
		print_entry(name, options[i].help);
	}
}

/* A line that begins with a blank is an example and stays as it is. */
static void print_details(const char *text)
{
	putchar('\n');
	for (struct str rest = str_from(text); rest.size > 0;) {
		struct str line = str_cut(&rest, '\n');
		if (str_starts(line, STR(" ")))
			printf("%.*s\n", STR_ARG(line));
		else
			print_wrapped(line, 0);
	}
}

static void print_title(const struct cli *cli, const char *title)
{
	printf("\n%s%s%s\n", output_color(cli->has_color, COLOR_BOLD), title,
	       output_color(cli->has_color, COLOR_NONE));
}

static void print_variables(const struct cli *cli)
{
	print_title(cli, "Environment");
	for (size_t i = 0; i < help_variable_count; i++)
		print_entry(help_variables[i].name, help_variables[i].help);
}

void help_print(const struct cli *cli, const struct command *command, const char *path)
{
	printf("%s: %s\n\nUsage: %s%s [options]%s%s\n", path, command->summary, path,
	       command->child_count > 0 && !command->run ? " COMMAND" : "",
	       command->arguments ? " " : "", command->arguments ? command->arguments : "");
	if (command->child_count > 0)
		print_title(cli, "Commands");
	for (size_t i = 0; i < command->child_count; i++)
		print_entry(command->children[i]->name, command->children[i]->summary);
	if (command->option_count > 0) {
		print_title(cli, "Options");
		print_options(command->options, command->option_count);
	}
	print_title(cli, "Options of every command");
	print_options(cli_global_options, cli_global_option_count);
	if (command == &cli_root)
		print_variables(cli);
	if (command->details)
		print_details(command->details);
}

struct help_values {
	bool wants_manual;
};

static const struct option help_options[] = {
	{"manual", OPTION_FLAG, offsetof(struct help_values, wants_manual), NULL,
	 "print the manual page instead, for man", 0, 0},
};

static enum cli_exit help_run(struct cli *cli, const void *values_given)
{
	const struct help_values *values = values_given;
	const struct command *command = &cli_root;
	struct buf path = {0};

	if (values->wants_manual) {
		manual_print();
		return CLI_OK;
	}
	buf_append(&path, STR("tern"));
	for (size_t i = 0; i < cli->arguments.count; i++) {
		const struct command *child = command_find(command, cli->arguments.items[i]);
		if (!child) {
			buf_done(&path);
			return cli_fail(cli, CLI_USAGE, "there is no command \"%.*s\"",
					STR_ARG(cli->arguments.items[i]));
		}
		command = child;
		buf_format(&path, " %s", command->name);
	}
	buf_append_char(&path, '\0');
	char *words[] = {(char *)(uintptr_t)command->name, (char *)(uintptr_t) "--help", NULL};
	if (command->main)
		command->main(2, words);
	else
		help_print(cli, command, path.data);
	buf_done(&path);
	return CLI_OK;
}

static const struct command *const help_children[] = {&help_api_command};

const struct command help_command = {
	.name = "help",
	.arguments = "[COMMAND...]",
	.summary = "print help of a command",
	.arguments_max = 4,
	.run = help_run,
	.children = help_children,
	.child_count = 1,
	.is_offline = true,
	CLI_OPTIONS(help_options, struct help_values),
};
