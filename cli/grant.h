/* SPDX-License-Identifier: MIT */
/* grant: `queue grant` and `queue revoke`, and statements for services. Main thread. */
#ifndef TERN_CLI_GRANT_H
#define TERN_CLI_GRANT_H

#include "cli.h"

extern const struct command grant_command;
extern const struct command revoke_command;

#define GRANT_HELP "a queue of this account: let it be sent to, by a statement in its policy"
/* Adds to the policy of a queue, given by name, URL or ARN, that the service may send to it for the
 * resource `source`. */
must_check enum cli_exit grant_service(struct cli *cli, struct str queue, const char *service,
				       struct str source);

#endif
