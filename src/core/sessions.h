/* SPDX-License-Identifier: MIT */
/*
 * sessions: who signs with temporary credentials, found out from the token in the request; and all
 * other signers, from the directory.
 *
 * What a token says is kept for a while, as long as nothing changes in the directory: a session
 * ends with its role or user, and follows its policies. Any thread; one lock, held for a look into
 * a table.
 */
#ifndef TERN_CORE_SESSIONS_H
#define TERN_CORE_SESSIONS_H

#include "access/directory.h"
#include "core/session.h"

struct sessions;
struct sessions *sessions_new(struct seal *seal, struct directory *directory); /* borrowed */
void sessions_free(struct sessions **sessions);				       /* wipes secrets */

/* Sessions and the directory's keys. */
struct signer_source sessions_signers(struct sessions *sessions);

#endif
