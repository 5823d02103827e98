/* SPDX-License-Identifier: MIT */
/*
 * secret: new credentials, shown once or put into a profile. Main thread.
 */
#ifndef TERN_CLI_SECRET_H
#define TERN_CLI_SECRET_H

#include "cli.h"

struct secret {
	struct str access_key_id, secret_access_key;
	struct str session_token; /* empty: none */
	struct str arn;		  /* whose they are; empty: not known */
};

#define SECRET_PROFILE_HELP                                                                        \
	"put the credentials into this profile of ~/.aws/credentials, region, endpoint and CA "    \
	"bundle into ~/.aws/config, and print no secret"

/*
 * Prints lines to paste into a shell, or JSON; with `profile` writes them to that profile of
 * ~/.aws/credentials (AWS_SHARED_CREDENTIALS_FILE), and the session's region, endpoint_url and
 * ca_bundle to ~/.aws/config (AWS_CONFIG_FILE), both with mode 0600, and prints where. If a file
 * cannot be written, the secret is printed, since the server never shows it again.
 */
must_check enum cli_exit secret_print(struct cli *cli, const struct secret *secret,
				      struct str profile);

#endif
