/* SPDX-License-Identifier: MIT */
/*
 * credentials: the access keys that the catalog keeps. Main thread, at start-up.
 */
#ifndef TERN_SERVER_CREDENTIALS_H
#define TERN_SERVER_CREDENTIALS_H

#include "access/keys.h"
#include "core/core.h"

/* A key that was made just now: this is the only time that its secret is shown. */
struct credentials_new {
	bool is_new;
	char id[ACCESS_KEY_ID_SIZE], secret[ACCESS_KEY_SECRET_SIZE];
};

/*
 * Loads the keys of the catalog; if there is none, makes one of the default account's root and
 * keeps it. The caller frees *out_keys. Errors as the catalog's; ERR_DAMAGED: a key that is none.
 */
must_check enum err credentials_load(struct core *core, struct keys **out_keys,
				     struct credentials_new *out_new);

#endif
