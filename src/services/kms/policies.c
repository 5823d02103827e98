/* SPDX-License-Identifier: MIT */
/* policies: PutKeyPolicy, GetKeyPolicy, ListKeyPolicies. */
#include "services/kms/policies.h"

#include "core/policies.h"
#include "services/kms/change.h"
#include "services/kms/list.h"

/* Evaluates the new policy alone: an account to which it delegates may allow the caller. */
static bool can_put_again(struct call *call, const struct policy *policy, struct str key_arn)
{
	struct policy_request request = call->asked;

	if (!call->principal)
		return true;
	request.principal = call->principal;
	request.action = STR("kms:PutKeyPolicy");
	request.resource = key_arn;
	request.resource_account = call->account;
	request.region = call->region;
	request.now_ms = call->now_ms;
	return policy_evaluate(policy, &request).outcome == POLICY_ALLOW;
}

enum err kms_policy_of_call(struct call *call, struct str text, struct str key_arn,
			    bool is_lockout_accepted, const struct policy **out_policy)
{
	const struct policy *policy;
	struct str problem;

	if (text.size > LIMIT_KMS_POLICY_SIZE)
		return fail(call, &KMS_LIMIT_EXCEEDED, "A key policy may have at most %d bytes.",
			    LIMIT_KMS_POLICY_SIZE);
	enum err err = policies_compile(call, text, POLICY_RESOURCE, &policy, &problem);
	if (err == ERR_NOTFOUND)
		return fail(call, &KMS_MALFORMED_POLICY_DOCUMENT,
			    "Policy contains a statement with one or more invalid principals.");
	if (err == ERR_INVALID)
		return fail(call, &KMS_MALFORMED_POLICY_DOCUMENT, "%.*s", STR_ARG(problem));
	if (err)
		return err;
	if (!is_lockout_accepted && !can_put_again(call, policy, key_arn)) {
		policy_release(policy);
		return fail(call, &KMS_MALFORMED_POLICY_DOCUMENT,
			    "The new key policy will not allow you to update the key policy in "
			    "the future.");
	}
	*out_policy = policy;
	return ERR_OK;
}

/* A key has one policy. */
static enum err check_name(struct call *call, struct str name)
{
	if (!name.data || str_equal(name, STR("default")))
		return ERR_OK;
	return fail(call, &KMS_NOT_FOUND, "No such policy exists");
}

enum err kms_put_key_policy(struct call *call, const struct kms_put_key_policy_in *in,
			    struct kms_put_key_policy_out *out)
{
	const struct policy *policy;
	const struct kms_key *key;

	(void)out;
	enum err err = kms_managed_key(call, in->key_id, STR("kms:PutKeyPolicy"), false, &key);
	if (!err)
		err = check_name(call, in->policy_name);
	if (!err)
		err = kms_check_own(call, key, STR("kms:PutKeyPolicy"));
	if (!err)
		err = kms_policy_of_call(call, in->policy, key->arn,
					 in->bypass_policy_lockout_safety_check, &policy);
	if (err)
		return err;
	struct kms_key draft = kms_key_draft(key);
	draft.policy = policy;
	err = kms_key_change(call->core, &draft);
	policy_release(policy);
	return err;
}

enum err kms_get_key_policy(struct call *call, const struct kms_get_key_policy_in *in,
			    struct kms_get_key_policy_out *out)
{
	const struct kms_key *key;

	enum err err = kms_managed_key(call, in->key_id, STR("kms:GetKeyPolicy"), false, &key);
	if (!err)
		err = check_name(call, in->policy_name);
	if (err)
		return err;
	out->policy = policies_show(call, policy_text(key->policy), policy_names(key->policy));
	out->policy_name = STR("default");
	return ERR_OK;
}

enum err kms_list_key_policies(struct call *call, const struct kms_list_key_policies_in *in,
			       struct kms_list_key_policies_out *out)
{
	const struct kms_key *key;
	struct kms_page page;

	enum err err = kms_managed_key(call, in->key_id, STR("kms:ListKeyPolicies"), false, &key);
	if (!err)
		err = kms_page_begin(call, in->has_limit, in->limit, in->marker, &page);
	if (err)
		return err;
	out->policy_names = arena_new(call->arena, struct str);
	out->policy_names[0] = STR("default");
	out->policy_names_count = 1;
	out->has_truncated = true;
	return ERR_OK;
}
