/* SPDX-License-Identifier: MIT */
/* help: what the texts of --help and the manual page are made of. Constant; main thread. */
#ifndef TERN_CLI_HELP_H
#define TERN_CLI_HELP_H

#include "cli.h"

#define HELP_NAME_SIZE 128

struct help_variable {
	const char *name, *help;
};
extern const struct help_variable help_variables[];
extern const size_t help_variable_count;

/* On standard output; `path` is how the command is called: "tern queue ls". */
void help_print(const struct cli *cli, const struct command *command, const char *path);
/* The manual page. */
void manual_print(void);

#endif
