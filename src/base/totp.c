/* SPDX-License-Identifier: MIT */
/* totp: HOTP (RFC 4226) with the step as the counter. */
#include "base/totp.h"

#include <assert.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/crypto.h"
#include "base/random.h"

enum { SHA1_SIZE = 20 };

void totp_seed(char out[TOTP_SEED_TEXT_SIZE])
{
	random_bytes(out, TOTP_SEED_TEXT_SIZE);
	for (size_t i = 0; i < TOTP_SEED_TEXT_SIZE; i++)
		out[i] = base32_alphabet[(uint8_t)out[i] & 31];
}

bool totp_code(struct str seed, int64_t step, char out[TOTP_DIGITS])
{
	uint8_t key[TOTP_SEED_SIZE], counter[8], digest[SHA1_SIZE];
	size_t size = 0;

	static_assert(TOTP_SEED_TEXT_SIZE * 5 == TOTP_SEED_SIZE * 8, "no part of a byte");
	if (seed.size != TOTP_SEED_TEXT_SIZE || !base32_parse(seed, key))
		return false;
	for (size_t i = 0; i < sizeof(counter); i++)
		counter[i] = (uint8_t)((uint64_t)step >> (8 * (7 - i)));
	check(EVP_Q_mac(NULL, "HMAC", NULL, "SHA1", NULL, key, sizeof(key), counter,
			sizeof(counter), digest, sizeof(digest), &size) != NULL);
	check(size == SHA1_SIZE);
	OPENSSL_cleanse(key, sizeof(key));
	const uint8_t *place = digest + (digest[SHA1_SIZE - 1] & 15);
	uint32_t number = (uint32_t)(place[0] & 127) << 24 | (uint32_t)place[1] << 16 |
			  (uint32_t)place[2] << 8 | place[3];
	for (size_t i = TOTP_DIGITS; i-- > 0; number /= 10)
		out[i] = (char)('0' + number % 10);
	return true;
}

static bool is_code(struct str seed, int64_t step, struct str code)
{
	char made[TOTP_DIGITS];

	return code.size == TOTP_DIGITS && totp_code(seed, step, made) &&
	       CRYPTO_memcmp(made, code.data, TOTP_DIGITS) == 0;
}

bool totp_find(struct str seed, struct str code, struct str next, int64_t first, int64_t last,
	       int64_t *out_step)
{
	for (int64_t step = first; step <= last; step++) {
		if (!is_code(seed, step, code) || (next.size > 0 && !is_code(seed, step + 1, next)))
			continue;
		*out_step = step;
		return true;
	}
	return false;
}
