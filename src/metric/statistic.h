/* SPDX-License-Identifier: MIT */
/*
 * statistic: CloudWatch's statistics of a point: SampleCount, Sum, Average, Minimum, Maximum,
 * percentiles (p95), trimmed and winsorized ones (tm90, TM(10%:90%), wm, tc, ts, IQM) and PR(a:b).
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
 * Pure functions, any thread.
 */
#ifndef TERN_METRIC_STATISTIC_H
#define TERN_METRIC_STATISTIC_H

#include "metric/metric.h"

enum metric_statistic_kind {
	METRIC_SAMPLE_COUNT,
	METRIC_SUM,
	METRIC_AVERAGE,
	METRIC_MINIMUM,
	METRIC_MAXIMUM,
	METRIC_PERCENTILE, /* of `high` */
	/* Of the samples above `low` and up to `high`. */
	METRIC_TRIMMED_MEAN,
	METRIC_WINSORIZED_MEAN,
	METRIC_TRIMMED_COUNT,
	METRIC_TRIMMED_SUM,
	METRIC_PERCENTILE_RANK,
};

struct metric_statistic {
	enum metric_statistic_kind kind;
	bool is_percent; /* the bounds are percentages of the samples, else values */
	bool has_low, has_high;
	double low, high;
};

/* False: AWS has no such statistic. */
bool metric_statistic_parse(struct str text, struct metric_statistic *out_statistic);
/* False: the point has no samples, or its samples are not known one by one and must be. */
bool metric_statistic_of(const struct metric_statistic *statistic, const struct metric_point *point,
			 double *out_value);

#endif
