/* SPDX-License-Identifier: MIT */
/*
 * varint: numbers of variable length in memory: seven bits a byte, the lowest first, as
 * byte_reader_varint reads them (base/bytes.h). For layouts whose size is known before they are
 * written. Pure functions.
 */
#ifndef TERN_BASE_VARINT_H
#define TERN_BASE_VARINT_H

#include <stddef.h>
#include <stdint.h>

enum { VARINT_SIZE_MAX = 10 };

static inline size_t varint_size(uint64_t value)
{
	size_t size = 1;

	while (value >>= 7)
		size++;
	return size;
}

/* Returns the bytes written, at most VARINT_SIZE_MAX. */
static inline size_t put_varint(void *at, uint64_t value)
{
	uint8_t *out = at;

	for (; value >= 0x80; value >>= 7)
		*out++ = (uint8_t)(value | 0x80);
	*out++ = (uint8_t)value;
	return (size_t)(out - (uint8_t *)at);
}

/* Returns the bytes read of `rest`; 0: the number does not end there, or is too large. */
static inline size_t get_varint(const void *at, size_t rest, uint64_t *out_value)
{
	const uint8_t *in = at;
	uint64_t value = 0;

	for (size_t i = 0; i < rest && i < VARINT_SIZE_MAX; i++) {
		if (i == VARINT_SIZE_MAX - 1 && in[i] > 1)
			return 0;
		value |= (uint64_t)(in[i] & 0x7f) << (7 * i);
		if (in[i] < 0x80) {
			*out_value = value;
			return i + 1;
		}
	}
	return 0;
}

#endif
