/* SPDX-License-Identifier: MIT */
/* agree: DeriveSharedSecret. */
#include "services/kms/crypt.h"

static const struct str ecdh = STR_INIT("ECDH");

static enum err derive(struct call *call)
{
	const struct kms_derive_shared_secret_in *in = call->in;
	struct kms_derive_shared_secret_out *out = call->out;
	const struct kms_key *key = call_state(call, struct kms_key);

	if (kms_agree(kms_key_material(key)->pair, in->public_key, call->arena,
		      &out->shared_secret) != ERR_OK)
		return fail(call, &KMS_VALIDATION, "%s", ""); /* AWS has no text for it */
	out->key_id = key->arn;
	out->key_agreement_algorithm = ecdh;
	out->key_origin = key->is_external ? STR("EXTERNAL") : STR("AWS_KMS");
	return ERR_OK;
}

enum err kms_derive_shared_secret(struct call *call, const struct kms_derive_shared_secret_in *in,
				  struct kms_derive_shared_secret_out *out)
{
	struct kms_request request =
		kms_request_of_call(call, KMS_USAGE_KEY_AGREEMENT, in->key_agreement_algorithm);
	struct kms_target target;

	(void)out;
	enum err err = kms_key_to_use(call, &request, &target);
	if (!err)
		err = kms_end_dry_run(call, request.is_dry_run);
	if (err)
		return err;
	call_set_state(call, struct kms_key, target.key);
	return call_work(call, 0, derive, NULL);
}
