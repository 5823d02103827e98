/* SPDX-License-Identifier: MIT */
/*
 * scan: each block of 64 bytes becomes four masks of 64 bits: quotes, backslashes, opening and
 * closing brackets. The prefix sum (by xor) of the quotes that no backslash escapes is the mask of
 * bytes within strings; what is left of the brackets is counted one by one, as most blocks have
 * none.
 */
#include "match/scan.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { BLOCK = 64 };

struct masks {
	uint64_t quotes, escapes, opens, closes;
};

#if defined(__SSE2__)

static uint64_t equal_mask(__m128i bytes, char c, int shift)
{
	__m128i same = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c));

	return (uint64_t)(uint32_t)_mm_movemask_epi8(same) << shift;
}

/* "{" and "[", "}" and "]" differ in one bit. */
static struct masks masks_of(const char *block)
{
	struct masks masks = {0};

#pragma GCC unroll 4
	for (int i = 0; i < BLOCK; i += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(block + i));
		__m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
		masks.quotes |= equal_mask(bytes, '"', i);
		masks.escapes |= equal_mask(bytes, '\\', i);
		masks.opens |= equal_mask(folded, '{', i);
		masks.closes |= equal_mask(folded, '}', i);
	}
	return masks;
}

#else

static struct masks masks_of(const char *block)
{
	struct masks masks = {0};

	for (int i = 0; i < BLOCK; i++) {
		uint64_t bit = (uint64_t)1 << i;
		char c = block[i], folded = (char)(c | 0x20);
		masks.quotes |= c == '"' ? bit : 0;
		masks.escapes |= c == '\\' ? bit : 0;
		masks.opens |= folded == '{' ? bit : 0;
		masks.closes |= folded == '}' ? bit : 0;
	}
	return masks;
}

#endif

/* Bit i: the xor of bits 0 to i. */
static uint64_t prefix_xor(uint64_t bits)
{
#pragma GCC unroll 6
	for (int shift = 1; shift < BLOCK; shift *= 2)
		bits ^= bits << shift;
	return bits;
}

/* The state between blocks. */
struct walk {
	uint64_t in_string; /* all ones: the block begins within a string */
	bool is_escaped;    /* the block's first byte is behind a backslash that counts */
};

/* The bytes that a backslash escapes; rare, so bit by bit. */
static uint64_t escaped_bytes(struct walk *walk, uint64_t backslashes)
{
	uint64_t escaped = 0;

	if (walk->is_escaped) {
		escaped = 1;
		backslashes &= ~(uint64_t)1;
		walk->is_escaped = false;
	}
	while (backslashes) {
		int place = __builtin_ctzll(backslashes);
		if (place == BLOCK - 1) {
			walk->is_escaped = true;
			break;
		}
		escaped |= (uint64_t)2 << place;
		backslashes &= ~((uint64_t)3 << place);
	}
	return escaped;
}

/* Masks of brackets outside of strings. */
static struct masks read_block(struct walk *walk, const char *block)
{
	struct masks masks = masks_of(block);

	if (masks.escapes || walk->is_escaped)
		masks.quotes &= ~escaped_bytes(walk, masks.escapes);
	uint64_t inside = prefix_xor(masks.quotes) ^ walk->in_string;
	walk->in_string = (uint64_t)0 - (inside >> (BLOCK - 1));
	masks.opens &= ~inside;
	masks.closes &= ~inside;
	return masks;
}

/* The place in the block behind the bracket that ends depth `*depth`, or BLOCK + 1. */
static size_t find_end(struct masks masks, size_t *depth)
{
	uint64_t brackets = masks.opens | masks.closes;

	while (brackets) {
		uint64_t bit = brackets & (0 - brackets);
		if (masks.opens & bit)
			++*depth;
		else if (--*depth == 0)
			return (size_t)__builtin_ctzll(bit) + 1;
		brackets &= brackets - 1;
	}
	return BLOCK + 1;
}

size_t scan_brackets(struct str text, size_t at)
{
	struct walk walk = {0};
	char last[BLOCK];
	size_t depth = 0;

	while (at < text.size) {
		const char *block = text.data + at;
		if (text.size - at < BLOCK) {
			memset(last, ' ', sizeof(last));
			memcpy(last, block, text.size - at);
			block = last;
		}
		struct masks masks = read_block(&walk, block);
		size_t end = find_end(masks, &depth);
		if (end <= BLOCK)
			return at + end;
		at += BLOCK;
	}
	return SIZE_MAX;
}

/* The first quote or backslash at or behind `at`, or the end. */
static size_t find_special(struct str text, size_t at)
{
#if defined(__SSE2__)
	while (text.size - at >= 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(text.data + at));
		uint64_t mask = equal_mask(bytes, '"', 0) | equal_mask(bytes, '\\', 0);
		if (mask)
			return at + (size_t)__builtin_ctzll(mask);
		at += 16;
	}
#endif
	while (at < text.size && text.data[at] != '"' && text.data[at] != '\\')
		at++;
	return at;
}

size_t scan_string(struct str text, size_t at, bool *out_has_escapes)
{
	*out_has_escapes = false;
	at++;
	while ((at = find_special(text, at)) < text.size) {
		if (text.data[at] == '"')
			return at + 1;
		*out_has_escapes = true;
		at += 2;
		if (at > text.size)
			break;
	}
	return SIZE_MAX;
}

size_t scan_key(struct str text, size_t at, bool *out_has_escapes, bool *out_has_points)
{
#if defined(__SSE2__)
	if (text.size - at > 16) { /* most keys are this short */
		__m128i bytes =
			_mm_loadu_si128((const __m128i *)(const void *)(text.data + at + 1));
		uint64_t ends = equal_mask(bytes, '"', 0) | equal_mask(bytes, '\\', 0);
		size_t size = ends ? (size_t)__builtin_ctzll(ends) : 16;
		if (size < 16 && text.data[at + 1 + size] == '"') {
			uint64_t points = equal_mask(bytes, '.', 0);
			*out_has_escapes = false;
			*out_has_points = (points & ((ends & (0 - ends)) - 1)) != 0;
			return at + size + 2;
		}
	}
#endif
	size_t end = scan_string(text, at, out_has_escapes);
	if (end != SIZE_MAX)
		*out_has_points = *out_has_escapes || memchr(text.data + at, '.', end - at) != NULL;
	return end;
}
