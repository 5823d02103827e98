/* SPDX-License-Identifier: MIT */
/*
 * md5_lanes: several texts at once (RFC 1321), one in each 32-bit lane of a vector.
 *
 * One MD5 is a chain of dependent steps that leaves most of a processor idle; sixteen chains side
 * by side cost as much as three. Each step of a block is done for all lanes; a text that has no
 * such block keeps its state. Without AVX2, or when few texts are long, they are hashed one after
 * another. AVX-512 was measured and gains nothing: the steps wait for each other, not for room.
 */
#include "base/crypto.h"

#include <stdbool.h>
#include <string.h>

#include "base/check.h"

enum { LANES = 16, BLOCK_SIZE = 64, WORDS = 16, TAIL_SIZE = 2 * BLOCK_SIZE };

/* A text as blocks: whole ones where they lie, then the rest with its padding. */
struct lane {
	const char *data;
	size_t whole_count, block_count;
	char tail[TAIL_SIZE];
};

static void lane_init(struct lane *lane, struct str text)
{
	size_t rest = text.size % BLOCK_SIZE;
	size_t tail_size = rest + 9 <= BLOCK_SIZE ? BLOCK_SIZE : TAIL_SIZE;
	uint64_t bits = (uint64_t)text.size * 8;

	lane->data = text.data;
	lane->whole_count = text.size / BLOCK_SIZE;
	lane->block_count = lane->whole_count + tail_size / BLOCK_SIZE;
	memset(lane->tail, 0, sizeof(lane->tail));
	if (rest > 0)
		memcpy(lane->tail, text.data + text.size - rest, rest);
	lane->tail[rest] = (char)0x80;
	memcpy(lane->tail + tail_size - sizeof(bits), &bits, sizeof(bits));
}

#if defined(__x86_64__)

/* One 32-bit word of each text. */
struct vector {
	uint32_t lanes __attribute__((vector_size(4 * LANES)));
};

/* floor(2^32 * |sin(i + 1)|) */
static const uint32_t sines[64] = {
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613,
	0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193,
	0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
	0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed,
	0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122,
	0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
	0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244,
	0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
	0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
	0xeb86d391,
};

/* One step for all lanes, with the round's function of b, c and d. */
#define STEP(mix, a, b, c, d, word, number, shift)                                                 \
	do {                                                                                       \
		a += (mix) + words[word].lanes + sines[number];                                    \
		a = (a << (shift)) | (a >> (32 - (shift)));                                        \
		a += b;                                                                            \
	} while (0)
#define MIX_1(b, c, d) ((d) ^ ((b) & ((c) ^ (d))))
#define MIX_2(b, c, d) ((c) ^ ((d) & ((b) ^ (c))))
#define MIX_3(b, c, d) ((b) ^ (c) ^ (d))
#define MIX_4(b, c, d) ((c) ^ ((b) | ~(d)))

/* Four steps, after which each of a, b, c and d stands where it stood. */
#define STEPS(MIX, place, stride, from, one, two, three, four)                                     \
	do {                                                                                       \
		const int at = (from);                                                             \
		STEP(MIX(b, c, d), a, b, c, d, (place)&15, at, one);                               \
		STEP(MIX(a, b, c), d, a, b, c, ((place) + (stride)) & 15, at + 1, two);            \
		STEP(MIX(d, a, b), c, d, a, b, ((place) + 2 * (stride)) & 15, at + 2, three);      \
		STEP(MIX(c, d, a), b, c, d, a, ((place) + 3 * (stride)) & 15, at + 3, four);       \
	} while (0)

static inline __attribute__((always_inline)) void
hash_block(struct vector state[4], const struct vector *words, const struct vector *has_block)
{
	uint32_t __attribute__((vector_size(4 * LANES))) a = state[0].lanes, b = state[1].lanes,
							 c = state[2].lanes, d = state[3].lanes;

#pragma GCC unroll 4
	for (int i = 0; i < WORDS; i += 4)
		STEPS(MIX_1, i, 1, i, 7, 12, 17, 22);
#pragma GCC unroll 4
	for (int i = 0; i < WORDS; i += 4)
		STEPS(MIX_2, 1 + 5 * i, 5, 16 + i, 5, 9, 14, 20);
#pragma GCC unroll 4
	for (int i = 0; i < WORDS; i += 4)
		STEPS(MIX_3, 5 + 3 * i, 3, 32 + i, 4, 11, 16, 23);
#pragma GCC unroll 4
	for (int i = 0; i < WORDS; i += 4)
		STEPS(MIX_4, 7 * i, 7, 48 + i, 6, 10, 15, 21);
	state[0].lanes += a & has_block->lanes;
	state[1].lanes += b & has_block->lanes;
	state[2].lanes += c & has_block->lanes;
	state[3].lanes += d & has_block->lanes;
}

static inline __attribute__((always_inline)) void hash_lanes(const struct lane *lanes, size_t count,
							     size_t block_count, uint8_t (*out)[16])
{
	struct vector state[4] = {0};
	struct vector words[WORDS], has_block;
	uint32_t digests[4][LANES];

	state[0].lanes += 0x67452301;
	state[1].lanes += 0xefcdab89;
	state[2].lanes += 0x98badcfe;
	state[3].lanes += 0x10325476;
	for (size_t block = 0; block < block_count; block++) {
		const char *places[LANES];
		for (size_t i = 0; i < LANES; i++) {
			const struct lane *lane = &lanes[i < count ? i : 0];
			bool is_there = i < count && block < lane->block_count;
			has_block.lanes[i] = is_there ? UINT32_MAX : 0;
			places[i] = block < lane->whole_count ? lane->data + block * BLOCK_SIZE
				    : is_there
					    ? lane->tail + (block - lane->whole_count) * BLOCK_SIZE
					    : lane->tail;
		}
		for (size_t word = 0; word < WORDS; word++) {
			uint32_t row[LANES];
			for (size_t i = 0; i < LANES; i++)
				memcpy(&row[i], places[i] + 4 * word, 4);
			memcpy(&words[word], row, sizeof(row));
		}
		hash_block(state, words, &has_block);
	}
	memcpy(digests, state, sizeof(digests));
	for (size_t i = 0; i < count; i++)
		for (size_t part = 0; part < 4; part++)
			memcpy(out[i] + 4 * part, &digests[part][i], 4);
}

__attribute__((target("avx2"))) static void hash(const struct lane *lanes, size_t count,
						 size_t block_count, uint8_t (*out)[16])
{
	hash_lanes(lanes, count, block_count, out);
}

static bool has_lanes(void)
{
	return __builtin_cpu_supports("avx2");
}

#else

static bool has_lanes(void)
{
	return false;
}

static void hash(const struct lane *lanes, size_t count, size_t block_count, uint8_t (*out)[16])
{
	(void)lanes, (void)count, (void)block_count, (void)out;
	check(false);
}

#endif

/* Up to LANES texts. A block of all lanes costs about as much as three of one text alone. */
static void md5_group(const struct str *texts, size_t count, uint8_t (*out)[16])
{
	struct lane lanes[LANES];
	size_t block_count = 0, sum = 0;

	for (size_t i = 0; i < count; i++) {
		lane_init(&lanes[i], texts[i]);
		sum += lanes[i].block_count;
		if (lanes[i].block_count > block_count)
			block_count = lanes[i].block_count;
	}
	if (has_lanes() && sum > 3 * block_count) {
		hash(lanes, count, block_count, out);
		return;
	}
	for (size_t i = 0; i < count; i++)
		md5(texts[i], out[i]);
}

void md5_many(const struct str *texts, size_t count, uint8_t (*out)[16])
{
	for (size_t i = 0; i < count; i += LANES)
		md5_group(texts + i, count - i < LANES ? count - i : LANES, out + i);
}
