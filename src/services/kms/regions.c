/* SPDX-License-Identifier: MIT */
/*
 * regions: ReplicateKey and UpdatePrimaryRegion. A multi-Region key is a primary without replicas
 * here, as each Region has its own keys. Both operations still check their input, so that callers
 * see their own mistakes first.
 */
#include "services/kms/use.h"

static enum err refuse(struct call *call, struct str key_id, struct str action)
{
	const struct kms_key *key;

	enum err err = kms_managed_key(call, key_id, action, false, &key);
	if (!err)
		err = kms_check_own(call, key, action);
	if (!err)
		err = kms_check_enabled(call, key);
	if (err)
		return err;
	if (!key->is_multi_region)
		return fail(call, &KMS_UNSUPPORTED_OPERATION,
			    "%.*s is not a multi-region primary key.", STR_ARG(key->arn));
	return fail(call, &KMS_UNSUPPORTED_OPERATION,
		    "Replicas of multi-Region keys in other Regions are not supported.");
}

enum err kms_replicate_key(struct call *call, const struct kms_replicate_key_in *in,
			   struct kms_replicate_key_out *out)
{
	(void)out;
	return refuse(call, in->key_id, STR("kms:ReplicateKey"));
}

enum err kms_update_primary_region(struct call *call, const struct kms_update_primary_region_in *in,
				   struct kms_update_primary_region_out *out)
{
	(void)out;
	return refuse(call, in->key_id, STR("kms:UpdatePrimaryRegion"));
}
