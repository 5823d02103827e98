/* SPDX-License-Identifier: MIT */
/*
 * cryptography: key material of every spec and its cryptographic operations, over OpenSSL.
 *
 * Knows no API and no policy. A secret is raw bytes for AES and HMAC, and a PKCS #8 PrivateKeyInfo
 * in DER for RSA and elliptic curves (RFC 5958). Any thread; a pair may be used by several threads
 * at a time. All memory with secrets is wiped when it is freed.
 */
#ifndef TERN_SERVICES_KMS_CRYPTOGRAPHY_H
#define TERN_SERVICES_KMS_CRYPTOGRAPHY_H

#include "services/kms/spec.h"

/* On the heap; zeroed is empty and valid. */
struct kms_secret {
	uint8_t *bytes;
	size_t size;
};
static inline struct str kms_secret_str(const struct kms_secret *secret)
{
	return str_of(secret->bytes, secret->size);
}
struct kms_secret kms_secret_copy(struct str bytes);
void kms_secret_done(struct kms_secret *secret); /* wipes it, leaves it empty */

/* New material of that spec. RSA takes from tenths of a second to some seconds. */
struct kms_secret kms_secret_generate(enum kms_spec spec);
/* True if bytes from outside are material of that spec. */
bool kms_secret_fits(enum kms_spec spec, struct str bytes);

/* The private key of an RSA or elliptic curve secret, ready for use. */
struct kms_pair;
/* NULL if the bytes are no such key. */
struct kms_pair *kms_pair_open(enum kms_spec spec, struct str secret);
void kms_pair_free(struct kms_pair **pair); /* accepts NULL, leaves NULL */
/* SubjectPublicKeyInfo in DER (RFC 5280), in the arena. */
struct str kms_pair_public(const struct kms_pair *pair, struct arena *arena);

/* RSAES-OAEP (RFC 8017 7.1). The most bytes that can be encrypted. */
size_t kms_rsa_plain_max(const struct kms_pair *pair, const struct kms_algorithm *algorithm);
struct str kms_rsa_encrypt(const struct kms_pair *pair, const struct kms_algorithm *algorithm,
			   struct arena *arena, struct str plain);
/* ERR_INVALID: not encrypted so for this key. */
must_check enum err kms_rsa_decrypt(const struct kms_pair *pair,
				    const struct kms_algorithm *algorithm, struct arena *arena,
				    struct str cipher, struct str *out_plain);

/* `is_digest`: the message is a digest already, of algorithm->digest_size bytes; Ed25519 takes
 * messages only. ECDSA signatures are in DER; the salt of PSS is as long as the digest. */
struct str kms_sign_bytes(const struct kms_pair *pair, const struct kms_algorithm *algorithm,
			  struct arena *arena, struct str message, bool is_digest);
bool kms_verify_bytes(const struct kms_pair *pair, const struct kms_algorithm *algorithm,
		      struct str message, bool is_digest, struct str signature);

/* The shared secret of ECDH (SP 800-56A, 5.7.1.2), in the arena. ERR_INVALID: `peer` is no public
 * key in DER (RFC 5280) on the curve of the pair. */
must_check enum err kms_agree(const struct kms_pair *pair, struct str peer, struct arena *arena,
			      struct str *out_secret);

/* HMAC (RFC 2104); `out` holds algorithm->digest_size bytes. */
void kms_mac(struct str secret, const struct kms_algorithm *algorithm, struct str message,
	     uint8_t *out);

/*
 * The key of one encryption: SP 800-108 in counter mode with HMAC-SHA256, from 256 bits of material
 * and a random salt.
 */
enum { KMS_SALT_SIZE = 16 };
void kms_derive(struct str secret, const uint8_t salt[KMS_SALT_SIZE], uint8_t out_key[32]);

/* The wrapping of imported material for the server's RSA key. */
enum kms_wrapping {
	KMS_WRAPPING_OAEP_SHA_1,
	KMS_WRAPPING_OAEP_SHA_256,
	KMS_WRAPPING_AES_SHA_1, /* an AES key so, and the material under it (RFC 5649) */
	KMS_WRAPPING_AES_SHA_256,
	KMS_WRAPPINGS,
};
extern const struct str kms_wrappings[KMS_WRAPPINGS];
/* ERR_INVALID: not wrapped so for this key. */
must_check enum err kms_unwrap(const struct kms_pair *pair, enum kms_wrapping wrapping,
			       struct str wrapped, struct kms_secret *out_secret);

#endif
