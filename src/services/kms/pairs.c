/* SPDX-License-Identifier: MIT */
/* pairs: GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext. */
#include <string.h>

#include "services/kms/crypt.h"
#include "services/kms/validate.h"

#define PAIR_SET                                                                                   \
	"RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521, "              \
	"ECC_SECG_P256K1, ECC_NIST_EDWARDS25519"

struct made_pair {
	const struct kms_key *key; /* that seals the private key */
	struct str spec, private_key, blob, public_key, material_id;
};

static enum err read_spec(struct call *call, struct str text, enum kms_spec *out_spec)
{
	enum err err = kms_need(call, "keyPairSpec", text.data != NULL);

	if (!err)
		err = kms_check_served(call, "KeyPairSpec", text);
	if (!err && (!kms_spec_find(text, out_spec) || kms_specs[*out_spec].kind < KMS_KIND_RSA))
		err = kms_refuse_value(call, "keyPairSpec", text, PAIR_SET);
	return err;
}

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

static enum err generate(struct call *call, struct kms_request *request, struct str spec_text,
			 bool is_dry_run, struct made_pair *out_made)
{
	struct kms_target target;
	enum kms_spec spec;

	request->member = "keyId";
	request->algorithm = &kms_algorithms[0];
	enum err err = read_spec(call, spec_text, &spec);
	if (!err)
		err = kms_key_to_use(call, request, &target);
	if (!err)
		err = kms_end_dry_run(call, is_dry_run);
	if (!err)
		make_pair(call, request, target.key, spec, out_made);
	return err;
}

enum err kms_generate_data_key_pair(struct call *call,
				    const struct kms_generate_data_key_pair_in *in,
				    struct kms_generate_data_key_pair_out *out)
{
	struct kms_request request = {
		.key_id = in->key_id,
		.action = STR("kms:GenerateDataKeyPair"),
		.context = in->encryption_context,
		.context_count = in->encryption_context_count,
		.tokens = in->grant_tokens,
		.token_count = in->grant_tokens_count,
	};
	struct made_pair made;

	enum err err = generate(call, &request, in->key_pair_spec, in->dry_run, &made);
	if (err)
		return err;
	out->private_key_ciphertext_blob = made.blob;
	out->private_key_plaintext = made.private_key;
	out->public_key = made.public_key;
	out->key_id = made.key->arn;
	out->key_pair_spec = made.spec;
	out->key_material_id = made.material_id;
	return ERR_OK;
}

enum err kms_generate_data_key_pair_without_plaintext(
	struct call *call, const struct kms_generate_data_key_pair_without_plaintext_in *in,
	struct kms_generate_data_key_pair_without_plaintext_out *out)
{
	struct kms_request request = {
		.key_id = in->key_id,
		.action = STR("kms:GenerateDataKeyPairWithoutPlaintext"),
		.context = in->encryption_context,
		.context_count = in->encryption_context_count,
		.tokens = in->grant_tokens,
		.token_count = in->grant_tokens_count,
	};
	struct made_pair made;

	enum err err = generate(call, &request, in->key_pair_spec, in->dry_run, &made);
	if (err)
		return err;
	explicit_bzero((char *)made.private_key.data, made.private_key.size);
	out->private_key_ciphertext_blob = made.blob;
	out->public_key = made.public_key;
	out->key_id = made.key->arn;
	out->key_pair_spec = made.spec;
	out->key_material_id = made.material_id;
	return ERR_OK;
}
