/* SPDX-License-Identifier: MIT */
/* manual: the page tern(1) in the roff language, from the same tables as the help. */
#include "commands.h"

#include <stdio.h>

#include "format/roff.h"
#include "help.h"

static void print_text(struct str text)
{
	struct buf line = {0};

	roff_append(&line, text);
	fwrite(line.data, 1, line.size, stdout);
	buf_done(&line);
}

static void print_line(const char *text)
{
	print_text(str_from(text));
	putchar('\n');
}

static void print_option(const struct option *option)
{
	fputs(".TP\n\\fB\\-\\-", stdout);
	print_text(str_from(option->name));
	fputs("\\fR", stdout);
	if (option->value) {
		fputs(" \\fI", stdout);
		print_text(str_from(option->value));
		fputs("\\fR", stdout);
	}
	putchar('\n');
	print_line(option->help);
}

/* Lines that begin with a blank are examples, and stay as they are. */
static void print_details(const char *details)
{
	bool is_example = false;

	puts(".PP");
	for (struct str rest = str_from(details); rest.size > 0;) {
		struct str line = str_cut(&rest, '\n');
		bool begins = str_starts(line, STR(" "));
		if (begins != is_example)
			puts(begins ? ".nf" : ".fi");
		is_example = begins;
		if (line.size == 0) {
			puts(".PP");
			continue;
		}
		print_text(line);
		putchar('\n');
	}
	if (is_example)
		puts(".fi");
}

static void print_command(const struct command *command, const char *path)
{
	char below[HELP_NAME_SIZE];

	for (size_t i = 0; i < command->child_count; i++) {
		snprintf(below, sizeof(below), "%s %s", path, command->children[i]->name);
		print_command(command->children[i], below);
	}
	if (command->child_count > 0)
		return;
	printf(".SS \"%s %s\"\n", path, command->arguments ? command->arguments : "");
	print_line(command->summary);
	if (command->main)
		printf("; see %s \\-\\-help\n", path);
	for (size_t i = 0; i < command->option_count; i++)
		print_option(&command->options[i]);
	if (command->details)
		print_details(command->details);
}

void manual_print(void)
{
	printf(".TH TERN 1 \"\" \"tern %s\" \"Tern\"\n.SH NAME\ntern \\- ", tern_version());
	print_line(cli_root.summary);
	puts(".SH SYNOPSIS\n\\fBtern\\fR \\fICOMMAND\\fR [options]\n.SH DESCRIPTION");
	print_details(cli_root.details);
	puts(".SH COMMANDS");
	print_command(&cli_root, "tern");
	puts(".SH \"OPTIONS OF EVERY COMMAND\"");
	for (size_t i = 0; i < cli_global_option_count; i++)
		print_option(&cli_global_options[i]);
	puts(".SH ENVIRONMENT");
	for (size_t i = 0; i < help_variable_count; i++) {
		printf(".TP\n\\fB%s\\fR\n", help_variables[i].name);
		print_line(help_variables[i].help);
	}
	puts(".SH SEE ALSO\n.BR ternd (1)");
}
