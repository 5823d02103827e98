/* SPDX-License-Identifier: MIT */
/*
 * document: policies and trust policies from the command line. Main thread; memory from the cli's
 * arena.
 */
#ifndef TERN_CLI_DOCUMENT_H
#define TERN_CLI_DOCUMENT_H

#include "access/policy.h"
#include "cli.h"

/* The whole text of a file, or of standard input for "-". */
must_check enum cli_exit document_read(struct cli *cli, struct str path, struct str *out_text);
/* A JSON object as it is; anything else is the name of the file that has it. */
must_check enum cli_exit document_read_json(struct cli *cli, struct str given,
					    struct str *out_text);
/*
 * The same of a policy, which is checked: services answer a bad one with a sentence that does not
 * say what is wrong with it.
 */
must_check enum cli_exit document_read_policy(struct cli *cli, struct str path,
					      enum policy_kind kind, struct str *out_text);
must_check enum cli_exit document_check_policy(struct cli *cli, struct str text,
					       enum policy_kind kind);
/* Allows these actions on these resources; commas separate too; without resources on all. */
struct str document_allow(struct cli *cli, const struct option_list *actions,
			  const struct option_list *resources);
/*
 * A trust policy from the principals that may assume a role: accounts, ARNs, services
 * ("sns.amazonaws.com") or "*"; with an external id if it is not empty.
 */
struct str document_trust(struct cli *cli, const struct option_list *principals,
			  struct str external_id);

#endif
