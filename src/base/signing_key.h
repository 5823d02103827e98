/* SPDX-License-Identifier: MIT */
/*
 * signing_key: an RSA key of 2048 bits that signs, and its self-signed X.509 certificate, which
 * verifiers load. Signatures are PKCS #1 v1.5 (RFC 8017, 8.2).
 *
 * Immutable once made; any thread may sign. A signature takes about 0.5 ms of CPU and a new key up
 * to a second, so neither is for a network thread.
 */
#ifndef TERN_BASE_SIGNING_KEY_H
#define TERN_BASE_SIGNING_KEY_H

#include "base/base.h"

enum { SIGNING_KEY_SIGNATURE_SIZE = 256 };
enum signing_digest { SIGNING_SHA1, SIGNING_SHA256 };

struct signing_key;

/* A new key; its certificate names `name` and is valid from a day before `now_ms` for `days`. */
struct signing_key *signing_key_new(struct str name, int64_t now_ms, int days);
/* Bytes for signing_key_load, a secret; on the heap: the caller wipes and frees them. */
void signing_key_save(const struct signing_key *key, struct buf *out);
/* ERR_DAMAGED: not the bytes of signing_key_save. */
must_check enum err signing_key_load(struct str bytes, struct signing_key **out_key);
void signing_key_free(struct signing_key **key); /* accepts NULL, leaves NULL */

/* The certificate in PEM (RFC 7468); as long as the key. */
struct str signing_key_certificate(const struct signing_key *key);
void signing_key_sign(const struct signing_key *key, enum signing_digest digest, struct str data,
		      uint8_t out[SIGNING_KEY_SIGNATURE_SIZE]);

#endif
