/* SPDX-License-Identifier: MIT */
/*
 * issuers: verifies tokens of the OpenID Connect issuers whose signature keys the operator has
 * given.
 *
 * The server fetches no keys: the operator gives JSON Web Key Sets (RFC 7517), each with the
 * issuer's URL. Any thread verifies; main replaces the keys.
 */
#ifndef TERN_ACCESS_ISSUERS_H
#define TERN_ACCESS_ISSUERS_H

#include "access/jwt.h"

struct issuers;
struct issuers *issuers_new(void);
void issuers_free(struct issuers **issuers); /* accepts NULL, leaves NULL */

/*
 * Adds an issuer: {"issuer": "https://...", "keys": [...]}. Keys that are neither for RS256 nor for
 * ES256 are left out. ERR_INVALID with one sentence in *out_problem (in `arena`).
 */
must_check enum err issuers_add(struct issuers *issuers, struct arena *arena, struct str text,
				struct str *out_problem);
size_t issuers_count(struct issuers *issuers);
/* Replaces the issuers by those of `other`, which is empty afterwards. */
void issuers_replace(struct issuers *issuers, struct issuers *other);

enum issuers_outcome { ISSUERS_SIGNED, ISSUERS_FORGED, ISSUERS_NO_KEY };
/* Verifies the signature by the issuer that the token names. ISSUERS_NO_KEY: no such issuer, or not
 * that key. */
enum issuers_outcome issuers_verify(struct issuers *issuers, const struct jwt *jwt);

#endif
