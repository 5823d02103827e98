/* SPDX-License-Identifier: MIT */
/*
 * absent: what Terraform, and whoever empties a user before it is deleted, asks about and users
 * here never have: passwords, MFA devices, certificates, SSH keys.
 */
#include "services/iam/common.h"

static enum err open_named(struct call *call, struct str name)
{
	const struct directory_entity *user;

	return iam_open_user(call, name, &user);
}

static enum err fail_profile(struct call *call, struct str name)
{
	return fail(call, &IAM_NO_SUCH_ENTITY, "Login Profile for User %.*s cannot be found.",
		    STR_ARG(name.data ? name : call->principal->name));
}

enum err iam_get_login_profile(struct call *call, const struct iam_get_login_profile_in *in,
			       struct iam_get_login_profile_out *out)
{
	enum err err = open_named(call, in->user_name);

	(void)out;
	return err ? err : fail_profile(call, in->user_name);
}

enum err iam_delete_login_profile(struct call *call, const struct iam_delete_login_profile_in *in,
				  struct iam_delete_login_profile_out *out)
{
	enum err err = open_named(call, in->user_name);

	(void)out;
	return err ? err : fail_profile(call, in->user_name);
}

enum err iam_get_account_password_policy(struct call *call,
					 const struct iam_get_account_password_policy_in *in,
					 struct iam_get_account_password_policy_out *out)
{
	enum err err = call_authorize_any(call, call->operation->action);

	(void)in;
	(void)out;
	return err ? err
		   : fail(call, &IAM_NO_SUCH_ENTITY,
			  "The Password Policy with domain name %.*s cannot be found.",
			  STR_ARG(call->account));
}

enum err iam_list_mfa_devices(struct call *call, const struct iam_list_mfa_devices_in *in,
			      struct iam_list_mfa_devices_out *out)
{
	enum err err = open_named(call, in->user_name);

	out->has_is_truncated = true;
	return err;
}

enum err iam_list_ssh_public_keys(struct call *call, const struct iam_list_ssh_public_keys_in *in,
				  struct iam_list_ssh_public_keys_out *out)
{
	enum err err = open_named(call, in->user_name);

	out->has_is_truncated = true;
	return err;
}

enum err iam_list_signing_certificates(struct call *call,
				       const struct iam_list_signing_certificates_in *in,
				       struct iam_list_signing_certificates_out *out)
{
	enum err err = open_named(call, in->user_name);

	out->has_is_truncated = true;
	return err;
}

enum err
iam_list_service_specific_credentials(struct call *call,
				      const struct iam_list_service_specific_credentials_in *in,
				      struct iam_list_service_specific_credentials_out *out)
{
	(void)out;
	return open_named(call, in->user_name);
}

enum err iam_list_virtual_mfa_devices(struct call *call,
				      const struct iam_list_virtual_mfa_devices_in *in,
				      struct iam_list_virtual_mfa_devices_out *out)
{
	enum err err = call_authorize_any(call, call->operation->action);

	(void)in;
	out->has_is_truncated = true;
	return err;
}
