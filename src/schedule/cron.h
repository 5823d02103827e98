/* SPDX-License-Identifier: MIT */
/*
 * cron: AWS's cron expressions with six fields, compiled to sets of bits.
 *
 * "minutes hours day-of-month month day-of-week year"; exactly one of the two fields of days is
 * "?". Lists, ranges, steps and names are those of EventBridge, "L", "W" and "#" are those of
 * Quartz: "L" is the month's last day, or the last of that weekday ("6L"); "L" alone as day of the
 * week is Saturday; "15W" is the working day next to the 15th within its month, "LW" the last one;
 * "6#3" is the third Friday. L, W and # stand alone in their field.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 *
 * Times are local minutes, without a zone: schedule.h has zones. Pure, any thread.
 */
#ifndef TERN_SCHEDULE_CRON_H
#define TERN_SCHEDULE_CRON_H

#include "base/base.h"

enum { CRON_YEAR_MIN = 1970, CRON_YEAR_MAX = 2199, CRON_YEARS = 230 };

enum cron_days {
	CRON_DAYS_OF_MONTH,    /* days */
	CRON_LAST_DAY,	       /* L */
	CRON_LAST_WORKING,     /* LW */
	CRON_NEAREST,	       /* number W */
	CRON_DAYS_OF_WEEK,     /* weekdays */
	CRON_LAST_WEEKDAY,     /* weekday L */
	CRON_NUMBERED_WEEKDAY, /* weekday # number */
};

struct cron {
	uint64_t minutes;			/* bits 0 to 59 */
	uint64_t years[(CRON_YEARS + 63) / 64]; /* bit 0: 1970 */
	uint32_t hours;				/* bits 0 to 23 */
	uint32_t days;				/* bits 1 to 31 */
	uint16_t months;			/* bits 1 to 12 */
	uint8_t weekdays;			/* bits 1 (Sunday) to 7 */
	uint8_t number;				/* of the days that stand for one day */
	enum cron_days kind;
};

/* The text inside the brackets. ERR_INVALID: it is no cron expression. */
must_check enum err cron_parse(struct str text, struct cron *out_cron);

/*
 * The first minute of the expression at or after `minute`, in local minutes since 1970-01-01 00:00.
 * False: there is none until the end of 2199. Takes at most one step for each month until then.
 */
bool cron_next(const struct cron *cron, int64_t minute, int64_t *out_minute);

#endif
