/* SPDX-License-Identifier: MIT */
/*
 * session_token: temporary credentials that need no storage: all facts of a session are sealed in
 * its token, which the client sends with each request.
 *
 * A token is made by STS, survives a restart, and its holder can neither read nor change it. Pure;
 * any thread.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp.html
 */
#ifndef TERN_CORE_SEAL_SESSION_TOKEN_H
#define TERN_CORE_SEAL_SESSION_TOKEN_H

#include "core/seal/seal.h"
#include "wire/shape.h"

#define SESSION_KEY_PREFIX STR("ASIA")
enum { SESSION_KEY_ID_SIZE = 20, SESSION_SECRET_SIZE = 40, SESSION_ACCOUNT_SIZE = 12 };

enum session_kind {
	SESSION_ROLE,	   /* AssumeRole */
	SESSION_SELF,	   /* GetSessionToken: the user or the root user itself */
	SESSION_FEDERATED, /* GetFederationToken */
};

struct session {
	enum session_kind kind;
	struct str key_id, secret;
	struct str account;
	struct str entity_id; /* of the role, the user or the account that is behind it */
	struct str name;      /* of the session or of the federated user; else empty */
	struct str policy;    /* session policy; empty: none */
	const struct str *policy_arns;
	size_t policy_arn_count;
	const struct shape_pair *tags; /* those that are transitive come first */
	size_t tag_count, transitive_count;
	struct str source_identity; /* empty: none */
	struct str provider;	    /* ARN of the identity provider that named the user; or empty */
	int64_t issued_ms, expires_ms;
	int64_t mfa_ms; /* time of the caller's MFA code; 0: none */
};

/*
 * A new session's key id and secret. The id names its account, as AWS's do: GetAccessKeyInfo reads
 * only the id. Both are unpredictable.
 */
void session_generate(struct str account, char out_key_id[SESSION_KEY_ID_SIZE],
		      char out_secret[SESSION_SECRET_SIZE]);
/* The account in a session's key id; false if the text is not one. */
bool session_account(struct str key_id, char out_account[SESSION_ACCOUNT_SIZE]);

/* Bytes of a token that policies and tags use, which LIMIT_SESSION_PACKED_SIZE bounds. */
size_t session_packed_size(const struct session *session);

/* The token's text, in the arena. No text of the session is longer than 65,535 bytes. */
struct str session_token_encode(struct seal *seal, struct arena *arena,
				const struct session *session);

/* Views into the arena. ERR_INVALID: not a token of this server, or changed. */
must_check enum err session_token_decode(struct seal *seal, struct arena *arena, struct str token,
					 struct session *out_session);

#endif
