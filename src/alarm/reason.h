/* SPDX-License-Identifier: MIT */
/*
 * reason: the texts StateReason and StateReasonData of an alarm, as AWS writes them.
 *
 * Pure, any thread.
 */
#ifndef TERN_ALARM_REASON_H
#define TERN_ALARM_REASON_H

#include "alarm/ring.h"

#define ALARM_REASON_INITIAL STR("Unchecked: Initial alarm creation")

/* The input and the result of an evaluation. */
struct alarm_evidence {
	const struct alarm_criteria *criteria;
	struct alarm_outcome outcome;
	const struct alarm_point *points; /* of alarm_ring_evaluated */
	uint32_t point_count;
	int64_t now_ms;	      /* wall time of the evaluation */
	uint32_t period_s;    /* of one point */
	struct str statistic; /* "Average", "p99"; empty: of a metric-math expression */
	struct str unit;      /* empty: none was given */
};

/* "Threshold Crossed: ..." or "Insufficient Data: ..." */
void alarm_reason_append(struct buf *out, const struct alarm_evidence *evidence);
/* JSON. */
void alarm_reason_data_append(struct buf *out, const struct alarm_evidence *evidence);
/* "5.0", "1.0E7": a number as Java writes it, with the fewest digits that are read as the same. */
void alarm_number_append(struct buf *out, double value);
/* "2026-11-30T18:30:00.000+0000" */
void alarm_time_append(struct buf *out, int64_t time_ms);

#endif
