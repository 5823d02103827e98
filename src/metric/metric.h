/* SPDX-License-Identifier: MIT */
/*
 * metric: what a series is, and what CloudWatch keeps of the samples of one step of time.
 *
 * A series is a metric (account, region, namespace, name and the exact set of dimensions) in one
 * unit. A point has the number, sum, minimum and maximum of its samples and, if they are known, the
 * samples themselves in bins: a bin's value is within 0.4 % of its samples, and whole numbers up to
 * 256 are exact. Points of the same time add up, in any order. Pure functions, any thread.
 */
#ifndef TERN_METRIC_METRIC_H
#define TERN_METRIC_METRIC_H

#include "base/base.h"

struct metric_dimension {
	struct str name, value;
};

struct metric_key {
	struct str account, region;
	struct str name_space; /* "AWS/SQS" */
	struct str name;
	const struct metric_dimension *dimensions; /* in any order; names differ */
	size_t dimension_count;
	struct str unit; /* a word of AWS's, such as "Count"; empty is "None" */
};

/* Two keys name the same metric; their units may differ. */
bool metric_key_is_metric(const struct metric_key *a, const struct metric_key *b);
/* The order of ListMetrics: by account, region, namespace, name, dimensions, unit; the dimensions
 * of both must be in order of their names. */
int metric_key_compare(const struct metric_key *a, const struct metric_key *b);
/* A copy with its dimensions in order of their names; one block, heap_free. */
struct metric_key *metric_key_new(const struct metric_key *key);
/* The same for any order of the dimensions; without the unit. */
uint64_t metric_key_hash(const struct metric_key *key);

struct metric_bin {
	int32_t place; /* of metric_bin_place: in the order of values */
	double count;
};

enum { METRIC_BIN_DIGITS = 7 };		/* binary digits of a bin's value behind the first */
int32_t metric_bin_place(double value); /* finite */
double metric_bin_value(int32_t place);
/* The place of a wider bin, of that many digits; 0 to METRIC_BIN_DIGITS. */
int32_t metric_bin_widen(int32_t place, unsigned digits);

struct metric_point {
	int64_t time_s; /* where its step begins, seconds since 1970 */
	double count, sum, min, max;
	/* In the order of values. NULL: all samples are equal, or nothing more is known. */
	const struct metric_bin *bins;
	size_t bin_count;
};

/* One sample, or `count` samples of the same value. */
struct metric_point metric_point_of(int64_t time_s, double value, double count);
/* A point without samples. */
static inline bool metric_point_is_empty(const struct metric_point *point)
{
	return point->count == 0;
}
/* Whether percentiles can be computed. */
static inline bool metric_point_has_samples(const struct metric_point *point)
{
	return point->bins || point->min == point->max;
}
/*
 * Adds the samples of `more`; the time stays. New bins are made in the arena, of at most
 * LIMIT_METRIC_BINS: beyond that they become wider.
 */
void metric_point_add(struct arena *arena, struct metric_point *point,
		      const struct metric_point *more);
/* Makes the bins wider, for points that are kept long. */
void metric_point_widen(struct arena *arena, struct metric_point *point, unsigned digits);

#endif
