/* SPDX-License-Identifier: MIT */
/* change: new, changed and destroyed keys, in the catalog and then in the registry. Control thread,
 * or main at start-up. */
#ifndef TERN_SERVICES_KMS_CHANGE_H
#define TERN_SERVICES_KMS_CHANGE_H

#include "services/kms/kms.h"

/* Writes the drafts in one transaction and replaces the previous snapshots. */
must_check enum err kms_keys_change(struct core *core, const struct kms_key *drafts, size_t count);
must_check enum err kms_key_change(struct core *core, const struct kms_key *draft);
must_check enum err kms_key_destroy(struct core *core, const struct kms_key *key);
/* Called before a change that deletes material: kms_material_erase must follow; after a crash the
 * next start calls it. */
must_check enum err kms_material_will_go(struct core *core);
/*
 * After the last of such changes: makes them durable and erases the material from the catalog's
 * file. If it fails, the next start erases it. Errors are those of core_leave_group.
 */
must_check enum err kms_material_erase(struct core *core);

/* Material with its id; the caller's, as for kms_material_add. `secret` is taken over. ERR_INVALID:
 * it is not of the key's spec. */
must_check enum err kms_material_make(struct core *core, struct arena *arena,
				      const struct kms_key *draft, struct kms_secret *secret,
				      struct kms_material **out_material);
/* The draft with another material, which becomes the current one and is the draft's own until
 * kms_material_release. `secret` is taken over. ERR_INVALID: it is not of the key's spec. */
must_check enum err kms_material_add(struct core *core, struct arena *arena, struct kms_key *draft,
				     struct kms_secret *secret, enum kms_rotation rotation,
				     int64_t now_ms, struct kms_material **out_material);

/* Fills the members that every new key of the account and region has, borrowed from the arena: id,
 * ARN, date. The caller sets the policy. */
void kms_draft_new(struct arena *arena, struct str account, struct str region, bool is_multi_region,
		   int64_t now_ms, struct kms_key *out_draft);
/* The policy that a key has unless it is given another. */
struct str kms_default_policy(struct arena *arena, struct str account, struct str region);
/* The policy as a key holds it, which cannot be refused. */
const struct policy *kms_policy_of(struct arena *arena, struct str text);

#endif
