/* SPDX-License-Identifier: MIT */
/*
 * siv: the pseudorandom function is CBC-MAC with AES-256 over exactly two blocks (a fixed number of
 * blocks makes CBC-MAC secure; Bellare, Kilian and Rogaway, 2000), the encryption is AES-256 in
 * counter mode. Each has a key of its own, derived from the caller's.
 *
 * A text is padded with 0x80 and zeros, so texts of different sizes stay different. Single blocks
 * go through OpenSSL's ECB mode, whose contexts cost nothing to use again.
 */
#include "base/siv.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

#include "base/check.h"
#include "base/crypto.h"

enum { BLOCK = 16, PADDED = 2 * BLOCK };

struct schedules {
	bool has_key;
	uint8_t key[32];
	EVP_CIPHER_CTX *mac, *stream;
};

static _Thread_local struct schedules schedules;
static EVP_CIPHER *algorithm;
static pthread_key_t end_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_schedules(void *unused)
{
	(void)unused; /* the key only tells that the thread ends */
	EVP_CIPHER_CTX_free(schedules.mac);
	EVP_CIPHER_CTX_free(schedules.stream);
	OPENSSL_cleanse(&schedules, sizeof(schedules));
}

static void fetch(void)
{
	algorithm = EVP_CIPHER_fetch(NULL, "AES-256-ECB", NULL);
	check(algorithm != NULL);
	check(pthread_key_create(&end_key, free_schedules) == 0);
}

static void derive(const uint8_t key[32], const char *use, EVP_CIPHER_CTX *context)
{
	uint8_t derived[32];

	hmac_sha256(str_of(key, 32), str_from(use), derived);
	check(EVP_EncryptInit_ex2(context, algorithm, derived, NULL, NULL) == 1);
	check(EVP_CIPHER_CTX_set_padding(context, 0) == 1);
	OPENSSL_cleanse(derived, sizeof(derived));
}

static void use_key(const uint8_t key[32])
{
	if (schedules.has_key && memcmp(schedules.key, key, sizeof(schedules.key)) == 0)
		return;
	pthread_once(&once, fetch);
	if (!schedules.mac) {
		schedules.mac = EVP_CIPHER_CTX_new();
		schedules.stream = EVP_CIPHER_CTX_new();
		check(schedules.mac != NULL);
		check(schedules.stream != NULL);
		pthread_setspecific(end_key, &schedules);
	}
	derive(key, "siv tag", schedules.mac);
	derive(key, "siv stream", schedules.stream);
	memcpy(schedules.key, key, sizeof(schedules.key));
	schedules.has_key = true;
}

/* Whole blocks; `out` may be `in`. */
static void encrypt(EVP_CIPHER_CTX *context, const uint8_t *in, size_t size, uint8_t *out)
{
	int done;

	check(EVP_EncryptUpdate(context, out, &done, in, (int)size) == 1);
	check((size_t)done == size);
}

static void compute_tag(const uint8_t *text, size_t size, uint8_t out[SIV_TAG_SIZE])
{
	uint8_t padded[PADDED] = {0};

	memcpy(padded, text, size);
	padded[size] = 0x80;
	encrypt(schedules.mac, padded, BLOCK, out);
	for (size_t i = 0; i < BLOCK; i++)
		out[i] ^= padded[BLOCK + i];
	encrypt(schedules.mac, out, BLOCK, out);
}

/* Encrypts and decrypts: `text` ^= keystream of the tag. */
static void apply_stream(const uint8_t tag[SIV_TAG_SIZE], uint8_t *text, size_t size)
{
	uint8_t stream[PADDED];

	memcpy(stream, tag, BLOCK);
	memcpy(stream + BLOCK, tag, BLOCK);
	stream[PADDED - 1] ^= 1;
	encrypt(schedules.stream, stream, sizeof(stream), stream);
	for (size_t i = 0; i < size; i++)
		text[i] ^= stream[i];
}

void siv_seal(const uint8_t key[32], uint8_t *text, size_t size, uint8_t out_tag[SIV_TAG_SIZE])
{
	check(size <= SIV_TEXT_SIZE_MAX);
	use_key(key);
	compute_tag(text, size, out_tag);
	apply_stream(out_tag, text, size);
}

bool siv_open(const uint8_t key[32], uint8_t *text, size_t size, const uint8_t tag[SIV_TAG_SIZE])
{
	uint8_t expected[SIV_TAG_SIZE];

	check(size <= SIV_TEXT_SIZE_MAX);
	use_key(key);
	apply_stream(tag, text, size);
	compute_tag(text, size, expected);
	return CRYPTO_memcmp(expected, tag, sizeof(expected)) == 0;
}
