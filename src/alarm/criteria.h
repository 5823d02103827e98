/* SPDX-License-Identifier: MIT */
/*
 * criteria: what an alarm compares, its states, and their names in AWS's API.
 *
 * Pure, any thread.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
 */
#ifndef TERN_ALARM_CRITERIA_H
#define TERN_ALARM_CRITERIA_H

#include "base/base.h"

enum alarm_state { ALARM_INSUFFICIENT_DATA, ALARM_OK, ALARM_ALARM };

enum alarm_comparison {
	ALARM_GREATER_OR_EQUAL,
	ALARM_GREATER,
	ALARM_LESS,
	ALARM_LESS_OR_EQUAL,
};

/* TreatMissingData. */
enum alarm_missing { ALARM_MISSING, ALARM_IGNORE, ALARM_BREACHING, ALARM_NOT_BREACHING };

struct alarm_criteria {
	enum alarm_comparison comparison;
	enum alarm_missing missing;
	double threshold;
	uint32_t evaluation_periods;  /* N: 1 to LIMIT_ALARM_PERIODS */
	uint32_t datapoints_to_alarm; /* M: 1 to N */
	bool has_datapoints_to_alarm; /* M was given; texts of reasons differ */
	/* EvaluateLowSampleCountPercentile is "ignore": the state stays while too few samples make
	 * the newest percentile. */
	bool ignores_low_samples;
};

/* One period of the metric. */
struct alarm_point {
	int64_t time_ms;     /* the period's start, wall time */
	double value;	     /* NaN: no data */
	double sample_count; /* negative: unknown, as of a metric-math expression */
	bool has_few_samples;
};

/*
 * The periods that an evaluation looks at. AWS documents 5 for 3 evaluation periods and gives no
 * formula; this is N + 2.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
static inline uint32_t alarm_range(const struct alarm_criteria *criteria)
{
	return criteria->evaluation_periods + 2;
}

bool alarm_is_breaching(const struct alarm_criteria *criteria, double value);
/*
 * A percentile, 0 to 100, has too few samples: AWS asks for 10 / (1 - p) from the median up, and
 * for 10 / p below it.
 */
bool alarm_has_few_samples(double percentile, double sample_count);

/* Static texts: "INSUFFICIENT_DATA", "GreaterThanThreshold", "notBreaching". */
struct str alarm_state_name(enum alarm_state state);
bool alarm_state_parse(struct str name, enum alarm_state *out_state);
/* False: an operator of anomaly detection, or none. */
bool alarm_comparison_parse(struct str name, enum alarm_comparison *out_comparison);
struct str alarm_missing_name(enum alarm_missing missing);
bool alarm_missing_parse(struct str name, enum alarm_missing *out_missing);

#endif
