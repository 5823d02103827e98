/* SPDX-License-Identifier: MIT */
/* describe: KeyMetadata of a key. Pure; any thread. */
#ifndef TERN_SERVICES_KMS_DESCRIBE_H
#define TERN_SERVICES_KMS_DESCRIBE_H

#include "api/kms.h"
#include "services/kms/registry.h"

/* Fills zeroed metadata with views of the key and of the arena. */
void kms_describe_key_to(struct arena *arena, const struct kms_key *key,
			 struct kms_key_metadata *out);

#endif
