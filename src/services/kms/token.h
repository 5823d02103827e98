/* SPDX-License-Identifier: MIT */
/*
 * token: grant tokens and import tokens, which clients return unchanged. Both are sealed, so a
 * client cannot make or read one. Any thread.
 */
#ifndef TERN_SERVICES_KMS_TOKEN_H
#define TERN_SERVICES_KMS_TOKEN_H

#include "core/call.h"
#include "core/seal/seal.h"
#include "services/kms/cryptography.h"

/* Text for a grant of a key, in the arena. */
struct str kms_grant_token_make(struct arena *arena, struct seal *seal, struct str key_arn,
				struct str grant_id);
/* ERR_INVALID: not a token of this server. Texts are in the arena. */
must_check enum err kms_grant_token_read(struct arena *arena, struct seal *seal, struct str token,
					 struct str *out_key_arn, struct str *out_grant_id);
/* Refuses requests with an invalid token: InvalidGrantTokenException. Grants take effect at once,
 * so a token has no other effect. */
must_check enum err kms_grant_tokens_check(struct call *call, const struct str *tokens,
					   size_t count);

struct kms_import_token {
	struct str key_arn;
	enum kms_wrapping wrapping;
	enum kms_spec spec; /* of the pair that wraps */
	int64_t valid_to_ms;
	struct str secret; /* of the pair */
};
/* Bytes, in the arena. */
struct str kms_import_token_make(struct arena *arena, struct seal *seal,
				 const struct kms_import_token *token);
/* ERR_INVALID: not a token of this server. Views into the arena, to be wiped with
 * kms_import_token_done. */
must_check enum err kms_import_token_read(struct arena *arena, struct seal *seal, struct str bytes,
					  struct kms_import_token *out_token);
void kms_import_token_done(struct kms_import_token *token);

/* Reads the plain bytes of an import token, for tests. */
must_check enum err kms_import_token_parse(struct str plain, struct kms_import_token *out_token);

#endif
