/* SPDX-License-Identifier: MIT */
/*
 * store: a key as a record of the catalog. The material is sealed, and names the key and the
 * material's number, so that it cannot be moved to another key's record.
 */
#ifndef TERN_SERVICES_KMS_STORE_H
#define TERN_SERVICES_KMS_STORE_H

#include "core/seal/seal.h"
#include "services/kms/registry.h"

/* Appends the record. */
void kms_key_encode(struct buf *out, struct arena *arena, struct seal *seal,
		    const struct kms_key *key);
/* A snapshot with one reference. ERR_DAMAGED, ERR_VERSION. */
must_check enum err kms_key_decode(struct arena *arena, struct seal *seal, struct str bytes,
				   const struct kms_key **out_key);

/* `secret` sealed for a key and a number; in the arena, without a copy in clear left behind. */
struct str kms_secret_seal(struct arena *arena, struct seal *seal, struct str arn, uint32_t number,
			   struct str secret);
/* ERR_DAMAGED: it was not sealed for these. */
must_check enum err kms_secret_open(struct arena *arena, struct seal *seal, struct str arn,
				    uint32_t number, struct str sealed,
				    struct kms_secret *out_secret);

#endif
