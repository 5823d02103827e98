/* SPDX-License-Identifier: MIT */
/* validate: see validate.h. */
#include "services/kms/validate.h"

#include "services/kms/spec.h"

enum err kms_need(struct call *call, const char *member, bool is_there)
{
	if (is_there)
		return ERR_OK;
	return fail(call, &KMS_VALIDATION,
		    "1 validation error detected: Value null at '%s' failed to satisfy "
		    "constraint: Member must not be null",
		    member);
}

enum err kms_check_served(struct call *call, const char *member, struct str value)
{
	if (!kms_is_unserved(value))
		return ERR_OK;
	return fail(call, &KMS_UNSUPPORTED_OPERATION, "%s %.*s is not supported.", member,
		    STR_ARG(value));
}
