/* SPDX-License-Identifier: MIT */
/*
 * str: borrowed text.
 *
 * The hash reads eight bytes at a time and mixes by a 128-bit multiplication; its seed is set once
 * at start, so that nobody outside can choose colliding keys ahead.
 */
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hash_seed.h"

uint64_t str_hash_seed = 0x9e3779b97f4a7c15u;

size_t str_format_size(const char *format, va_list arguments)
{
	va_list copy;

	va_copy(copy, arguments);
	int size = vsnprintf(NULL, 0, format, copy);
	va_end(copy);
	check(size >= 0);
	return (size_t)size;
}

struct str str_from(const char *text)
{
	return text ? str_of(text, strlen(text)) : (struct str){0};
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Eight at a time: of an ASCII letter's two bytes only the capital one gets its bit 0x20. */
static uint64_t lower_eight(const char *data)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
	uint64_t word;

	memcpy(&word, data, sizeof(word));
	uint64_t low = word & ~highs;
	uint64_t is_capital = (low + ones * (0x80 - 'A')) & ~(low + ones * (0x7f - 'Z'));
	return word | ((is_capital & highs & ~word) >> 2);
}

bool str_equal_nocase(struct str a, struct str b)
{
	size_t i = 0;

	if (a.size != b.size)
		return false;
	for (; a.size - i >= 8; i += 8)
		if (lower_eight(a.data + i) != lower_eight(b.data + i))
			return false;
	for (; i < a.size; i++)
		if (lower(a.data[i]) != lower(b.data[i]))
			return false;
	return true;
}

bool str_equal_secret(struct str a, struct str b)
{
	if (a.size != b.size)
		return false;

	unsigned difference = 0;
	for (size_t i = 0; i < a.size; i++)
		difference |= (unsigned char)(a.data[i] ^ b.data[i]);
	return difference == 0;
}

int str_compare(struct str a, struct str b)
{
	size_t shorter = a.size < b.size ? a.size : b.size;

	int order = shorter ? memcmp(a.data, b.data, shorter) : 0;
	if (order != 0)
		return order;
	return (a.size > b.size) - (a.size < b.size);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.size >= suffix.size &&
	       str_equal(str_slice(s, s.size - suffix.size, suffix.size), suffix);
}

size_t str_find(struct str s, struct str needle, size_t from)
{
	if (from > s.size || needle.size > s.size - from)
		return SIZE_MAX;
	if (needle.size == 0)
		return from;

	const char *found = memmem(s.data + from, s.size - from, needle.data, needle.size);
	return found ? (size_t)(found - s.data) : SIZE_MAX;
}

size_t str_find_char(struct str s, char c, size_t from)
{
	if (from >= s.size)
		return SIZE_MAX;

	const char *found = memchr(s.data + from, c, s.size - from);
	return found ? (size_t)(found - s.data) : SIZE_MAX;
}

struct str str_slice(struct str s, size_t from, size_t size)
{
	if (from >= s.size)
		return str_of(s.data ? s.data + s.size : NULL, 0);
	if (size > s.size - from)
		size = s.size - from;
	return str_of(s.data + from, size);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
	while (s.size > 0 && is_blank(s.data[0]))
		s = str_of(s.data + 1, s.size - 1);
	while (s.size > 0 && is_blank(s.data[s.size - 1]))
		s.size--;
	return s;
}

struct str str_cut(struct str *rest, char separator)
{
	struct str whole = *rest;

	size_t place = str_find_char(whole, separator, 0);
	if (place == SIZE_MAX) {
		*rest = (struct str){0};
		return whole;
	}
	*rest = str_of(whole.data + place + 1, whole.size - place - 1);
	return str_of(whole.data, place);
}

bool str_to_u64(struct str s, uint64_t *out_value)
{
	uint64_t value = 0;

	if (s.size == 0)
		return false;
	for (size_t i = 0; i < s.size; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(s.data[i] - '0'), &value))
			return false;
	}
	*out_value = value;
	return true;
}

bool str_to_i64(struct str s, int64_t *out_value)
{
	bool is_negative = s.size > 0 && s.data[0] == '-';
	uint64_t magnitude;

	if (!str_to_u64(is_negative ? str_slice(s, 1, s.size) : s, &magnitude))
		return false;
	if (magnitude > (uint64_t)INT64_MAX + is_negative)
		return false;
	*out_value = is_negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	return true;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t read_tail(const char *data, size_t size)
{
	uint64_t word = 0;

	if (size > 0)
		memcpy(&word, data, size);
	return word;
}

uint64_t str_hash(struct str s)
{
	uint64_t hash = str_hash_seed ^ (s.size * 0xa0761d6478bd642fu);
	const char *data = s.data;
	size_t left = s.size;

	while (left >= 8) {
		uint64_t word;
		memcpy(&word, data, 8);
		hash = mix(hash ^ word, 0xe7037ed1a0b428dbu);
		data += 8;
		left -= 8;
	}
	hash = mix(hash ^ read_tail(data, left), 0x8ebc6af09c88c6e3u ^ s.size);
	return mix(hash ^ 0x589965cc75374cc3u, str_hash_seed | 1);
}

/* Size of the sequence that starts at data[0], 0 if it is not well formed (RFC 3629, table of
 * section 4). */
static size_t utf8_sequence(const unsigned char *data, size_t left)
{
	unsigned char lead = data[0];
	size_t size = lead < 0x80   ? 1
		      : lead < 0xc2 ? 0
		      : lead < 0xe0 ? 2
		      : lead < 0xf0 ? 3
		      : lead < 0xf5 ? 4
				    : 0;

	if (size == 0 || size > left)
		return 0;
	for (size_t i = 1; i < size; i++)
		if ((data[i] & 0xc0) != 0x80)
			return 0;
	if ((lead == 0xe0 && data[1] < 0xa0) || (lead == 0xed && data[1] > 0x9f) ||
	    (lead == 0xf0 && data[1] < 0x90) || (lead == 0xf4 && data[1] > 0x8f))
		return 0;
	return size;
}

size_t str_count_characters(struct str s)
{
	size_t count = 0;

	for (size_t i = 0; i < s.size; i++)
		count += ((unsigned char)s.data[i] & 0xc0) != 0x80;
	return count;
}

bool str_is_utf8(struct str s)
{
	const unsigned char *data = (const unsigned char *)s.data;
	size_t i = 0;

	while (i < s.size) {
		uint64_t word;
		while (s.size - i >= 8) {
			memcpy(&word, data + i, 8);
			if (word & 0x8080808080808080u)
				break;
			i += 8;
		}
		if (i >= s.size)
			break;

		size_t size = utf8_sequence(data + i, s.size - i);
		if (size == 0)
			return false;
		i += size;
	}
	return true;
}

size_t str_utf8_sequence(struct str s)
{
	return utf8_sequence((const unsigned char *)s.data, s.size);
}

size_t str_utf8_encode(uint32_t character, char *out)
{
	static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t size = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;

	for (size_t i = size; i-- > 1; character >>= 6)
		out[i] = (char)(0x80 | (character & 0x3f));
	out[0] = (char)(leads[size] | character);
	return size;
}
