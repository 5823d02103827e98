/* SPDX-License-Identifier: MIT */
/* credential: who signed a request, as it says itself (SigV4 headers and presigned queries). Pure,
 * any thread. */
#ifndef TERN_WIRE_CREDENTIAL_H
#define TERN_WIRE_CREDENTIAL_H

#include "base/base.h"

/* Parts of Credential=<access key>/<date>/<region>/<service>/aws4_request; borrowed. */
struct credential {
	struct str access_key, date, region, service;
};

/* Of an Authorization header. False if it holds no SigV4 credential. */
bool credential_parse_header(struct str authorization, struct credential *out_credential);
/* Of the value of X-Amz-Credential. */
bool credential_parse_scope(struct str scope, struct credential *out_credential);

#endif
