/* SPDX-License-Identifier: MIT */
/*
 * column: a byte with the scale and the predictor, the base, then the bits of all codes. A code is
 * its upper part in ones and a zero, then its lower bits; a larger one than ESCAPE is ESCAPE ones
 * and 64 bits. A block of zeros has the parameter ZEROS and no codes.
 */
#include "metric/column.h"

#include <math.h>

enum { SCALES = 5, BLOCK = 64, ESCAPE = 24, PARAMETER_BITS = 6, ZEROS = 63, RAW = 15 };

enum predictor { FROM_LEAST, FROM_LAST, FROM_LINE, PREDICTORS };

static const double scales[SCALES] = {1, 10, 100, 1000, 10000};

/* ---- bits ---- */

struct bits {
	struct buf *out;
	uint64_t held;
	unsigned count; /* bits held, less than 8 between calls */
};

static void put_bits(struct bits *bits, uint64_t value, unsigned count)
{
	while (count > 0) {
		unsigned part = count < 32 ? count : 32;
		bits->held |= (value & ((UINT64_C(1) << part) - 1)) << bits->count;
		bits->count += part;
		for (; bits->count >= 8; bits->count -= 8, bits->held >>= 8)
			buf_append_char(bits->out, (char)bits->held);
		value = part == 64 ? 0 : value >> part;
		count -= part;
	}
}

static void flush_bits(struct bits *bits)
{
	if (bits->count > 0)
		buf_append_char(bits->out, (char)bits->held);
}

struct bit_reader {
	struct byte_reader *bytes;
	uint64_t held;
	unsigned count;
};

static uint64_t take_bits(struct bit_reader *bits, unsigned count)
{
	uint64_t value = 0;

	for (unsigned done = 0; done < count;) {
		if (bits->count == 0) {
			bits->held = byte_reader_u8(bits->bytes);
			bits->count = 8;
		}
		unsigned part = count - done < bits->count ? count - done : bits->count;
		value |= (bits->held & ((UINT64_C(1) << part) - 1)) << done;
		bits->held >>= part;
		bits->count -= part;
		done += part;
	}
	return value;
}

/* ---- codes ---- */

static uint64_t zigzag(uint64_t value)
{
	return value << 1 ^ (uint64_t)((int64_t)value >> 63);
}

static uint64_t unzigzag(uint64_t value)
{
	return value >> 1 ^ (0 - (value & 1));
}

static uint64_t cost_of(const uint64_t *codes, size_t count, unsigned parameter)
{
	uint64_t cost = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t upper = codes[i] >> parameter;
		cost += upper < ESCAPE ? upper + 1 + parameter : ESCAPE + 64;
	}
	return cost;
}

/* The parameter with the fewest bits; ZEROS if there is nothing to write. */
static unsigned choose(const uint64_t *codes, size_t count, uint64_t *out_cost)
{
	uint64_t sum = 0, any = 0;

	for (size_t i = 0; i < count; i++) {
		sum += codes[i] >> 16 > UINT32_MAX ? UINT64_C(1) << 48 : codes[i];
		any |= codes[i];
	}
	*out_cost = 0;
	if (any == 0)
		return ZEROS;
	uint64_t mean = sum / count;
	unsigned middle = mean > 0 ? 63 - (unsigned)__builtin_clzll(mean) : 0, best = middle;
	*out_cost = UINT64_MAX;
	for (unsigned parameter = middle > 0 ? middle - 1 : 0; parameter <= middle + 1;
	     parameter++) {
		uint64_t cost = cost_of(codes, count, parameter);
		if (cost < *out_cost) {
			*out_cost = cost;
			best = parameter;
		}
	}
	return best;
}

static void put_block(struct bits *bits, const uint64_t *codes, size_t count)
{
	uint64_t cost;
	unsigned parameter = choose(codes, count, &cost);

	put_bits(bits, parameter, PARAMETER_BITS);
	for (size_t i = 0; parameter != ZEROS && i < count; i++) {
		uint64_t upper = codes[i] >> parameter;
		if (upper >= ESCAPE) {
			put_bits(bits, (UINT64_C(1) << ESCAPE) - 1, ESCAPE);
			put_bits(bits, codes[i], 64);
			continue;
		}
		put_bits(bits, (UINT64_C(1) << upper) - 1, (unsigned)upper + 1);
		put_bits(bits, codes[i], parameter);
	}
}

/* ---- prediction ---- */

/* Sums wrap around in the same way when the column is read. */
static uint64_t predict(enum predictor predictor, uint64_t base, const uint64_t *numbers, size_t at)
{
	if (predictor == FROM_LEAST || at == 0)
		return base;
	if (predictor == FROM_LAST || at == 1)
		return numbers[at - 1];
	return 2 * numbers[at - 1] - numbers[at - 2];
}

static void make_codes(enum predictor predictor, uint64_t base, const uint64_t *numbers,
		       size_t count, uint64_t *out)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t rest = numbers[i] - predict(predictor, base, numbers, i);
		out[i] = predictor == FROM_LEAST ? rest : zigzag(rest);
	}
}

static uint64_t total_cost(const uint64_t *codes, size_t count)
{
	uint64_t total = 0, cost;

	for (size_t i = 0; i < count; i += BLOCK) {
		(void)choose(codes + i, count - i < BLOCK ? count - i : BLOCK, &cost);
		total += cost;
	}
	return total;
}

/* ---- columns ---- */

static bool scale(const double *values, size_t count, double factor, uint64_t *out)
{
	const double most = 0x1p50;

	for (size_t i = 0; i < count; i++) {
		double number = nearbyint(values[i] * factor);
		if (!(fabs(number) < most) || number / factor != values[i] ||
		    (number == 0 && signbit(values[i])))
			return false;
		out[i] = (uint64_t)(int64_t)number;
	}
	return true;
}

static void append_raw(struct buf *out, const double *values, size_t count)
{
	bytes_append_u8(out, RAW);
	for (size_t i = 0; i < count; i++) {
		uint64_t bits;
		memcpy(&bits, &values[i], sizeof(bits));
		bytes_append_u64(out, bits);
	}
}

void metric_column_append(struct buf *out, struct arena *arena, const double *values, size_t count)
{
	uint64_t *numbers = arena_array(arena, uint64_t, count);
	uint64_t *codes[PREDICTORS], least = 0, best_cost = UINT64_MAX;
	struct bits bits = {.out = out};
	unsigned at = 0, best = 0;

	if (count == 0)
		return;
	while (at < SCALES && !scale(values, count, scales[at], numbers))
		at++;
	if (at == SCALES) {
		append_raw(out, values, count);
		return;
	}
	least = numbers[0];
	for (size_t i = 1; i < count; i++)
		least = (int64_t)numbers[i] < (int64_t)least ? numbers[i] : least;
	for (unsigned i = 0; i < PREDICTORS; i++) {
		codes[i] = arena_array(arena, uint64_t, count);
		make_codes(i, i == FROM_LEAST ? least : numbers[0], numbers, count, codes[i]);
		uint64_t cost = total_cost(codes[i], count);
		if (cost < best_cost) {
			best_cost = cost;
			best = i;
		}
	}
	bytes_append_u8(out, (uint8_t)(at | best << 4));
	bytes_append_varint(out, zigzag(best == FROM_LEAST ? least : numbers[0]));
	for (size_t i = 0; i < count; i += BLOCK)
		put_block(&bits, codes[best] + i, count - i < BLOCK ? count - i : BLOCK);
	flush_bits(&bits);
}

static uint64_t take_code(struct bit_reader *bits, unsigned parameter)
{
	uint64_t upper = 0;

	while (upper < ESCAPE && take_bits(bits, 1))
		upper++;
	if (upper == ESCAPE)
		return take_bits(bits, 64);
	return upper << parameter | take_bits(bits, parameter);
}

static bool read_raw(struct byte_reader *reader, double *out, size_t count)
{
	for (size_t i = 0; i < count && !reader->is_short; i++) {
		uint64_t bits = byte_reader_u64(reader);
		memcpy(&out[i], &bits, sizeof(bits));
	}
	return !reader->is_short;
}

bool metric_column_read(struct byte_reader *reader, double *out, size_t count)
{
	struct bit_reader bits = {.bytes = reader};
	unsigned parameter = ZEROS;
	uint64_t before[2] = {0};

	if (count == 0)
		return true;
	uint8_t head = byte_reader_u8(reader);
	enum predictor predictor = head >> 4;
	if (head == RAW)
		return read_raw(reader, out, count);
	if ((head & 15) >= SCALES || predictor >= PREDICTORS)
		return false;
	uint64_t base = unzigzag(byte_reader_varint(reader));
	for (size_t i = 0; i < count; i++) {
		if (i % BLOCK == 0)
			parameter = (unsigned)take_bits(&bits, PARAMETER_BITS);
		uint64_t code = parameter == ZEROS ? 0 : take_code(&bits, parameter);
		if (reader->is_short)
			return false;
		uint64_t expected = predictor == FROM_LEAST || i == 0  ? base
				    : predictor == FROM_LAST || i == 1 ? before[0]
								       : 2 * before[0] - before[1];
		uint64_t number = expected + (predictor == FROM_LEAST ? code : unzigzag(code));
		before[1] = before[0];
		before[0] = number;
		out[i] = (double)(int64_t)number / scales[head & 15];
	}
	return true;
}
