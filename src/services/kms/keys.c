/* SPDX-License-Identifier: MIT */
/* keys: CreateKey, DescribeKey, ListKeys, UpdateKeyDescription, and a key's states. */
#include <string.h>

#include "core/keep.h"
#include "core/limit/quota.h"
#include "core/page.h"
#include "services/kms/change.h"
#include "services/kms/describe.h"
#include "services/kms/due.h"
#include "services/kms/list.h"
#include "services/kms/material.h"
#include "services/kms/policies.h"
#include "services/kms/tags.h"
#include "services/kms/validate.h"

/* ---- CreateKey ---- */

static enum err read_usage(struct call *call, const struct kms_create_key_in *in,
			   struct kms_key *draft)
{
	enum err err = kms_check_served(call, "KeyUsage", in->key_usage);

	if (err)
		return err;
	if (in->key_usage.data)
		check(kms_usage_find(in->key_usage, &draft->usage));
	if (!in->key_usage.data && draft->spec != KMS_SPEC_SYMMETRIC_DEFAULT)
		return fail(call, &KMS_VALIDATION,
			    "You must specify a KeyUsage value for all KMS keys except for "
			    "symmetric encryption keys.");
	if (!kms_usage_fits(draft->usage, draft->spec))
		return fail(
			call, &KMS_VALIDATION, "KeyUsage %.*s is not compatible with KeySpec %.*s",
			STR_ARG(kms_usages[draft->usage]), STR_ARG(kms_specs[draft->spec].name));
	return ERR_OK;
}

static enum err read_origin(struct call *call, const struct kms_create_key_in *in,
			    struct kms_key *draft)
{
	draft->is_external = str_equal(in->origin, STR("EXTERNAL"));
	if (draft->is_external)
		draft->state = KMS_STATE_PENDING_IMPORT;
	if (str_equal(in->origin, STR("AWS_CLOUDHSM")) ||
	    str_equal(in->origin, STR("EXTERNAL_KEY_STORE")) || in->custom_key_store_id.data)
		return fail(call, &KMS_UNSUPPORTED_OPERATION,
			    "Custom key stores are not supported.");
	return ERR_OK;
}

/* All but policy and material. */
static enum err read_draft(struct call *call, const struct kms_create_key_in *in,
			   struct kms_key *draft)
{
	struct str spec = in->key_spec.data ? in->key_spec : in->customer_master_key_spec;

	kms_draft_new(call->arena, call->account, call->region, in->multi_region, call->now_ms,
		      draft);
	if (in->key_spec.data && in->customer_master_key_spec.data)
		return fail(call, &KMS_VALIDATION,
			    "You cannot specify KeySpec and CustomerMasterKeySpec in the same "
			    "request. CustomerMasterKeySpec is deprecated.");
	enum err err = kms_check_served(call, "KeySpec", spec);
	if (err)
		return err;
	if (spec.data)
		check(kms_spec_find(spec, &draft->spec));
	err = read_usage(call, in, draft);
	if (!err)
		err = read_origin(call, in, draft);
	if (!err)
		err = kms_tags_merge(call, draft, in->tags, in->tags_count);
	if (in->description.data)
		draft->description = in->description;
	draft->rotation_days = KMS_ROTATION_DAYS_DEFAULT;
	return err;
}

static enum err authorize_create(struct call *call, const struct kms_key *draft)
{
	struct str *values = arena_array(call->arena, struct str, 4);

	values[0] = kms_specs[draft->spec].name;
	values[1] = kms_usages[draft->usage];
	values[2] = draft->is_external ? STR("EXTERNAL") : STR("AWS_KMS");
	values[3] = draft->is_multi_region ? STR("true") : STR("false");
	call_add_key(call, STR("kms:KeySpec"), &values[0], 1);
	call_add_key(call, STR("kms:KeyUsage"), &values[1], 1);
	call_add_key(call, STR("kms:KeyOrigin"), &values[2], 1);
	call_add_key(call, STR("kms:MultiRegion"), &values[3], 1);
	call_set_request_tags(call, draft->tags, draft->tag_count);
	enum err err = call_authorize_any(call, STR("kms:CreateKey"));
	if (!err && draft->tag_count > 0)
		err = call_authorize_any(call, STR("kms:TagResource"));
	return err;
}

static enum err store_new(struct call *call, struct kms_key *draft, struct kms_create_key_out *out)
{
	enum err err = kms_key_change(call->core, draft);
	if (err)
		return err;
	out->key_metadata = arena_new(call->arena, struct kms_key_metadata);
	kms_describe_key_to(call->arena, draft, out->key_metadata);
	return ERR_OK;
}

static enum err read_policy(struct call *call, const struct kms_create_key_in *in,
			    struct kms_key *draft)
{
	struct str text = kms_default_policy(call->arena, call->account, call->region);
	enum err err = ERR_OK;

	if (in->policy.data)
		err = kms_policy_of_call(call, in->policy, draft->arn,
					 in->bypass_policy_lockout_safety_check, &draft->policy);
	else
		draft->policy = kms_policy_of(call->arena, text);
	if (!err)
		call_keep_policy(call, draft->policy);
	return err;
}

/* A key that is being made. */
struct creation {
	struct kms_key draft;
	struct kms_secret secret;
};

static enum err generate(struct call *call)
{
	struct creation *creation = call_state(call, struct creation);

	creation->secret = kms_secret_generate(creation->draft.spec);
	return ERR_OK;
}

static enum err use_generated(struct call *call)
{
	struct creation *creation = call_state(call, struct creation);
	struct kms_material *material;

	enum err err =
		kms_material_add(call->core, call->arena, &creation->draft, &creation->secret,
				 KMS_ROTATION_NONE, call->now_ms, &material);
	check(err == ERR_OK); /* our own material fits */
	kms_keep_material(call, material);
	return store_new(call, &creation->draft, call->out);
}

static enum err check_quota(struct call *call)
{
	struct kms_registry *registry = kms_of(call->core)->registry;
	int64_t most = quota_most(call->core->quotas, QUOTA_KMS_KEYS);
	bool is_full = kms_registry_count(registry) >= LIMIT_KMS_KEYS;

	if (is_full)
		quota_log_server_limit(STR("KMS keys"), LIMIT_KMS_KEYS);
	if (!is_full &&
	    (int64_t)kms_registry_count_account(registry, call->account, call->region) < most)
		return ERR_OK;
	return fail(call, &KMS_LIMIT_EXCEEDED,
		    "The account has the maximum number of KMS keys in this Region: %lld.",
		    (long long)most);
}

enum err kms_create_key(struct call *call, const struct kms_create_key_in *in,
			struct kms_create_key_out *out)
{
	struct creation *creation = arena_new(call->arena, struct creation);
	struct kms_key *draft = &creation->draft;

	enum err err = read_draft(call, in, draft);
	if (!err)
		err = authorize_create(call, draft);
	if (!err)
		err = check_quota(call);
	if (!err)
		err = read_policy(call, in, draft);
	if (err)
		return err;
	if (draft->is_external)
		return store_new(call, draft, out);
	call_set_state(call, struct creation, creation);
	if (kms_specs[draft->spec].kind == KMS_KIND_RSA)
		return call_work(call, 0, generate, use_generated);
	err = generate(call);
	return err ? err : use_generated(call);
}

/* ---- reading ---- */

/* A request for an AWS managed key creates the key if the caller has permission. */
static enum err make_managed(struct call *call, struct str key_id)
{
	struct kms_target target = {0};
	struct resource any = {.account = call->account};

	if (str_find(key_id, STR("alias/aws/"), 0) == SIZE_MAX)
		return ERR_OK;
	struct kms_refusal refusal = kms_find(call->core, call->arena, call->account, call->region,
					      key_id, true, &target);
	kms_key_release(target.key);
	if (refusal.fault != &KMS_NOT_FOUND)
		return ERR_OK;
	any.arn = arn_make(call->arena, STR("kms"), call->region, call->account, STR("key/*"));
	enum err err = call_authorize(call, STR("kms:DescribeKey"), &any);
	return err ? err
		   : kms_for_services.prepare(call->core, call->account, call->region, key_id);
}

enum err kms_describe_key(struct call *call, const struct kms_describe_key_in *in,
			  struct kms_describe_key_out *out)
{
	struct kms_target target;

	enum err err = make_managed(call, in->key_id);
	if (!err)
		err = kms_target_of_call(call, in->key_id, true, STR("kms:DescribeKey"), &target);
	if (!err)
		err = kms_ask(call, &(struct kms_question){.action = STR("kms:DescribeKey"),
							   .target = &target});
	if (err)
		return err;
	out->key_metadata = arena_new(call->arena, struct kms_key_metadata);
	kms_describe_key_to(call->arena, target.key, out->key_metadata);
	return ERR_OK;
}

struct key_list {
	struct call *call;
	struct kms_page page;
	struct kms_list_keys_out *out;
};

static bool add_key(void *context, const struct kms_key *key)
{
	struct key_list *list = context;
	struct kms_list_keys_out *out = list->out;

	if (out->keys_count == list->page.limit) {
		out->truncated = true;
		out->next_marker =
			page_token_make(list->call, out->keys[out->keys_count - 1].key_id);
		return false;
	}
	struct kms_key_list_entry *entry = &out->keys[out->keys_count++];
	entry->key_id = arena_copy(list->call->arena, key->id);
	entry->key_arn = arena_copy(list->call->arena, key->arn);
	return true;
}

enum err kms_list_keys(struct call *call, const struct kms_list_keys_in *in,
		       struct kms_list_keys_out *out)
{
	struct key_list list = {.call = call, .out = out};

	enum err err = kms_page_begin(call, in->has_limit, in->limit, in->marker, &list.page);
	if (!err)
		err = call_authorize_any(call, STR("kms:ListKeys"));
	if (err)
		return err;
	out->keys = arena_array(call->arena, struct kms_key_list_entry, list.page.limit);
	out->has_truncated = true;
	kms_registry_each(kms_of(call->core)->registry, call->account, call->region,
			  list.page.after, add_key, &list);
	return ERR_OK;
}

/* ---- changing ---- */

enum err kms_update_key_description(struct call *call,
				    const struct kms_update_key_description_in *in,
				    struct kms_update_key_description_out *out)
{
	const struct kms_key *key;

	(void)out;
	enum err err =
		kms_managed_key(call, in->key_id, STR("kms:UpdateKeyDescription"), false, &key);
	if (!err)
		err = kms_check_own(call, key, STR("kms:UpdateKeyDescription"));
	if (!err)
		err = kms_check_not_deleted(call, key);
	if (err)
		return err;
	struct kms_key draft = kms_key_draft(key);
	draft.description = in->description;
	return kms_key_change(call->core, &draft);
}

/* A key of the caller's own account that does not wait for its deletion. */
static enum err open_own(struct call *call, struct str key_id, struct str action,
			 const struct kms_key **out_key)
{
	enum err err = kms_managed_key(call, key_id, action, false, out_key);
	if (!err)
		err = kms_check_own(call, *out_key, action);
	return err ? err : kms_check_not_deleted(call, *out_key);
}

static enum err set_state(struct call *call, struct str key_id, struct str action,
			  enum kms_state state)
{
	const struct kms_key *key;

	enum err err = open_own(call, key_id, action, &key);
	if (err)
		return err;
	if (key->state == KMS_STATE_PENDING_IMPORT)
		return fail(call, &KMS_KMS_INVALID_STATE, "%.*s is pending import.",
			    STR_ARG(key->arn));
	struct kms_key draft = kms_key_draft(key);
	draft.state = state;
	return kms_key_change(call->core, &draft);
}

enum err kms_enable_key(struct call *call, const struct kms_enable_key_in *in,
			struct kms_enable_key_out *out)
{
	(void)out;
	return set_state(call, in->key_id, STR("kms:EnableKey"), KMS_STATE_ENABLED);
}

enum err kms_disable_key(struct call *call, const struct kms_disable_key_in *in,
			 struct kms_disable_key_out *out)
{
	(void)out;
	return set_state(call, in->key_id, STR("kms:DisableKey"), KMS_STATE_DISABLED);
}

enum err kms_schedule_key_deletion(struct call *call, const struct kms_schedule_key_deletion_in *in,
				   struct kms_schedule_key_deletion_out *out)
{
	struct str action = STR("kms:ScheduleKeyDeletion");
	int64_t days = LIMIT_KMS_WINDOW_DAYS;
	const struct kms_key *key;

	enum err err = open_own(call, in->key_id, action, &key);
	if (err)
		return err;
	if (in->has_pending_window_in_days)
		days = in->pending_window_in_days;
	struct kms_key draft = kms_key_draft(key);
	draft.state = KMS_STATE_PENDING_DELETION;
	draft.window_days = days;
	draft.deletion_ms = call->now_ms + days * KMS_DAY_MS;
	draft.deletion_base_ms = call->base_ms + days * KMS_DAY_MS;
	err = kms_key_change(call->core, &draft);
	out->key_id = key->arn;
	out->deletion_date = draft.deletion_ms;
	out->has_deletion_date = true;
	out->key_state = kms_states[draft.state];
	out->pending_window_in_days = days;
	out->has_pending_window_in_days = true;
	return err;
}

enum err kms_cancel_key_deletion(struct call *call, const struct kms_cancel_key_deletion_in *in,
				 struct kms_cancel_key_deletion_out *out)
{
	const struct kms_key *key;

	enum err err = kms_managed_key(call, in->key_id, STR("kms:CancelKeyDeletion"), false, &key);
	if (err)
		return err;
	if (key->state != KMS_STATE_PENDING_DELETION)
		return fail(call, &KMS_KMS_INVALID_STATE, "%.*s is not pending deletion.",
			    STR_ARG(key->arn));
	struct kms_key draft = kms_key_draft(key);
	draft.state = kms_key_has_all_material(key) ? KMS_STATE_DISABLED : KMS_STATE_PENDING_IMPORT;
	draft.deletion_ms = draft.deletion_base_ms = draft.window_days = 0;
	out->key_id = key->arn;
	return kms_key_change(call->core, &draft);
}
