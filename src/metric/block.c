/* SPDX-License-Identifier: MIT */
/*
 * block: the number of points, runs of consecutive steps, the kinds of points (rows.h), then the
 * columns: sums of all, counts and minima of those that are not single, maxima and bins.
 */
#include "metric/block.h"

#include "metric/column.h"
#include "metric/rows.h"

static bool has_count(enum metric_kind kind)
{
	return kind == METRIC_SAME || kind == METRIC_SET || kind == METRIC_BINS;
}

static bool has_max(enum metric_kind kind)
{
	return kind == METRIC_SET || kind == METRIC_BINS;
}

/* ---- writing ---- */

static void append_times(struct buf *out, uint32_t step_s, int64_t span_s,
			 const struct metric_point *points, size_t count)
{
	int64_t next_s = span_s;

	for (size_t i = 0; i < count;) {
		size_t end = i + 1;
		while (end < count &&
		       points[end].time_s == points[i].time_s + (int64_t)(end - i) * step_s)
			end++;
		check(points[i].time_s >= next_s);
		bytes_append_varint(out, (uint64_t)((points[i].time_s - next_s) / step_s));
		bytes_append_varint(out, end - i);
		next_s = points[end - 1].time_s + step_s;
		i = end;
	}
}

/* Runs of points of the same kind. */
static void append_kinds(struct buf *out, const enum metric_kind *kinds, size_t count)
{
	for (size_t i = 0; i < count;) {
		size_t end = i + 1;
		while (end < count && kinds[end] == kinds[i])
			end++;
		bytes_append_varint(out, (uint64_t)(end - i) * METRIC_KINDS + kinds[i]);
		i = end;
	}
}

void metric_block_append(struct buf *out, uint32_t step_s, int64_t span_s,
			 const struct metric_point *points, size_t count)
{
	struct arena arena;

	check(count > 0);
	check(count <= METRIC_BLOCK_POINTS);
	arena_init(&arena);
	enum metric_kind *kinds = arena_array(&arena, enum metric_kind, count);
	double *sums = arena_array(&arena, double, count);
	double *counts = arena_array(&arena, double, count);
	double *minima = arena_array(&arena, double, count);
	double *maxima = arena_array(&arena, double, count);
	size_t counted = 0, with_max = 0;
	for (size_t i = 0; i < count; i++) {
		kinds[i] = metric_kind_of(&points[i]);
		sums[i] = points[i].sum;
		if (has_count(kinds[i])) {
			counts[counted] = points[i].count;
			minima[counted++] = points[i].min;
		}
		if (has_max(kinds[i]))
			maxima[with_max++] = points[i].max;
	}
	bytes_append_varint(out, count);
	append_times(out, step_s, span_s, points, count);
	append_kinds(out, kinds, count);
	metric_column_append(out, &arena, sums, count);
	metric_column_append(out, &arena, counts, counted);
	metric_column_append(out, &arena, minima, counted);
	metric_column_append(out, &arena, maxima, with_max);
	for (size_t i = 0; i < count; i++)
		if (kinds[i] == METRIC_BINS)
			metric_bins_append(out, points[i].bins, points[i].bin_count);
	arena_done(&arena);
}

/* ---- reading ---- */

static bool read_times(struct byte_reader *reader, uint32_t step_s, int64_t span_s,
		       struct metric_point *points, size_t count)
{
	int64_t next_s = span_s;

	for (size_t i = 0; i < count;) {
		uint64_t gap = byte_reader_varint(reader), run = byte_reader_varint(reader);
		if (reader->is_short || gap > UINT32_MAX || run == 0 || run > count - i)
			return false;
		next_s += (int64_t)gap * step_s;
		for (uint64_t j = 0; j < run; j++, next_s += step_s)
			points[i++].time_s = next_s;
	}
	return true;
}

static bool read_kinds(struct byte_reader *reader, enum metric_kind *kinds, size_t count)
{
	for (size_t i = 0; i < count;) {
		uint64_t coded = byte_reader_varint(reader), run = coded / METRIC_KINDS;
		if (reader->is_short || run == 0 || run > count - i)
			return false;
		while (run-- > 0)
			kinds[i++] = coded % METRIC_KINDS;
	}
	return true;
}

struct columns {
	double *sums, *counts, *minima, *maxima;
};

static bool read_columns(struct byte_reader *reader, struct arena *arena,
			 const enum metric_kind *kinds, size_t count, struct columns *columns)
{
	size_t counted = 0, with_max = 0;

	for (size_t i = 0; i < count; i++) {
		counted += has_count(kinds[i]);
		with_max += has_max(kinds[i]);
	}
	columns->sums = arena_array(arena, double, count);
	columns->counts = arena_array(arena, double, counted);
	columns->minima = arena_array(arena, double, counted);
	columns->maxima = arena_array(arena, double, with_max);
	return metric_column_read(reader, columns->sums, count) &&
	       metric_column_read(reader, columns->counts, counted) &&
	       metric_column_read(reader, columns->minima, counted) &&
	       metric_column_read(reader, columns->maxima, with_max);
}

static bool fill(struct byte_reader *reader, struct arena *arena, const enum metric_kind *kinds,
		 const struct columns *columns, struct metric_point *points, size_t count)
{
	size_t counted = 0, with_max = 0;

	for (size_t i = 0; i < count; i++) {
		struct metric_point *point = &points[i];
		enum metric_kind kind = kinds[i];
		point->sum = columns->sums[i];
		point->count = kind == METRIC_ONES ? point->sum : 1;
		point->min = point->max = kind == METRIC_ONES ? 1 : point->sum;
		if (has_count(kind)) {
			point->count = columns->counts[counted];
			point->min = point->max = columns->minima[counted++];
		}
		if (has_max(kind))
			point->max = columns->maxima[with_max++];
		if (kind == METRIC_BINS) {
			point->bins = metric_bins_read(reader, arena, &point->bin_count);
			if (!point->bins)
				return false;
		}
	}
	return byte_reader_is_done(reader);
}

enum err metric_block_read(struct str bytes, uint32_t step_s, int64_t span_s, struct arena *arena,
			   struct metric_point **out_points, size_t *out_count)
{
	struct byte_reader reader = byte_reader_of(bytes);
	uint64_t count = byte_reader_varint(&reader);
	struct columns columns;

	if (reader.is_short || count == 0 || count > METRIC_BLOCK_POINTS)
		return ERR_DAMAGED;
	struct metric_point *points = arena_array(arena, struct metric_point, count);
	enum metric_kind *kinds = arena_array(arena, enum metric_kind, count);
	if (!read_times(&reader, step_s, span_s, points, count) ||
	    !read_kinds(&reader, kinds, count) ||
	    !read_columns(&reader, arena, kinds, count, &columns) ||
	    !fill(&reader, arena, kinds, &columns, points, count))
		return ERR_DAMAGED;
	*out_points = points;
	*out_count = count;
	return ERR_OK;
}
