/* SPDX-License-Identifier: MIT */
/* encode: hex, base32, base64 and CRC32C, the part of crypto.h that is plain arithmetic. */
#include <string.h>

#include "base/crypto.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

static const uint32_t crc32c_polynomial = 0x82f63b78; /* reflected */

static uint32_t crc32c_by_bits(uint32_t crc, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ ((crc & 1) ? crc32c_polynomial : 0);
	}
	return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t
crc32c_by_hardware(uint32_t crc, const uint8_t *bytes, size_t size)
{
	uint64_t wide = crc;

	for (; size >= 8; size -= 8, bytes += 8) {
		uint64_t word;
		memcpy(&word, bytes, 8);
		wide = _mm_crc32_u64(wide, word);
	}
	crc = (uint32_t)wide;
	for (; size > 0; size--, bytes++)
		crc = _mm_crc32_u8(crc, *bytes);
	return crc;
}
#endif

uint32_t crc32c(uint32_t seed, struct str data)
{
	const uint8_t *bytes = (const uint8_t *)data.data;

#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return ~crc32c_by_hardware(~seed, bytes, data.size);
#endif
	return ~crc32c_by_bits(~seed, bytes, data.size);
}

/* The two digits of each byte. */
#define ROW(digit)                                                                                 \
	digit "0" digit "1" digit "2" digit "3" digit "4" digit "5" digit "6" digit "7" digit      \
	      "8" digit "9" digit "a" digit "b" digit "c" digit "d" digit "e" digit "f"
static const char hex_pairs[] = ROW("0") ROW("1") ROW("2") ROW("3") ROW("4") ROW("5") ROW("6")
	ROW("7") ROW("8") ROW("9") ROW("a") ROW("b") ROW("c") ROW("d") ROW("e") ROW("f");
#undef ROW

void hex_format(struct str data, char *out)
{
	for (size_t i = 0; i < data.size; i++)
		memcpy(out + 2 * i, hex_pairs + 2 * (unsigned char)data.data[i], 2);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_parse(struct str text, uint8_t *out)
{
	if (text.size % 2 != 0)
		return false;
	for (size_t i = 0; i < text.size; i += 2) {
		int high = hex_digit(text.data[i]), low = hex_digit(text.data[i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	return true;
}

const char base32_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

bool base32_parse(struct str text, uint8_t *out)
{
	uint32_t bits = 0, count = 0;

	for (size_t i = 0; i < text.size; i++) {
		const char *place = memchr(base32_alphabet, text.data[i], 32);
		if (!place)
			return false;
		bits = bits << 5 | (uint32_t)(place - base32_alphabet);
		count += 5;
		if (count >= 8) {
			count -= 8;
			*out++ = (uint8_t)(bits >> count);
		}
	}
	return true;
}

void base64_format(struct str data, char *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *bytes = (const uint8_t *)data.data;
	size_t left = data.size;

	for (; left > 0; bytes += 3, out += 4) {
		uint32_t group = (uint32_t)bytes[0] << 16;
		if (left > 1)
			group |= (uint32_t)bytes[1] << 8;
		if (left > 2)
			group |= bytes[2];
		out[0] = digits[group >> 18];
		out[1] = digits[group >> 12 & 63];
		out[2] = left > 1 ? digits[group >> 6 & 63] : '=';
		out[3] = left > 2 ? digits[group & 63] : '=';
		left -= left < 3 ? left : 3;
	}
}

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_parse(struct str text, uint8_t *out, size_t *out_size)
{
	size_t padding = 0;

	if (text.size % 4 != 0)
		return false;
	while (padding < 2 && padding < text.size && text.data[text.size - 1 - padding] == '=')
		padding++;

	size_t digits = text.size - padding, size = 0;
	uint32_t group = 0;
	for (size_t i = 0; i < digits; i++) {
		int digit = base64_digit(text.data[i]);
		if (digit < 0)
			return false;
		group = group << 6 | (uint32_t)digit;
		if (i % 4 == 3) {
			out[size++] = (uint8_t)(group >> 16);
			out[size++] = (uint8_t)(group >> 8);
			out[size++] = (uint8_t)group;
			group = 0;
		}
	}
	/* Bits that padding leaves over must be zero, or two texts would mean the same bytes. */
	if (padding == 1) {
		if (group & 3)
			return false;
		out[size++] = (uint8_t)(group >> 10);
		out[size++] = (uint8_t)(group >> 2);
	} else if (padding == 2) {
		if (group & 15)
			return false;
		out[size++] = (uint8_t)(group >> 4);
	}
	*out_size = size;
	return true;
}
