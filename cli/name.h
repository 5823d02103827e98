/* SPDX-License-Identifier: MIT */
/* name: ARNs of resources that the user gave by name. Main thread; memory from the cli's arena. */
#ifndef TERN_CLI_NAME_H
#define TERN_CLI_NAME_H

#include "cli.h"

/*
 * An ARN as it is; of a name "arn:<partition>:<service>:<region>:<account>:<prefix>NAME" with the
 * session's region and the account of its credentials, which STS is asked for once.
 */
must_check enum cli_exit name_arn(struct cli *cli, const char *service, const char *prefix,
				  struct str given, struct str *out_arn);
/* The ARN of a queue that was given by name, URL or ARN. */
must_check enum cli_exit name_queue_arn(struct cli *cli, struct str given, struct str *out_arn);
/* The last part of an ARN, behind ':' and '/'. Borrowed. */
struct str name_of_arn(struct str arn);

#endif
