/* SPDX-License-Identifier: MIT */
/*
 * owner: what users and roles have in common: inline and attached policies. The path of a command
 * says which of the two it is about. Main thread.
 */
#ifndef TERN_CLI_OWNER_H
#define TERN_CLI_OWNER_H

#include "cli.h"
#include "output.h"

extern const struct command owner_policy_command; /* `user policy` and `role policy` */

/* One policy of a user or role; the ARN's data is NULL for an inline one. */
struct owned_policy {
	struct str name, arn;
};
struct owned_policies {
	struct owned_policy *items;
	size_t count;
};
must_check enum cli_exit owner_policies(struct cli *cli, struct str owner,
					struct owned_policies *out_policies);
/* Deletes the inline ones and detaches the others, so that their owner can be deleted. */
must_check enum cli_exit owner_strip(struct cli *cli, struct str owner);

/* The path that `ls` lists; data NULL: all. */
struct str owner_path(const struct cli *cli);
/* Prints all pages of an operation's list; `add` adds a page's rows, an answer in `out`. */
typedef void (*owner_rows_fn)(struct cli *cli, struct table *table, const void *out);
must_check enum cli_exit owner_list(struct cli *cli, const struct column *columns,
				    size_t column_count, size_t operation, const void *in,
				    void *out, owner_rows_fn add);

#endif
