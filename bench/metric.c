/* SPDX-License-Identifier: MIT */
/*
 * metric: what CloudWatch's metrics cost: bytes a datapoint on disk, CPU of a minute of 10,000
 * series, of a query of a year, of PutMetricData's samples, and the memory of it all.
 *
 *   bench_metric DIRECTORY [SERIES]
 *
 * Prints a JSON object. A third of the series are counts (a normal deviation of 31), a third depths
 * (a walk at random), a third are mostly zero. CPU is that of the process, the kernel's included.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/base.h"
#include "metric/statistic.h"
#include "metric/store.h"

enum { MINUTES = 1440, BEGIN_DAYS = 20423, DAY_S = 86400, YEAR_DAYS = 366, SAMPLES = 1000000 };

static struct metric_store *store;
static struct prng prng;

static double cpu_ms(void)
{
	return (double)clock_cpu_ns() * 1e-6;
}

static void must(enum err err, const char *what)
{
	if (err) {
		fprintf(stderr, "bench_metric: %s: %.*s\n", what, STR_ARG(err_text(err)));
		exit(1);
	}
}

static uint32_t series_of(size_t index)
{
	char name[32];

	int size = snprintf(name, sizeof(name), "queue-%zu", index);
	const struct metric_dimension dimension = {STR("QueueName"), str_of(name, (size_t)size)};
	const struct metric_key key = {.account = STR("111122223333"),
				       .region = STR("eu-west-1"),
				       .name_space = STR("AWS/SQS"),
				       .name = STR("NumberOfMessagesSent"),
				       .dimensions = &dimension,
				       .dimension_count = 1,
				       .unit = STR("Count")};

	return metric_store_series(store, &key);
}

static double next_value(size_t index, double *walk)
{
	double value = 0;

	switch (index % 3) {
	case 0:
		for (int i = 0; i < 12; i++)
			value += (double)prng_below(&prng, 31);
		return value;
	case 1:
		*walk += (double)prng_below(&prng, 41) - 20;
		*walk = *walk < 0 ? 0 : *walk;
		return *walk;
	default:
		return prng_below(&prng, 20) == 0 ? (double)prng_below(&prng, 10) : 0;
	}
}

/* ---- a day of minutes ---- */

static int64_t run_day(size_t count, int64_t begin_s, double *out_minute_ms)
{
	uint32_t *series = heap_alloc(count * sizeof(*series));
	double *walks = heap_alloc(count * sizeof(*walks)), spent = 0;

	for (size_t i = 0; i < count; i++)
		series[i] = series_of(i);
	for (int64_t minute = 0; minute < MINUTES; minute++) {
		int64_t now_s = begin_s + minute * 60;
		double before = cpu_ms();
		for (size_t i = 0; i < count; i++) {
			const struct metric_point point =
				metric_point_of(now_s, next_value(i, &walks[i]), 1);
			check(metric_store_add(store, series[i], 60, &point));
		}
		must(metric_store_commit(store, NULL, NULL), "commit");
		if (metric_store_is_due(store, now_s))
			must(metric_store_maintain(store, now_s), "maintain");
		spent += cpu_ms() - before;
	}
	heap_free(series);
	heap_free(walks);
	*out_minute_ms = spent / MINUTES;
	return begin_s + DAY_S;
}

/* ---- a year of one metric ---- */

static double read_ms(uint32_t series, int64_t now_s, uint32_t period_s, size_t *out_count)
{
	double before = cpu_ms();
	struct metric_point *points;
	struct arena arena;

	for (int i = 0; i < 100; i++) {
		arena_init(&arena);
		must(metric_store_read(store, &arena, series, now_s, now_s - 365 * (int64_t)DAY_S,
				       now_s, period_s, true, &points, out_count),
		     "read");
		arena_done(&arena);
	}
	return (cpu_ms() - before) / 100;
}

static int64_t run_year(int64_t now_s, uint32_t *out_series)
{
	double walk = 0;

	*out_series = series_of(1000000);
	for (int64_t day = 0; day < YEAR_DAYS; day++) {
		for (int64_t minute = 0; minute < MINUTES; minute++, now_s += 60) {
			const struct metric_point point =
				metric_point_of(now_s, next_value(1, &walk), 1);
			check(metric_store_add(store, *out_series, 60, &point));
			if (minute % 60 == 59)
				must(metric_store_commit(store, NULL, NULL), "commit");
		}
		must(metric_store_maintain(store, now_s), "maintain");
	}
	return now_s;
}

static double run_samples(int64_t now_s)
{
	double before = cpu_ms();

	for (int i = 0; i < SAMPLES; i++) {
		const struct metric_point point =
			metric_point_of(now_s, (double)prng_below(&prng, 1000), 1);
		check(metric_store_add(store, series_of((size_t)i % 100), 60, &point));
	}
	return SAMPLES / (cpu_ms() - before) * 1000;
}

/* Bytes of the files whose names begin so. */
static double size_of(const char *directory, const char *prefix)
{
	DIR *entries = opendir(directory);
	const struct dirent *entry;
	struct stat is;
	double sum = 0;

	check(entries);
	while ((entry = readdir(entries)) != NULL)
		if (str_starts(str_from(entry->d_name), str_from(prefix)) &&
		    fstatat(dirfd(entries), entry->d_name, &is, 0) == 0)
			sum += (double)is.st_size;
	(void)closedir(entries);
	return sum;
}

int main(int argc, char **argv)
{
	uint64_t count = 10000;
	size_t points;
	int64_t begin_s = BEGIN_DAYS * (int64_t)DAY_S;
	struct rusage usage;
	uint32_t series;
	double minute_ms;

	if (argc < 2 || (argc > 2 && !str_to_u64(str_from(argv[2]), &count))) {
		fprintf(stderr, "usage: bench_metric DIRECTORY [SERIES]\n");
		return 2;
	}
	base_init();
	prng_init(&prng, 1);
	const struct metric_store_options options = {.directory = argv[1]};
	must(metric_store_open(&options, begin_s, &store), "open");
	int64_t now_s = run_day((size_t)count, begin_s, &minute_ms);
	(void)getrusage(RUSAGE_SELF, &usage);
	long resident = usage.ru_maxrss;
	must(metric_store_maintain(store, now_s), "maintain");
	struct metric_store_stats stats = metric_store_stats_read(store);
	double day = (double)count * MINUTES, bytes = size_of(argv[1], "60-") / day;
	double all = (double)stats.file_bytes / day;
	now_s = run_year(now_s, &series);
	double year_ms = read_ms(series, now_s, 3600, &points);
	double rate = run_samples(now_s);
	printf("{\"series\": %zu, \"bytes_a_datapoint\": %.3f, \"with_rollups\": %.3f, "
	       "\"minute_cpu_ms\": %.2f, \"resident_kib\": %ld, \"year_points\": %zu, "
	       "\"year_cpu_ms\": %.3f, \"samples_per_cpu_s\": %.0f}\n",
	       (size_t)count, bytes, all, minute_ms, resident, points, year_ms, rate);
	metric_store_free(&store);
	return 0;
}
