/* SPDX-License-Identifier: MIT */
/* password_policy: the requirements for passwords of an account's users; without a policy, AWS's
 * default applies. */
#include "services/iam/store.h"
#include "services/iam/view.h"

enum { LENGTH_MIN = 6 };

enum err iam_update_account_password_policy(struct call *call,
					    const struct iam_update_account_password_policy_in *in,
					    struct iam_update_account_password_policy_out *out)
{
	(void)out;
	enum err err = call_authorize_any(call, call->operation->action);
	if (err)
		return err;
	/* A member that is absent gets its default, not its previous value. */
	struct directory_entity draft = directory_draft(iam_account(call));
	draft.password_policy = (struct directory_password_policy){
		.is_set = true,
		.length_min =
			in->has_minimum_password_length ? in->minimum_password_length : LENGTH_MIN,
		.needs_symbols = in->require_symbols,
		.needs_numbers = in->require_numbers,
		.needs_uppercase = in->require_uppercase_characters,
		.needs_lowercase = in->require_lowercase_characters,
		.lets_users_change = in->allow_users_to_change_password,
		.age_days_max = in->max_password_age,
		.reuse_prevention = in->password_reuse_prevention,
		.is_expiry_hard = in->hard_expiry,
	};
	return iam_store_put(call->core, &draft);
}

enum err iam_get_account_password_policy(struct call *call,
					 const struct iam_get_account_password_policy_in *in,
					 struct iam_get_account_password_policy_out *out)
{
	(void)in;
	enum err err = call_authorize_any(call, call->operation->action);
	if (err)
		return err;
	const struct directory_password_policy *policy = &iam_account(call)->password_policy;
	if (!policy->is_set)
		return fail(call, &IAM_NO_SUCH_ENTITY,
			    "The Password Policy with domain name %.*s cannot be found.",
			    STR_ARG(call->account));
	out->password_policy = arena_new(call->arena, struct iam_password_policy);
	*out->password_policy = (struct iam_password_policy){
		.minimum_password_length = policy->length_min,
		.has_minimum_password_length = true,
		.require_symbols = policy->needs_symbols,
		.has_require_symbols = true,
		.require_numbers = policy->needs_numbers,
		.has_require_numbers = true,
		.require_uppercase_characters = policy->needs_uppercase,
		.has_require_uppercase_characters = true,
		.require_lowercase_characters = policy->needs_lowercase,
		.has_require_lowercase_characters = true,
		.allow_users_to_change_password = policy->lets_users_change,
		.has_allow_users_to_change_password = true,
		.expire_passwords = policy->age_days_max > 0,
		.has_expire_passwords = true,
		.max_password_age = policy->age_days_max,
		.has_max_password_age = policy->age_days_max > 0,
		.password_reuse_prevention = policy->reuse_prevention,
		.has_password_reuse_prevention = policy->reuse_prevention > 0,
		.hard_expiry = policy->is_expiry_hard,
		.has_hard_expiry = policy->is_expiry_hard,
	};
	return ERR_OK;
}

enum err iam_delete_account_password_policy(struct call *call,
					    const struct iam_delete_account_password_policy_in *in,
					    struct iam_delete_account_password_policy_out *out)
{
	(void)in;
	(void)out;
	enum err err = call_authorize_any(call, call->operation->action);
	if (err)
		return err;
	struct directory_entity draft = directory_draft(iam_account(call));
	if (!draft.password_policy.is_set)
		return fail(call, &IAM_NO_SUCH_ENTITY,
			    "The account policy with name PasswordPolicy cannot be found.");
	draft.password_policy = (struct directory_password_policy){0};
	return iam_store_put(call->core, &draft);
}
