/* SPDX-License-Identifier: MIT */
/*
 * crypto: OpenSSL's algorithms, fetched once, with a context per thread that is initialised again.
 *
 * Fetching an algorithm and allocating a context cost more than hashing a kilobyte, so neither
 * happens on the way of a request. A thread's contexts are freed when it ends.
 */
#include "base/crypto.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <string.h>

#include "base/check.h"

static EVP_MD *md5_algorithm, *sha256_algorithm;
static pthread_key_t contexts_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

struct md5_state {
	EVP_MD_CTX *context;
};

struct contexts {
	struct md5_state md5;
	EVP_MD_CTX *sha256;
};

static _Thread_local struct contexts contexts;

static void free_contexts(void *unused)
{
	(void)unused; /* the key only tells that the thread ends */
	EVP_MD_CTX_free(contexts.md5.context);
	EVP_MD_CTX_free(contexts.sha256);
	contexts = (struct contexts){0};
}

static void fetch(void)
{
	md5_algorithm = EVP_MD_fetch(NULL, "MD5", NULL);
	sha256_algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
	check(md5_algorithm != NULL);
	check(sha256_algorithm != NULL);
	check(pthread_key_create(&contexts_key, free_contexts) == 0);
}

static struct contexts *thread_contexts(void)
{
	if (contexts.sha256)
		return &contexts;
	pthread_once(&once, fetch);
	contexts.md5.context = EVP_MD_CTX_new();
	contexts.sha256 = EVP_MD_CTX_new();
	check(contexts.md5.context != NULL);
	check(contexts.sha256 != NULL);
	check(EVP_DigestInit_ex2(contexts.md5.context, md5_algorithm, NULL) == 1);
	check(EVP_DigestInit_ex2(contexts.sha256, sha256_algorithm, NULL) == 1);
	pthread_setspecific(contexts_key, &contexts);
	return &contexts;
}

/* Starts again with the algorithm that the context holds: NULL keeps it. */
static void restart(EVP_MD_CTX *context)
{
	check(EVP_DigestInit_ex2(context, NULL, NULL) == 1);
}

struct md5_state *md5_begin(void)
{
	struct md5_state *state = &thread_contexts()->md5;

	restart(state->context);
	return state;
}

void md5_add(struct md5_state *state, struct str data)
{
	check(EVP_DigestUpdate(state->context, data.data, data.size) == 1);
}

void md5_end(struct md5_state *state, uint8_t out[16])
{
	check(EVP_DigestFinal_ex(state->context, out, NULL) == 1);
}

void md5(struct str data, uint8_t out[16])
{
	struct md5_state *state = md5_begin();

	md5_add(state, data);
	md5_end(state, out);
}

static void sha256_parts(struct str first, struct str second, uint8_t out[32])
{
	EVP_MD_CTX *context = thread_contexts()->sha256;

	restart(context);
	check(EVP_DigestUpdate(context, first.data, first.size) == 1);
	check(EVP_DigestUpdate(context, second.data, second.size) == 1);
	check(EVP_DigestFinal_ex(context, out, NULL) == 1);
}

void sha256(struct str data, uint8_t out[32])
{
	sha256_parts(data, (struct str){0}, out);
}

/* RFC 2104 over the thread's own context: EVP_MAC would allocate for each new key. */
void hmac_sha256(struct str key, struct str data, uint8_t out[32])
{
	uint8_t pad[64] = {0};
	uint8_t inner[32];

	if (key.size > sizeof(pad))
		sha256(key, pad);
	else if (key.size > 0)
		memcpy(pad, key.data, key.size);
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36;
	sha256_parts(str_of(pad, sizeof(pad)), data, inner);
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	sha256_parts(str_of(pad, sizeof(pad)), str_of(inner, sizeof(inner)), out);
}

/* ---- SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012) ---- */

static uint64_t load64(const uint8_t *bytes, size_t size)
{
	uint64_t word = 0;

	memcpy(&word, bytes, size); /* little endian, as all machines we build for */
	return word;
}

static uint64_t rotate(uint64_t x, int bits)
{
	return (x << bits) | (x >> (64 - bits));
}

static void sip_rounds(uint64_t v[4], int count)
{
	for (int i = 0; i < count; i++) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

void siphash128(const uint8_t key[16], struct str data, uint8_t out[16])
{
	uint64_t k0 = load64(key, 8), k1 = load64(key + 8, 8);
	uint64_t v[4] = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du ^ 0xee,
			 k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u};
	const uint8_t *bytes = (const uint8_t *)data.data;
	size_t left = data.size;

	for (; left >= 8; left -= 8, bytes += 8) {
		uint64_t word = load64(bytes, 8);
		v[3] ^= word;
		sip_rounds(v, 2);
		v[0] ^= word;
	}

	uint64_t last = (uint64_t)data.size << 56;
	if (left > 0)
		last |= load64(bytes, left);
	v[3] ^= last;
	sip_rounds(v, 2);
	v[0] ^= last;
	v[2] ^= 0xee;
	sip_rounds(v, 4);
	uint64_t low = v[0] ^ v[1] ^ v[2] ^ v[3];
	v[1] ^= 0xdd;
	sip_rounds(v, 4);
	uint64_t high = v[0] ^ v[1] ^ v[2] ^ v[3];
	memcpy(out, &low, 8);
	memcpy(out + 8, &high, 8);
}
