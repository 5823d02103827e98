/* SPDX-License-Identifier: MIT */
/* password: OpenSSL's scrypt with fixed costs; other costs in a stored hash are not understood. */
#include "base/password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/crypto.h"
#include "base/random.h"

#define PREFIX STR("scrypt.14.8.1.")
enum { N_LOG2 = 14, R = 8, P = 1, SALT_SIZE = 16, HASH_SIZE = 32, MEMORY_MAX = 64 << 20 };

static struct str format(struct arena *arena, struct str password, const uint8_t salt[SALT_SIZE])
{
	unsigned char hash[HASH_SIZE];
	char salt_text[(SALT_SIZE + 2) / 3 * 4], hash_text[(HASH_SIZE + 2) / 3 * 4];

	check(EVP_PBE_scrypt(password.data, password.size, salt, SALT_SIZE, UINT64_C(1) << N_LOG2,
			     R, P, MEMORY_MAX, hash, HASH_SIZE) == 1);
	base64_format(str_of((const char *)salt, SALT_SIZE), salt_text);
	base64_format(str_of((const char *)hash, HASH_SIZE), hash_text);
	return arena_format(arena, "%.*s%.*s.%.*s", STR_ARG(PREFIX), (int)sizeof(salt_text),
			    salt_text, (int)sizeof(hash_text), hash_text);
}

struct str password_hash(struct arena *arena, struct str password)
{
	uint8_t salt[SALT_SIZE];

	random_bytes(salt, sizeof(salt));
	return format(arena, password, salt);
}

struct str password_hash_like(struct arena *arena, struct str password, struct str hash)
{
	struct str rest = str_slice(hash, PREFIX.size, SIZE_MAX);
	uint8_t salt[(SALT_SIZE + 2) / 3 * 3];
	size_t size;

	if (!str_starts(hash, PREFIX))
		return (struct str){0};
	struct str text = str_cut(&rest, '.');
	if (text.size != base64_size(SALT_SIZE) || !base64_parse(text, salt, &size) ||
	    size != SALT_SIZE)
		return (struct str){0};
	return format(arena, password, salt);
}

bool password_hashes_equal(struct str a, struct str b)
{
	return a.size == b.size && a.size > 0 && CRYPTO_memcmp(a.data, b.data, a.size) == 0;
}
