/* SPDX-License-Identifier: MIT */
/*
 * jwt: JSON Web Tokens (RFC 7519) of OpenID Connect providers: compact, signed with RS256 or ES256.
 *
 * jwt_parse reads a token's claims; only issuers_verify (access/issuers.h) verifies its signature.
 * Pure; any thread.
 */
#ifndef TERN_ACCESS_JWT_H
#define TERN_ACCESS_JWT_H

#include "base/public_key.h"

struct jwt {
	enum public_key_kind kind; /* of the key that must have signed it */
	struct str key_id;	   /* data NULL: not named */
	struct str signed_part, signature;

	/* Claims; data NULL or has_... false: not there. */
	struct str issuer, subject, authorized_party, source_identity;
	const struct str *audiences;
	size_t audience_count;
	const struct str *methods; /* "amr" */
	size_t method_count;
	bool has_expiry, has_not_before, has_issue_time;
	int64_t expires_s, not_before_s, issued_s; /* since 1970 */
};

/* Texts are the arena's. ERR_INVALID: not such a token. */
must_check enum err jwt_parse(struct arena *arena, struct str text, struct jwt *out_jwt);

/* RFC 4648 section 5, without padding, into the arena; false if malformed. */
must_check bool jwt_base64_parse(struct arena *arena, struct str text, struct str *out_bytes);

#endif
