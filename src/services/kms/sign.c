/* SPDX-License-Identifier: MIT */
/* sign: Sign, Verify, GetPublicKey, GenerateMac and VerifyMac. */
#include "services/kms/crypt.h"
#include "services/kms/describe.h"

static enum err check_digest(struct call *call, struct str message, struct str type,
			     const struct kms_algorithm *algorithm, bool *out_is_digest)
{
	bool is_raw = !type.data || str_equal(type, STR("RAW"));

	*out_is_digest = str_equal(type, STR("DIGEST"));
	/* EXTERNAL_MU is for ML-DSA; Ed25519 needs the whole message. */
	if (!is_raw && (!*out_is_digest || algorithm->kind == KMS_KIND_EDWARDS))
		return fail(call, &KMS_VALIDATION,
			    "MessageType %.*s is not valid for algorithm %.*s.", STR_ARG(type),
			    STR_ARG(algorithm->name));
	if (*out_is_digest && message.size != algorithm->digest_size)
		return fail(call, &KMS_VALIDATION, "Digest is invalid length for algorithm %.*s.",
			    STR_ARG(algorithm->name));
	return ERR_OK;
}

/* The input that Sign and Verify share. */
struct signing {
	struct kms_request request;
	const struct kms_pair *pair;
	bool is_digest;
};

static enum err begin_signing(struct call *call, struct str algorithm, struct str message,
			      struct str type, struct signing *out)
{
	struct kms_target target;

	out->request = kms_request_of_call(call, KMS_USAGE_SIGN_VERIFY, algorithm);
	enum err err = kms_key_to_use(call, &out->request, &target);
	if (!err)
		err = check_digest(call, message, type, out->request.algorithm, &out->is_digest);
	if (!err)
		err = kms_end_dry_run(call, out->request.is_dry_run);
	if (!err) {
		out->request.key_id = target.key->arn;
		out->pair = kms_key_material(target.key)->pair;
	}
	return err;
}

enum err kms_sign(struct call *call, const struct kms_sign_in *in, struct kms_sign_out *out)
{
	struct signing signing;

	enum err err =
		begin_signing(call, in->signing_algorithm, in->message, in->message_type, &signing);
	if (err)
		return err;
	out->signature = kms_sign_bytes(signing.pair, signing.request.algorithm, call->arena,
					in->message, signing.is_digest);
	out->key_id = signing.request.key_id;
	out->signing_algorithm = signing.request.algorithm->name;
	return ERR_OK;
}

enum err kms_verify(struct call *call, const struct kms_verify_in *in, struct kms_verify_out *out)
{
	struct signing signing;

	enum err err =
		begin_signing(call, in->signing_algorithm, in->message, in->message_type, &signing);
	if (err)
		return err;
	if (!kms_verify_bytes(signing.pair, signing.request.algorithm, in->message,
			      signing.is_digest, in->signature))
		return fail(call, &KMS_KMS_INVALID_SIGNATURE, "%s", "");
	out->key_id = signing.request.key_id;
	out->signature_valid = out->has_signature_valid = true;
	out->signing_algorithm = signing.request.algorithm->name;
	return ERR_OK;
}

enum err kms_get_public_key(struct call *call, const struct kms_get_public_key_in *in,
			    struct kms_get_public_key_out *out)
{
	struct kms_target target;

	enum err err = kms_target_of_call(call, in->key_id, true, STR("kms:GetPublicKey"), &target);
	if (err)
		return err;
	struct kms_request request = kms_request_of_call(call, target.key->usage, (struct str){0});
	request.algorithm = NULL; /* the key is shown, not used */
	err = kms_key_to_use(call, &request, &target);
	if (err)
		return err;
	const struct kms_key *key = target.key;
	struct kms_key_metadata metadata = {0};
	if (!kms_key_material(key)->pair)
		return fail(call, &KMS_UNSUPPORTED_OPERATION,
			    "%.*s key spec is %.*s which is not valid for GetPublicKey.",
			    STR_ARG(key->arn), STR_ARG(kms_specs[key->spec].name));
	kms_describe_key_to(call->arena, key, &metadata);
	out->key_id = key->arn;
	out->public_key = kms_pair_public(kms_key_material(key)->pair, call->arena);
	out->key_spec = out->customer_master_key_spec = metadata.key_spec;
	out->key_usage = metadata.key_usage;
	out->encryption_algorithms = metadata.encryption_algorithms;
	out->encryption_algorithms_count = metadata.encryption_algorithms_count;
	out->key_agreement_algorithms = metadata.key_agreement_algorithms;
	out->key_agreement_algorithms_count = metadata.key_agreement_algorithms_count;
	out->signing_algorithms = metadata.signing_algorithms;
	out->signing_algorithms_count = metadata.signing_algorithms_count;
	return ERR_OK;
}

/* The MAC of the message, which the caller may use for that. */
static enum err make_mac(struct call *call, struct str algorithm, struct str message,
			 struct kms_request *out_request, struct str *out_mac)
{
	struct kms_target target;

	*out_request = kms_request_of_call(call, KMS_USAGE_MAC, algorithm);
	enum err err = kms_key_to_use(call, out_request, &target);
	if (!err)
		err = kms_end_dry_run(call, out_request->is_dry_run);
	if (err)
		return err;
	size_t size = out_request->algorithm->digest_size;
	char *mac = arena_bytes(call->arena, size);
	kms_mac(kms_secret_str(&kms_key_material(target.key)->secret), out_request->algorithm,
		message, (uint8_t *)mac);
	*out_mac = str_of(mac, size);
	out_request->key_id = target.key->arn;
	return ERR_OK;
}

enum err kms_generate_mac(struct call *call, const struct kms_generate_mac_in *in,
			  struct kms_generate_mac_out *out)
{
	struct kms_request request;

	enum err err = make_mac(call, in->mac_algorithm, in->message, &request, &out->mac);
	if (err)
		return err;
	out->key_id = request.key_id;
	out->mac_algorithm = request.algorithm->name;
	return ERR_OK;
}

enum err kms_verify_mac(struct call *call, const struct kms_verify_mac_in *in,
			struct kms_verify_mac_out *out)
{
	struct kms_request request;
	struct str mac;

	enum err err = make_mac(call, in->mac_algorithm, in->message, &request, &mac);
	if (err)
		return err;
	if (!str_equal_secret(mac, in->mac))
		return fail(call, &KMS_KMS_INVALID_MAC, "%s", "");
	out->key_id = request.key_id;
	out->mac_valid = out->has_mac_valid = true;
	out->mac_algorithm = request.algorithm->name;
	return ERR_OK;
}
