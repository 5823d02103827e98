/* SPDX-License-Identifier: MIT */
/*
 * Ciphertexts and tokens of KMS requests. Invented bytes never open; a ciphertext opens with its
 * context only, and not with any of its bytes changed; parsing the plain bytes of an import token
 * stays within them.
 */
#include "core/seal/seal.h"
#include "fuzz.h"
#include "services/kms/blob.h"
#include "services/kms/token.h"

static const uint8_t master[SEAL_KEY_SIZE] = {1, 2, 3};

static void check_made_up(struct arena *arena, struct seal *seal, struct str bytes)
{
	struct str secret = str_of(master, sizeof(master)), plain, arn, id;
	struct kms_import_token token;
	struct kms_blob blob;

	if (kms_blob_parse(bytes, &blob)) {
		uint8_t kind, raw[16];
		check_within(blob.head, bytes);
		check_within(blob.sealed, bytes);
		check(kms_key_id_parse(str_of(blob.key_id, KMS_KEY_ID_SIZE), &kind, raw));
		check(kms_blob_open(arena, &blob, secret, STR(""), &plain) == ERR_INVALID);
	}
	check(kms_import_token_read(arena, seal, bytes, &token) == ERR_INVALID);
	check(kms_grant_token_read(arena, seal, bytes, &arn, &id) == ERR_INVALID);
	if (kms_import_token_parse(bytes, &token) == ERR_OK) {
		check_within(token.key_arn, bytes);
		check_within(token.secret, bytes);
		check(token.secret.size > 0);
	}
}

static void check_sealed(struct arena *arena, struct str bytes)
{
	struct str key_id = STR("01234567-89ab-cdef-0123-456789abcdef");
	struct str secret = str_of(master, sizeof(master)), plain;
	struct shape_pair pair = {str_slice(bytes, 0, bytes.size / 2),
				  str_slice(bytes, bytes.size / 2, SIZE_MAX)};
	struct str context = kms_context_encode(arena, &pair, 1);
	struct kms_blob blob;

	struct str sealed = kms_blob_seal(arena, key_id, 1, secret, context, bytes);
	check(kms_blob_parse(sealed, &blob));
	check(kms_blob_open(arena, &blob, secret, context, &plain) == ERR_OK);
	check(str_equal(plain, bytes));
	check(kms_blob_open(arena, &blob, secret, STR(""), &plain) == ERR_INVALID);
	char *changed = arena_cstr(arena, sealed);
	size_t place = (bytes.size > 0 ? (uint8_t)bytes.data[0] : 0) % sealed.size;
	changed[place] = (char)(changed[place] ^ 1);
	if (kms_blob_parse(str_of(changed, sealed.size), &blob))
		check(kms_blob_open(arena, &blob, secret, context, &plain) == ERR_INVALID);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct seal *seal;
	struct arena arena;

	if (!seal)
		seal = seal_new(master);
	arena_init(&arena);
	check_made_up(&arena, seal, str_of(data, size));
	check_sealed(&arena, str_of(data, size));
	arena_done(&arena);
	return 0;
}
