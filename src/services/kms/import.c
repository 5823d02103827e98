/* SPDX-License-Identifier: MIT */
/*
 * import: imports callers' key material. The private half of the wrapping pair is sealed in the
 * import token, so the server stores no state in between.
 */
#include <string.h>

#include "services/kms/change.h"
#include "services/kms/due.h"
#include "services/kms/material.h"
#include "services/kms/token.h"
#include "services/kms/use.h"
#include "services/kms/validate.h"

/* https://docs.aws.amazon.com/kms/latest/APIReference/API_GetParametersForImport.html: 24 hours. */
#define TOKEN_MS KMS_DAY_MS
#define EXPIRY_DAYS_MAX 365

static enum err find(struct call *call, struct str key_id, struct str action,
		     const struct kms_key **out_key)
{
	enum err err = kms_managed_key(call, key_id, action, false, out_key);

	if (!err && !(*out_key)->is_external)
		err = fail(call, &KMS_UNSUPPORTED_OPERATION,
			   "%.*s origin is AWS_KMS which is not valid for this operation.",
			   STR_ARG((*out_key)->arn));
	return err;
}

/* ---- GetParametersForImport ---- */

static enum err read_wrapping(struct call *call, const struct kms_get_parameters_for_import_in *in,
			      struct kms_import_token *token)
{
	int wrapping = 0;

	enum err err = kms_check_served(call, "WrappingAlgorithm", in->wrapping_algorithm);
	if (!err)
		err = kms_check_served(call, "WrappingKeySpec", in->wrapping_key_spec);
	if (err)
		return err;
	while (wrapping < KMS_WRAPPINGS &&
	       !str_equal(kms_wrappings[wrapping], in->wrapping_algorithm))
		wrapping++;
	check(wrapping < KMS_WRAPPINGS);
	check(kms_spec_find(in->wrapping_key_spec, &token->spec));
	check(kms_specs[token->spec].kind == KMS_KIND_RSA);
	token->wrapping = (enum kms_wrapping)wrapping;
	return ERR_OK;
}

static void make_token(struct call *call, struct kms_import_token *token,
		       struct kms_get_parameters_for_import_out *out)
{
	struct kms_secret secret = kms_secret_generate(token->spec);

	struct kms_pair *pair = kms_pair_open(token->spec, kms_secret_str(&secret));
	check(pair != NULL);
	token->secret = kms_secret_str(&secret);
	out->public_key = kms_pair_public(pair, call->arena);
	out->import_token = kms_import_token_make(call->arena, call->core->seal, token);
	kms_pair_free(&pair);
	kms_secret_done(&secret);
}

enum err kms_get_parameters_for_import(struct call *call,
				       const struct kms_get_parameters_for_import_in *in,
				       struct kms_get_parameters_for_import_out *out)
{
	struct kms_import_token token = {0};
	const struct kms_key *key;

	enum err err = read_wrapping(call, in, &token);
	if (!err)
		err = find(call, in->key_id, STR("kms:GetParametersForImport"), &key);
	if (!err)
		err = kms_check_not_deleted(call, key);
	if (err)
		return err;
	token.key_arn = key->arn;
	token.valid_to_ms = call->now_ms + TOKEN_MS;
	make_token(call, &token, out);
	out->key_id = key->arn;
	out->parameters_valid_to = token.valid_to_ms;
	out->has_parameters_valid_to = true;
	return ERR_OK;
}

/* ---- ImportKeyMaterial ---- */

static enum err read_expiry(struct call *call, const struct kms_import_key_material_in *in,
			    int64_t *out_valid_to_ms)
{
	struct str model = in->expiration_model;
	bool expires = !model.data || str_equal(model, STR("KEY_MATERIAL_EXPIRES"));

	if (expires && !in->has_valid_to)
		return fail(call, &KMS_VALIDATION,
			    "A validTo date must be set if the ExpirationModel is "
			    "KEY_MATERIAL_EXPIRES");
	if (!expires && in->has_valid_to)
		return fail(call, &KMS_VALIDATION,
			    "A validTo date must not be set if the ExpirationModel is "
			    "KEY_MATERIAL_DOES_NOT_EXPIRE");
	if (expires && (in->valid_to <= call->now_ms ||
			in->valid_to > call->now_ms + EXPIRY_DAYS_MAX * KMS_DAY_MS))
		return fail(call, &KMS_VALIDATION,
			    "The validTo date must be in the future, and at most %d days away.",
			    EXPIRY_DAYS_MAX);
	*out_valid_to_ms = expires ? in->valid_to : 0;
	return ERR_OK;
}

/* Checks the material's id and its description. */
static enum err check_naming(struct call *call, const struct kms_import_key_material_in *in)
{
	bool is_new = str_equal(in->import_type, STR("NEW_KEY_MATERIAL"));

	if (is_new && in->key_material_id.data)
		return fail(call, &KMS_VALIDATION,
			    "A KeyMaterialId cannot be specified with ImportType "
			    "NEW_KEY_MATERIAL.");
	return ERR_OK;
}

/* Only symmetric keys may have several materials, which these members distinguish. */
static enum err check_members_fit(struct call *call, const struct kms_import_key_material_in *in,
				  const struct kms_key *key)
{
	if (key->spec == KMS_SPEC_SYMMETRIC_DEFAULT ||
	    (!in->import_type.data && !in->key_material_id.data &&
	     !in->key_material_description.data))
		return ERR_OK;
	return fail(call, &KMS_VALIDATION,
		    "ImportType, KeyMaterialId and KeyMaterialDescription are only valid with "
		    "symmetric encryption keys.");
}

static enum err check_request(struct call *call, const struct kms_import_key_material_in *in)
{
	return check_naming(call, in);
}

/* Material that is being imported. */
struct import {
	const struct kms_key *key;
	int64_t valid_to_ms;
	struct kms_secret secret; /* in clear */
};

static void release_secret(void *subject)
{
	kms_secret_done(subject);
}

static enum err refuse_material(struct call *call, const struct kms_key *key)
{
	return fail(call, &KMS_INCORRECT_KEY_MATERIAL, "The key material is not of key spec %.*s.",
		    STR_ARG(kms_specs[key->spec].name));
}

/* Worker: opens the material and checks that it fits the key. */
static enum err unwrap(struct call *call)
{
	const struct kms_import_key_material_in *in = call->in;
	struct import *import = call_state(call, struct import);
	const struct kms_key *key = import->key;
	struct kms_import_token token;

	if (kms_import_token_read(call->arena, call->core->seal, in->import_token, &token) !=
		    ERR_OK ||
	    !str_equal(token.key_arn, key->arn))
		return fail(call, &KMS_INVALID_IMPORT_TOKEN, "The import token is invalid.");
	struct kms_pair *pair = kms_pair_open(token.spec, token.secret);
	enum err err = ERR_OK;
	if (token.valid_to_ms <= call->now_ms)
		err = fail(call, &KMS_EXPIRED_IMPORT_TOKEN, "The import token has expired.");
	else if (!pair || kms_unwrap(pair, token.wrapping, in->encrypted_key_material,
				     &import->secret) != ERR_OK)
		err = fail(call, &KMS_INVALID_CIPHERTEXT, "%s", "");
	else if (!kms_secret_fits(key->spec, kms_secret_str(&import->secret)))
		err = refuse_material(call, key);
	kms_pair_free(&pair);
	kms_import_token_done(&token);
	return err;
}

/* The current key: other calls may have changed or deleted it while a worker had this one. */
static enum err find_again(struct call *call, const struct kms_key *old,
			   const struct kms_key **out_key)
{
	const struct kms_key *key = kms_registry_find(kms_of(call->core)->registry, old->id);

	if (!key)
		return fail(call, &KMS_NOT_FOUND, "Key '%.*s' does not exist", STR_ARG(old->arn));
	*out_key = kms_keep_key(call, key);
	return kms_check_not_deleted(call, key);
}

static enum err refuse_pending(struct call *call, const struct kms_key *key, struct str id)
{
	const struct kms_material *pending = key->materials[key->material_count - 1];

	return fail(call, &KMS_KMS_INVALID_STATE,
		    "New key material (id: %.*s) cannot be imported into KMS key %.*s, because "
		    "another key material (id: %.*s) is pending rotation.",
		    STR_ARG(id), STR_ARG(key->arn), KMS_MATERIAL_ID_SIZE, pending->id);
}

/*
 * The slot for the material: its own, if the key had it before, or behind the others. Without an
 * ImportType a key's first material is new, and others are not.
 */
static enum err choose_place(struct call *call, const struct kms_key *key, struct str id,
			     size_t *out_place)
{
	const struct kms_import_key_material_in *in = call->in;
	bool is_new = in->import_type.data ? str_equal(in->import_type, STR("NEW_KEY_MATERIAL"))
					   : key->material_count == 0;
	size_t place = kms_key_find_material(key, id);
	bool is_known = place < key->material_count;
	bool is_pending = key->has_pending_material && place + 1 == key->material_count;

	*out_place = place;
	if (in->key_material_id.data && !str_equal(in->key_material_id, id))
		return fail(call, &KMS_INCORRECT_KEY_MATERIAL,
			    "The key material is not the one with the KeyMaterialId.");
	if (!is_new && !is_known)
		return fail(call, &KMS_INCORRECT_KEY_MATERIAL,
			    "The key material is not one that was imported into this key before.");
	if (is_new && key->has_pending_material && !is_pending)
		return refuse_pending(call, key, id);
	if (is_new && is_known && !is_pending)
		return fail(call, &KMS_INCORRECT_KEY_MATERIAL,
			    "The key material was imported into this key before.");
	return ERR_OK;
}

/* Sets the members that come from the request and from the previous import. */
static void fill_material(struct call *call, const struct kms_key *key, size_t place,
			  struct kms_material *material)
{
	const struct kms_import_key_material_in *in = call->in;
	const struct import *import = call_state(call, struct import);
	size_t count = key->material_count;
	struct str description = in->key_material_description;

	material->created_ms = call->now_ms;
	if (place < count) {
		const struct kms_material *old = key->materials[place];
		material->number = old->number;
		material->rotation = old->rotation;
		material->created_ms = old->created_ms;
		if (!description.data)
			description = old->description;
	} else {
		material->number = count > 0 ? key->materials[count - 1]->number + 1 : 1;
	}
	material->valid_to_ms = import->valid_to_ms;
	if (description.data)
		material->description = heap_copy(description);
}

static enum err store_material(struct call *call)
{
	struct kms_import_key_material_out *out = call->out;
	struct import *import = call_state(call, struct import);
	struct kms_material *material;
	const struct kms_key *key = NULL;
	size_t place;

	enum err err = find_again(call, import->key, &key);
	if (err)
		return err;
	if (kms_material_make(call->core, call->arena, key, &import->secret, &material) != ERR_OK)
		return refuse_material(call, key);
	kms_keep_material(call, material);
	struct str id = str_of(material->id, KMS_MATERIAL_ID_SIZE);
	err = choose_place(call, key, id, &place);
	if (err)
		return err;
	struct kms_key draft = kms_key_draft(key);
	fill_material(call, key, place, material);
	if (place > 0 && place == key->material_count)
		draft.has_pending_material = true;
	kms_draft_put_material(call->arena, &draft, place, material);
	if (draft.state == KMS_STATE_PENDING_IMPORT && kms_key_has_all_material(&draft))
		draft.state = KMS_STATE_ENABLED;
	out->key_id = key->arn;
	if (key->spec == KMS_SPEC_SYMMETRIC_DEFAULT)
		out->key_material_id = id;
	return kms_key_change(call->core, &draft);
}

enum err kms_import_key_material(struct call *call, const struct kms_import_key_material_in *in,
				 struct kms_import_key_material_out *out)
{
	struct import *import = arena_new(call->arena, struct import);

	(void)out;
	enum err err = check_request(call, in);
	if (!err)
		err = read_expiry(call, in, &import->valid_to_ms);
	if (!err)
		err = find(call, in->key_id, STR("kms:ImportKeyMaterial"), &import->key);
	if (!err)
		err = kms_check_not_deleted(call, import->key);
	if (!err)
		err = check_members_fit(call, in, import->key);
	if (err)
		return err;
	call_set_state(call, struct import, import);
	call_on_end(call, release_secret, &import->secret);
	return call_work(call, 0, unwrap, store_material);
}

enum err kms_delete_imported_key_material(struct call *call,
					  const struct kms_delete_imported_key_material_in *in,
					  struct kms_delete_imported_key_material_out *out)
{
	const struct kms_key *key;

	enum err err = find(call, in->key_id, STR("kms:DeleteImportedKeyMaterial"), &key);
	if (err)
		return err;
	const struct kms_material *current = kms_key_material(key);
	struct str id = in->key_material_id;
	out->key_id = key->arn;
	if (!id.data && !current)
		return ERR_OK;
	if (!id.data)
		id = str_of(current->id, KMS_MATERIAL_ID_SIZE);
	size_t place = kms_key_find_material(key, id);
	if (place == key->material_count)
		return fail(call, &KMS_NOT_FOUND, "Key material '%.*s' does not exist",
			    STR_ARG(id));
	/* Deleting absent material has no effect. */
	if (key->materials[place]->secret.size == 0)
		return ERR_OK;
	if (key->spec == KMS_SPEC_SYMMETRIC_DEFAULT)
		out->key_material_id = str_of(key->materials[place]->id, KMS_MATERIAL_ID_SIZE);
	err = kms_key_forget_material(call->core, key, place);
	return err ? err : kms_material_erase(call->core);
}
