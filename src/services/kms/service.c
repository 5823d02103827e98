/* SPDX-License-Identifier: MIT */
/*
 * service: the interface of KMS for other services (core/seal/kms.h). The call is another
 * service's, so the facts that KMS records in it are restored at the end.
 */
#include <string.h>

#include "services/kms/change.h"
#include "services/kms/due.h"
#include "services/kms/material.h"
#include "services/kms/use.h"

/* ---- keys that AWS manages ---- */

#define MANAGED_PREFIX "alias/aws/"

/*
 * Principals of the account may use the key through the service, and in no other way.
 * https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
 */
static struct str managed_policy(struct arena *arena, struct str account, struct str region,
				 struct str service)
{
	return arena_format(
		arena,
		"{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"auto-%.*s-1\",\n"
		"  \"Statement\" : [ {\n"
		"    \"Sid\" : \"Allow access through %.*s for all principals in the account that "
		"are authorized to use it\",\n"
		"    \"Effect\" : \"Allow\",\n    \"Principal\" : {\n      \"AWS\" : \"*\"\n    "
		"},\n"
		"    \"Action\" : [ \"kms:Encrypt\", \"kms:Decrypt\", \"kms:ReEncrypt*\", "
		"\"kms:GenerateDataKey*\", \"kms:CreateGrant\", \"kms:DescribeKey\" ],\n"
		"    \"Resource\" : \"*\",\n    \"Condition\" : {\n      \"StringEquals\" : {\n"
		"        \"kms:CallerAccount\" : \"%.*s\",\n"
		"        \"kms:ViaService\" : \"%.*s.%.*s.amazonaws.com\"\n      }\n    }\n  }, {\n"
		"    \"Sid\" : \"Allow direct access to key metadata to the account\",\n"
		"    \"Effect\" : \"Allow\",\n    \"Principal\" : {\n"
		"      \"AWS\" : \"arn:%.*s:iam::%.*s:root\"\n    },\n"
		"    \"Action\" : [ \"kms:Describe*\", \"kms:Get*\", \"kms:List*\", "
		"\"kms:RevokeGrant\" ],\n    \"Resource\" : \"*\"\n  } ]\n}",
		STR_ARG(service), STR_ARG(service), STR_ARG(account), STR_ARG(service),
		STR_ARG(region), STR_ARG(arn_partition(region)), STR_ARG(account));
}

static bool has_managed_key(const struct core *core, struct str name)
{
	const struct service *service = route_service(&core->routes, name);

	return service && service->has_managed_key;
}

static enum err make_managed(struct core *core, struct arena *arena, struct str account,
			     struct str region, struct str alias_arn, struct str name)
{
	struct str service = str_slice(name, sizeof(MANAGED_PREFIX) - 1, SIZE_MAX);
	int64_t now_ms = clock_now_ms();
	struct kms_alias alias = {
		.name = name, .arn = alias_arn, .created_ms = now_ms, .updated_ms = now_ms};
	struct kms_secret secret = kms_secret_generate(KMS_SPEC_SYMMETRIC_DEFAULT);
	struct kms_material *material;
	struct kms_key draft;

	kms_draft_new(arena, account, region, false, now_ms, &draft);
	draft.is_managed = true;
	draft.description = arena_format(
		arena, "Default key that protects my %.*s data when no other key is defined",
		STR_ARG(service));
	draft.aliases = &alias;
	draft.alias_count = 1;
	draft.is_rotating = true;
	draft.rotation_days = KMS_ROTATION_DAYS_DEFAULT;
	draft.next_rotation_ms = now_ms + draft.rotation_days * KMS_DAY_MS;
	draft.policy = kms_policy_of(arena, managed_policy(arena, account, region, service));
	enum err err = kms_material_add(core, arena, &draft, &secret, KMS_ROTATION_NONE, now_ms,
					&material);
	check(err == ERR_OK); /* our own material fits */
	err = kms_key_change(core, &draft);
	kms_material_release(material);
	policy_release(draft.policy);
	return err;
}

/* The name in an alias's ARN of that account and region, or the text itself. */
static struct str alias_name(struct arena *arena, struct str account, struct str region,
			     struct str key_id)
{
	struct str head = arn_make(arena, STR("kms"), region, account, STR(""));

	return str_starts(key_id, head) ? str_slice(key_id, head.size, SIZE_MAX) : key_id;
}

static enum err prepare(struct core *core, struct str account, struct str region, struct str key_id)
{
	struct arena arena;
	enum err err = ERR_OK;

	if (str_find(key_id, STR(MANAGED_PREFIX), 0) == SIZE_MAX)
		return ERR_OK;
	arena_init(&arena);
	struct str name = alias_name(&arena, account, region, key_id);
	struct str arn = arn_make(&arena, STR("kms"), region, account, name);
	const struct kms_key *key = kms_registry_find_alias(kms_of(core)->registry, arn);
	if (!key && kms_registry_count(kms_of(core)->registry) < LIMIT_KMS_KEYS &&
	    str_starts(name, STR(MANAGED_PREFIX)) &&
	    has_managed_key(core, str_slice(name, sizeof(MANAGED_PREFIX) - 1, SIZE_MAX)))
		err = make_managed(core, &arena, account, region, arn, name);
	kms_key_release(key);
	arena_done(&arena);
	return err;
}

/* ---- using keys ---- */

static enum kms_problem problem_of(const struct fault_type *fault)
{
	if (fault == &KMS_DISABLED)
		return KMS_PROBLEM_DISABLED;
	if (fault == &KMS_KMS_INVALID_STATE)
		return KMS_PROBLEM_STATE;
	if (fault == &KMS_INVALID_KEY_USAGE)
		return KMS_PROBLEM_USAGE;
	return KMS_PROBLEM_NOT_FOUND;
}

/* Permission, with the call left as it was. */
static enum kms_problem ask(const struct kms_use *use, struct str action,
			    const struct kms_target *target, struct str *out_text)
{
	struct call *call = use->call;
	const struct fault_type *fault = call->fault;
	struct str fault_text = call->fault_text;
	bool is_authorized = call->is_authorized;
	struct kms_question question = {
		.action = action,
		.target = target,
		.via_service = use->via_service,
		.context = use->context,
		.context_count = use->context_count,
		.algorithm_key = STR("kms:EncryptionAlgorithm"),
		.algorithm = kms_algorithms[0].name,
	};

	enum err err = kms_ask(call, &question);
	if (err)
		*out_text = call->fault_text;
	call->fault = fault;
	call->fault_text = fault_text;
	call->is_authorized = is_authorized;
	return err ? KMS_PROBLEM_DENIED : KMS_PROBLEM_NONE;
}

/* Permission, state and usage of a key that was found. */
static enum kms_problem look_at(const struct kms_use *use, struct str action,
				const struct kms_target *target, struct str *out_text)
{
	struct arena *arena = use->call->arena;

	enum kms_problem problem = ask(use, action, target, out_text);
	if (problem)
		return problem;
	struct kms_refusal refusal = kms_state_refusal(arena, target->key, use->call->now_ms);
	if (!refusal.fault)
		refusal = kms_usage_refusal(arena, target->key, KMS_USAGE_ENCRYPT_DECRYPT,
					    str_slice(action, 4, SIZE_MAX));
	if (!refusal.fault && target->key->spec != KMS_SPEC_SYMMETRIC_DEFAULT) {
		refusal.fault = &KMS_INVALID_KEY_USAGE;
		refusal.text = arena_format(
			arena, "%.*s key spec is %.*s which is not valid for %.*s.",
			STR_ARG(target->key->arn), STR_ARG(kms_specs[target->key->spec].name),
			STR_ARG(str_slice(action, 4, SIZE_MAX)));
	}
	if (!refusal.fault)
		return KMS_PROBLEM_NONE;
	*out_text = refusal.text;
	return problem_of(refusal.fault);
}

/* The key is released when the call ends, as texts and blobs are views of it. */
static enum kms_problem find(const struct kms_use *use, struct str account, struct str key_id,
			     struct str action, struct kms_target *out_target, struct str *out_text)
{
	struct call *call = use->call;

	struct kms_refusal refusal =
		kms_find(call->core, call->arena, account, call->region, key_id, true, out_target);
	if (refusal.fault) {
		*out_text = refusal.text;
		return KMS_PROBLEM_NOT_FOUND;
	}
	kms_keep_key(call, out_target->key);
	return look_at(use, action, out_target, out_text);
}

static enum kms_problem find_of_blob(const struct kms_use *use, const struct kms_blob *blob,
				     struct kms_target *out_target, struct str *out_text)
{
	struct call *call = use->call;
	struct str id = str_of(blob->key_id, KMS_KEY_ID_SIZE);

	*out_target =
		(struct kms_target){.key = kms_registry_find(kms_of(call->core)->registry, id)};
	if (!out_target->key) {
		*out_text = arena_format(call->arena, "Key '%.*s' does not exist", STR_ARG(id));
		return KMS_PROBLEM_NOT_FOUND;
	}
	kms_keep_key(call, out_target->key);
	return look_at(use, STR("kms:Decrypt"), out_target, out_text);
}

static void count(const struct kms_use *use, enum kms_service_call which)
{
	atomic_fetch_add_explicit(&kms_of(use->call->core)->service_calls[which], 1,
				  memory_order_relaxed);
}

static enum kms_problem generate_data_key(const struct kms_use *use, struct str account,
					  struct str key_id, uint8_t out_key[KMS_DATA_KEY_SIZE],
					  struct str *out_blob, struct str *out_text)
{
	struct arena *arena = use->call->arena;
	struct kms_target target;

	count(use, KMS_SERVICE_GENERATE_DATA_KEY);
	enum kms_problem problem =
		find(use, account, key_id, STR("kms:GenerateDataKey"), &target, out_text);
	if (problem)
		return problem;
	const struct kms_material *material = kms_key_material(target.key);
	random_bytes(out_key, KMS_DATA_KEY_SIZE);
	*out_blob = kms_blob_seal(arena, target.key->id, material->number,
				  kms_secret_str(&material->secret),
				  kms_context_encode(arena, use->context, use->context_count),
				  str_of(out_key, KMS_DATA_KEY_SIZE));
	return KMS_PROBLEM_NONE;
}

static enum kms_problem refuse_blob(struct str *out_text)
{
	*out_text = STR("The ciphertext is invalid.");
	return KMS_PROBLEM_DAMAGED;
}

static enum kms_problem decrypt_data_key(const struct kms_use *use, struct str bytes,
					 uint8_t out_key[KMS_DATA_KEY_SIZE], struct str *out_text)
{
	struct arena *arena = use->call->arena;
	struct kms_target target;
	struct kms_blob blob;
	struct str plain;

	count(use, KMS_SERVICE_DECRYPT);
	if (!kms_blob_parse(bytes, &blob))
		return refuse_blob(out_text);
	enum kms_problem problem = find_of_blob(use, &blob, &target, out_text);
	if (problem)
		return problem;
	const struct kms_material *material = kms_key_material_of(target.key, blob.material);
	if (!material || material->secret.size == 0 ||
	    kms_blob_open(arena, &blob, kms_secret_str(&material->secret),
			  kms_context_encode(arena, use->context, use->context_count),
			  &plain) != ERR_OK ||
	    plain.size != KMS_DATA_KEY_SIZE)
		return refuse_blob(out_text);
	memcpy(out_key, plain.data, KMS_DATA_KEY_SIZE);
	explicit_bzero((char *)plain.data, plain.size);
	return KMS_PROBLEM_NONE;
}

static enum kms_problem check_key(const struct kms_use *use, struct str account, struct str key_id,
				  struct str action, struct str *out_text)
{
	struct kms_target target;

	return find(use, account, key_id, action, &target, out_text);
}

static enum kms_problem check_blob(const struct kms_use *use, struct str bytes,
				   struct str *out_text)
{
	struct kms_target target;
	struct kms_blob blob;

	if (!kms_blob_parse(bytes, &blob))
		return refuse_blob(out_text);
	return find_of_blob(use, &blob, &target, out_text);
}

static enum kms_problem describe(struct core *core, struct arena *arena, struct str account,
				 struct str region, struct str key_id, struct kms_description *out)
{
	struct kms_target target;

	struct kms_refusal refusal = kms_find(core, arena, account, region, key_id, true, &target);
	if (refusal.fault)
		return KMS_PROBLEM_NOT_FOUND;
	const struct kms_key *key = target.key;
	*out = (struct kms_description){
		.arn = arena_copy(arena, key->arn),
		.state = kms_states[key->state],
		.deletion_ms = key->deletion_ms,
		.expiry_ms = kms_key_valid_to(key),
		.is_managed = key->is_managed,
		.has_imported_material = key->is_external,
	};
	kms_key_release(key);
	return KMS_PROBLEM_NONE;
}

const struct core_kms kms_for_services = {
	.prepare = prepare,
	.generate_data_key = generate_data_key,
	.decrypt_data_key = decrypt_data_key,
	.check = check_key,
	.check_blob = check_blob,
	.describe = describe,
};
