/* SPDX-License-Identifier: MIT */
/* SigV4's Authorization header: what is found in it lies within it and makes up the scope again. */
#include "fuzz.h"
#include "wire/credential.h"

static void check_scope(struct str text, const struct credential *credential)
{
	struct buf scope = {0};

	check(credential->access_key.size > 0);
	check_within(credential->access_key, text);
	check_within(credential->date, text);
	check_within(credential->region, text);
	check_within(credential->service, text);
	buf_format(&scope, "%.*s/%.*s/%.*s/%.*s/aws4_request", STR_ARG(credential->access_key),
		   STR_ARG(credential->date), STR_ARG(credential->region),
		   STR_ARG(credential->service));
	if (!memchr(text.data, '\0', text.size))
		check(str_find(text, buf_str(&scope), 0) != SIZE_MAX);
	buf_done(&scope);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of(data, size);
	struct credential credential;

	if (credential_parse_header(text, &credential))
		check_scope(text, &credential);
	if (credential_parse_scope(text, &credential))
		check_scope(text, &credential);
	return 0;
}
