/* SPDX-License-Identifier: MIT */
/*
 * iam: the server's interface to the service beside its operations: accounts, and the credentials
 * of their root users. The service's state is core->directory.
 *
 * Control thread, or main before the first request and after the last one. Errors as the catalog's.
 */
#ifndef TERN_SERVICES_IAM_IAM_H
#define TERN_SERVICES_IAM_IAM_H

#include "access/keys.h"
#include "core/core.h"
#include "core/service.h"

/* Makes core->directory and loads it; creates the default account if it does not exist. */
extern const struct service_module iam_module;

/* A new key; its secret is returned only this once. */
struct iam_new_key {
	char id[ACCESS_KEY_ID_SIZE], secret[ACCESS_KEY_SECRET_SIZE];
};

/*
 * A new account, without any key. `account` empty: a number that no account has yet, at random.
 * The number is written to out_account. ERR_EXISTS, ERR_TOOLARGE: there are too many.
 */
must_check enum err iam_account_create(struct core *core, struct str account, struct str name,
				       char out_account[12]);
/*
 * One more active key of the account's root user, in place of an inactive one if it has two.
 * ERR_NOTFOUND, ERR_TOOLARGE: both are active.
 */
must_check enum err iam_root_key_create(struct core *core, struct str account,
					struct iam_new_key *out_key);
/* True if no user of the account can sign in: no user and no root user has an active key. */
bool iam_is_locked_out(struct core *core, struct str account);

#endif
