/* SPDX-License-Identifier: MIT */
/* totp: HOTP (RFC 4226) with the step as the counter. */
#include "base/totp.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/random.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
enum { SHA1_SIZE = 20 };

void totp_seed(char out[TOTP_SEED_TEXT_SIZE])
{
	random_bytes(out, TOTP_SEED_TEXT_SIZE);
	for (size_t i = 0; i < TOTP_SEED_TEXT_SIZE; i++)
		out[i] = alphabet[(uint8_t)out[i] & 31];
}

static bool parse_seed(struct str text, uint8_t out[TOTP_SEED_SIZE])
{
	uint32_t bits = 0, count = 0;
	size_t size = 0;

	if (text.size != TOTP_SEED_TEXT_SIZE)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		const char *place = memchr(alphabet, text.data[i], 32);
		if (!place)
			return false;
		bits = bits << 5 | (uint32_t)(place - alphabet);
		count += 5;
		if (count >= 8) {
			count -= 8;
			out[size++] = (uint8_t)(bits >> count);
		}
	}
	return size == TOTP_SEED_SIZE;
}

bool totp_code(struct str seed, int64_t step, char out[TOTP_DIGITS])
{
	uint8_t key[TOTP_SEED_SIZE], counter[8], digest[SHA1_SIZE];
	size_t size = 0;

	if (!parse_seed(seed, key))
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
