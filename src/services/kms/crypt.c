/* SPDX-License-Identifier: MIT */
/* crypt: Encrypt, Decrypt, ReEncrypt, GenerateDataKey and GenerateRandom. */
#include "services/kms/crypt.h"

#include <string.h>

#include "core/input.h"
#include "services/kms/token.h"
#include "services/kms/validate.h"

/* ---- shared ---- */

/* Checks the size of an encryption context. */
static enum err check_context(struct call *call, const struct shape_pair *context, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += context[i].key.size + context[i].value.size;
	if (size <= LIMIT_KMS_CONTEXT_SIZE)
		return ERR_OK;
	return fail(call, &KMS_VALIDATION, "The encryption context is too large: at most %d bytes.",
		    LIMIT_KMS_CONTEXT_SIZE);
}

/* The condition keys of algorithms. */
static const struct str algorithm_keys[] = {
	[KMS_USAGE_ENCRYPT_DECRYPT] = STR_INIT("kms:EncryptionAlgorithm"),
	[KMS_USAGE_SIGN_VERIFY] = STR_INIT("kms:SigningAlgorithm"),
	[KMS_USAGE_MAC] = STR_INIT("kms:MacAlgorithm"),
	[KMS_USAGE_KEY_AGREEMENT] = STR_INIT("kms:KeyAgreementAlgorithm"),
};

struct kms_request kms_request_of_call(const struct call *call, enum kms_usage usage,
				       struct str algorithm)
{
	struct kms_request request = {
		.key_id = call_input_text(call, STR("KeyId")),
		.action = call->operation->action,
		.usage = usage,
		.is_dry_run = call_input_flag(call, STR("DryRun")),
	};

	request.context = call_input_items(call, STR("EncryptionContext"), &request.context_count);
	request.tokens = call_input_items(call, STR("GrantTokens"), &request.token_count);
	kms_request_set_algorithm(&request, algorithm);
	return request;
}

void kms_request_set_algorithm(struct kms_request *request, struct str name)
{
	if (!name.data && request->usage == KMS_USAGE_ENCRYPT_DECRYPT)
		name = kms_algorithms[0].name;
	if (!name.data)
		return;
	request->algorithm = kms_algorithm_find(name, request->usage);
	check(request->algorithm); /* the model's values are those that are known */
}

static enum err check_algorithm(struct call *call, const struct kms_key *key,
				const struct kms_request *request)
{
	if (!request->algorithm || kms_algorithm_fits(request->algorithm, key->spec, key->usage))
		return ERR_OK;
	return fail(call, &KMS_INVALID_KEY_USAGE,
		    "Algorithm %.*s is incompatible with key spec %.*s.",
		    STR_ARG(request->algorithm->name), STR_ARG(kms_specs[key->spec].name));
}

static enum err ask(struct call *call, const struct kms_request *request,
		    const struct kms_target *target)
{
	static const struct shape_pair nothing;
	struct kms_question question = {
		.action = request->action,
		.target = target,
		.context = request->context,
		.context_count = request->context_count,
	};

	if (request->algorithm) {
		question.algorithm = request->algorithm->name;
		question.algorithm_key = algorithm_keys[request->usage];
		/* All encrypting operations have a context, possibly an empty one. */
		if (request->usage == KMS_USAGE_ENCRYPT_DECRYPT && !question.context)
			question.context = &nothing;
	}
	return kms_ask(call, &question);
}

enum err kms_key_to_use(struct call *call, const struct kms_request *request,
			struct kms_target *out_target)
{
	/* Checks that do not depend on the key come first, so that they reveal nothing about a
	 * key. */
	enum err err = check_context(call, request->context, request->context_count);
	if (!err)
		err = kms_grant_tokens_check(call, request->tokens, request->token_count);
	if (!err)
		err = kms_target_of_call(call, request->key_id, true, request->action, out_target);
	if (!err)
		err = ask(call, request, out_target);
	if (!err)
		err = kms_check_usable(call, out_target->key, request->usage);
	if (!err)
		err = check_algorithm(call, out_target->key, request);
	return err;
}

enum err kms_data_key_open(struct call *call, struct kms_request *out_request,
			   struct kms_target *out_target)
{
	*out_request = kms_request_of_call(call, KMS_USAGE_ENCRYPT_DECRYPT, (struct str){0});
	enum err err = kms_key_to_use(call, out_request, out_target);
	return err ? err : kms_end_dry_run(call, out_request->is_dry_run);
}

/* RSA takes milliseconds, so a worker does it. The step uses call->state. */
static enum err run_step(struct call *call, const struct kms_key *key, resume_fn step)
{
	return kms_specs[key->spec].kind == KMS_KIND_RSA ? call_work(call, 0, step, NULL)
							 : step(call);
}

/* ---- encrypting ---- */

static enum err encrypt(struct call *call, const struct kms_request *request,
			const struct kms_key *key, struct str plain, struct str *out_blob)
{
	const struct kms_material *material = kms_key_material(key);

	if (key->spec == KMS_SPEC_SYMMETRIC_DEFAULT) {
		struct str context =
			kms_context_encode(call->arena, request->context, request->context_count);
		*out_blob = kms_blob_seal(call->arena, key->id, material->number,
					  kms_secret_str(&material->secret), context, plain);
		return ERR_OK;
	}
	if (request->context_count > 0)
		return fail(call, &KMS_VALIDATION,
			    "An encryption context is only valid with symmetric encryption keys.");
	size_t most = kms_rsa_plain_max(material->pair, request->algorithm);
	if (plain.size > most)
		return fail(call, &KMS_VALIDATION,
			    "Algorithm %.*s and key spec %.*s cannot encrypt data larger than %zu "
			    "bytes.",
			    STR_ARG(request->algorithm->name), STR_ARG(kms_specs[key->spec].name),
			    most);
	*out_blob = kms_rsa_encrypt(material->pair, request->algorithm, call->arena, plain);
	return ERR_OK;
}

/* call->state of Encrypt, and of ReEncrypt's second half. */
struct encryption {
	struct kms_request request;
	struct kms_target target;
	struct str plain;
};

static enum err finish_encrypt(struct call *call)
{
	const struct encryption *encryption = call_state(call, struct encryption);
	const struct kms_key *key = encryption->target.key;
	struct kms_encrypt_out *out = call->out;

	enum err err =
		encrypt(call, &encryption->request, key, encryption->plain, &out->ciphertext_blob);
	if (err)
		return err;
	out->key_id = key->arn;
	out->encryption_algorithm = encryption->request.algorithm->name;
	return ERR_OK;
}

enum err kms_encrypt(struct call *call, const struct kms_encrypt_in *in,
		     struct kms_encrypt_out *out)
{
	struct encryption *encryption = arena_new(call->arena, struct encryption);
	struct kms_request *request = &encryption->request;

	(void)out;
	*request = kms_request_of_call(call, KMS_USAGE_ENCRYPT_DECRYPT, in->encryption_algorithm);
	encryption->plain = in->plaintext;
	call_set_state(call, struct encryption, encryption);
	enum err err = kms_key_to_use(call, request, &encryption->target);
	if (!err)
		err = kms_end_dry_run(call, in->dry_run);
	return err ? err : run_step(call, encryption->target.key, finish_encrypt);
}

/* ---- decrypting ---- */

/* call->state of Decrypt, and of ReEncrypt's first half. */
struct decryption {
	struct kms_request request;
	struct str cipher;
	bool is_dry_run;
	const struct kms_key *key;
	/* From open_cipher on. */
	const struct kms_material *material;
	struct str plain;
};

static enum err refuse_cipher(struct call *call)
{
	return fail(call, &KMS_INVALID_CIPHERTEXT, "%s", "");
}

/* A caller with another account's ciphertext must not learn its owner, nor whether the key still
 * exists. */
static enum err refuse_unknown_caller(struct call *call)
{
	return fail(call, &call->operation->service->denied,
		    "The ciphertext refers to a customer master key that does not exist, does not "
		    "exist in this region, or you are not allowed to access.");
}

/* The blob names its key; a key in the request must be that one. */
static enum err resolve_key(struct call *call, struct kms_request *request, struct str cipher)
{
	struct kms_blob blob;

	bool is_blob = kms_blob_parse(cipher, &blob);
	if (request->key_id.data) {
		struct kms_target target;
		enum err err =
			kms_target_of_call(call, request->key_id, true, request->action, &target);
		if (err)
			return err;
		struct str id = str_of(blob.key_id, KMS_KEY_ID_SIZE);
		if (is_blob && !str_equal(target.key->id, id)) {
			err = ask(call, request, &target);
			return err ? err
				   : fail(call, &KMS_INCORRECT_KEY,
					  "The key ID in the request does not identify a CMK that "
					  "can perform this operation.");
		}
		return ERR_OK;
	}
	if (!is_blob)
		return refuse_cipher(call);
	const struct kms_key *key = kms_registry_find(kms_of(call->core)->registry,
						      str_of(blob.key_id, KMS_KEY_ID_SIZE));
	if (!key)
		return refuse_unknown_caller(call);
	bool is_here = str_equal(key->region, call->region);
	request->key_id = arena_copy(call->arena, key->arn);
	kms_key_release(key);
	return is_here ? ERR_OK : refuse_unknown_caller(call);
}

static enum err open_cipher(struct call *call, struct decryption *opened)
{
	const struct kms_request *request = &opened->request;
	const struct kms_key *key = opened->key;
	struct str cipher = opened->cipher;
	struct kms_blob blob;
	enum err err;

	if (key->spec == KMS_SPEC_SYMMETRIC_DEFAULT) {
		if (!kms_blob_parse(cipher, &blob))
			return refuse_cipher(call);
		opened->material = kms_key_material_of(key, blob.material);
		if (!opened->material || opened->material->secret.size == 0)
			return refuse_cipher(call);
		err = kms_blob_open(
			call->arena, &blob, kms_secret_str(&opened->material->secret),
			kms_context_encode(call->arena, request->context, request->context_count),
			&opened->plain);
	} else {
		opened->material = kms_key_material(key);
		err = kms_rsa_decrypt(opened->material->pair, request->algorithm, call->arena,
				      cipher, &opened->plain);
	}
	return err ? refuse_cipher(call) : kms_end_dry_run(call, opened->is_dry_run);
}

/* All steps before the cryptographic operation, which is left to `step`. */
static enum err begin_decrypt(struct call *call, struct decryption *decryption, resume_fn step)
{
	struct kms_request *request = &decryption->request;
	struct str cipher = decryption->cipher;
	struct kms_target target;

	enum err err = kms_need(call, "ciphertextBlob", cipher.data != NULL);
	bool is_named = request->key_id.data != NULL;
	if (!err)
		err = resolve_key(call, request, cipher);
	if (!err)
		err = kms_key_to_use(call, request, &target);
	if (err && call->fault == &call->operation->service->denied && !is_named &&
	    !str_equal(arn_account(request->key_id), call->account))
		return refuse_unknown_caller(call);
	if (err)
		return err;
	decryption->key = target.key;
	return run_step(call, target.key, step);
}

/* Only symmetric keys have material that changes, and an id of it. */
static struct str material_id(const struct kms_key *key, const struct kms_material *material)
{
	if (key->spec != KMS_SPEC_SYMMETRIC_DEFAULT)
		return (struct str){0};
	return str_of(material->id, KMS_MATERIAL_ID_SIZE);
}

static enum err finish_decrypt(struct call *call)
{
	struct kms_decrypt_out *out = call->out;
	struct decryption *decryption = call_state(call, struct decryption);

	enum err err = open_cipher(call, decryption);
	if (err)
		return err;
	out->key_id = decryption->key->arn;
	out->plaintext = decryption->plain;
	out->encryption_algorithm = decryption->request.algorithm->name;
	out->key_material_id = material_id(decryption->key, decryption->material);
	return ERR_OK;
}

enum err kms_decrypt(struct call *call, const struct kms_decrypt_in *in,
		     struct kms_decrypt_out *out)
{
	struct decryption *decryption = arena_new(call->arena, struct decryption);

	(void)out;
	decryption->cipher = in->ciphertext_blob;
	decryption->is_dry_run = in->dry_run;
	decryption->request =
		kms_request_of_call(call, KMS_USAGE_ENCRYPT_DECRYPT, in->encryption_algorithm);
	call_set_state(call, struct decryption, decryption);
	return begin_decrypt(call, decryption, finish_decrypt);
}

static enum err finish_re_encrypt(struct call *call)
{
	const struct encryption *encryption = call_state(call, struct encryption);
	const struct kms_key *key = encryption->target.key;
	struct kms_re_encrypt_out *out = call->out;

	enum err err =
		encrypt(call, &encryption->request, key, encryption->plain, &out->ciphertext_blob);
	if (err)
		return err;
	out->key_id = key->arn;
	out->destination_encryption_algorithm = encryption->request.algorithm->name;
	out->destination_key_material_id = material_id(key, kms_key_material(key));
	return ERR_OK;
}

/* The destination's half of ReEncrypt. */
static enum err encrypt_again(struct call *call, struct str plain)
{
	const struct kms_re_encrypt_in *in = call->in;
	struct encryption *encryption = arena_new(call->arena, struct encryption);

	encryption->plain = plain;
	encryption->request = kms_request_of_call(call, KMS_USAGE_ENCRYPT_DECRYPT,
						  in->destination_encryption_algorithm);
	encryption->request.key_id = in->destination_key_id;
	encryption->request.action = STR("kms:ReEncryptTo");
	encryption->request.context = in->destination_encryption_context;
	encryption->request.context_count = in->destination_encryption_context_count;
	call_set_state(call, struct encryption, encryption);
	enum err err = kms_key_to_use(call, &encryption->request, &encryption->target);
	if (!err)
		err = kms_end_dry_run(call, in->dry_run);
	return err ? err : run_step(call, encryption->target.key, finish_re_encrypt);
}

static enum err decrypt_source(struct call *call)
{
	struct kms_re_encrypt_out *out = call->out;
	struct decryption *decryption = call_state(call, struct decryption);

	enum err err = open_cipher(call, decryption);
	if (err)
		return err;
	out->source_key_id = decryption->key->arn;
	out->source_encryption_algorithm = decryption->request.algorithm->name;
	out->source_key_material_id = material_id(decryption->key, decryption->material);
	return encrypt_again(call, decryption->plain);
}

enum err kms_re_encrypt(struct call *call, const struct kms_re_encrypt_in *in,
			struct kms_re_encrypt_out *out)
{
	struct decryption *decryption = arena_new(call->arena, struct decryption);

	(void)out;
	decryption->cipher = in->ciphertext_blob;
	decryption->request = kms_request_of_call(call, KMS_USAGE_ENCRYPT_DECRYPT,
						  in->source_encryption_algorithm);
	decryption->request.key_id = in->source_key_id;
	decryption->request.action = STR("kms:ReEncryptFrom");
	decryption->request.context = in->source_encryption_context;
	decryption->request.context_count = in->source_encryption_context_count;
	call_set_state(call, struct decryption, decryption);
	return begin_decrypt(call, decryption, decrypt_source);
}

/* ---- data keys ---- */

static enum err size_of_spec(struct call *call, struct str spec, bool has_size, int64_t size,
			     size_t *out_size)
{
	if ((spec.data != NULL) == has_size)
		return fail(call, &KMS_VALIDATION,
			    "Please specify either number of bytes or key spec.");
	*out_size = has_size ? (size_t)size : str_equal(spec, STR("AES_256")) ? 32 : 16;
	return ERR_OK;
}

struct data_key {
	struct str plain, blob, key_arn, material_id;
};

/* The size is that of `spec`, or the number. */
static enum err make_data_key(struct call *call, struct str spec, bool has_size, int64_t number,
			      struct data_key *out)
{
	struct kms_request request;
	struct kms_target target;
	size_t size = 0;

	enum err err = size_of_spec(call, spec, has_size, number, &size);
	if (!err)
		err = kms_data_key_open(call, &request, &target);
	if (err)
		return err;
	char *plain = arena_bytes(call->arena, size);
	random_bytes(plain, size);
	out->plain = str_of(plain, size);
	out->key_arn = target.key->arn;
	out->material_id = material_id(target.key, kms_key_material(target.key));
	return encrypt(call, &request, target.key, out->plain, &out->blob);
}

enum err kms_generate_data_key(struct call *call, const struct kms_generate_data_key_in *in,
			       struct kms_generate_data_key_out *out)
{
	struct data_key made;

	enum err err = make_data_key(call, in->key_spec, in->has_number_of_bytes,
				     in->number_of_bytes, &made);
	if (!err)
		*out = (struct kms_generate_data_key_out){.plaintext = made.plain,
							  .ciphertext_blob = made.blob,
							  .key_id = made.key_arn,
							  .key_material_id = made.material_id};
	return err;
}

enum err
kms_generate_data_key_without_plaintext(struct call *call,
					const struct kms_generate_data_key_without_plaintext_in *in,
					struct kms_generate_data_key_without_plaintext_out *out)
{
	struct data_key made;

	enum err err = make_data_key(call, in->key_spec, in->has_number_of_bytes,
				     in->number_of_bytes, &made);
	if (err)
		return err;
	explicit_bzero((char *)made.plain.data, made.plain.size);
	*out = (struct kms_generate_data_key_without_plaintext_out){.ciphertext_blob = made.blob,
								    .key_id = made.key_arn,
								    .key_material_id =
									    made.material_id};
	return ERR_OK;
}

enum err kms_generate_random(struct call *call, const struct kms_generate_random_in *in,
			     struct kms_generate_random_out *out)
{
	enum err err = ERR_OK;

	if (!err && in->custom_key_store_id.data)
		err = fail(call, &KMS_UNSUPPORTED_OPERATION,
			   "Custom key stores are not supported.");
	if (!err && !in->has_number_of_bytes)
		err = fail(call, &KMS_VALIDATION, "NumberOfBytes is required.");
	if (!err)
		err = call_authorize_any(call, STR("kms:GenerateRandom"));
	if (err)
		return err;
	char *bytes = arena_bytes(call->arena, (size_t)in->number_of_bytes);
	random_bytes(bytes, (size_t)in->number_of_bytes);
	out->plaintext = str_of(bytes, (size_t)in->number_of_bytes);
	return ERR_OK;
}
