/* SPDX-License-Identifier: MIT */
/*
 * random: the kernel's generator behind a small buffer per thread.
 *
 * The buffer makes an id cost no system call; what was handed out is wiped from it. A fork would
 * share the buffer: ternd does not fork after it has started.
 */
#include "base/random.h"

#include <string.h>
#include <sys/random.h>

#include "base/check.h"
#include "base/crypto.h"

enum { BUFFER_SIZE = 1024 };

static void fill(uint8_t *out, size_t size)
{
	while (size > 0) {
		ssize_t got = getrandom(out, size, 0);
		if (got < 0)
			continue; /* EINTR only: the pool is ready long before we run */
		out += got;
		size -= (size_t)got;
	}
}

void random_bytes(void *out, size_t size)
{
	static _Thread_local uint8_t buffer[BUFFER_SIZE];
	static _Thread_local size_t left;

	if (size > BUFFER_SIZE / 4) {
		fill(out, size);
		return;
	}
	if (left < size) {
		fill(buffer, BUFFER_SIZE);
		left = BUFFER_SIZE;
	}
	left -= size;
	memcpy(out, buffer + left, size);
	memset(buffer + left, 0, size);
}

void uuid_new(uint8_t out[16])
{
	random_bytes(out, 16);
	out[6] = (uint8_t)((out[6] & 0x0f) | 0x40);
	out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
}

void uuid_format(const uint8_t uuid[16], char *out)
{
	static const struct {
		uint8_t from, size;
	} groups[] = {{0, 4}, {4, 2}, {6, 2}, {8, 2}, {10, 6}};

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		hex_format(str_of(uuid + groups[i].from, groups[i].size), out);
		out += 2 * groups[i].size;
		if (i + 1 < sizeof(groups) / sizeof(groups[0]))
			*out++ = '-';
	}
}

struct str uuid_text(struct arena *arena, const uint8_t uuid[16])
{
	char *text = arena_bytes(arena, UUID_TEXT_SIZE);

	uuid_format(uuid, text);
	return str_of(text, UUID_TEXT_SIZE);
}

struct str uuid_make(struct arena *arena)
{
	uint8_t uuid[16];

	uuid_new(uuid);
	return uuid_text(arena, uuid);
}

/* SplitMix64: spreads a small seed over the whole state. */
static uint64_t split(uint64_t *seed)
{
	uint64_t z = (*seed += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

void prng_init(struct prng *prng, uint64_t seed)
{
	for (size_t i = 0; i < 4; i++)
		prng->state[i] = split(&seed);
}

static uint64_t rotate(uint64_t x, int bits)
{
	return (x << bits) | (x >> (64 - bits));
}

uint64_t prng_next(struct prng *prng)
{
	uint64_t *s = prng->state;
	uint64_t result = rotate(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

uint64_t prng_below(struct prng *prng, uint64_t bound)
{
	check(bound > 0);
	return (uint64_t)(((__uint128_t)prng_next(prng) * bound) >> 64);
}
