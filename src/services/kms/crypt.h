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
	bool has_context; /* the operation has one, even if this request does not */
	const struct str *tokens;
	size_t token_count;
	struct str algorithm_key;	       /* "kms:MacAlgorithm" */
	const struct kms_algorithm *algorithm; /* NULL: the operation has none */
};

/* The key, once all was asked and looked at: tokens, permission, state, usage, algorithm. */
must_check enum err kms_key_to_use(struct call *call, const struct kms_request *request,
				   struct kms_target *out_target);
/* Checks the size of an encryption context. */
must_check enum err kms_check_context(struct call *call, const struct shape_pair *context,
				      size_t count);
/* The algorithm of that name, `otherwise` if it is absent. `set` is for the text of the fault. */
must_check enum err kms_algorithm_of_call(struct call *call, const char *member, struct str name,
					  enum kms_usage usage, const char *otherwise,
					  const char *set,
					  const struct kms_algorithm **out_algorithm);

#define KMS_ENCRYPTION_SET "RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SYMMETRIC_DEFAULT"

#endif
