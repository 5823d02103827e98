/* SPDX-License-Identifier: MIT */
/* credential: an access key may hold slashes of its own, so the scope is read from its end. */
#include "wire/credential.h"

/* Cuts the part behind the last slash off *rest. */
static bool cut_last(struct str *rest, struct str *out_part)
{
	for (size_t i = rest->size; i > 0; i--) {
		if (rest->data[i - 1] != '/')
			continue;
		*out_part = str_slice(*rest, i, rest->size);
		*rest = str_slice(*rest, 0, i - 1);
		return true;
	}
	return false;
}

bool credential_parse_scope(struct str scope, struct credential *out_credential)
{
	struct credential credential;
	struct str terminator;

	if (!cut_last(&scope, &terminator) || !str_equal(terminator, STR("aws4_request")) ||
	    !cut_last(&scope, &credential.service) || !cut_last(&scope, &credential.region) ||
	    !cut_last(&scope, &credential.date) || scope.size == 0)
		return false;
	credential.access_key = scope;
	*out_credential = credential;
	return true;
}

bool credential_parse_header(struct str authorization, struct credential *out_credential)
{
	static const struct str name = STR_INIT("Credential=");

	if (!str_starts(authorization, STR("AWS4-")))
		return false;
	size_t place = str_find(authorization, name, 0);
	if (place == SIZE_MAX)
		return false;

	struct str scope = str_slice(authorization, place + name.size, authorization.size);
	return credential_parse_scope(str_trim(str_cut(&scope, ',')), out_credential);
}
