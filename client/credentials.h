/* SPDX-License-Identifier: MIT */
/*
 * credentials: the credentials of a session: fixed ones, those of a role that is assumed, or those
 * that a program (credential_process) prints.
 *
 * The first call that needs temporary credentials fetches them; they are renewed before they
 * expire. Any thread,
 * after session_new. Texts live as long as the session. Rules: AWS SDKs and Tools Reference
 * Guide, "Assume role credential provider" and "Process credential provider".
 */
#ifndef TERN_CLIENT_CREDENTIALS_H
#define TERN_CLIENT_CREDENTIALS_H

#include "client/session_private.h"

/* Before all else. */
void credentials_init(struct tern_session *session);
void credentials_done(struct tern_session *session);
/* For session_new; the session's profile, endpoint and region are known. */
must_check enum err credentials_find(struct tern_session *session,
				     const struct tern_options *options,
				     const struct session_lineage *lineage, bool is_aws,
				     char *problem);

/*
 * Calls AssumeRole of STS with the source's credentials; the result is in the arena. ERR_INVALID:
 * STS refused it, ERR_CLOSED: no answer; with a sentence in `problem`. A function of the caller's,
 * since calls need credentials themselves.
 */
typedef enum err (*credentials_assume_fn)(struct tern_session *source,
					  const struct assumed_role *role, struct arena *arena,
					  struct tern_credentials *out, int64_t *out_expires_ms,
					  char *problem);
/* Behind tern_session_credentials. */
must_check enum err credentials_get(struct tern_session *session, credentials_assume_fn assume,
				    const struct tern_credentials **out_credentials, char *problem);

#endif
