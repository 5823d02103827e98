/* SPDX-License-Identifier: MIT */
/* grant: `queue grant` and `queue revoke`. Constant; main thread. */
#ifndef TERN_CLI_GRANT_H
#define TERN_CLI_GRANT_H

#include "cli.h"

extern const struct command grant_command;
extern const struct command revoke_command;

#endif
