/* SPDX-License-Identifier: MIT */
/* validate: constraints that the model does not state, with the texts of AWS's framework. */
#ifndef TERN_SERVICES_KMS_VALIDATE_H
#define TERN_SERVICES_KMS_VALIDATE_H

#include "api/kms.h"
#include "core/call.h"

/* ValidationException: a member is missing that other members of the request require. `member` is
 * its name with a lower-case first letter: "keyId". */
must_check enum err kms_need(struct call *call, const char *member, bool is_there);
/* UnsupportedOperationException for a value that AWS has and Tern does not. */
must_check enum err kms_check_served(struct call *call, const char *member, struct str value);

#endif
