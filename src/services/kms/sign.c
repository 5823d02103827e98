/* SPDX-License-Identifier: MIT */
/* sign: Sign, Verify, GetPublicKey, GenerateMac and VerifyMac. */
#include <string.h>

#include "services/kms/crypt.h"
#include "services/kms/describe.h"
#include "services/kms/validate.h"

static enum err check_message(struct call *call, struct str message)
{
	enum err err = kms_need(call, "message", message.data != NULL);

	return err ? err : kms_check_bytes(call, "message", message, 1, LIMIT_KMS_PLAIN_SIZE);
}

static enum err check_digest(struct call *call, struct str message, struct str type,
			     const struct kms_algorithm *algorithm, bool *out_is_digest)
{
	bool is_raw = !type.data || str_equal(type, STR("RAW"));

	if (!is_raw && !str_equal(type, STR("DIGEST")) && !str_equal(type, STR("EXTERNAL_MU")))
		return kms_refuse_value(call, "messageType", type, "RAW, DIGEST, EXTERNAL_MU");
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

enum err kms_sign(struct call *call, const struct kms_sign_in *in, struct kms_sign_out *out)
{
	struct kms_request request = {
		.member = "keyId",
		.key_id = in->key_id,
		.action = STR("kms:Sign"),
		.usage = KMS_USAGE_SIGN_VERIFY,
		.tokens = in->grant_tokens,
		.token_count = in->grant_tokens_count,
	};
	struct kms_target target;
	bool is_digest;

	enum err err = check_message(call, in->message);
	if (!err)
		err = kms_algorithm_of_call(call, "signingAlgorithm", in->signing_algorithm,
					    &request);
	if (!err)
		err = kms_key_to_use(call, &request, &target);
	if (!err)
		err = check_digest(call, in->message, in->message_type, request.algorithm,
				   &is_digest);
	if (!err)
		err = kms_end_dry_run(call, in->dry_run);
	if (err)
		return err;
	out->signature = kms_sign_bytes(kms_key_material(target.key)->pair, request.algorithm,
					call->arena, in->message, is_digest);
	out->key_id = target.key->arn;
	out->signing_algorithm = request.algorithm->name;
	return ERR_OK;
}

enum err kms_verify(struct call *call, const struct kms_verify_in *in, struct kms_verify_out *out)
{
	struct kms_request request = {
		.member = "keyId",
		.key_id = in->key_id,
		.action = STR("kms:Verify"),
		.usage = KMS_USAGE_SIGN_VERIFY,
		.tokens = in->grant_tokens,
		.token_count = in->grant_tokens_count,
	};
	struct kms_target target;
	bool is_digest;

	enum err err = check_message(call, in->message);
	if (!err)
		err = kms_need(call, "signature", in->signature.data != NULL);
	if (!err)
		err = kms_check_bytes(call, "signature", in->signature, 1, LIMIT_KMS_CIPHER_SIZE);
	if (!err)
		err = kms_algorithm_of_call(call, "signingAlgorithm", in->signing_algorithm,
					    &request);
	if (!err)
		err = kms_key_to_use(call, &request, &target);
	if (!err)
		err = check_digest(call, in->message, in->message_type, request.algorithm,
				   &is_digest);
	if (!err)
		err = kms_end_dry_run(call, in->dry_run);
	if (err)
		return err;
	if (!kms_verify_bytes(kms_key_material(target.key)->pair, request.algorithm, in->message,
			      is_digest, in->signature))
		return fail(call, &KMS_KMS_INVALID_SIGNATURE, "%s", "");
	out->key_id = target.key->arn;
	out->signature_valid = out->has_signature_valid = true;
	out->signing_algorithm = request.algorithm->name;
	return ERR_OK;
}

enum err kms_get_public_key(struct call *call, const struct kms_get_public_key_in *in,
			    struct kms_get_public_key_out *out)
{
	struct kms_target target;

	enum err err = kms_target_of_call(call, "keyId", in->key_id, true, STR("kms:GetPublicKey"),
					  &target);
	if (err)
		return err;
	struct kms_request request = {
		.member = "keyId",
		.key_id = in->key_id,
		.action = STR("kms:GetPublicKey"),
		.usage = target.key->usage,
		.tokens = in->grant_tokens,
		.token_count = in->grant_tokens_count,
	};
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

enum err kms_generate_mac(struct call *call, const struct kms_generate_mac_in *in,
			  struct kms_generate_mac_out *out)
{
	struct kms_request request = {
		.member = "keyId",
		.key_id = in->key_id,
		.action = STR("kms:GenerateMac"),
		.usage = KMS_USAGE_MAC,
		.tokens = in->grant_tokens,
		.token_count = in->grant_tokens_count,
	};
	struct kms_target target;

	enum err err = check_message(call, in->message);
	if (!err)
		err = kms_algorithm_of_call(call, "macAlgorithm", in->mac_algorithm, &request);
	if (!err)
		err = kms_key_to_use(call, &request, &target);
	if (!err)
		err = kms_end_dry_run(call, in->dry_run);
	if (err)
		return err;
	char *mac = arena_bytes(call->arena, request.algorithm->digest_size);
	kms_mac(kms_secret_str(&kms_key_material(target.key)->secret), request.algorithm,
		in->message, (uint8_t *)mac);
	out->mac = str_of(mac, request.algorithm->digest_size);
	out->key_id = target.key->arn;
	out->mac_algorithm = request.algorithm->name;
	return ERR_OK;
}

enum err kms_verify_mac(struct call *call, const struct kms_verify_mac_in *in,
			struct kms_verify_mac_out *out)
{
	struct kms_request request = {
		.member = "keyId",
		.key_id = in->key_id,
		.action = STR("kms:VerifyMac"),
		.usage = KMS_USAGE_MAC,
		.tokens = in->grant_tokens,
		.token_count = in->grant_tokens_count,
	};
	struct kms_target target;
	uint8_t mac[64];

	enum err err = check_message(call, in->message);
	if (!err)
		err = kms_need(call, "mac", in->mac.data != NULL);
	if (!err)
		err = kms_check_bytes(call, "mac", in->mac, 1, LIMIT_KMS_CIPHER_SIZE);
	if (!err)
		err = kms_algorithm_of_call(call, "macAlgorithm", in->mac_algorithm, &request);
	if (!err)
		err = kms_key_to_use(call, &request, &target);
	if (!err)
		err = kms_end_dry_run(call, in->dry_run);
	if (err)
		return err;
	kms_mac(kms_secret_str(&kms_key_material(target.key)->secret), request.algorithm,
		in->message, mac);
	if (!str_equal_secret(str_of(mac, request.algorithm->digest_size), in->mac))
		return fail(call, &KMS_KMS_INVALID_MAC, "%s", "");
	out->key_id = target.key->arn;
	out->mac_valid = out->has_mac_valid = true;
	out->mac_algorithm = request.algorithm->name;
	return ERR_OK;
}
