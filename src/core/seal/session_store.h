/* SPDX-License-Identifier: MIT */
/*
 * session_store: finds signers: those with temporary credentials from the token in the request, and
 * all others in the directory.
 *
 * An opened token is cached until the directory changes: a session ends with its role or user, and
 * follows its policies. Any thread; one lock, held for one look-up.
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
