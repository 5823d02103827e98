/* SPDX-License-Identifier: MIT */
/*
 * session_store: who signs with temporary credentials, found out from the token in the request; and
 * all other signers, from the directory.
 *
 * What a token says is kept for a while, as long as nothing changes in the directory: a session
 * ends with its role or user, and follows its policies. Any thread; one lock, held for a look into
 * a table.
 */
#ifndef TERN_CORE_SEAL_SESSION_STORE_H
#define TERN_CORE_SEAL_SESSION_STORE_H

#include "access/directory.h"
#include "core/seal/session_token.h"

struct session_store;
struct session_store *session_store_new(struct seal *seal,
					struct directory *directory); /* borrowed */
void session_store_free(struct session_store **sessions);	      /* wipes secrets */

/* Sessions and the directory's keys. */
struct signer_source session_store_signers(struct session_store *sessions);

#endif
