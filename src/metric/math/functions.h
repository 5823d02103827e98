/* SPDX-License-Identifier: MIT */
/* math/functions: the functions of metric math by file, for their table. Pure, any thread. */
#ifndef TERN_METRIC_MATH_FUNCTIONS_H
#define TERN_METRIC_MATH_FUNCTIONS_H

#include "metric/math/private.h"

/* Details of functions. */
enum { MATH_SUM, MATH_AVG, MATH_MIN, MATH_MAX, MATH_STDDEV, MATH_COUNT };
enum { MATH_FIRST, MATH_LAST };
enum { MATH_DIFF, MATH_DIFF_TIME, MATH_RATE, MATH_RUNNING_SUM };
enum { MATH_MINUTE, MATH_HOUR, MATH_DAY, MATH_DATE, MATH_MONTH, MATH_YEAR, MATH_EPOCH };

/* Of all points; NaN if there are none. */
double math_aggregate(const struct math_series *series, int detail);
/* A value of a kind that the function does not take. */
must_check enum err math_refuse_argument(struct math_run *run, const struct math_node *node,
					 struct math_value value);

/* ---- times.c: what depends on the times of points ---- */
must_check enum err math_date(struct math_run *run, const struct math_node *node,
			      struct math_value *out_value);
must_check enum err math_difference(struct math_run *run, const struct math_node *node,
				    struct math_value *out_value);
must_check enum err math_fill(struct math_run *run, const struct math_node *node,
			      struct math_value *out_value);
must_check enum err math_if(struct math_run *run, const struct math_node *node,
			    struct math_value *out_value);
must_check enum err math_period(struct math_run *run, const struct math_node *node,
				struct math_value *out_value);
must_check enum err math_time_series(struct math_run *run, const struct math_node *node,
				     struct math_value *out_value);

#endif
