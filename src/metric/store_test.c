/* SPDX-License-Identifier: MIT */
/*
 * The store beside a naive one, which keeps each sample: commits, seals, roll-ups, late points,
 * restarts without a last commit.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fixture.h"
#include "metric/statistic.h"
#include "metric/store.h"

enum { SERIES = 6, DAY_S = 86400 };
#define BEGIN_S INT64_C(1764547200) /* midnight */

static char path[64];
static struct metric_store *store;
static int64_t now_s;

static int remove_one(const char *name, const struct stat *is, int type, struct FTW *where)
{
	(void)is;
	(void)type;
	(void)where;
	return remove(name);
}

/* A seal that changes each byte and has a tag, so that bytes that are not opened are noticed. */
static struct str close_bytes(void *context, struct arena *into, struct str plain)
{
	char *bytes = arena_bytes(into, plain.size + 1);

	(void)context;
	for (size_t i = 0; i < plain.size; i++)
		bytes[i + 1] = (char)~plain.data[i];
	bytes[0] = 'S';
	return str_of(bytes, plain.size + 1);
}

static enum err open_bytes(void *context, char *sealed, size_t size, struct str *out_plain)
{
	(void)context;
	if (size == 0 || sealed[0] != 'S')
		return ERR_DAMAGED;
	for (size_t i = 1; i < size; i++)
		sealed[i] = (char)~sealed[i];
	*out_plain = str_of(sealed + 1, size - 1);
	return ERR_OK;
}

static enum err open_store(const char *directory)
{
	const struct metric_store_options options = {
		.directory = directory, .seal = {.close = close_bytes, .open = open_bytes}};

	return metric_store_open(&options, now_s, &store);
}

static int setup(void **state)
{
	(void)state;
	now_s = BEGIN_S;
	snprintf(path, sizeof(path), "/tmp/tern-metric-XXXXXX");
	return mkdtemp(path) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	metric_store_free(&store);
	return nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct metric_key key_of(size_t index)
{
	static const char *const names[SERIES] = {"a", "b", "c", "d", "e", "f"};
	static const struct metric_dimension dimension = {STR_INIT("Queue"), STR_INIT("orders")};

	return (struct metric_key){.account = STR("111122223333"),
				   .region = STR("eu-west-1"),
				   .name_space = STR("Test"),
				   .name = str_from(names[index]),
				   .dimensions = &dimension,
				   .dimension_count = 1,
				   .unit = STR("Count")};
}

/* ---- the naive store ---- */

struct sample {
	size_t series;
	uint32_t step_s;
	int64_t time_s;
	double value, count;
	bool is_durable;
};
static struct {
	struct sample *items;
	size_t count, capacity;
} samples;

static int64_t floor_to(int64_t value, int64_t step)
{
	return value - value % step;
}

/* The sums of each step, by a pass over all samples. */
static struct metric_point *naive_points(size_t series, uint32_t period_s, int64_t start_s,
					 int64_t end_s)
{
	struct metric_point *points = arena_array(&arena, struct metric_point,
						  (size_t)((end_s - start_s) / period_s + 1));

	for (size_t i = 0; i < samples.count; i++) {
		const struct sample *sample = &samples.items[i];
		int64_t time_s = period_s < 60 ? sample->time_s : floor_to(sample->time_s, 60);
		if (sample->series != series || (period_s < 60 && sample->step_s != 1) ||
		    time_s < start_s || time_s >= end_s)
			continue;
		struct metric_point *to = &points[(time_s - start_s) / period_s];
		to->min = to->count == 0 || sample->value < to->min ? sample->value : to->min;
		to->max = to->count == 0 || sample->value > to->max ? sample->value : to->max;
		to->count += sample->count;
		to->sum += sample->value * sample->count;
	}
	return points;
}

static void compare(size_t series, uint32_t period_s, int64_t start_s, int64_t end_s)
{
	struct metric_key key = key_of(series);
	struct metric_point *points, *expected;
	size_t count, at = 0, steps = (size_t)((end_s - start_s + period_s - 1) / period_s);

	assert_int_equal(metric_store_read(store, &arena, metric_store_series(store, &key), now_s,
					   start_s, end_s, period_s, period_s == 300, &points,
					   &count),
			 ERR_OK);
	expected = naive_points(series, period_s, start_s, end_s);
	for (size_t i = 0; i < steps; i++) {
		if (expected[i].count == 0)
			continue;
		assert_true(at < count);
		assert_int_equal(points[at].time_s, start_s + (int64_t)i * period_s);
		assert_float_equal(points[at].count, expected[i].count, 1e-9);
		assert_float_equal(points[at].sum, expected[i].sum, 1e-6);
		assert_float_equal(points[at].min, expected[i].min, 0);
		assert_float_equal(points[at].max, expected[i].max, 0);
		at++;
	}
	assert_int_equal(at, count);
}

static void compare_all(void)
{
	for (size_t i = 0; i < SERIES; i++) {
		compare(i, 60, floor_to(now_s, 60) - 2 * DAY_S, now_s + 60);
		compare(i, 300, floor_to(now_s, 300) - 4 * DAY_S, now_s + 300);
		compare(i, 3600, BEGIN_S, now_s + 3600);
		compare(i, 1, now_s - 9000, now_s + 1);
		arena_reset(&arena);
	}
}

static void add(struct prng *prng, size_t series, uint32_t step_s, int64_t time_s)
{
	struct metric_key key = key_of(series);
	double value = series == 1 ? 7 : (double)prng_below(prng, 1000);
	double count = series == 2 ? 3 : 1;

	if (series == 4)
		value = value / 7; /* no decimal fraction */
	if (series == 5)
		value = -value / 4;
	struct metric_point point = metric_point_of(time_s, value, count);
	assert_true(metric_store_add(store, metric_store_series(store, &key), step_s, &point));
	vec_push(&samples, (struct sample){series, step_s, time_s, value, count, false});
}

static void commit(void)
{
	assert_int_equal(metric_store_commit(store, NULL, NULL), ERR_OK);
	for (size_t i = 0; i < samples.count; i++)
		samples.items[i].is_durable = true;
	if (metric_store_is_due(store, now_s))
		assert_int_equal(metric_store_maintain(store, now_s), ERR_OK);
}

/* As kill -9: what was not committed is lost. */
static void crash(void)
{
	size_t kept = 0;

	metric_store_free(&store);
	for (size_t i = 0; i < samples.count; i++)
		if (samples.items[i].is_durable)
			samples.items[kept++] = samples.items[i];
	samples.count = kept;
	assert_int_equal(open_store(path), ERR_OK);
}

static void run(uint64_t seed, const char *directory)
{
	struct prng prng;

	prng_init(&prng, seed);
	assert_int_equal(open_store(directory), ERR_OK);
	for (int i = 0; i < 600; i++) {
		now_s += 60 * (int64_t)(1 + prng_below(&prng, 20));
		size_t count = prng_below(&prng, 8);
		for (size_t j = 0; j < count; j++) {
			bool is_late = prng_below(&prng, 12) == 0;
			int64_t back_s = (int64_t)prng_below(&prng, is_late ? 3 * DAY_S : 120);
			add(&prng, prng_below(&prng, SERIES), back_s < 100 && j == 0 ? 1 : 60,
			    now_s - back_s > BEGIN_S ? now_s - back_s : BEGIN_S);
		}
		if (prng_below(&prng, 3) > 0)
			commit();
		if (directory && prng_below(&prng, 60) == 0)
			crash();
		if (prng_below(&prng, 100) == 0)
			compare_all();
	}
	compare_all();
	vec_done(&samples);
}

static void test_store_has_what_a_naive_one_has(void **unused)
{
	(void)unused;
	run(1, path);
}

static void test_store_in_memory_has_what_a_naive_one_has(void **unused)
{
	(void)unused;
	run(2, NULL);
}

static void test_store_keeps_its_series_over_restarts(void **unused)
{
	struct metric_key key = key_of(3);
	struct metric_point point = metric_point_of(BEGIN_S, 1, 1);

	(void)unused;
	assert_int_equal(open_store(path), ERR_OK);
	uint32_t other = metric_store_series(store, &(struct metric_key){.name = STR("other")});
	uint32_t series = metric_store_series(store, &key);
	assert_true(metric_store_add(store, series, 60, &point));
	metric_store_remove(store, other);
	commit();
	metric_store_free(&store);
	assert_int_equal(open_store(path), ERR_OK);
	assert_int_equal(metric_store_stats_read(store).series, 1);
	assert_int_equal(metric_store_series(store, &key), series);
	now_s += 5 * 3600;
	commit();
	assert_int_equal(metric_store_stats_read(store).file_count, 1);
	metric_store_free(&store);
	assert_int_equal(open_store(path), ERR_OK);
	assert_int_equal(metric_store_stats_read(store).series, 1);
	assert_int_equal(metric_store_series(store, &key), series);
}

static void test_store_cuts_a_torn_record_off(void **unused)
{
	struct prng prng;
	char name[96];

	(void)unused;
	prng_init(&prng, 3);
	assert_int_equal(open_store(path), ERR_OK);
	add(&prng, 0, 60, now_s);
	commit();
	add(&prng, 0, 60, now_s + 60);
	assert_int_equal(metric_store_commit(store, NULL, NULL), ERR_OK);
	samples.count--;
	metric_store_free(&store);
	snprintf(name, sizeof(name), "%s/journal-1", path);
	int journal = open(name, O_RDWR | O_CLOEXEC);
	assert_true(journal >= 0);
	assert_int_equal(ftruncate(journal, lseek(journal, 0, SEEK_END) - 1), 0);
	close(journal);
	assert_int_equal(open_store(path), ERR_OK);
	now_s += 120;
	compare(0, 60, BEGIN_S, now_s);
	vec_done(&samples);
}

static void test_store_drops_what_is_too_old(void **unused)
{
	struct metric_key key = key_of(0);
	struct metric_point point = metric_point_of(BEGIN_S, 5, 1), *points;
	size_t count;

	(void)unused;
	assert_int_equal(open_store(path), ERR_OK);
	uint32_t series = metric_store_series(store, &key);
	assert_true(metric_store_add(store, series, 60, &point));
	commit();
	static const struct {
		int days;
		size_t minutes, fives, hours, files;
	} ages[] = {{1, 1, 1, 1, 3},  {14, 1, 1, 1, 3},	 {17, 0, 1, 1, 2}, {62, 0, 1, 1, 2},
		    {71, 0, 0, 1, 1}, {454, 0, 0, 1, 1}, {484, 0, 0, 0, 0}};
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		now_s = BEGIN_S + (int64_t)ages[i].days * DAY_S + 18000;
		commit();
		assert_int_equal(metric_store_read(store, &arena, series, now_s, 0, now_s, 60, true,
						   &points, &count),
				 ERR_OK);
		assert_int_equal(count, ages[i].minutes);
		assert_int_equal(metric_store_read(store, &arena, series, now_s, 0, now_s, 300,
						   true, &points, &count),
				 ERR_OK);
		assert_int_equal(count, ages[i].fives);
		assert_int_equal(metric_store_read(store, &arena, series, now_s, 0, now_s, 3600,
						   true, &points, &count),
				 ERR_OK);
		assert_int_equal(count, ages[i].hours);
		assert_int_equal(metric_store_stats_read(store).file_count, ages[i].files);
	}
}
