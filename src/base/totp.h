/* SPDX-License-Identifier: MIT */
/* totp: time-based one-time passwords (RFC 6238): six digits, HMAC-SHA-1, steps of 30 seconds.
 * Pure.
 */
#ifndef TERN_BASE_TOTP_H
#define TERN_BASE_TOTP_H

#include "base/base.h"

enum { TOTP_SEED_SIZE = 40, TOTP_SEED_TEXT_SIZE = 64, TOTP_DIGITS = 6, TOTP_STEP_MS = 30000 };

/* A new seed in base32, as authenticator applications take it. */
void totp_seed(char out[TOTP_SEED_TEXT_SIZE]);
/* The code of a step, which is the time since 1970 divided by TOTP_STEP_MS. False: no seed. */
bool totp_code(struct str seed, int64_t step, char out[TOTP_DIGITS]);
/*
 * Finds the code in the steps from `first` to `last`, and `next` in the step that follows if it is
 * not empty.
 */
bool totp_find(struct str seed, struct str code, struct str next, int64_t first, int64_t last,
	       int64_t *out_step);

#endif
