/* SPDX-License-Identifier: MIT */
/* crypt: shared by the operations that use keys. Any thread. */
#ifndef TERN_SERVICES_KMS_CRYPT_H
#define TERN_SERVICES_KMS_CRYPT_H

#include "services/kms/use.h"

/* The input that all operations with a key share. */
struct kms_request {
	struct str key_id;
	struct str action; /* "kms:Encrypt" */
	enum kms_usage usage;
	const struct shape_pair *context;
	size_t context_count;
	const struct str *tokens;
	size_t token_count;
	const struct kms_algorithm *algorithm; /* NULL: the operation has none */
	bool is_dry_run;
};

/* The operation's action and its members KeyId, EncryptionContext, GrantTokens and DryRun, with the
 * algorithm of that name; if it is absent, the one of encryption or none. */
struct kms_request kms_request_of_call(const struct call *call, enum kms_usage usage,
				       struct str algorithm);

/* Finds the key and makes all checks: tokens, permission, state, usage, algorithm. */
must_check enum err kms_key_to_use(struct call *call, const struct kms_request *request,
				   struct kms_target *out_target);
/* As above; the model's constraint ensures that the usage has an algorithm of that name. */
void kms_request_set_algorithm(struct kms_request *request, struct str name);
/* kms_key_to_use for an operation that makes a data key: the request, which encrypts it, and the
 * end of a dry run. */
must_check enum err kms_data_key_open(struct call *call, struct kms_request *out_request,
				      struct kms_target *out_target);

#endif
