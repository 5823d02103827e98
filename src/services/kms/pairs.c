/* SPDX-License-Identifier: MIT */
/* pairs: GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext. */
#include <string.h>

#include "services/kms/crypt.h"
#include "services/kms/generator.h"
#include "services/kms/validate.h"

#define PAIR_SET                                                                                   \
	"RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521, "              \
	"ECC_SECG_P256K1"

/* Both operations, through the making of the pair. */
struct pair_call {
	struct kms_request request;
	struct kms_target target;
	enum kms_spec spec;
	struct str private_key, blob, public_key;
};

static enum err begin(struct call *call, struct pair_call *pair, struct str spec, bool is_dry_run,
		      resume_fn resume)
{
	struct kms_request *request = &pair->request;

	request->member = "keyId";
	request->algorithm = &kms_algorithms[0];
	enum err err = kms_need(call, "keyPairSpec", spec.data != NULL);
	if (!err &&
	    (!kms_spec_find(spec, &pair->spec) || kms_specs[pair->spec].kind < KMS_KIND_RSA))
		err = kms_refuse_value(call, "keyPairSpec", spec, PAIR_SET);
	if (!err)
		err = kms_key_to_use(call, request, &pair->target);
	if (!err)
		err = kms_end_dry_run(call, is_dry_run);
	return err ? err : kms_generate(call, pair->spec, resume, pair);
}

static void finish(struct call *call, struct kms_secret *secret, struct pair_call *pair)
{
	const struct kms_key *key = pair->target.key;
	const struct kms_material *material = kms_key_material(key);
	struct str context =
		kms_context_encode(call->arena, pair->request.context, pair->request.context_count);

	struct kms_pair *opened = kms_pair_open(pair->spec, kms_secret_str(secret));
	check(opened != NULL);
	pair->public_key = kms_pair_public(opened, call->arena);
	kms_pair_free(&opened);
	pair->private_key = arena_copy(call->arena, kms_secret_str(secret));
	pair->blob = kms_blob_seal(call->arena, key->id, material->number,
				   kms_secret_str(&material->secret), context, pair->private_key);
	kms_secret_done(secret);
}

static enum err resume_with(struct call *call)
{
	struct kms_generate_data_key_pair_out *out = call->out;
	struct pair_call *pair;
	struct kms_secret secret = kms_generated(call, (void **)&pair);

	finish(call, &secret, pair);
	out->private_key_ciphertext_blob = pair->blob;
	out->private_key_plaintext = pair->private_key;
	out->public_key = pair->public_key;
	out->key_id = pair->target.key->arn;
	out->key_pair_spec = kms_specs[pair->spec].name;
	out->key_material_id = str_of(kms_key_material(pair->target.key)->id, KMS_MATERIAL_ID_SIZE);
	return ERR_OK;
}

enum err kms_generate_data_key_pair(struct call *call,
				    const struct kms_generate_data_key_pair_in *in,
				    struct kms_generate_data_key_pair_out *out)
{
	struct pair_call *pair = arena_new(call->arena, struct pair_call);

	(void)out;
	pair->request = (struct kms_request){
		.key_id = in->key_id,
		.action = STR("kms:GenerateDataKeyPair"),
		.context = in->encryption_context,
		.context_count = in->encryption_context_count,
		.tokens = in->grant_tokens,
		.token_count = in->grant_tokens_count,
	};
	return begin(call, pair, in->key_pair_spec, in->dry_run, resume_with);
}

static enum err resume_without(struct call *call)
{
	struct kms_generate_data_key_pair_without_plaintext_out *out = call->out;
	struct pair_call *pair;
	struct kms_secret secret = kms_generated(call, (void **)&pair);

	finish(call, &secret, pair);
	explicit_bzero((char *)pair->private_key.data, pair->private_key.size);
	out->private_key_ciphertext_blob = pair->blob;
	out->public_key = pair->public_key;
	out->key_id = pair->target.key->arn;
	out->key_pair_spec = kms_specs[pair->spec].name;
	out->key_material_id = str_of(kms_key_material(pair->target.key)->id, KMS_MATERIAL_ID_SIZE);
	return ERR_OK;
}

enum err kms_generate_data_key_pair_without_plaintext(
	struct call *call, const struct kms_generate_data_key_pair_without_plaintext_in *in,
	struct kms_generate_data_key_pair_without_plaintext_out *out)
{
	struct pair_call *pair = arena_new(call->arena, struct pair_call);

	(void)out;
	pair->request = (struct kms_request){
		.key_id = in->key_id,
		.action = STR("kms:GenerateDataKeyPairWithoutPlaintext"),
		.context = in->encryption_context,
		.context_count = in->encryption_context_count,
		.tokens = in->grant_tokens,
		.token_count = in->grant_tokens_count,
	};
	return begin(call, pair, in->key_pair_spec, in->dry_run, resume_without);
}
