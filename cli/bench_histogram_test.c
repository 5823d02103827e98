/* SPDX-License-Identifier: MIT */
/* Tests of bench_histogram: its precision, its ends, and quantiles against sorted values. */
#include <stdlib.h>

#include "base/fixture.h"
#include "bench_histogram.h"

static struct bench_histogram histogram;

static int setup(void **state)
{
	(void)state;
	histogram = (struct bench_histogram){0};
	return 0;
}

static void test_histogram_of_nothing_is_zero(void **state)
{
	(void)state;

	assert_int_equal(bench_histogram_quantile(&histogram, 0.5), 0);
	assert_int_equal(histogram.max_ns, 0);
}

static void test_histogram_one_value_is_every_quantile(void **state)
{
	(void)state;

	bench_histogram_add(&histogram, 123456789);
	assert_int_equal(bench_histogram_quantile(&histogram, 0), 123456789);
	assert_int_equal(bench_histogram_quantile(&histogram, 0.5), 123456789);
	assert_int_equal(bench_histogram_quantile(&histogram, 1), 123456789);
}

static void test_histogram_small_values_are_exact(void **state)
{
	(void)state;

	for (uint64_t value = 0; value < 256; value++)
		bench_histogram_add(&histogram, value);
	for (uint64_t rank = 1; rank <= 256; rank++)
		assert_int_equal(bench_histogram_quantile(&histogram, (double)rank / 256),
				 rank - 1);
}

static void test_histogram_error_is_below_one_percent(void **state)
{
	(void)state;

	for (uint64_t value = 1; value < UINT64_C(1) << 39; value += value / 7 + 1) {
		histogram = (struct bench_histogram){0};
		bench_histogram_add(&histogram, value);
		/* A larger one, so that the maximum does not cap the answer. */
		bench_histogram_add(&histogram, value * 2);
		uint64_t got = bench_histogram_quantile(&histogram, 0.5);
		assert_true(got >= value);
		assert_true(got - value <= value / 100);
	}
}

static int compare_values(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static void test_histogram_quantiles_agree_with_sorting(void **state)
{
	(void)state;
	static uint64_t values[10000];
	const double fractions[] = {0.01, 0.5, 0.9, 0.99, 0.999};
	struct prng prng;

	prng_init(&prng, 7);
	for (size_t i = 0; i < 10000; i++) {
		values[i] = prng_below(&prng, UINT64_C(1) << (10 + prng_below(&prng, 20)));
		bench_histogram_add(&histogram, values[i]);
	}
	qsort(values, 10000, sizeof(values[0]), compare_values);
	for (size_t i = 0; i < sizeof(fractions) / sizeof(fractions[0]); i++) {
		uint64_t want = values[(size_t)(fractions[i] * 10000) - 1];
		uint64_t got = bench_histogram_quantile(&histogram, fractions[i]);
		assert_true(got >= want);
		assert_true(got - want <= want / 100);
	}
}

static void test_histogram_out_of_range_keeps_the_maximum(void **state)
{
	(void)state;
	uint64_t huge = UINT64_C(1) << 50;

	bench_histogram_add(&histogram, 5);
	bench_histogram_add(&histogram, huge);
	assert_int_equal(histogram.total, 2);
	assert_int_equal(histogram.max_ns, huge);
	assert_int_equal(histogram.sum_ns, huge + 5);
	assert_true(bench_histogram_quantile(&histogram, 1) >= (UINT64_C(1) << 40) - 1);
}
