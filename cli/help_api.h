/* SPDX-License-Identifier: MIT */
/* help_api: `tern help api`. Main thread. */
#ifndef TERN_CLI_HELP_API_H
#define TERN_CLI_HELP_API_H

#include "cli.h"

extern const struct command help_api_command;
/* The command with services and their operations as if they were commands below it, for completion;
 * in the arena. */
const struct command *help_api_tree(struct arena *arena);

#endif
