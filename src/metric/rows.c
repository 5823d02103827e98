/* SPDX-License-Identifier: MIT */
/*
 * rows: a row is the step as a difference and the kind in one number, then the numbers of the kind.
 * A whole number is its difference to the state's sum, shifted left by one; another one is a byte 1
 * and its eight bytes.
 */
#include "metric/rows.h"

enum { WHOLE_BITS = 52 };

bool metric_is_whole(double value)
{
	const double most = (double)(INT64_C(1) << WHOLE_BITS);

	return value >= -most && value <= most && value == (double)(int64_t)value;
}

enum metric_kind metric_kind_of(const struct metric_point *point)
{
	if (point->bins)
		return METRIC_BINS;
	if (point->min != point->max || point->sum != point->min * point->count)
		return METRIC_SET;
	if (point->count == 1)
		return METRIC_SINGLE;
	return point->min == 1 ? METRIC_ONES : METRIC_SAME;
}

/* ---- writing ---- */

static void append_number(struct buf *out, int64_t base, double value)
{
	if (metric_is_whole(value)) {
		bytes_append_varint(out, metric_zigzag((int64_t)value - base) << 1);
		return;
	}
	uint64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	bytes_append_u8(out, 1);
	bytes_append_u64(out, bits);
}

void metric_bins_append(struct buf *out, const struct metric_bin *bins, size_t count)
{
	int64_t place = 0;

	bytes_append_varint(out, count);
	for (size_t i = 0; i < count; i++) {
		bytes_append_varint(out, metric_zigzag(bins[i].place - place));
		append_number(out, 0, bins[i].count);
		place = bins[i].place;
	}
}

void metric_row_append(struct buf *out, struct metric_row_state *state, uint32_t step_s,
		       const struct metric_point *point)
{
	enum metric_kind kind = metric_kind_of(point);
	int64_t steps = (point->time_s - state->time_s) / step_s;

	check(point->time_s % step_s == 0);
	bytes_append_varint(out, metric_zigzag(steps) * METRIC_KINDS + kind);
	state->time_s = point->time_s;
	append_number(out, state->sum, point->sum);
	if (metric_is_whole(point->sum))
		state->sum = (int64_t)point->sum;
	if (kind == METRIC_SINGLE || kind == METRIC_ONES)
		return;
	append_number(out, 0, point->count);
	append_number(out, 0, point->min);
	if (kind == METRIC_SAME)
		return;
	append_number(out, 0, point->max);
	if (kind == METRIC_BINS)
		metric_bins_append(out, point->bins, point->bin_count);
}

/* ---- reading ---- */

static double read_number(struct byte_reader *reader, int64_t base)
{
	uint64_t coded = byte_reader_varint(reader);
	double value;

	if (!(coded & 1))
		return (double)(int64_t)((uint64_t)base + (uint64_t)metric_unzigzag(coded >> 1));
	uint64_t bits = byte_reader_u64(reader);
	memcpy(&value, &bits, sizeof(value));
	return value;
}

const struct metric_bin *metric_bins_read(struct byte_reader *reader, struct arena *arena,
					  size_t *out_count)
{
	uint64_t count = byte_reader_varint(reader);
	int64_t place = 0;

	if (reader->is_short || count == 0 || count > 2 * LIMIT_METRIC_BINS) {
		reader->is_short = true;
		return NULL;
	}
	struct metric_bin *bins = arena_array(arena, struct metric_bin, count);
	for (size_t i = 0; i < count; i++) {
		int64_t next = (int64_t)((uint64_t)place +
					 (uint64_t)metric_unzigzag(byte_reader_varint(reader)));
		bool is_next = i == 0 || next > place;
		if (!is_next || next > INT32_MAX || next < -INT32_MAX)
			reader->is_short = true;
		place = next;
		bins[i] = (struct metric_bin){(int32_t)next, read_number(reader, 0)};
		if (reader->is_short)
			return NULL;
	}
	*out_count = (size_t)count;
	return bins;
}

static void read_rest(struct byte_reader *reader, struct arena *arena, enum metric_kind kind,
		      struct metric_point *point)
{
	if (kind == METRIC_SINGLE || kind == METRIC_ONES) {
		point->count = kind == METRIC_SINGLE ? 1 : point->sum;
		point->min = point->max = kind == METRIC_SINGLE ? point->sum : 1;
		return;
	}
	point->count = read_number(reader, 0);
	point->min = point->max = read_number(reader, 0);
	if (kind == METRIC_SAME)
		return;
	point->max = read_number(reader, 0);
	if (kind == METRIC_BINS)
		point->bins = metric_bins_read(reader, arena, &point->bin_count);
}

bool metric_row_next(struct byte_reader *reader, struct metric_row_state *state, uint32_t step_s,
		     struct arena *arena, struct metric_point *out_point)
{
	struct metric_point point = {0};

	if (reader->rest.size == 0)
		return false;
	uint64_t first = byte_reader_varint(reader);
	int64_t steps = metric_unzigzag(first / METRIC_KINDS);
	/* Dates of more than 30,000 years are damage, and the sums below do not overflow. */
	if (steps > INT64_C(1) << 40 || steps < -(INT64_C(1) << 40) ||
	    state->time_s > INT64_C(1) << 40 || state->time_s < -(INT64_C(1) << 40))
		reader->is_short = true;
	if (reader->is_short)
		return false;
	point.time_s = state->time_s + steps * step_s;
	point.sum = read_number(reader, state->sum);
	read_rest(reader, arena, (enum metric_kind)(first % METRIC_KINDS), &point);
	if (reader->is_short)
		return false;
	state->time_s = point.time_s;
	if (metric_is_whole(point.sum))
		state->sum = (int64_t)point.sum;
	*out_point = point;
	return true;
}
