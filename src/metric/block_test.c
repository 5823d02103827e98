/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/fixture.h"
#include "metric/block.h"
#include "metric/statistic.h"

enum { STEP_S = 60 };

static void check_round(const struct metric_point *points, size_t count)
{
	struct buf bytes = {0};
	struct metric_point *read;
	size_t read_count;

	metric_block_append(&bytes, STEP_S, 0, points, count);
	assert_int_equal(metric_block_read(buf_str(&bytes), STEP_S, 0, &arena, &read, &read_count),
			 ERR_OK);
	assert_int_equal(read_count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(read[i].time_s, points[i].time_s);
		assert_float_equal(read[i].count, points[i].count, 0);
		assert_float_equal(read[i].sum, points[i].sum, 0);
		assert_float_equal(read[i].min, points[i].min, 0);
		assert_float_equal(read[i].max, points[i].max, 0);
		assert_int_equal(read[i].bin_count, points[i].bin_count);
		if (points[i].bin_count > 0)
			assert_memory_equal(read[i].bins, points[i].bins,
					    points[i].bin_count * sizeof(*points[i].bins));
	}
	/* Each shorter text is damaged, and none is read beyond its end. */
	for (size_t i = 0; i < bytes.size; i += 1 + bytes.size / 50)
		assert_int_equal(metric_block_read(str_slice(buf_str(&bytes), 0, i), STEP_S, 0,
						   &arena, &read, &read_count),
				 ERR_DAMAGED);
	buf_done(&bytes);
}

static struct metric_point random_point(struct prng *prng, int64_t time_s)
{
	double value = (double)prng_below(prng, 1 << 20) - 1000;

	switch (prng_below(prng, 6)) {
	case 0:
		return metric_point_of(time_s, value, 1);
	case 1:
		return metric_point_of(time_s, 1, (double)(1 + prng_below(prng, 50)));
	case 2:
		return metric_point_of(time_s, value / 3, 2);
	case 3:
		return (struct metric_point){time_s, 5, value, value / 8, value / 8 + 9, NULL, 0};
	case 4:
		return metric_point_of(time_s, ldexp(value, (int)prng_below(prng, 600) - 300), 1);
	default:
		break;
	}
	struct metric_point point = metric_point_of(time_s, value, 1);
	for (uint64_t i = prng_below(prng, 20); i > 0; i--) {
		struct metric_point more =
			metric_point_of(time_s, (double)prng_below(prng, 100000) / 10, 1);
		metric_point_add(&arena, &point, &more);
	}
	return point;
}

static void test_blocks_read_what_was_written(void **unused)
{
	struct metric_point points[300];
	struct prng prng;

	(void)unused;
	prng_init(&prng, 7);
	for (int i = 0; i < 300; i++) {
		size_t count = 1 + prng_below(&prng, 300);
		int64_t time_s = (int64_t)prng_below(&prng, 100) * STEP_S;
		for (size_t j = 0; j < count; j++) {
			points[j] = random_point(&prng, time_s);
			time_s += STEP_S * (int64_t)(1 + (prng_below(&prng, 9) == 0));
		}
		check_round(points, count);
		arena_reset(&arena);
	}
}

static void test_blocks_of_counts_are_small(void **unused)
{
	struct metric_point points[1440];
	struct buf bytes = {0};
	struct prng prng;

	(void)unused;
	prng_init(&prng, 8);
	for (size_t i = 0; i < 1440; i++) {
		double value = 0; /* about normal, a deviation of 31 */
		for (int j = 0; j < 12; j++)
			value += (double)prng_below(&prng, 31);
		points[i] = metric_point_of((int64_t)i * STEP_S, value, 1);
	}
	metric_block_append(&bytes, STEP_S, 0, points, 1440);
	assert_true(bytes.size < 1440);
	buf_reset(&bytes);
	for (size_t i = 0; i < 1440; i++)
		points[i] = metric_point_of((int64_t)i * STEP_S, 17, 1);
	metric_block_append(&bytes, STEP_S, 0, points, 1440);
	assert_true(bytes.size < 60);
	buf_done(&bytes);
}

/* ---- statistics ---- */

static const struct {
	const char *text;
	double value; /* of 1, 2, ... 10; NAN: there is no such statistic */
} statistics[] = {
	{"SampleCount", 10}, {"Sum", 55},
	{"Average", 5.5},    {"Minimum", 1},
	{"Maximum", 10},     {"p0", 1},
	{"p10", 1},	     {"p10.1", 2},
	{"p50", 5},	     {"p95", 10},
	{"p100", 10},	     {"p99.99", 10},
	{"tm90", 5},	     {"TM(10%:90%)", 5.5},
	{"TM(20%:)", 6.5},   {"TM(:50%)", 3},
	{"TM(2:5)", 4},	     {"TM(:3)", 2},
	{"TM(8:)", 9.5},     {"IQM", 5.5},
	{"wm90", 5.4},	     {"WM(10%:90%)", 5.4},
	{"WM(3:8)", 5.5},    {"tc80", 8},
	{"TC(2:8)", 6},	     {"TC(20%:80%)", 6},
	{"ts50", 15},	     {"TS(20%:)", 52},
	{"PR(:5)", 50},	     {"PR(2:4)", 20},
	{"PR(10:)", 0},	     {"p101", NAN},
	{"p", NAN},	     {"P50", NAN},
	{"TM(50)", NAN},     {"TM(:)", NAN},
	{"TM(5%:3)", NAN},   {"TM(90%:10%)", NAN},
	{"PR(10%:)", NAN},   {"tm", NAN},
	{"tm-1", NAN},	     {"average", NAN},
	{"TM(1:2:3)", NAN},  {"", NAN},
	{"pr50", NAN},	     {"p1.2.3", NAN},
	{"TC(0.5:3.25)", 3}, {"PR(-5:2)", 20},
};

static void test_statistics_are_aws(void **unused)
{
	struct metric_point point = {0};
	struct metric_statistic statistic;
	double value;

	(void)unused;
	for (int i = 1; i <= 10; i++) {
		struct metric_point more = metric_point_of(0, i, 1);
		metric_point_add(&arena, &point, &more);
	}
	for (size_t i = 0; i < sizeof(statistics) / sizeof(statistics[0]); i++) {
		bool is_known = metric_statistic_parse(str_from(statistics[i].text), &statistic);
		if (is_known == (isnan(statistics[i].value) != 0))
			fail_msg("%s", statistics[i].text);
		if (!is_known)
			continue;
		assert_true(metric_statistic_of(&statistic, &point, &value));
		if (fabs(value - statistics[i].value) > 1e-9)
			fail_msg("%s: %g", statistics[i].text, value);
	}
}

static void test_sets_have_no_percentiles(void **unused)
{
	const struct metric_point set = {0, 3, 12, 2, 8, NULL, 0},
				  equal = {0, 3, 12, 4, 4, NULL, 0};
	struct metric_statistic statistic;
	double value;

	(void)unused;
	assert_true(metric_statistic_parse(STR("p50"), &statistic));
	assert_false(metric_statistic_of(&statistic, &set, &value));
	assert_true(metric_statistic_of(&statistic, &equal, &value));
	assert_float_equal(value, 4, 0);
}

static void test_percentiles_are_nearly_exact(void **unused)
{
	static double sorted[5000];
	struct metric_point point = {0};
	struct metric_statistic statistic;
	struct prng prng;
	double value;

	(void)unused;
	prng_init(&prng, 9);
	for (size_t i = 0; i < 5000; i++) {
		sorted[i] = exp((double)(i + 1) / 700); /* over three decades */
		struct metric_point more = metric_point_of(0, sorted[i], 1);
		metric_point_add(&arena, &point, &more);
	}
	assert_true(point.bin_count <= LIMIT_METRIC_BINS);
	assert_true(metric_statistic_parse(STR("p99"), &statistic));
	assert_true(metric_statistic_of(&statistic, &point, &value));
	assert_true(fabs(value / sorted[4949] - 1) < 0.02);
}
