/* SPDX-License-Identifier: MIT */
/*
 * random: unpredictable bytes, and a seeded generator for tests and jitter.
 */
#ifndef TERN_BASE_RANDOM_H
#define TERN_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* Cryptographic; buffered per thread from the operating system. Any thread. */
void random_bytes(void *out, size_t size);

/* A version 4 UUID: 16 raw bytes. Any thread. */
void uuid_new(uint8_t out[16]);
#define UUID_TEXT_SIZE 36
/* Lower-case text with hyphens, UUID_TEXT_SIZE bytes, no NUL. */
void uuid_format(const uint8_t uuid[16], char *out);
/* The text, in the arena; of a new UUID. */
struct str uuid_text(struct arena *arena, const uint8_t uuid[16]);
struct str uuid_make(struct arena *arena);

/* Seeded and reproducible (xoshiro-like); not for secrets. One owning thread. */
struct prng {
	uint64_t state[4];
};
void prng_init(struct prng *prng, uint64_t seed);
uint64_t prng_next(struct prng *prng);
/* Uniform in [0, bound); bound > 0. */
uint64_t prng_below(struct prng *prng, uint64_t bound);

#endif
