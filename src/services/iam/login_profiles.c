/* SPDX-License-Identifier: MIT */
/*
 * login_profiles: passwords of users. There is no console to sign in to: a password opens nothing
 * but ChangePassword. Hashes are computed on a worker; the user is looked up again afterwards.
 */
#include <string.h>

#include "base/password.h"
#include "services/iam/store.h"
#include "services/iam/view.h"

enum { DAY_MS = 24 * 3600 * 1000, LENGTH_DEFAULT = 8, KINDS_DEFAULT = 3 };

/* A change on its way; in the call's arena. */
struct changing {
	const struct directory_entity *user; /* as it was when the call began */
	struct str old_password, new_password;
	struct str old_hash, new_hash;
	struct directory_entity draft;
};

static struct directory_texts passwords_of(const struct directory_entity *user)
{
	return user->lists[DIRECTORY_PASSWORDS];
}

static enum err fail_missing(struct call *call, struct str name)
{
	return fail(call, &IAM_NO_SUCH_ENTITY, "Login Profile for User %.*s cannot be found.",
		    STR_ARG(name));
}

static struct iam_login_profile *show(struct call *call, const struct directory_entity *user)
{
	struct iam_login_profile *profile = arena_new(call->arena, struct iam_login_profile);

	*profile = (struct iam_login_profile){
		.user_name = user->name,
		.create_date = user->profile_created_ms,
		.has_create_date = true,
		.password_reset_required = user->must_reset_password,
		.has_password_reset_required = true,
		.max_signin_session_duration = user->session_seconds_max,
		.has_max_signin_session_duration = user->session_seconds_max > 0,
	};
	return profile;
}

/* ---- requirements of a password ---- */

struct contents {
	bool has_upper, has_lower, has_number, has_symbol;
};

static struct contents contents_of(struct str password)
{
	struct contents contents = {0};

	for (size_t i = 0; i < password.size; i++) {
		char c = password.data[i];
		contents.has_upper |= c >= 'A' && c <= 'Z';
		contents.has_lower |= c >= 'a' && c <= 'z';
		contents.has_number |= c >= '0' && c <= '9';
		contents.has_symbol |= c && strchr("!@#$%^&*()_+-=[]{}|'", c) != NULL;
	}
	return contents;
}

static enum err fail_policy(struct call *call, const char *text)
{
	return fail(call, &IAM_PASSWORD_POLICY_VIOLATION, "Password should have at least one %s",
		    text);
}

static enum err check_contents(struct call *call, const struct directory_password_policy *policy,
			       struct contents contents)
{
	int kinds =
		contents.has_upper + contents.has_lower + contents.has_number + contents.has_symbol;

	if (!policy->is_set)
		return kinds >= KINDS_DEFAULT
			       ? ERR_OK
			       : fail(call, &IAM_PASSWORD_POLICY_VIOLATION,
				      "Password does not conform to the account password policy.");
	if (policy->needs_uppercase && !contents.has_upper)
		return fail_policy(call, "uppercase letter");
	if (policy->needs_lowercase && !contents.has_lower)
		return fail_policy(call, "lowercase letter");
	if (policy->needs_numbers && !contents.has_number)
		return fail_policy(call, "number");
	if (policy->needs_symbols && !contents.has_symbol)
		return fail_policy(call, "symbol");
	return ERR_OK;
}

static enum err check_password(struct call *call, struct str password)
{
	const struct directory_password_policy *policy = &iam_account(call)->password_policy;
	int64_t length_min = policy->is_set ? policy->length_min : LENGTH_DEFAULT;

	if (str_count_characters(password) < (size_t)length_min)
		return fail(call, &IAM_PASSWORD_POLICY_VIOLATION,
			    "Password should have a minimum length of %lld", (long long)length_min);
	return check_contents(call, policy, contents_of(password));
}

/* ---- changing ---- */

/* Worker: the hash of the new password, and of the old one that the caller gave. One salt serves
 * all passwords of a user, so that earlier ones are found without a computation each. */
static enum err hash_passwords(struct call *call)
{
	struct changing *changing = call_state(call, struct changing);
	struct directory_texts earlier = passwords_of(changing->user);

	if (changing->old_password.data && earlier.count > 0)
		changing->old_hash =
			password_hash_like(call->arena, changing->old_password, earlier.items[0]);
	changing->new_hash =
		earlier.count > 0
			? password_hash_like(call->arena, changing->new_password, earlier.items[0])
			: (struct str){0};
	if (!changing->new_hash.data)
		changing->new_hash = password_hash(call->arena, changing->new_password);
	return ERR_OK;
}

/* Puts a hash before the previous ones and keeps as many as a password policy can require. */
static struct directory_texts with_hash(struct call *call, struct directory_texts earlier,
					struct str hash)
{
	struct str *items = arena_array(call->arena, struct str, earlier.count + 1);
	size_t count = 0;

	items[count++] = hash;
	for (size_t i = 0; i < earlier.count && count < LIMIT_IAM_PASSWORDS; i++)
		items[count++] = earlier.items[i];
	return (struct directory_texts){items, count};
}

static bool has_same_password(const struct directory_entity *a, const struct directory_entity *b)
{
	struct directory_texts mine = passwords_of(a), theirs = passwords_of(b);

	return mine.count == theirs.count &&
	       (mine.count == 0 || str_equal(mine.items[0], theirs.items[0]));
}

/* Another request may have changed the user's policies or groups while the hash was computed, so
 * the draft is made anew. If the password changed meanwhile, the caller tries again. */
static enum err renew_draft(struct call *call, struct changing *changing)
{
	const struct directory_entity *now = iam_get(call, changing->user->id);
	struct directory_entity wanted = changing->draft;

	if (!now)
		return iam_fail_missing(call, DIRECTORY_USER, changing->user->name);
	if (!has_same_password(now, changing->user))
		return fail(call, &IAM_CONCURRENT_MODIFICATION,
			    "The password was changed by another request. Try again.");
	changing->draft = directory_draft(now);
	changing->draft.profile_created_ms = wanted.profile_created_ms;
	changing->draft.must_reset_password = wanted.must_reset_password;
	changing->draft.session_seconds_max = wanted.session_seconds_max;
	return ERR_OK;
}

static enum err store_password(struct call *call)
{
	struct changing *changing = call_state(call, struct changing);
	struct directory_entity *draft = &changing->draft;

	enum err err = renew_draft(call, changing);
	if (err)
		return err;
	draft->lists[DIRECTORY_PASSWORDS] =
		with_hash(call, passwords_of(changing->user), changing->new_hash);
	draft->password_changed_ms = call->now_ms;
	return iam_store_put(call->core, draft);
}

static struct changing *begin(struct call *call, const struct directory_entity *user,
			      struct str password)
{
	struct changing *changing = arena_new(call->arena, struct changing);

	changing->user = user;
	changing->new_password = password;
	changing->draft = directory_draft(user);
	call_set_state(call, struct changing, changing);
	return changing;
}

static enum err answer_created(struct call *call)
{
	struct changing *changing = call_state(call, struct changing);
	struct iam_create_login_profile_out *out = call->out;

	enum err err = store_password(call);
	if (!err)
		out->login_profile = show(call, &changing->draft);
	return err;
}

enum err iam_create_login_profile(struct call *call, const struct iam_create_login_profile_in *in,
				  struct iam_create_login_profile_out *out)
{
	const struct directory_entity *user;

	(void)out;
	enum err err = iam_open_user(call, in->user_name, &user);
	if (err)
		return err;
	if (user->kind != DIRECTORY_USER)
		return fail(call, &IAM_VALIDATION_ERROR,
			    "Must specify userName: the root user has no login profile here.");
	if (passwords_of(user).count > 0)
		return fail(call, &IAM_ENTITY_ALREADY_EXISTS,
			    "Login Profile for user %.*s already exists.", STR_ARG(user->name));
	if (!in->password.data)
		return fail(call, &IAM_VALIDATION_ERROR,
			    "1 validation error detected: Value at 'password' failed to satisfy "
			    "constraint: Member must not be null");
	err = check_password(call, in->password);
	if (err)
		return err;
	struct changing *changing = begin(call, user, in->password);
	changing->draft.profile_created_ms = call->now_ms;
	changing->draft.must_reset_password = in->password_reset_required;
	changing->draft.session_seconds_max = in->max_signin_session_duration;
	return call_work(call, 0, hash_passwords, answer_created);
}

enum err iam_update_login_profile(struct call *call, const struct iam_update_login_profile_in *in,
				  struct iam_update_login_profile_out *out)
{
	const struct directory_entity *user;

	(void)out;
	enum err err = iam_open(call, DIRECTORY_USER, in->user_name, &user);
	if (err)
		return err;
	if (passwords_of(user).count == 0)
		return fail_missing(call, user->name);
	if (in->password.data)
		err = check_password(call, in->password);
	if (err)
		return err;
	struct changing *changing = begin(call, user, in->password);
	if (in->has_password_reset_required)
		changing->draft.must_reset_password = in->password_reset_required;
	if (in->has_max_signin_session_duration || in->reset_max_signin_session_duration)
		changing->draft.session_seconds_max = in->max_signin_session_duration;
	if (!in->password.data)
		return iam_store_put(call->core, &changing->draft);
	return call_work(call, 0, hash_passwords, store_password);
}

/* ---- by the user itself ---- */

static enum err authorize_change(struct call *call, const struct directory_entity *user)
{
	const struct directory_password_policy *policy = &iam_account(call)->password_policy;
	const struct resource resource = {
		.arn = user->arn,
		.account = user->account,
		/* The account's policy lets users do it without a permission of their own. */
		.is_granted = policy->is_set && policy->lets_users_change,
	};

	return iam_ask(call, call->operation->action, &resource, user);
}

static enum err check_reuse(struct call *call, const struct changing *changing)
{
	const struct directory_password_policy *policy = &iam_account(call)->password_policy;
	struct directory_texts earlier = passwords_of(changing->user);
	size_t most = policy->is_set ? (size_t)policy->reuse_prevention : 0;

	for (size_t i = 0; i < earlier.count && i < most; i++)
		if (password_hashes_equal(earlier.items[i], changing->new_hash))
			return fail(call, &IAM_PASSWORD_POLICY_VIOLATION,
				    "Password should not be one of the last %zu passwords", most);
	return ERR_OK;
}

static bool is_expired_for_good(struct call *call, const struct directory_entity *user)
{
	const struct directory_password_policy *policy = &iam_account(call)->password_policy;

	return policy->is_set && policy->is_expiry_hard && policy->age_days_max > 0 &&
	       call->now_ms > user->password_changed_ms + policy->age_days_max * DAY_MS;
}

static enum err store_changed(struct call *call)
{
	struct changing *changing = call_state(call, struct changing);
	struct directory_texts earlier = passwords_of(changing->user);

	if (!password_hashes_equal(earlier.items[0], changing->old_hash))
		return fail(call, &call->operation->service->denied,
			    "The old password was incorrect.");
	enum err err = check_reuse(call, changing);
	if (err)
		return err;
	changing->draft.must_reset_password = false;
	return store_password(call);
}

enum err iam_change_password(struct call *call, const struct iam_change_password_in *in,
			     struct iam_change_password_out *out)
{
	(void)out;
	if (call->principal->type != PRINCIPAL_USER) {
		enum err refused = call_authorize_any(call, call->operation->action);
		return refused ? refused
			       : fail(call, &IAM_INVALID_USER_TYPE,
				      "Only IAM Users can change their own password");
	}
	const struct directory_entity *user = iam_get(call, call->principal->entity_id);
	if (!user)
		return iam_fail_missing(call, DIRECTORY_USER, call->principal->name);
	enum err err = authorize_change(call, user);
	if (err)
		return err;
	if (passwords_of(user).count == 0)
		return fail_missing(call, user->name);
	if (is_expired_for_good(call, user))
		return fail(call, &call->operation->service->denied,
			    "The password has expired. An administrator must set a new one.");
	err = check_password(call, in->new_password);
	if (err)
		return err;
	begin(call, user, in->new_password)->old_password = in->old_password;
	return call_work(call, 0, hash_passwords, store_changed);
}

/* ---- reading and deleting ---- */

static enum err open_profile(struct call *call, struct str name,
			     const struct directory_entity **out_user)
{
	enum err err = iam_open_user(call, name, out_user);

	if (err || passwords_of(*out_user).count > 0)
		return err;
	return fail_missing(call, name.data ? name : call->principal->name);
}

enum err iam_get_login_profile(struct call *call, const struct iam_get_login_profile_in *in,
			       struct iam_get_login_profile_out *out)
{
	const struct directory_entity *user;

	enum err err = open_profile(call, in->user_name, &user);
	if (!err)
		out->login_profile = show(call, user);
	return err;
}

enum err iam_delete_login_profile(struct call *call, const struct iam_delete_login_profile_in *in,
				  struct iam_delete_login_profile_out *out)
{
	const struct directory_entity *user;

	(void)out;
	enum err err = open_profile(call, in->user_name, &user);
	if (err)
		return err;
	struct directory_entity draft = directory_draft(user);
	draft.lists[DIRECTORY_PASSWORDS] = (struct directory_texts){0};
	draft.profile_created_ms = draft.password_changed_ms = draft.must_reset_password = 0;
	draft.session_seconds_max = 0;
	return iam_store_put(call->core, &draft);
}
