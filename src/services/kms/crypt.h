/* SPDX-License-Identifier: MIT */
/* crypt: what the operations that use keys share. Any thread. */
#ifndef TERN_SERVICES_KMS_CRYPT_H
#define TERN_SERVICES_KMS_CRYPT_H

#include "services/kms/use.h"

/* What all operations that use a key are told. */
struct kms_request {
	const char *member; /* of key_id, in validation texts: "keyId" */
	struct str key_id;
	struct str action; /* "kms:Encrypt" */
	enum kms_usage usage;
	const struct shape_pair *context;
	size_t context_count;
	const struct str *tokens;
	size_t token_count;
	const struct kms_algorithm *algorithm; /* NULL: the operation has none */
};

/* The key, once all was asked and looked at: tokens, permission, state, usage, algorithm. */
must_check enum err kms_key_to_use(struct call *call, const struct kms_request *request,
				   struct kms_target *out_target);
/* Settles request->algorithm, which its usage has by that name; if `name` is absent, its own. */
must_check enum err kms_algorithm_of_call(struct call *call, const char *member, struct str name,
					  struct kms_request *request);

#endif
