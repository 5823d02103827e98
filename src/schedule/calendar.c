/* SPDX-License-Identifier: MIT */
/*
 * A cycle of 400 years has 146,097 days. Years begin in March here, so the leap day is the last of
 * its year and the lengths of the months before it follow one linear formula.
 */
#include "schedule/calendar.h"

#include "base/check.h"

enum { CYCLE_YEARS = 400, CYCLE_DAYS = 146097, EPOCH_DAYS = 719468 };

int64_t calendar_floor(int64_t value, int64_t divisor)
{
	int64_t quotient = value / divisor;

	return value % divisor < 0 ? quotient - 1 : quotient;
}

bool calendar_is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % CYCLE_YEARS == 0;
}

int calendar_month_length(int year, int month)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	check(month >= 1 && month <= 12);
	return month == 2 && calendar_is_leap(year) ? 29 : lengths[month - 1];
}

int64_t calendar_day(int year, int month, int day)
{
	check(month >= 1 && month <= 12);
	int64_t shifted = month > 2 ? year : (int64_t)year - 1;
	int64_t cycle = calendar_floor(shifted, CYCLE_YEARS);
	int64_t year_of_cycle = shifted - cycle * CYCLE_YEARS;
	int64_t month_of_year = (month + 9) % 12; /* March: 0 */
	int64_t day_of_year = (153 * month_of_year + 2) / 5 + day - 1;
	int64_t day_of_cycle =
		year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;
	return cycle * CYCLE_DAYS + day_of_cycle - EPOCH_DAYS;
}

struct calendar_date calendar_date_of(int64_t day)
{
	int64_t shifted = day + EPOCH_DAYS;
	int64_t cycle = calendar_floor(shifted, CYCLE_DAYS);
	int64_t day_of_cycle = shifted - cycle * CYCLE_DAYS;
	int64_t year_of_cycle = (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36524 -
				 day_of_cycle / 146096) /
				365;
	int64_t day_of_year =
		day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
	int64_t month_of_year = (5 * day_of_year + 2) / 153;
	int month = (int)(month_of_year < 10 ? month_of_year + 3 : month_of_year - 9);
	int64_t year = cycle * CYCLE_YEARS + year_of_cycle;

	return (struct calendar_date){
		.year = (int)(month <= 2 ? year + 1 : year),
		.month = month,
		.day = (int)(day_of_year - (153 * month_of_year + 2) / 5 + 1),
	};
}

int calendar_weekday(int64_t day)
{
	enum { EPOCH_WEEKDAY = 4 }; /* 1970-01-01 was a Thursday */

	return (int)(day + EPOCH_WEEKDAY - calendar_floor(day + EPOCH_WEEKDAY, 7) * 7);
}
