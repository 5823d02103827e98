/* SPDX-License-Identifier: MIT */
/*
 * bench_histogram: counts of times, precise to 1 % at any size, in fixed memory.
 *
 * Zero-initialised is empty and valid. One owning thread.
 */
#ifndef TERN_CLI_BENCH_HISTOGRAM_H
#define TERN_CLI_BENCH_HISTOGRAM_H

#include <stdint.h>

#define BENCH_HISTOGRAM_BITS 7	      /* 128 steps an octave: an error below 1/128 */
#define BENCH_HISTOGRAM_VALUE_BITS 40 /* up to 2^40 ns, which is 18 minutes */
#define BENCH_HISTOGRAM_BUCKETS                                                                    \
	((BENCH_HISTOGRAM_VALUE_BITS - BENCH_HISTOGRAM_BITS + 1) << BENCH_HISTOGRAM_BITS)

struct bench_histogram {
	uint64_t counts[BENCH_HISTOGRAM_BUCKETS];
	uint64_t total;
	uint64_t sum_ns;
	uint64_t max_ns;
};

/* Values above the range count as its largest; max_ns and sum_ns keep them as they are. */
void bench_histogram_add(struct bench_histogram *histogram, uint64_t value_ns);

/*
 * The smallest recorded time that `fraction` (0 to 1) of all times do not exceed, rounded up to the
 * end of its bucket but not above max_ns. 0 if nothing was recorded.
 */
uint64_t bench_histogram_quantile(const struct bench_histogram *histogram, double fraction);

#endif
