/* SPDX-License-Identifier: MIT */
/* redrive: the command that moves messages back to where they came from. Constant. */
#ifndef TERN_CLI_REDRIVE_H
#define TERN_CLI_REDRIVE_H

#include "cli.h"

extern const struct command redrive_command;

#endif
