/* SPDX-License-Identifier: MIT */
/*
 * A web identity token, and behind a zero byte a key set of its issuer. Texts read from a token lie
 * within it, and a token whose signature is emptied is signed by nobody.
 */
#include "access/issuers.h"
#include "fuzz.h"

static void check_token(struct issuers *issuers, struct arena *arena, struct str text)
{
	struct jwt jwt;

	if (jwt_parse(arena, text, &jwt) != ERR_OK)
		return;
	check(jwt.signed_part.data == text.data);
	check(jwt.signed_part.size < text.size);
	check(jwt.audience_count == 0 || jwt.audiences);
	(void)issuers_verify(issuers, &jwt);
	jwt.signature = STR("");
	check(issuers_verify(issuers, &jwt) != ISSUERS_SIGNED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct issuers *issuers = issuers_new();
	struct str keys = str_of((const char *)data, size), problem;
	struct arena arena;

	arena_init(&arena);
	struct str token = str_cut(&keys, '\0');
	if (keys.data && issuers_add(issuers, &arena, keys, &problem) == ERR_OK)
		check(issuers_count(issuers) == 1);
	else
		check(issuers_count(issuers) == 0);
	check_token(issuers, &arena, token);
	arena_done(&arena);
	issuers_free(&issuers);
	return 0;
}
