/* SPDX-License-Identifier: MIT */
/*
 * Buckets: the first 128 hold one value each; every octave above is divided into 128 equal steps.
 * So a bucket's index is found with one count of leading zeros and a shift.
 */
#include "bench_histogram.h"

#define STEPS (UINT64_C(1) << BENCH_HISTOGRAM_BITS)
#define VALUE_MAX ((UINT64_C(1) << BENCH_HISTOGRAM_VALUE_BITS) - 1)

static uint64_t bucket_index(uint64_t value)
{
	if (value < STEPS)
		return value;
	uint64_t shift = 63 - (uint64_t)__builtin_clzll(value) - BENCH_HISTOGRAM_BITS;

	return (shift << BENCH_HISTOGRAM_BITS) + (value >> shift);
}

/* The largest value that belongs to the bucket. */
static uint64_t bucket_end(uint64_t index)
{
	if (index < 2 * STEPS)
		return index;
	uint64_t shift = (index >> BENCH_HISTOGRAM_BITS) - 1;
	uint64_t first = (index - (shift << BENCH_HISTOGRAM_BITS)) << shift;

	return first + (UINT64_C(1) << shift) - 1;
}

void bench_histogram_add(struct bench_histogram *histogram, uint64_t value_ns)
{
	histogram->counts[bucket_index(value_ns < VALUE_MAX ? value_ns : VALUE_MAX)]++;
	histogram->total++;
	histogram->sum_ns += value_ns;
	if (value_ns > histogram->max_ns)
		histogram->max_ns = value_ns;
}

uint64_t bench_histogram_quantile(const struct bench_histogram *histogram, double fraction)
{
	if (histogram->total == 0)
		return 0;
	double exact = fraction * (double)histogram->total;
	uint64_t rank = (uint64_t)exact;

	if ((double)rank < exact || rank == 0)
		rank++;
	uint64_t seen = 0;
	for (uint64_t i = 0; i < BENCH_HISTOGRAM_BUCKETS; i++) {
		seen += histogram->counts[i];
		if (seen >= rank) {
			uint64_t end = bucket_end(i);
			return end < histogram->max_ns ? end : histogram->max_ns;
		}
	}
	return histogram->max_ns;
}
