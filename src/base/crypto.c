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

#include "base/arena.h"
#include "base/check.h"

static EVP_MD *md5_algorithm, *sha256_algorithm;
static EVP_CIPHER *aes_gcm_algorithm;
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
	aes_gcm_algorithm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	check(aes_gcm_algorithm != NULL);
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

/* ---- AES-256-GCM ---- */

struct aes_gcm {
	EVP_CIPHER_CTX *sealing, *opening;
};

static EVP_CIPHER_CTX *gcm_context(const uint8_t key[32], bool seals)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

	check(context != NULL);
	check(EVP_CipherInit_ex2(context, aes_gcm_algorithm, key, NULL, seals, NULL) == 1);
	return context;
}

struct aes_gcm *aes_gcm_new(const uint8_t key[32])
{
	struct aes_gcm *gcm = heap_alloc(sizeof(*gcm));

	pthread_once(&once, fetch);
	gcm->sealing = gcm_context(key, true);
	gcm->opening = gcm_context(key, false);
	return gcm;
}

void aes_gcm_free(struct aes_gcm **gcm)
{
	if (!*gcm)
		return;
	EVP_CIPHER_CTX_free((*gcm)->sealing);
	EVP_CIPHER_CTX_free((*gcm)->opening);
	heap_free(*gcm);
	*gcm = NULL;
}

/* Everything but the tag. */
static void run_gcm(EVP_CIPHER_CTX *context, const uint8_t *nonce, struct str clear, struct str in,
		    uint8_t *out)
{
	int size;

	check(in.size <= INT32_MAX && clear.size <= INT32_MAX);
	check(EVP_CipherInit_ex2(context, NULL, NULL, nonce, -1, NULL) == 1);
	check(EVP_CipherUpdate(context, NULL, &size, (const uint8_t *)clear.data,
			       (int)clear.size) == 1);
	check(EVP_CipherUpdate(context, out, &size, (const uint8_t *)in.data, (int)in.size) == 1);
}

void aes_gcm_seal(struct aes_gcm *gcm, const uint8_t nonce[AES_GCM_NONCE_SIZE], struct str clear,
		  struct str plain, uint8_t *out)
{
	uint8_t *tag = out + plain.size;
	int size;

	run_gcm(gcm->sealing, nonce, clear, plain, out);
	check(EVP_CipherFinal_ex(gcm->sealing, tag, &size) == 1);
	check(EVP_CIPHER_CTX_ctrl(gcm->sealing, EVP_CTRL_AEAD_GET_TAG, AES_GCM_TAG_SIZE, tag) == 1);
}

bool aes_gcm_open(struct aes_gcm *gcm, const uint8_t nonce[AES_GCM_NONCE_SIZE], struct str clear,
		  struct str sealed, uint8_t *out)
{
	uint8_t tag[AES_GCM_TAG_SIZE];
	int size;

	if (sealed.size < AES_GCM_TAG_SIZE)
		return false;
	sealed.size -= AES_GCM_TAG_SIZE;
	memcpy(tag, sealed.data + sealed.size, sizeof(tag));
	run_gcm(gcm->opening, nonce, clear, sealed, out);
	check(EVP_CIPHER_CTX_ctrl(gcm->opening, EVP_CTRL_AEAD_SET_TAG, AES_GCM_TAG_SIZE, tag) == 1);
	return EVP_CipherFinal_ex(gcm->opening, out + sealed.size, &size) == 1;
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
