/* SPDX-License-Identifier: MIT */
/* pairs: GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext. */
#include <string.h>

#include "services/kms/crypt.h"
#include "services/kms/validate.h"

struct made_pair {
	const struct kms_key *key; /* that seals the private key */
	struct str spec, private_key, blob, public_key, material_id;
};

static void make_pair(struct call *call, const struct kms_request *request,
		      const struct kms_key *key, enum kms_spec spec, struct made_pair *out_made)
{
	const struct kms_material *material = kms_key_material(key);
	struct kms_secret secret = kms_secret_generate(spec);
	struct str context =
		kms_context_encode(call->arena, request->context, request->context_count);

	struct kms_pair *pair = kms_pair_open(spec, kms_secret_str(&secret));
	check(pair != NULL);
	out_made->key = key;
	out_made->spec = kms_specs[spec].name;
	out_made->public_key = kms_pair_public(pair, call->arena);
	kms_pair_free(&pair);
	out_made->private_key = arena_copy(call->arena, kms_secret_str(&secret));
	out_made->blob =
		kms_blob_seal(call->arena, key->id, material->number,
			      kms_secret_str(&material->secret), context, out_made->private_key);
	out_made->material_id = str_of(material->id, KMS_MATERIAL_ID_SIZE);
	kms_secret_done(&secret);
}

static enum err generate(struct call *call, struct str spec_name, struct made_pair *out_made)
{
	struct kms_request request;
	struct kms_target target;
	enum kms_spec spec;

	enum err err = kms_check_served(call, "KeyPairSpec", spec_name);
	if (!err)
		err = kms_data_key_open(call, &request, &target);
	if (err)
		return err;
	check(kms_spec_find(spec_name, &spec));
	make_pair(call, &request, target.key, spec, out_made);
	return ERR_OK;
}

enum err kms_generate_data_key_pair(struct call *call,
				    const struct kms_generate_data_key_pair_in *in,
				    struct kms_generate_data_key_pair_out *out)
{
	struct made_pair made;

	enum err err = generate(call, in->key_pair_spec, &made);
	if (!err)
		*out = (struct kms_generate_data_key_pair_out){
			.private_key_ciphertext_blob = made.blob,
			.private_key_plaintext = made.private_key,
			.public_key = made.public_key,
			.key_id = made.key->arn,
			.key_pair_spec = made.spec,
			.key_material_id = made.material_id};
	return err;
}

enum err kms_generate_data_key_pair_without_plaintext(
	struct call *call, const struct kms_generate_data_key_pair_without_plaintext_in *in,
	struct kms_generate_data_key_pair_without_plaintext_out *out)
{
	struct made_pair made;

	enum err err = generate(call, in->key_pair_spec, &made);
	if (err)
		return err;
	explicit_bzero((char *)made.private_key.data, made.private_key.size);
	*out = (struct kms_generate_data_key_pair_without_plaintext_out){
		.private_key_ciphertext_blob = made.blob,
		.public_key = made.public_key,
		.key_id = made.key->arn,
		.key_pair_spec = made.spec,
		.key_material_id = made.material_id};
	return ERR_OK;
}
