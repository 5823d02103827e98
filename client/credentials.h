/* SPDX-License-Identifier: MIT */
/*
 * credentials: who a session is, also where that is lent for a time only: a role that is assumed,
 * or a program that tells.
 *
 * What was lent is asked for by the first call that needs it, and again before it ends. Any thread,
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

#endif
