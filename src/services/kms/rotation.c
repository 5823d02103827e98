/* SPDX-License-Identifier: MIT */
/* rotation: new material for symmetric keys, periodically and on demand; old material stays, so
 * that its ciphertexts can be decrypted. */
#include <string.h>

#include "core/page.h"
#include "services/kms/change.h"
#include "services/kms/due.h"
#include "services/kms/list.h"
#include "services/kms/material.h"
#include "services/kms/use.h"

static enum err check_can_rotate(struct call *call, const struct kms_key *key)
{
	if (key->is_external)
		return fail(call, &KMS_UNSUPPORTED_OPERATION,
			    "%.*s origin is EXTERNAL which is not valid for this operation.",
			    STR_ARG(key->arn));
	if (key->spec != KMS_SPEC_SYMMETRIC_DEFAULT)
		return fail(call, &KMS_UNSUPPORTED_OPERATION,
			    "%.*s key spec is %.*s which is not valid for this operation.",
			    STR_ARG(key->arn), STR_ARG(kms_specs[key->spec].name));
	return ERR_OK;
}

/* The state is checked first: for a key without material, AWS reports pending import. */
static enum err find(struct call *call, struct str key_id, struct str action,
		     const struct kms_key **out_key)
{
	enum err err = kms_managed_key(call, key_id, action, false, out_key);

	if (!err)
		err = kms_check_own(call, *out_key, action);
	return err ? err : kms_check_enabled(call, *out_key);
}

/* Finds a key whose material the server rotates periodically. */
static enum err find_rotated(struct call *call, struct str key_id, struct str action,
			     const struct kms_key **out_key)
{
	enum err err = find(call, key_id, action, out_key);

	return err ? err : check_can_rotate(call, *out_key);
}

enum err kms_enable_key_rotation(struct call *call, const struct kms_enable_key_rotation_in *in,
				 struct kms_enable_key_rotation_out *out)
{
	int64_t days = KMS_ROTATION_DAYS_DEFAULT;
	const struct kms_key *key;

	(void)out;
	enum err err = find_rotated(call, in->key_id, STR("kms:EnableKeyRotation"), &key);
	if (err)
		return err;
	if (in->has_rotation_period_in_days)
		days = in->rotation_period_in_days;
	struct kms_key draft = kms_key_draft(key);
	/* Without a new period, an enabled rotation stays unchanged. */
	if (draft.is_rotating && !in->has_rotation_period_in_days)
		return ERR_OK;
	draft.is_rotating = true;
	draft.rotation_days = days;
	draft.next_rotation_ms = call->now_ms + days * KMS_DAY_MS;
	return kms_key_change(call->core, &draft);
}

enum err kms_disable_key_rotation(struct call *call, const struct kms_disable_key_rotation_in *in,
				  struct kms_disable_key_rotation_out *out)
{
	const struct kms_key *key;

	(void)out;
	enum err err = find_rotated(call, in->key_id, STR("kms:DisableKeyRotation"), &key);
	if (err)
		return err;
	struct kms_key draft = kms_key_draft(key);
	draft.is_rotating = false;
	return kms_key_change(call->core, &draft);
}

enum err kms_get_key_rotation_status(struct call *call,
				     const struct kms_get_key_rotation_status_in *in,
				     struct kms_get_key_rotation_status_out *out)
{
	const struct kms_key *key;

	enum err err =
		kms_managed_key(call, in->key_id, STR("kms:GetKeyRotationStatus"), true, &key);
	if (!err && kms_specs[key->spec].kind == KMS_KIND_AES)
		err = check_can_rotate(call, key);
	if (err)
		return err;
	/* A key that waits for its deletion is not rotated. */
	bool is_rotating = key->is_rotating && key->state != KMS_STATE_PENDING_DELETION;
	out->key_id = key->id;
	out->key_rotation_enabled = is_rotating;
	out->has_key_rotation_enabled = true;
	if (is_rotating) {
		out->rotation_period_in_days = key->rotation_days;
		out->has_rotation_period_in_days = true;
		out->next_rotation_date = key->next_rotation_ms;
		out->has_next_rotation_date = true;
	}
	return ERR_OK;
}

/* The imported material that waits becomes the current one. */
static enum err use_pending(struct call *call, const struct kms_key *key)
{
	struct kms_key draft = kms_key_draft(key);
	size_t last = key->material_count - 1;
	bool is_there = key->has_pending_material;

	if (is_there && key->materials[last]->valid_to_ms > 0)
		is_there = key->materials[last]->valid_to_ms > call->now_ms;
	if (!is_there)
		return fail(call, &KMS_KMS_INVALID_STATE,
			    "No available key material pending rotation for the key: %.*s.",
			    STR_ARG(key->arn));
	struct kms_material *material = kms_material_copy(key->spec, key->materials[last], true);
	material->rotation = KMS_ROTATION_ON_DEMAND;
	material->created_ms = call->now_ms;
	kms_draft_put_material(call->arena, &draft, last, material);
	draft.has_pending_material = false;
	enum err err = kms_key_change(call->core, &draft);
	kms_material_release(material);
	return err;
}

enum err kms_rotate_key_on_demand(struct call *call, const struct kms_rotate_key_on_demand_in *in,
				  struct kms_rotate_key_on_demand_out *out)
{
	const struct kms_key *key;
	size_t count = 0;

	enum err err = find(call, in->key_id, STR("kms:RotateKeyOnDemand"), &key);
	if (err)
		return err;
	/* Recorded without a text, unlike other operations' refusals of a key spec. */
	if (key->spec != KMS_SPEC_SYMMETRIC_DEFAULT)
		return fail(call, &KMS_UNSUPPORTED_OPERATION, "%s", "");
	for (size_t i = 0; i < key->material_count; i++)
		if (key->materials[i]->rotation == KMS_ROTATION_ON_DEMAND)
			count++;
	if (count >= LIMIT_KMS_ROTATIONS)
		return fail(call, &KMS_LIMIT_EXCEEDED,
			    "The on-demand rotations limit has been reached for the given keyId. "
			    "No more on-demand rotations can be performed for this key: %.*s",
			    STR_ARG(key->arn));
	out->key_id = key->arn;
	if (key->is_external)
		return use_pending(call, key);
	return kms_key_rotate(call->core, key, KMS_ROTATION_ON_DEMAND, call->now_ms);
}

/* ---- ListKeyRotations ---- */

static void fill_entry(const struct kms_key *key, const struct kms_material *material,
		       struct kms_rotations_list_entry *entry)
{
	bool is_pending =
		key->has_pending_material && material == key->materials[key->material_count - 1];

	entry->key_id = key->id;
	entry->key_material_id = str_of(material->id, KMS_MATERIAL_ID_SIZE);
	entry->key_material_state = is_pending				? STR("PENDING_ROTATION")
				    : material == kms_key_material(key) ? STR("CURRENT")
									: STR("NON_CURRENT");
	if (material->rotation != KMS_ROTATION_NONE) {
		entry->rotation_date = material->created_ms;
		entry->has_rotation_date = true;
		entry->rotation_type = material->rotation == KMS_ROTATION_AUTOMATIC
					       ? STR("AUTOMATIC")
					       : STR("ON_DEMAND");
	}
	if (!key->is_external)
		return;
	entry->key_material_description = material->description;
	bool is_imported = material->secret.size > 0;
	entry->import_state = is_imported ? STR("IMPORTED") : STR("PENDING_IMPORT");
	if (!is_imported)
		return;
	entry->has_valid_to = material->valid_to_ms > 0;
	entry->valid_to = material->valid_to_ms;
	entry->expiration_model = entry->has_valid_to ? STR("KEY_MATERIAL_EXPIRES")
						      : STR("KEY_MATERIAL_DOES_NOT_EXPIRE");
}

enum err kms_list_key_rotations(struct call *call, const struct kms_list_key_rotations_in *in,
				struct kms_list_key_rotations_out *out)
{
	bool wants_all = str_equal(in->include_key_material, STR("ALL_KEY_MATERIAL"));
	const struct kms_key *key;
	struct kms_page page;

	enum err err = kms_managed_key(call, in->key_id, STR("kms:ListKeyRotations"), false, &key);
	if (!err)
		err = kms_page_begin(call, in->has_limit, in->limit, in->marker, &page);
	if (!err && key->spec != KMS_SPEC_SYMMETRIC_DEFAULT)
		err = check_can_rotate(call, key);
	if (err)
		return err;
	out->rotations =
		arena_array(call->arena, struct kms_rotations_list_entry, key->material_count);
	out->has_truncated = true;
	bool is_after = page.after.size == 0;
	for (size_t i = 0; i < key->material_count; i++) {
		const struct kms_material *material = key->materials[i];
		struct str id = str_of(material->id, KMS_MATERIAL_ID_SIZE);
		if (!is_after) {
			is_after = str_equal(id, page.after);
			continue;
		}
		if (!wants_all && material->rotation == KMS_ROTATION_NONE)
			continue;
		if (out->rotations_count == page.limit) {
			out->truncated = true;
			out->next_marker = page_token_make(
				call, out->rotations[page.limit - 1].key_material_id);
			break;
		}
		fill_entry(key, material, &out->rotations[out->rotations_count++]);
	}
	return ERR_OK;
}
