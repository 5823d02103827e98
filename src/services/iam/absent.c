/* SPDX-License-Identifier: MIT */
/*
 * absent: answers for credentials that users here never have: certificates, SSH keys, credentials
 * of other services. Terraform, and programs that empty a user before they delete it, list them.
 */
#include "services/iam/common.h"

static enum err open_named(struct call *call, struct str name)
{
	const struct directory_entity *user;

	return iam_open_user(call, name, &user);
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
