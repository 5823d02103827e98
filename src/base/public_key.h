/* SPDX-License-Identifier: MIT */
/*
 * public_key: public keys of RSA and P-256 from their numbers, and the signatures of JSON Web
 * Signatures (RFC 7518): RS256 and ES256. Immutable once made; any thread may verify.
 */
#ifndef TERN_BASE_PUBLIC_KEY_H
#define TERN_BASE_PUBLIC_KEY_H

#include "base/base.h"

enum public_key_kind { PUBLIC_KEY_RSA, PUBLIC_KEY_P256 };

struct public_key;

/* Big-endian modulus and exponent; NULL if the modulus has not 2048 to 4096 bits or the exponent
 * is none. */
struct public_key *public_key_rsa(struct str modulus, struct str exponent);
/* Coordinates of 32 bytes; NULL if there is no such point. */
struct public_key *public_key_p256(struct str x, struct str y);
void public_key_free(struct public_key **key); /* accepts NULL, leaves NULL */
enum public_key_kind public_key_kind(const struct public_key *key);

/* Is `signature` the key's of `data`, with SHA-256? RSA: PKCS #1 v1.5; P-256: two numbers of 32
 * bytes each. */
bool public_key_verify(const struct public_key *key, struct str data, struct str signature);

#endif
