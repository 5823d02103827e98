/* SPDX-License-Identifier: MIT */
/*
 * completion: scripts for three shells, written from the tables.
 *
 * Each command becomes a line "path|words", from which a small function of the shell chooses; a
 * queue's name is completed by asking the service.
 */
#include "commands.h"

#include <stdio.h>

#include "help_api.h"

enum { PATH_SIZE = 128 };

typedef void (*visit_fn)(const struct command *command, const char *path);

static const struct command *api; /* help_api_tree; set before the first visit */

static void each_command(const struct command *command, const char *path, visit_fn visit)
{
	char below[PATH_SIZE];

	if (command == &help_api_command)
		command = api;
	visit(command, path);
	for (size_t i = 0; i < command->child_count; i++) {
		snprintf(below, sizeof(below), "%s%s%s", path, *path ? " " : "",
			 command->children[i]->name);
		each_command(command->children[i], below, visit);
	}
}

static bool takes_queue(const struct command *command)
{
	struct str arguments = str_from(command->arguments);

	return str_find(arguments, STR("QUEUE"), 0) != SIZE_MAX;
}

static void print_choices(const struct option *option)
{
	for (struct str rest = str_from(option->value); rest.size > 0;) {
		struct str choice = str_cut(&rest, '|');
		printf("%.*s ", STR_ARG(choice));
	}
}

/* ---- bash and zsh ---- */

static void print_words(const struct command *command, const char *path)
{
	printf("\t\"%s\")\n\t\twords=\"", path);
	for (size_t i = 0; i < command->child_count; i++)
		printf("%s ", command->children[i]->name);
	for (size_t i = 0; i < command->option_count; i++)
		printf("--%s ", command->options[i].name);
	for (size_t i = 0; i < cli_global_option_count; i++)
		printf("--%s%s", cli_global_options[i].name,
		       i + 1 < cli_global_option_count ? " " : "");
	printf("\"\n");
	if (takes_queue(command))
		printf("\t\ttakes_queue=1\n");
	printf("\t\t;;\n");
}

/* After an option with a value stands one of its choices, or what the shell itself knows: files. */
static void print_values(const struct option *options, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (options[i].kind == OPTION_FLAG)
			continue;
		printf("\t--%s) COMPREPLY=(", options[i].name);
		if (options[i].kind == OPTION_CHOICE) {
			printf("$(compgen -W \"");
			print_choices(&options[i]);
			printf("\" -- \"$current\")");
		}
		printf("); return ;;\n");
	}
}

static void print_command_values(const struct command *command, const char *path)
{
	(void)path; /* an option has the same kind wherever it is */
	print_values(command->options, command->option_count);
}

static void print_bash(void)
{
	printf("_tern() {\n"
	       "\tlocal word path=\"\" words=\"\" takes_queue=\"\" i\n"
	       "\tlocal current=\"${COMP_WORDS[COMP_CWORD]}\"\n"
	       "\tlocal previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
	       "\tcase \"$previous\" in\n");
	print_values(cli_global_options, cli_global_option_count);
	each_command(&cli_root, "", print_command_values);
	printf("\tesac\n"
	       "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	       "\t\tword=\"${COMP_WORDS[i]}\"\n"
	       "\t\tcase \" $(_tern_children \"$path\") \" in\n"
	       "\t\t*\" $word \"*) path=\"${path:+$path }$word\" ;;\n"
	       "\t\tesac\n"
	       "\tdone\n"
	       "\t_tern_words \"$path\"\n"
	       "\tif [ -n \"$takes_queue\" ] && [ \"${current#-}\" = \"$current\" ]; then\n"
	       "\t\twords=\"$(AWS_MAX_ATTEMPTS=1 tern queue ls --names \"$current\" "
	       "2>/dev/null)\"\n"
	       "\tfi\n"
	       "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
	       "}\n"
	       "_tern_children() {\n"
	       "\tlocal words=\"\" takes_queue=\"\" word\n"
	       "\t_tern_words \"$1\"\n"
	       "\tfor word in $words; do\n"
	       "\t\tcase \"$word\" in --*) ;; *) printf '%%s ' \"$word\" ;; esac\n"
	       "\tdone\n"
	       "}\n"
	       "_tern_words() {\n"
	       "\tcase \"$1\" in\n");
	each_command(&cli_root, "", print_words);
	printf("\tesac\n"
	       "}\n"
	       "complete -o default -F _tern tern\n");
}

/* zsh runs bash's function. */
static void print_zsh(void)
{
	printf("#compdef tern\n"
	       "autoload -U +X bashcompinit && bashcompinit\n");
	print_bash();
}

/* ---- fish ---- */

static void print_fish_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
}

static void print_fish_option(const struct option *option, const char *condition)
{
	printf("complete -c tern %s -l %s%s -d '", condition, option->name,
	       option->kind == OPTION_FLAG ? "" : " -r");
	print_fish_text(option->help);
	printf("'");
	if (option->kind == OPTION_CHOICE) {
		printf(" -fa '");
		print_choices(option);
		printf("'");
	}
	printf("\n");
}

static void print_fish_command(const struct command *command, const char *path)
{
	char condition[2 * PATH_SIZE];

	snprintf(condition, sizeof(condition), "-n 'test \"$(__tern_path)\" = \"%s\"'", path);
	for (size_t i = 0; i < command->child_count; i++) {
		printf("complete -c tern %s -fa %s -d '", condition, command->children[i]->name);
		print_fish_text(command->children[i]->summary);
		printf("'\n");
	}
	for (size_t i = 0; i < command->option_count; i++)
		print_fish_option(&command->options[i], condition);
	if (takes_queue(command))
		printf("complete -c tern %s -fa '(AWS_MAX_ATTEMPTS=1 tern queue ls --names "
		       "2>/dev/null)'\n",
		       condition);
}

static void print_fish_path(const struct command *command, const char *path)
{
	(void)command; /* its path says it all */
	if (*path)
		printf(" '%s'", path);
}

static void print_fish(void)
{
	printf("function __tern_path\n"
	       "\tset -l path\n"
	       "\tfor word in (commandline -opc)[2..]\n"
	       "\t\tset -l longer (string trim -- \"$path $word\")\n"
	       "\t\tif contains -- \"$longer\"");
	each_command(&cli_root, "", print_fish_path);
	printf("\n\t\t\tset path \"$longer\"\n"
	       "\t\tend\n"
	       "\tend\n"
	       "\techo \"$path\"\n"
	       "end\n");
	for (size_t i = 0; i < cli_global_option_count; i++)
		print_fish_option(&cli_global_options[i], "");
	each_command(&cli_root, "", print_fish_command);
}

/* ---- command ---- */

static enum cli_exit completion_run(struct cli *cli, const void *values)
{
	static const struct {
		struct str shell;
		void (*print)(void);
	} shells[] = {
		{STR_INIT("bash"), print_bash},
		{STR_INIT("zsh"), print_zsh},
		{STR_INIT("fish"), print_fish},
	};

	(void)values; /* it has no options */
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (!str_equal(shells[i].shell, cli->arguments.items[0]))
			continue;
		api = help_api_tree(&cli->arena);
		shells[i].print();
		return CLI_OK;
	}
	return cli_fail(cli, CLI_USAGE, "there are completions for bash, zsh and fish");
}

const struct command completion_command = {
	.name = "completion",
	.arguments = "bash|zsh|fish",
	.summary = "print a script that completes tern's command line in a shell",
	.details = "  source <(tern completion bash)\n"
		   "  tern completion zsh > \"${fpath[1]}/_tern\"\n"
		   "  tern completion fish > ~/.config/fish/completions/tern.fish",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = completion_run,
	.is_offline = true,
};
