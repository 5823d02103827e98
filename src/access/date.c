/* SPDX-License-Identifier: MIT */
/*
 * date: dates in conditions, in the forms of ISO 8601 that IAM takes: a year and a month at least,
 * or anything with a "T"; digits alone are seconds since 1970.
 */
#include "access/condition.h"

/* Digits, as many as there are; false if there are none, or the number is not in [least, most]. */
static bool read_number(struct str *rest, int64_t least, int64_t most, int64_t *out_number)
{
	int64_t number = 0;
	size_t size = 0;

	while (size < rest->size && rest->data[size] >= '0' && rest->data[size] <= '9') {
		number = number * 10 + (rest->data[size++] - '0');
		if (number > most)
			return false;
	}
	if (size == 0 || number < least)
		return false;
	*rest = str_slice(*rest, size, rest->size);
	*out_number = number;
	return true;
}

static bool read_two_digits(struct str *rest, int64_t most, int64_t *out_number)
{
	size_t before = rest->size;

	return read_number(rest, 0, most, out_number) && before - rest->size == 2;
}

static bool take(struct str *rest, char c)
{
	if (rest->size == 0 || (rest->data[0] | 0x20) != (c | 0x20))
		return false;
	*rest = str_slice(*rest, 1, rest->size);
	return true;
}

struct date {
	int64_t year, month, day, hour, minute, second, ms, zone_minutes;
};

static bool read_day(struct str *rest, struct date *date)
{
	bool is_before = take(rest, '-');

	if (!read_number(rest, 0, is_before ? 292275054 : 292278993, &date->year))
		return false;
	if (is_before)
		date->year = -date->year;
	if (take(rest, '-') && !read_number(rest, 1, 12, &date->month))
		return false;
	return !take(rest, '-') || read_number(rest, 1, 31, &date->day);
}

static bool read_fraction(struct str *rest, struct date *date)
{
	size_t before = rest->size;
	int64_t number = 0;

	if (!read_number(rest, 0, 999999999, &number))
		return false;
	for (size_t digits = before - rest->size; digits > 3; digits--)
		number /= 10;
	for (size_t digits = before - rest->size; digits < 3; digits++)
		number *= 10;
	date->ms = number;
	return true;
}

static bool read_zone(struct str *rest, struct date *date)
{
	int64_t hours = 0, minutes = 0;
	bool is_east = take(rest, '+');

	if (rest->size == 0 && !is_east)
		return true;
	if (!is_east && take(rest, 'z'))
		return true;
	if (!is_east && !take(rest, '-'))
		return false;
	if (!read_two_digits(rest, 23, &hours) ||
	    (take(rest, ':') && !read_two_digits(rest, 59, &minutes)))
		return false;
	date->zone_minutes = (is_east ? 1 : -1) * (hours * 60 + minutes);
	return true;
}

static bool read_time(struct str *rest, struct date *date)
{
	if (rest->size == 0)
		return true;
	if (!read_number(rest, 0, 23, &date->hour))
		return false;
	if (take(rest, ':')) {
		if (!read_number(rest, 0, 59, &date->minute))
			return false;
		if (take(rest, ':') && !read_number(rest, 0, 59, &date->second))
			return false;
		if (take(rest, '.') && !read_fraction(rest, date))
			return false;
	}
	return read_zone(rest, date);
}

/* Days from 1970-01-01 in the Gregorian calendar, counted in eras of 400 years from March on. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t shifted = month > 2 ? year : year - 1;
	int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
	int64_t year_of_era = shifted - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

bool condition_date_parse(struct str text, int64_t *out_ms)
{
	struct date date = {.month = 1, .day = 1};
	struct str rest = text;
	uint64_t seconds = 0;

	if (str_to_u64(text, &seconds)) {
		*out_ms = seconds > INT64_MAX / 1000 ? INT64_MAX : (int64_t)seconds * 1000;
		return seconds <= INT64_MAX;
	}
	if (!read_day(&rest, &date) || (take(&rest, 't') && !read_time(&rest, &date)) ||
	    rest.size > 0)
		return false;
	*out_ms = ((days_of(date.year, date.month, date.day) * 24 + date.hour) * 60 + date.minute -
		   date.zone_minutes) *
			  60000 +
		  date.second * 1000 + date.ms;
	return true;
}
