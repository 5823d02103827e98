/* SPDX-License-Identifier: MIT */
/* identity: GetCallerIdentity, GetAccessKeyInfo; and AssumeRoleWithSAML, which fails, as there are
 * no SAML providers. */
#include <string.h>

#include "services/sts/grant.h"

enum err sts_get_caller_identity(struct call *call, const struct sts_get_caller_identity_in *in,
				 struct sts_get_caller_identity_out *out)
{
	(void)in;
	enum err err = call_authorize_endpoint(call, STR("sts:GetCallerIdentity"));
	if (err)
		return err;
	out->user_id = call->principal->id;
	out->account = call->principal->account;
	out->arn = call->principal->arn;
	return ERR_OK;
}

static bool find_account(struct call *call, struct str key_id, struct str *out_account)
{
	struct directory_use use;
	char *account = arena_bytes(call->arena, SESSION_ACCOUNT_SIZE);
	const struct directory_entity *owner =
		directory_find_key(call->core->directory, key_id, &use);

	if (owner)
		*out_account = arena_copy(call->arena, owner->account);
	else if (session_account(key_id, account))
		*out_account = str_of(account, SESSION_ACCOUNT_SIZE);
	bool is_found = owner || out_account->size > 0;
	directory_release(owner);
	return is_found;
}

enum err sts_get_access_key_info(struct call *call, const struct sts_get_access_key_info_in *in,
				 struct sts_get_access_key_info_out *out)
{
	enum err err = call_authorize_any(call, STR("sts:GetAccessKeyInfo"));
	if (err)
		return err;
	if (!find_account(call, in->access_key_id, &out->account))
		return fail(call, &STS_VALIDATION_ERROR, "No account has the access key %.*s.",
			    STR_ARG(in->access_key_id));
	return ERR_OK;
}

/* Denials here have plain texts, so there is no encoded message to decode. */
enum err sts_decode_authorization_message(struct call *call,
					  const struct sts_decode_authorization_message_in *in,
					  struct sts_decode_authorization_message_out *out)
{
	(void)in;
	(void)out;
	enum err err = call_authorize_any(call, STR("sts:DecodeAuthorizationMessage"));
	if (err)
		return err;
	return fail(call, &STS_INVALID_AUTHORIZATION_MESSAGE, "Message is not valid");
}

enum err sts_assume_role_with_saml(struct call *call, const struct sts_assume_role_with_saml_in *in,
				   struct sts_assume_role_with_saml_out *out)
{
	(void)in;
	(void)out;
	return fail(call, &STS_INVALID_IDENTITY_TOKEN, "No SAML provider found in your account");
}
