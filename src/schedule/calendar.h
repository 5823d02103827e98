/* SPDX-License-Identifier: MIT */
/*
 * calendar: dates of the proleptic Gregorian calendar as days since 1970-01-01. Pure, any thread.
 */
#ifndef TERN_SCHEDULE_CALENDAR_H
#define TERN_SCHEDULE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

struct calendar_date {
	int year;  /* 1 to 9999 */
	int month; /* 1 to 12 */
	int day;   /* 1 to 31 */
};

enum { CALENDAR_DAY_S = 86400 };

bool calendar_is_leap(int year);
int calendar_month_length(int year, int month);
int64_t calendar_day(int year, int month, int day);
struct calendar_date calendar_date_of(int64_t day);
int calendar_weekday(int64_t day); /* 0: Sunday, to 6 */
/* The quotient rounded down, for times before 1970. */
int64_t calendar_floor(int64_t value, int64_t divisor);

#endif
