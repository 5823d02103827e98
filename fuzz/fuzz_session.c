/* SPDX-License-Identifier: MIT */
/*
 * Session tokens: a text that was made up is refused; so is a sealed one whose content is not a
 * session's, and one that is read gives the same content when it is written again.
 */
#include "core/seal/session_token.h"
#include "fuzz.h"

static struct seal *seal_of_process(void)
{
	static const uint8_t master[SEAL_KEY_SIZE] = {1, 2, 3};
	static struct seal *seal;

	if (!seal)
		seal = seal_new(master);
	return seal;
}

static struct str opened(struct arena *arena, struct str token)
{
	char *sealed = arena_bytes(arena, token.size);
	struct str plain;
	size_t size;

	check(base64_parse(token, (uint8_t *)sealed, &size));
	check(seal_open(seal_of_process(), sealed, size, &plain) == ERR_OK);
	return plain;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seal *seal = seal_of_process();
	struct str content = str_of(data, size);
	struct session session;
	struct arena arena;

	arena_init(&arena);
	/* Only who has the key could seal, and the fuzzer's inputs do not come from sealing. */
	check(session_token_decode(seal, &arena, content, &session) == ERR_INVALID);
	struct str sealed = seal_close(seal, &arena, SEAL_SUBJECT_SESSIONS, content);
	char *text = arena_bytes(&arena, base64_size(sealed.size));
	base64_format(sealed, text);
	struct str token = str_of(text, base64_size(sealed.size));
	if (session_token_decode(seal, &arena, token, &session) == ERR_OK)
		check(str_equal(opened(&arena, session_token_encode(seal, &arena, &session)),
				content));
	arena_done(&arena);
	return 0;
}
