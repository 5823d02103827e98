/* SPDX-License-Identifier: MIT */
/*
 * crypto: the digests, MACs and ciphers Tern uses, over OpenSSL; and hex, base32, base64, CRC32C.
 *
 * Contexts and algorithm handles are fetched once and kept per thread, so a call costs the
 * computation and little more. Any thread, except for the structs, which have one owner.
 */
#ifndef TERN_BASE_CRYPTO_H
#define TERN_BASE_CRYPTO_H

#include "base/buf.h"
#include "base/err.h"

void md5(struct str data, uint8_t out[16]);
/* The digest of each text; several cost little more than the longest alone. */
void md5_many(const struct str *texts, size_t count, uint8_t (*out)[16]);
void sha256(struct str data, uint8_t out[32]);
void hmac_sha256(struct str key, struct str data, uint8_t out[32]);

/*
 * AES-256-GCM (NIST SP 800-38D) under one key, whose schedule is computed once. A nonce must never
 * be used twice with a key for sealing. One owning thread.
 */
#define AES_GCM_NONCE_SIZE 12
#define AES_GCM_TAG_SIZE 16
struct aes_gcm;
struct aes_gcm *aes_gcm_new(const uint8_t key[32]);
void aes_gcm_free(struct aes_gcm **gcm); /* accepts NULL, leaves NULL; wipes the key */
/* `out` holds plain.size bytes and then the tag; it may be where plain is. `clear` is
 * authenticated too, but not encrypted. */
void aes_gcm_seal(struct aes_gcm *gcm, const uint8_t nonce[AES_GCM_NONCE_SIZE], struct str clear,
		  struct str plain, uint8_t *out);
/* False if it was not sealed so; then what is in `out` must not be used. `sealed` ends with the
 * tag; `out` holds the rest of its size and may be where sealed is. */
bool aes_gcm_open(struct aes_gcm *gcm, const uint8_t nonce[AES_GCM_NONCE_SIZE], struct str clear,
		  struct str sealed, uint8_t *out);

/* Several parts one after another. */
struct md5_state;
struct md5_state *md5_begin(void); /* borrowed from the thread; one at a time */
void md5_add(struct md5_state *state, struct str data);
void md5_end(struct md5_state *state, uint8_t out[16]);

/* Castagnoli, as in RFC 3720; `seed` is 0 or an earlier result to continue. Hardware when there is
 * some. */
uint32_t crc32c(uint32_t seed, struct str data);

/* 128-bit keyed hash (SipHash-2-4, 128 bits out) for keys of tables that outsiders choose. */
void siphash128(const uint8_t key[16], struct str data, uint8_t out[16]);

/* Lower-case hex; `out` holds 2 * size bytes, no NUL. */
void hex_format(struct str data, char *out);
/* False if it is not hex or has odd size; `out` holds size / 2 bytes. */
bool hex_parse(struct str text, uint8_t *out);

/* RFC 4648 without padding: one of 32 characters for each five bits. */
extern const char base32_alphabet[];
/* False if it is not base32; `out` holds size * 5 / 8 bytes. Bits of a part of a byte are dropped.
 */
bool base32_parse(struct str text, uint8_t *out);

/* RFC 4648 with padding. `out` holds base64_size(size) bytes. */
static inline size_t base64_size(size_t size)
{
	return (size + 2) / 3 * 4;
}
void base64_format(struct str data, char *out);
/* Strict: padding required, no blanks. False if malformed. `out` holds text.size / 4 * 3 bytes. */
bool base64_parse(struct str text, uint8_t *out, size_t *out_size);

#endif
