/* SPDX-License-Identifier: MIT */
/*
 * password: passwords as they are stored: scrypt (RFC 7914) with a salt.
 *
 * A hash is a text that says how it was made: "scrypt.14.8.1.<salt>.<hash>", both base64. Making
 * one takes tens of milliseconds and 16 MiB: on a worker thread.
 */
#ifndef TERN_BASE_PASSWORD_H
#define TERN_BASE_PASSWORD_H

#include "base/base.h"

/* With a new salt. */
struct str password_hash(struct arena *arena, struct str password);
/*
 * With the salt of an earlier hash, so that it is the same text if the password is the same, and
 * one computation compares a password with many earlier ones of a user. data NULL: not a hash.
 */
struct str password_hash_like(struct arena *arena, struct str password, struct str hash);
/* In a time that does not depend on what they have in common. */
bool password_hashes_equal(struct str a, struct str b);

#endif
