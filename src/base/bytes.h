/* SPDX-License-Identifier: MIT */
/*
 * bytes: integers in byte strings, at any alignment.
 *
 * get_x and put_x are little endian, get_x_be and put_x_be big endian; they check no bounds, for
 * layouts of a fixed size that the caller has checked. A struct byte_reader checks bounds: beyond
 * the end it gives zeros and remembers it, so a decoder reads all its fields and asks once, with
 * byte_reader_is_done. bytes_append_x writes what a reader takes. Pure functions.
 */
#ifndef TERN_BASE_BYTES_H
#define TERN_BASE_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/check.h"

/* Whether memcpy of a number gives little-endian bytes; compilers fold the branch. */
#define BYTES_IS_LITTLE (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

static inline uint16_t get_u16(const void *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return BYTES_IS_LITTLE ? value : __builtin_bswap16(value);
}

static inline uint32_t get_u32(const void *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return BYTES_IS_LITTLE ? value : __builtin_bswap32(value);
}

static inline uint64_t get_u64(const void *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return BYTES_IS_LITTLE ? value : __builtin_bswap64(value);
}

static inline void put_u16(void *at, uint16_t value)
{
	value = BYTES_IS_LITTLE ? value : __builtin_bswap16(value);
	memcpy(at, &value, sizeof(value));
}

static inline void put_u32(void *at, uint32_t value)
{
	value = BYTES_IS_LITTLE ? value : __builtin_bswap32(value);
	memcpy(at, &value, sizeof(value));
}

static inline void put_u64(void *at, uint64_t value)
{
	value = BYTES_IS_LITTLE ? value : __builtin_bswap64(value);
	memcpy(at, &value, sizeof(value));
}

static inline uint32_t get_u32_be(const void *at)
{
	return __builtin_bswap32(get_u32(at));
}

static inline uint64_t get_u64_be(const void *at)
{
	return __builtin_bswap64(get_u64(at));
}

static inline void put_u32_be(void *at, uint32_t value)
{
	put_u32(at, __builtin_bswap32(value));
}

static inline void put_u64_be(void *at, uint64_t value)
{
	put_u64(at, __builtin_bswap64(value));
}

/* ---- with bounds ---- */

struct byte_reader {
	struct str rest; /* the bytes that were not read yet */
	bool is_short;	 /* a read went beyond the end */
};

static inline struct byte_reader byte_reader_of(struct str data)
{
	return (struct byte_reader){data, false};
}

/* The next `size` bytes, a view. Beyond the end: data is NULL, and nothing more can be read. */
static inline struct str byte_reader_take(struct byte_reader *reader, size_t size)
{
	if (reader->is_short || size > reader->rest.size) {
		*reader = (struct byte_reader){.is_short = true};
		return (struct str){0};
	}
	struct str taken = str_of(reader->rest.data, size);
	reader->rest = str_of(reader->rest.data + size, reader->rest.size - size);
	return taken;
}

static inline uint8_t byte_reader_u8(struct byte_reader *reader)
{
	struct str bytes = byte_reader_take(reader, 1);

	return bytes.data ? (uint8_t)bytes.data[0] : 0;
}

static inline uint16_t byte_reader_u16(struct byte_reader *reader)
{
	struct str bytes = byte_reader_take(reader, 2);

	return bytes.data ? get_u16(bytes.data) : 0;
}

static inline uint32_t byte_reader_u32(struct byte_reader *reader)
{
	struct str bytes = byte_reader_take(reader, 4);

	return bytes.data ? get_u32(bytes.data) : 0;
}

static inline uint64_t byte_reader_u64(struct byte_reader *reader)
{
	struct str bytes = byte_reader_take(reader, 8);

	return bytes.data ? get_u64(bytes.data) : 0;
}

/* A number of up to 64 bits in groups of seven, the lowest first; each byte but the last has its
 * highest bit set. Longer and larger ones are short reads. */
static inline uint64_t byte_reader_varint(struct byte_reader *reader)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = byte_reader_u8(reader);
		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return reader->is_short ? 0 : value;
	}
	*reader = (struct byte_reader){.is_short = true};
	return 0;
}

/* A text with its size before it, in 32 bits; a view. */
static inline struct str byte_reader_str(struct byte_reader *reader)
{
	return byte_reader_take(reader, byte_reader_u32(reader));
}

/* True if all reads were within the data and nothing is left. */
static inline bool byte_reader_is_done(const struct byte_reader *reader)
{
	return !reader->is_short && reader->rest.size == 0;
}

static inline void bytes_append_u8(struct buf *buf, uint8_t value)
{
	buf_append_char(buf, (char)value);
}

static inline void bytes_append_u16(struct buf *buf, uint16_t value)
{
	put_u16(buf_extend(buf, sizeof(value)), value);
}

static inline void bytes_append_u32(struct buf *buf, uint32_t value)
{
	put_u32(buf_extend(buf, sizeof(value)), value);
}

static inline void bytes_append_u64(struct buf *buf, uint64_t value)
{
	put_u64(buf_extend(buf, sizeof(value)), value);
}

/* At most 10 bytes; a byte for numbers below 128. */
static inline void bytes_append_varint(struct buf *buf, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buf_append_char(buf, (char)(value | 0x80));
	buf_append_char(buf, (char)value);
}

/* At most UINT32_MAX bytes. */
static inline void bytes_append_str(struct buf *buf, struct str text)
{
	check(text.size <= UINT32_MAX);
	bytes_append_u32(buf, (uint32_t)text.size);
	buf_append(buf, text);
}

#endif
