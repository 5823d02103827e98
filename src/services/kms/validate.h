/* SPDX-License-Identifier: MIT */
/* validate: constraints of the API's model, with the texts that AWS's framework gives. Each answers
 * ValidationException. `member` is the member's name as it begins in lower case: "keyId". */
#ifndef TERN_SERVICES_KMS_VALIDATE_H
#define TERN_SERVICES_KMS_VALIDATE_H

#include "api/kms.h"
#include "core/call.h"

must_check enum err kms_need(struct call *call, const char *member, bool is_there);
/* A text or bytes that are there; absent ones pass. Only texts are shown. */
must_check enum err kms_check_text(struct call *call, const char *member, struct str text,
				   size_t least, size_t most);
must_check enum err kms_check_bytes(struct call *call, const char *member, struct str bytes,
				    size_t least, size_t most);
must_check enum err kms_check_range(struct call *call, const char *member, bool is_there,
				    int64_t number, int64_t least, int64_t most);
/* UnsupportedOperationException for a value that AWS has and Tern does not. */
must_check enum err kms_check_served(struct call *call, const char *member, struct str value);
/* `set` is how the text lists what is allowed: "A, B". */
must_check enum err kms_refuse_value(struct call *call, const char *member, struct str value,
				     const char *set);
/* Characters of aliases and grants' names: letters, digits and ":/_-". */
bool kms_is_name(struct str text);

#endif
