/* SPDX-License-Identifier: MIT */
/*
 * material: the materials of a key, in a snapshot or a draft.
 *
 * A key with imported material may have one more than it uses: the last, which waits for
 * RotateKeyOnDemand. The others stay with the key; if one of them is deleted or expires, the key
 * waits for import. Pure; any thread; arrays are in the arena.
 */
#ifndef TERN_SERVICES_KMS_MATERIAL_H
#define TERN_SERVICES_KMS_MATERIAL_H

#include "services/kms/registry.h"

/* The first expiry of the materials in use; 0: none expires. */
int64_t kms_key_valid_to(const struct kms_key *key);
/* True if the key has material in use, and the secrets of all of it. */
bool kms_key_has_all_material(const struct kms_key *key);
/* The index of the material with that KeyMaterialId, or material_count. */
size_t kms_key_find_material(const struct kms_key *key, struct str id);

/* Replaces the material at the index, or appends it. The draft borrows the caller's reference. */
void kms_draft_put_material(struct arena *arena, struct kms_key *draft, size_t place,
			    const struct kms_material *material);
void kms_draft_drop_material(struct arena *arena, struct kms_key *draft, size_t place);

/* A copy with one reference; without the members that end with the secret if `has_secret` is
 * false. */
struct kms_material *kms_material_copy(enum kms_spec spec, const struct kms_material *material,
				       bool has_secret);

#endif
