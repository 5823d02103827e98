/* SPDX-License-Identifier: MIT */
/* key: what `user create --key` and `user rm` need of access keys. Main thread. */
#ifndef TERN_CLI_KEY_H
#define TERN_CLI_KEY_H

#include "cli.h"

/* Makes a key of that user (empty: of the caller) and tells it once; see secret.h. */
must_check enum cli_exit key_create(struct cli *cli, struct str user, struct str profile,
				    struct str *out_id);

struct key_row {
	struct str id, status;
	int64_t created_ms;
};
struct key_rows {
	struct key_row *rows;
	size_t count;
};
/* The user's keys (empty: the caller's), in the arena. */
must_check enum cli_exit key_list(struct cli *cli, struct str user, struct key_rows *out_rows);
must_check enum cli_exit key_delete(struct cli *cli, struct str user, struct str id);

#endif
