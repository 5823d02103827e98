/* SPDX-License-Identifier: MIT */
/*
 * metric: a bin is the sign, exponent and first METRIC_BIN_DIGITS digits of a double, rounded. As
 * the bits of positive doubles ascend with their values, so do places; those of negative ones are
 * the same places below zero.
 */
#include "metric/metric.h"

#include <stdlib.h>

enum { DROPPED_BITS = 52 - METRIC_BIN_DIGITS };

/* ---- keys ---- */

static const struct metric_dimension *find(const struct metric_key *key, struct str name)
{
	for (size_t i = 0; i < key->dimension_count; i++)
		if (str_equal(key->dimensions[i].name, name))
			return &key->dimensions[i];
	return NULL;
}

static bool has_dimensions_of(const struct metric_key *a, const struct metric_key *b)
{
	if (a->dimension_count != b->dimension_count)
		return false;
	for (size_t i = 0; i < a->dimension_count; i++) {
		const struct metric_dimension *one = &a->dimensions[i], *other = &b->dimensions[i];
		if (!str_equal(one->name, other->name))
			other = find(b, one->name);
		if (!other || !str_equal(one->value, other->value))
			return false;
	}
	return true;
}

bool metric_key_is_metric(const struct metric_key *a, const struct metric_key *b)
{
	return str_equal(a->name, b->name) && str_equal(a->account, b->account) &&
	       str_equal(a->region, b->region) && str_equal(a->name_space, b->name_space) &&
	       has_dimensions_of(a, b);
}

static int compare_dimensions(const struct metric_key *a, const struct metric_key *b)
{
	for (size_t i = 0; i < a->dimension_count && i < b->dimension_count; i++) {
		int order = str_compare(a->dimensions[i].name, b->dimensions[i].name);
		if (order == 0)
			order = str_compare(a->dimensions[i].value, b->dimensions[i].value);
		if (order != 0)
			return order;
	}
	return (a->dimension_count > b->dimension_count) -
	       (a->dimension_count < b->dimension_count);
}

int metric_key_compare(const struct metric_key *a, const struct metric_key *b)
{
	int order = str_compare(a->account, b->account);

	if (order == 0)
		order = str_compare(a->region, b->region);
	if (order == 0)
		order = str_compare(a->name_space, b->name_space);
	if (order == 0)
		order = str_compare(a->name, b->name);
	if (order == 0)
		order = compare_dimensions(a, b);
	return order ? order : str_compare(a->unit, b->unit);
}

static int by_name(const void *left, const void *right)
{
	const struct metric_dimension *a = left, *b = right;

	return str_compare(a->name, b->name);
}

static void visit(struct metric_key *key, struct metric_dimension *dimensions,
		  pack_visit_fn visit_text, void *context)
{
	for (size_t i = 0; i < key->dimension_count; i++) {
		visit_text(context, &dimensions[i].name);
		visit_text(context, &dimensions[i].value);
	}
	visit_text(context, &key->account);
	visit_text(context, &key->region);
	visit_text(context, &key->name_space);
	visit_text(context, &key->name);
	visit_text(context, &key->unit);
}

struct metric_key *metric_key_new(const struct metric_key *key)
{
	struct metric_key copy = *key;
	size_t array = key->dimension_count * sizeof(*key->dimensions), texts = 0;

	if (copy.unit.size == 0)
		copy.unit = STR("None");
	visit(&copy, (struct metric_dimension *)(uintptr_t)key->dimensions, pack_size, &texts);
	struct metric_key *packed = heap_alloc(sizeof(*packed) + array + texts);
	*packed = copy;
	char *end = (char *)(packed + 1);
	struct metric_dimension *dimensions = pack_array(&end, key->dimensions, array);
	packed->dimensions = dimensions;
	if (array > 0)
		qsort(dimensions, key->dimension_count, sizeof(*dimensions), by_name);
	visit(packed, dimensions, pack_text, &end);
	return packed;
}

uint64_t metric_key_hash(const struct metric_key *key)
{
	uint64_t hash = str_hash(key->name) ^ str_hash(key->account) * 3;

	for (size_t i = 0; i < key->dimension_count; i++)
		hash += str_hash(key->dimensions[i].value) * (key->dimensions[i].name.size | 1);
	return hash * UINT64_C(0x9e3779b97f4a7c15);
}

/* ---- bins ---- */

int32_t metric_bin_place(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	uint64_t size = bits & (UINT64_MAX >> 1);
	int32_t place = (int32_t)((size + (UINT64_C(1) << (DROPPED_BITS - 1))) >> DROPPED_BITS);
	return bits >> 63 ? -place : place;
}

double metric_bin_value(int32_t place)
{
	uint64_t size = (uint64_t)(place < 0 ? -(int64_t)place : place) << DROPPED_BITS;
	double value;

	memcpy(&value, &size, sizeof(value));
	return place < 0 ? -value : value;
}

int32_t metric_bin_widen(int32_t place, unsigned digits)
{
	unsigned shift = METRIC_BIN_DIGITS - digits;
	int32_t size = place < 0 ? -place : place;

	check(digits <= METRIC_BIN_DIGITS);
	if (shift > 0)
		size = (size + (1 << (shift - 1))) >> shift << shift;
	return place < 0 ? -size : size;
}

/* Joins neighbours whose places have become equal. */
static size_t join_bins(struct metric_bin *bins, size_t count, unsigned digits)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		int32_t place = metric_bin_widen(bins[i].place, digits);
		if (kept > 0 && bins[kept - 1].place == place)
			bins[kept - 1].count += bins[i].count;
		else
			bins[kept++] = (struct metric_bin){place, bins[i].count};
	}
	return kept;
}

/* ---- points ---- */

struct metric_point metric_point_of(int64_t time_s, double value, double count)
{
	return (struct metric_point){
		.time_s = time_s, .count = count, .sum = value * count, .min = value, .max = value};
}

/* The bins of a point whose samples are known; *one is the room for a single one. */
static const struct metric_bin *bins_of(const struct metric_point *point, struct metric_bin *one,
					size_t *out_count)
{
	if (point->bins) {
		*out_count = point->bin_count;
		return point->bins;
	}
	*one = (struct metric_bin){metric_bin_place(point->min), point->count};
	*out_count = 1;
	return one;
}

static void merge_bins(struct arena *arena, struct metric_point *point,
		       const struct metric_point *more)
{
	struct metric_bin one, other;
	size_t a_count, b_count, a = 0, b = 0, count = 0;
	const struct metric_bin *left = bins_of(point, &one, &a_count);
	const struct metric_bin *right = bins_of(more, &other, &b_count);
	struct metric_bin *bins = arena_array(arena, struct metric_bin, a_count + b_count);

	while (a < a_count || b < b_count) {
		bool takes_right = a == a_count || (b < b_count && right[b].place < left[a].place);
		struct metric_bin next = takes_right ? right[b++] : left[a++];
		if (count > 0 && bins[count - 1].place == next.place)
			bins[count - 1].count += next.count;
		else
			bins[count++] = next;
	}
	for (unsigned digits = METRIC_BIN_DIGITS; count > LIMIT_METRIC_BINS && digits-- > 0;)
		count = join_bins(bins, count, digits);
	/* Values of all magnitudes at once: percentiles of these mean little. */
	point->bins = count > LIMIT_METRIC_BINS ? NULL : bins;
	point->bin_count = point->bins ? count : 0;
}

void metric_point_add(struct arena *arena, struct metric_point *point,
		      const struct metric_point *more)
{
	if (metric_point_is_empty(more))
		return;
	if (metric_point_is_empty(point)) {
		int64_t time_s = point->time_s;
		*point = *more;
		point->time_s = time_s;
		return;
	}
	bool is_same = !point->bins && !more->bins && point->min == point->max &&
		       more->min == more->max && point->min == more->min;
	if (!metric_point_has_samples(point) || !metric_point_has_samples(more)) {
		point->bins = NULL;
		point->bin_count = 0;
	} else if (!is_same) {
		merge_bins(arena, point, more);
	}
	point->count += more->count;
	point->sum += more->sum;
	point->min = more->min < point->min ? more->min : point->min;
	point->max = more->max > point->max ? more->max : point->max;
}

void metric_point_widen(struct arena *arena, struct metric_point *point, unsigned digits)
{
	if (!point->bins)
		return;
	struct metric_bin *bins = arena_array(arena, struct metric_bin, point->bin_count);
	memcpy(bins, point->bins, point->bin_count * sizeof(*bins));
	point->bin_count = join_bins(bins, point->bin_count, digits);
	point->bins = bins;
}
