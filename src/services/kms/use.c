/* SPDX-License-Identifier: MIT */
/*
 * use: a caller without permission gets the same answer for existing and missing keys of other
 * accounts.
 */
#include "services/kms/use.h"

#include <string.h>

#include "services/kms/grant.h"
#include "services/kms/material.h"

static struct kms_refusal refuse(struct arena *arena, const struct fault_type *fault,
				 const char *before, struct str subject, const char *after)
{
	struct str text = arena_format(arena, "%s%.*s%s", before, STR_ARG(subject), after);

	return (struct kms_refusal){fault, text};
}

/* ---- finding ---- */

/* Of a key or an alias; in a region of its own partition. */
static bool parse_kms_arn(struct str text, struct arn *out_arn)
{
	struct arn arn;

	if (!arn_parse(text, &arn) || !str_equal(arn.service, STR("kms")) ||
	    !str_equal(arn.partition, arn_partition(arn.region)) || !arn_is_account(arn.account))
		return false;
	*out_arn = arn;
	return true;
}

static struct str arn_of(struct arena *arena, const struct arn *parts)
{
	return arn_make(arena, STR("kms"), parts->region, parts->account, parts->resource);
}

static struct kms_refusal find_alias(struct kms_registry *registry, struct arena *arena,
				     const struct arn *parts, struct kms_target *out_target)
{
	struct str arn = arn_of(arena, parts);

	out_target->alias = parts->resource;
	out_target->key = kms_registry_find_alias(registry, arn);
	if (out_target->key)
		return (struct kms_refusal){0};
	return refuse(arena, &KMS_NOT_FOUND, "Alias ", arn, " is not found.");
}

static struct kms_refusal find_key(struct kms_registry *registry, struct arena *arena,
				   const struct arn *parts, struct kms_target *out_target)
{
	struct str id = str_slice(parts->resource, 4, SIZE_MAX);
	struct str arn = arn_of(arena, parts);

	const struct kms_key *key = kms_registry_find(registry, id);
	if (key && str_equal(key->arn, arn)) {
		out_target->key = key;
		return (struct kms_refusal){0};
	}
	kms_key_release(key);
	return refuse(arena, &KMS_NOT_FOUND, "Key '", arn, "' does not exist");
}

static bool is_key_id(struct str text)
{
	uint8_t kind, bytes[16];

	return kms_key_id_parse(text, &kind, bytes);
}

struct kms_refusal kms_find(const struct core *core, struct arena *arena, struct str account,
			    struct str region, struct str key_id, bool may_be_alias,
			    struct kms_target *out_target)
{
	struct kms_registry *registry = kms_of(core)->registry;
	struct arn parts = {arn_partition(region), STR("kms"), region, account, key_id};
	struct kms_target target = {0};
	struct kms_refusal refusal;

	if (str_starts(key_id, STR("arn:"))) {
		if (!parse_kms_arn(key_id, &parts))
			return refuse(arena, &KMS_INVALID_ARN, "Invalid arn ", key_id, "");
		if (!str_equal(parts.region, region))
			return refuse(arena, &KMS_NOT_FOUND, "Invalid arn ", parts.region, "");
	} else if (is_key_id(key_id)) {
		parts.resource = arena_join(arena, (const struct str[]){STR("key/"), key_id}, 2);
	}
	if (may_be_alias && str_starts(parts.resource, STR("alias/")))
		refusal = find_alias(registry, arena, &parts, &target);
	else if (str_starts(parts.resource, STR("key/")) &&
		 is_key_id(str_slice(parts.resource, 4, SIZE_MAX)))
		refusal = find_key(registry, arena, &parts, &target);
	else
		refusal = refuse(arena, &KMS_NOT_FOUND, "Invalid keyId '", key_id, "'");
	if (!refusal.fault)
		*out_target = target;
	return refusal;
}

/* ---- state ---- */

struct kms_refusal kms_state_refusal(struct arena *arena, const struct kms_key *key, int64_t now_ms)
{
	int64_t valid_to_ms = kms_key_valid_to(key);
	bool has_expired = valid_to_ms > 0 && now_ms >= valid_to_ms;

	if (key->state == KMS_STATE_DISABLED)
		return refuse(arena, &KMS_DISABLED, "", key->arn, " is disabled.");
	if (key->state == KMS_STATE_PENDING_DELETION)
		return refuse(arena, &KMS_KMS_INVALID_STATE, "", key->arn, " is pending deletion.");
	if (key->state == KMS_STATE_PENDING_IMPORT || has_expired)
		return refuse(arena, &KMS_KMS_INVALID_STATE, "", key->arn, " is pending import.");
	return (struct kms_refusal){0};
}

struct kms_refusal kms_usage_refusal(struct arena *arena, const struct kms_key *key,
				     enum kms_usage usage, struct str operation)
{
	struct kms_refusal refusal = {&KMS_INVALID_KEY_USAGE, {0}};

	if (key->usage == usage)
		return (struct kms_refusal){0};
	refusal.text = arena_format(arena, "%.*s key usage is %.*s which is not valid for %.*s.",
				    STR_ARG(key->arn), STR_ARG(kms_usages[key->usage]),
				    STR_ARG(operation));
	return refusal;
}

/* ---- permission ---- */

static void add_text(struct call *call, const char *name, struct str text)
{
	struct str *value = arena_new(call->arena, struct str);

	*value = text;
	call_add_key(call, str_from(name), value, 1);
}

static void add_context(struct call *call, const struct kms_question *question)
{
	size_t count = question->context_count;
	struct str *names = arena_array(call->arena, struct str, count);

	for (size_t i = 0; i < count; i++) {
		const struct shape_pair *pair = &question->context[i];
		struct str name = arena_join(
			call->arena, (const struct str[]){STR("kms:EncryptionContext:"), pair->key},
			2);
		names[i] = pair->key;
		call_add_key(call, name, &pair->value, 1);
	}
	if (count > 0)
		call_add_key(call, STR("kms:EncryptionContextKeys"), names, count);
}

/* "sqs.us-east-1.amazonaws.com", or without the region if there is none. */
static struct str host_of(struct arena *arena, struct str service, struct str region)
{
	const struct str texts[] = {service, region.size > 0 ? STR(".") : STR(""), region,
				    STR(".amazonaws.com")};

	return arena_join(arena, texts, sizeof(texts) / sizeof(texts[0]));
}

static void add_keys(struct call *call, const struct kms_question *question)
{
	const struct kms_key *key = question->target->key;
	struct str *aliases = arena_array(call->arena, struct str, key->alias_count);

	add_text(call, "kms:CallerAccount", call->principal->account);
	add_text(call, "kms:KeySpec", kms_specs[key->spec].name);
	add_text(call, "kms:KeyUsage", kms_usages[key->usage]);
	add_text(call, "kms:KeyOrigin", key->is_external ? STR("EXTERNAL") : STR("AWS_KMS"));
	add_text(call, "kms:MultiRegion", key->is_multi_region ? STR("true") : STR("false"));
	if (question->target->alias.data)
		add_text(call, "kms:RequestAlias", question->target->alias);
	for (size_t i = 0; i < key->alias_count; i++)
		aliases[i] = key->aliases[i].name;
	if (key->alias_count > 0)
		call_add_key(call, STR("kms:ResourceAliases"), aliases, key->alias_count);
	if (question->via_service.data)
		add_text(call, "kms:ViaService",
			 host_of(call->arena, question->via_service, key->region));
	if (question->algorithm.data)
		call_add_key(call, question->algorithm_key, &question->algorithm, 1);
	add_context(call, question);
}

static bool is_foreign(const struct call *call, struct str account)
{
	return !str_equal(call->account, account);
}

enum err kms_deny_foreign(struct call *call, struct str action, struct str arn)
{
	struct str caller = call->principal ? call->principal->arn : STR("anonymous");

	return fail(call, &call->operation->service->denied,
		    "User: %.*s is not authorized to perform: %.*s on resource: %.*s because the "
		    "resource does not exist in this Region, no resource-based policies allow "
		    "access, or a resource-based policy explicitly denies access",
		    STR_ARG(caller), STR_ARG(action), STR_ARG(arn));
}

enum err kms_ask(struct call *call, const struct kms_question *question)
{
	const struct kms_key *key = question->target->key;
	struct str via_service = call->asked.via_service;
	size_t key_count = call->key_count;
	struct kms_grant_question granted = {
		.principal = call->principal,
		.action = question->action,
		.source_arn = call->asked.source_arn,
		.context = question->context,
		.context_count = question->context_count,
	};
	struct resource resource = {
		.arn = key->arn,
		.account = key->account,
		.policy = key->policy,
		.is_policy_required = true,
		.is_granted = question->is_granted,
		.is_named = question->is_named,
		.tags = key->tags,
		.tag_count = key->tag_count,
	};

	/* A key may have many grants, and a context many pairs. */
	if (key->grant_count > 0 && question->context_count > 1)
		granted.context =
			kms_pairs_sort(call->arena, question->context, question->context_count);
	if (!question->ignores_grants)
		resource.is_granted |= kms_grant_find(key, &granted) != NULL;
	if (call->principal)
		add_keys(call, question);
	if (question->via_service.data)
		call->asked.via_service =
			host_of(call->arena, question->via_service, (struct str){0});
	enum err err = call_authorize(call, question->action, &resource);
	call->asked.via_service = via_service;
	call->key_count = key_count;
	if (err == ERR_FAULT && is_foreign(call, key->account))
		return kms_deny_foreign(call, question->action, key->arn);
	return err;
}

/* ---- for operations ---- */

static enum err refuse_as(struct call *call, const struct kms_refusal *refusal)
{
	return fail(call, refusal->fault, "%.*s", STR_ARG(refusal->text));
}

static void release_key(void *subject)
{
	kms_key_release(subject);
}

const struct kms_key *kms_keep_key(struct call *call, const struct kms_key *key)
{
	call_on_end(call, release_key, key);
	return key;
}

static void release_material(void *subject)
{
	kms_material_release(subject);
}

void kms_keep_material(struct call *call, const struct kms_material *material)
{
	call_on_end(call, release_material, material);
}

enum err kms_target_of_call(struct call *call, struct str key_id, bool may_be_alias,
			    struct str action, struct kms_target *out_target)
{
	struct arn parts;

	struct kms_refusal refusal = kms_find(call->core, call->arena, call->account, call->region,
					      key_id, may_be_alias, out_target);
	if (refusal.fault == &KMS_NOT_FOUND && parse_kms_arn(key_id, &parts) &&
	    is_foreign(call, parts.account) && str_equal(parts.region, call->region)) {
		return kms_deny_foreign(call, action, key_id);
	}
	if (refusal.fault)
		return refuse_as(call, &refusal);
	kms_keep_key(call, out_target->key);
	return ERR_OK;
}

enum err kms_managed_key(struct call *call, struct str key_id, struct str action,
			 bool may_be_foreign, const struct kms_key **out_key)
{
	struct kms_target target;

	enum err err = kms_target_of_call(call, key_id, false, action, &target);
	if (err)
		return err;
	if (!may_be_foreign && is_foreign(call, target.key->account)) {
		return kms_deny_foreign(call, action, target.key->arn);
	}
	*out_key = target.key;
	return kms_ask(call, &(struct kms_question){.action = action, .target = &target});
}

enum err kms_check_own(struct call *call, const struct kms_key *key, struct str action)
{
	struct str caller = call->principal ? call->principal->arn : STR("anonymous");

	if (!key->is_managed)
		return ERR_OK;
	return fail(call, &call->operation->service->denied,
		    "User: %.*s is not authorized to perform: %.*s on resource: %.*s because no "
		    "resource-based policy allows the %.*s action",
		    STR_ARG(caller), STR_ARG(action), STR_ARG(key->arn), STR_ARG(action));
}

enum err kms_check_enabled(struct call *call, const struct kms_key *key)
{
	struct kms_refusal refusal = kms_state_refusal(call->arena, key, call->now_ms);

	return refusal.fault ? refuse_as(call, &refusal) : ERR_OK;
}

enum err kms_check_usable(struct call *call, const struct kms_key *key, enum kms_usage usage)
{
	enum err err = kms_check_enabled(call, key);
	if (err)
		return err;
	struct kms_refusal refusal =
		kms_usage_refusal(call->arena, key, usage, call->operation->name);
	return refusal.fault ? refuse_as(call, &refusal) : ERR_OK;
}

enum err kms_check_not_deleted(struct call *call, const struct kms_key *key)
{
	if (key->state != KMS_STATE_PENDING_DELETION)
		return ERR_OK;
	return fail(call, &KMS_KMS_INVALID_STATE, "%.*s is pending deletion.", STR_ARG(key->arn));
}

enum err kms_end_dry_run(struct call *call, bool is_dry_run)
{
	if (!is_dry_run)
		return ERR_OK;
	return fail(call, &KMS_DRY_RUN_OPERATION,
		    "The request would have succeeded, but the DryRun option is set.");
}
