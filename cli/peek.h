/* SPDX-License-Identifier: MIT */
/* peek: the command that shows messages without consuming them. Constant. */
#ifndef TERN_CLI_PEEK_H
#define TERN_CLI_PEEK_H

#include "cli.h"

extern const struct command peek_command;

#endif
