/* SPDX-License-Identifier: MIT */
/* policies: key policies as callers give them. */
#ifndef TERN_SERVICES_KMS_POLICIES_H
#define TERN_SERVICES_KMS_POLICIES_H

#include "services/kms/use.h"

/* The compiled policy, with a reference of the caller's. Refuses a malformed one, and one that
 * denies the caller PutKeyPolicy unless `is_lockout_accepted`. */
must_check enum err kms_policy_of_call(struct call *call, struct str text, struct str key_arn,
				       bool is_lockout_accepted, const struct policy **out_policy);

#endif
