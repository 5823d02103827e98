/* SPDX-License-Identifier: MIT */
/*
 * grant: the operations, grantees and encryption contexts that a grant of a key allows. Pure, any
 * thread.
 *
 * https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
 */
#ifndef TERN_SERVICES_KMS_GRANT_H
#define TERN_SERVICES_KMS_GRANT_H

#include "access/principal.h"
#include "services/kms/registry.h"

enum { KMS_GRANT_OPERATIONS = 17 };
extern const struct str kms_grant_operations[KMS_GRANT_OPERATIONS];

/* True if `name` is an operation of grants; its bit in *out_bit. The prefix "kms:" is optional. */
bool kms_grant_operation_find(struct str name, uint32_t *out_bit);
/* True if a grant's principal is this one: itself, or the role of its session. */
bool kms_grant_names(const struct kms_grant_principal *named, const struct principal *principal);

struct kms_grant_question {
	const struct principal *principal;
	struct str action;     /* "kms:Decrypt" */
	struct str source_arn; /* of a service's call: the resource that it acts for */
	/* Of the request, as kms_pairs_sort sorts; NULL: the operation has none. */
	const struct shape_pair *context;
	size_t context_count;
};
/* The grant that allows it, or NULL. */
/* A copy in the order of names and values. */
const struct shape_pair *kms_pairs_sort(struct arena *arena, const struct shape_pair *pairs,
					size_t count);
const struct kms_grant *kms_grant_find(const struct kms_key *key,
				       const struct kms_grant_question *question);

#endif
