/* SPDX-License-Identifier: MIT */
/*
 * reason: AWS's wording. Alarms without DatapointsToAlarm say "2 datapoints"; those with it
 * "2 out of the last 3 datapoints" and the minimum for the transition.
 */
#include "alarm/reason.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LISTED_MAX = 5 }; /* datapoints that a reason lists */

static const struct str phrases[] = {
	STR_INIT("greater than or equal to"),
	STR_INIT("greater than"),
	STR_INIT("less than"),
	STR_INIT("less than or equal to"),
};

void alarm_number_append(struct buf *out, double value)
{
	char text[40];
	int precision = 0, exponent;
	size_t digits;

	check(isfinite(value));
	do
		snprintf(text, sizeof(text), "%.*e", precision, value);
	while (strtod(text, NULL) != value && ++precision <= 16);
	const char *mantissa = text[0] == '-' ? text + 1 : text;
	const char *mark = strchr(text, 'e');
	check(mark != NULL);
	exponent = (mark[1] == '-' ? -1 : 1) * ((mark[2] - '0') * 10 + (mark[3] - '0'));
	if (mark[4])
		exponent = (mark[1] == '-' ? -1 : 1) * (abs(exponent) * 10 + (mark[4] - '0'));
	digits = (size_t)precision;
	if (value == 0)
		exponent = 0;
	if (signbit(value))
		buf_append_char(out, '-');
	if (exponent < -3 || exponent >= 7) {
		buf_format(out, "%c.%.*sE%d", mantissa[0], digits ? (int)digits : 1,
			   digits ? mantissa + 2 : "0", exponent);
		return;
	}
	int behind = (int)digits - exponent;
	buf_format(out, "%.*f", behind < 1 ? 1 : behind, fabs(value));
}

void alarm_time_append(struct buf *out, int64_t time_ms)
{
	char text[CLOCK_TEXT_MAX];
	int size = clock_format_iso(time_ms, text);

	buf_append(out, str_of(text, (size_t)size - 1)); /* without "Z" */
	buf_append(out, STR("+0000"));
}

/* "5.0 (30/11/26 18:30:00)" */
static void append_point(struct buf *out, const struct alarm_point *point)
{
	time_t seconds = (time_t)(point->time_ms / 1000);
	struct tm parts;

	gmtime_r(&seconds, &parts);
	alarm_number_append(out, point->value);
	buf_format(out, " (%02d/%02d/%02d %02d:%02d:%02d)", parts.tm_mday, parts.tm_mon + 1,
		   parts.tm_year % 100, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

static const char *plural(uint32_t count)
{
	return count == 1 ? "" : "s";
}

static const char *was(uint32_t count)
{
	return count == 1 ? "was" : "were";
}

/* The newest datapoints on the alarm's side of the threshold. */
static void append_points(struct buf *out, const struct alarm_evidence *evidence, bool is_breaching)
{
	uint32_t listed = 0;

	buf_append_char(out, '[');
	for (uint32_t i = 0; i < evidence->point_count && listed < LISTED_MAX; i++) {
		const struct alarm_point *point = &evidence->points[i];

		if (isnan(point->value) ||
		    alarm_is_breaching(evidence->criteria, point->value) != is_breaching)
			continue;
		buf_append(out, listed++ ? STR(", ") : STR(""));
		append_point(out, point);
	}
	buf_append_char(out, ']');
}

/* "1 missing datapoint was treated as [Breaching]", for treatments that say so. */
static void append_fills(struct buf *out, const struct alarm_evidence *evidence)
{
	uint32_t filled = evidence->outcome.filled;
	enum alarm_missing missing = evidence->criteria->missing;

	if (filled == 0 || (missing != ALARM_BREACHING && missing != ALARM_NOT_BREACHING))
		return;
	buf_format(out, " and %u missing datapoint%s %s treated as [%s]", filled, plural(filled),
		   was(filled), missing == ALARM_BREACHING ? "Breaching" : "NonBreaching");
}

static void append_minimum(struct buf *out, const struct alarm_criteria *criteria, bool is_alarm)
{
	uint32_t minimum = criteria->datapoints_to_alarm;

	if (!is_alarm)
		minimum = criteria->evaluation_periods - minimum + 1;
	buf_format(out, " (minimum %u datapoint%s for %s transition)", minimum, plural(minimum),
		   is_alarm ? "OK -> ALARM" : "ALARM -> OK");
}

/* Only missing datapoints have decided. */
static void append_missing_only(struct buf *out, const struct alarm_evidence *evidence)
{
	uint32_t periods = evidence->criteria->evaluation_periods, real = evidence->outcome.real;

	if (real == 0)
		buf_append(out, STR("no datapoints were"));
	else
		buf_format(out, "%u datapoint%s %s", real, plural(real), was(real));
	buf_format(out, " received for %u period%s", periods, plural(periods));
	append_fills(out, evidence);
	buf_append_char(out, '.');
}

void alarm_reason_append(struct buf *out, const struct alarm_evidence *evidence)
{
	const struct alarm_criteria *criteria = evidence->criteria;
	const struct alarm_outcome *outcome = &evidence->outcome;
	bool is_alarm = outcome->state == ALARM_ALARM;
	uint32_t count = is_alarm ? outcome->breaching : outcome->real - outcome->breaching;

	if (outcome->state == ALARM_INSUFFICIENT_DATA) {
		buf_format(out, "Insufficient Data: %u datapoint%s %s unknown.", outcome->filled,
			   plural(outcome->filled), was(outcome->filled));
		return;
	}
	buf_append(out, STR("Threshold Crossed: "));
	if (count == 0) {
		append_missing_only(out, evidence);
		return;
	}
	buf_append_u64(out, count);
	if (criteria->has_datapoints_to_alarm)
		buf_format(out, " out of the last %u", criteria->evaluation_periods);
	bool is_plural = criteria->has_datapoints_to_alarm || count != 1;
	buf_format(out, " datapoint%s ", is_plural ? "s" : "");
	if (count < LISTED_MAX) {
		append_points(out, evidence, is_alarm);
		buf_append_char(out, ' ');
	}
	buf_format(out, "%s%s %.*s the threshold (", was(count), is_alarm ? "" : " not",
		   STR_ARG(phrases[criteria->comparison]));
	alarm_number_append(out, criteria->threshold);
	buf_append_char(out, ')');
	append_fills(out, evidence);
	if (count >= LISTED_MAX) {
		buf_format(out, ". The most recent datapoints which %s the threshold: ",
			   is_alarm ? "crossed" : "did not cross");
		append_points(out, evidence, is_alarm);
	}
	if (criteria->has_datapoints_to_alarm)
		append_minimum(out, criteria, is_alarm);
	buf_append_char(out, '.');
}

static void append_evaluated(struct buf *out, const struct alarm_evidence *evidence)
{
	for (uint32_t i = 0; i < evidence->point_count; i++) {
		const struct alarm_point *point = &evidence->points[i];

		buf_append(out, i ? STR(",{\"timestamp\":\"") : STR("{\"timestamp\":\""));
		alarm_time_append(out, point->time_ms);
		buf_append_char(out, '"');
		if (!isnan(point->value) && point->sample_count >= 0) {
			buf_append(out, STR(",\"sampleCount\":"));
			alarm_number_append(out, point->sample_count);
		}
		if (!isnan(point->value)) {
			buf_append(out, STR(",\"value\":"));
			alarm_number_append(out, point->value);
		}
		buf_append_char(out, '}');
	}
}

void alarm_reason_data_append(struct buf *out, const struct alarm_evidence *evidence)
{
	bool is_first = true;

	buf_append(out, STR("{\"version\":\"1.0\",\"queryDate\":\""));
	alarm_time_append(out, evidence->now_ms);
	if (evidence->outcome.real > 0) {
		buf_append(out, STR("\",\"startDate\":\""));
		alarm_time_append(out, evidence->points[evidence->point_count - 1].time_ms);
	}
	buf_append_char(out, '"');
	if (evidence->unit.size > 0)
		buf_format(out, ",\"unit\":\"%.*s\"", STR_ARG(evidence->unit));
	if (evidence->statistic.size > 0)
		buf_format(out, ",\"statistic\":\"%.*s\"", STR_ARG(evidence->statistic));
	buf_format(out, ",\"period\":%u,\"recentDatapoints\":[", evidence->period_s);
	for (uint32_t i = evidence->point_count; i-- > 0;) {
		if (isnan(evidence->points[i].value))
			continue;
		buf_append(out, is_first ? STR("") : STR(","));
		alarm_number_append(out, evidence->points[i].value);
		is_first = false;
	}
	buf_append(out, STR("],\"threshold\":"));
	alarm_number_append(out, evidence->criteria->threshold);
	buf_append(out, STR(",\"evaluatedDatapoints\":["));
	append_evaluated(out, evidence);
	buf_append(out, STR("]}"));
}
