/* SPDX-License-Identifier: MIT */
/*
 * blob: ciphertexts of symmetric keys; each names its key.
 *
 *   version 1 | kind 1 | key id 16 | material 4 | salt 16 | nonce 12 | ciphertext | tag 16
 *
 * Numbers are big endian. The key of a blob is derived from the material and the salt (kms_derive);
 * it seals with AES-256-GCM. The additional authenticated data is the head, then the encryption
 * context: its pairs sorted by name, each name and value with its size in 4 bytes before it.
 * doc/kms.md describes the format for other implementations.
 *
 * Nonces never repeat under a key: salt and nonce are 224 random bits together, so two blobs of one
 * material share both with a chance of about n^2 / 2^225 after n encryptions, also after crashes
 * and restored backups: after 2^64, 2^-97. Pure, any thread.
 */
#ifndef TERN_SERVICES_KMS_BLOB_H
#define TERN_SERVICES_KMS_BLOB_H

#include "base/base.h"
#include "core/call.h"

enum { KMS_BLOB_HEAD_SIZE = 50, KMS_BLOB_OVERHEAD = KMS_BLOB_HEAD_SIZE + AES_GCM_TAG_SIZE };
enum { KMS_KEY_ID_SIZE = 36 };

/* Views into the blob. */
struct kms_blob {
	char key_id[KMS_KEY_ID_SIZE]; /* a UUID, or "mrk-" and 32 hex digits */
	uint32_t material;
	struct str head;
	struct str sealed; /* with the tag */
};

/* False if the text is no key id. */
bool kms_key_id_parse(struct str text, uint8_t out_kind[1], uint8_t out_bytes[16]);

/* False if the bytes are not a blob. Only opening a blob shows whether it is genuine. */
bool kms_blob_parse(struct str bytes, struct kms_blob *out_blob);

/* The encryption context as it is authenticated, in the arena. */
struct str kms_context_encode(struct arena *arena, const struct shape_pair *pairs, size_t count);

/* `secret` is 32 bytes, `key_id` the id of a key, `context` of kms_context_encode. */
struct str kms_blob_seal(struct arena *arena, struct str key_id, uint32_t material,
			 struct str secret, struct str context, struct str plain);
/* ERR_INVALID: not made with this secret and context, or changed. */
must_check enum err kms_blob_open(struct arena *arena, const struct kms_blob *blob,
				  struct str secret, struct str context, struct str *out_plain);

#endif
