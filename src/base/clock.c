/* SPDX-License-Identifier: MIT */
/*
 * clock: the machine's clocks with shared offsets, and the three ways AWS writes a time.
 *
 * The time base is CLOCK_BOOTTIME, which nobody can set, plus an offset that clock_resume chooses.
 */
#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static _Atomic int64_t wall_offset_ms, base_offset_ms;
static _Atomic uint64_t shift_count;

static int64_t read_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_offset_ms(void)
{
	return atomic_load_explicit(&wall_offset_ms, memory_order_relaxed);
}

uint64_t clock_shift_count(void)
{
	return atomic_load_explicit(&shift_count, memory_order_relaxed);
}

int64_t clock_now_ms(void)
{
	return read_ns(CLOCK_REALTIME) / 1000000 + clock_offset_ms();
}

int64_t clock_base_ms(void)
{
	return read_ns(CLOCK_BOOTTIME) / 1000000 +
	       atomic_load_explicit(&base_offset_ms, memory_order_relaxed);
}

int64_t clock_steady_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_resumed_ms(struct clock_mark mark, int64_t wall_ms)
{
	return mark.base_ms + (wall_ms > mark.wall_ms ? wall_ms - mark.wall_ms : 0);
}

void clock_resume(struct clock_mark mark)
{
	atomic_fetch_add(&base_offset_ms, clock_resumed_ms(mark, clock_now_ms()) - clock_base_ms());
}

void clock_set_wall(int64_t delta_ms)
{
	atomic_fetch_add(&wall_offset_ms, delta_ms);
	atomic_fetch_add(&shift_count, 1);
}

void clock_shift(int64_t delta_ms)
{
	if (delta_ms > 0)
		atomic_fetch_add(&base_offset_ms, delta_ms);
	clock_set_wall(delta_ms);
}

int64_t clock_cpu_ns(void)
{
	return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static struct tm to_utc(int64_t now_ms)
{
	struct tm utc;
	time_t seconds = (time_t)(now_ms / 1000 - (now_ms % 1000 < 0));

	gmtime_r(&seconds, &utc);
	return utc;
}

int clock_format_http(int64_t now_ms, char *out)
{
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct tm utc = to_utc(now_ms);

	return snprintf(out, CLOCK_TEXT_MAX, "%s, %02d %s %04d %02d:%02d:%02d GMT",
			days[utc.tm_wday], utc.tm_mday, months[utc.tm_mon], utc.tm_year + 1900,
			utc.tm_hour, utc.tm_min, utc.tm_sec);
}

int clock_format_amz(int64_t now_ms, char *out)
{
	struct tm utc = to_utc(now_ms);

	return snprintf(out, CLOCK_TEXT_MAX, "%04d%02d%02dT%02d%02d%02dZ", utc.tm_year + 1900,
			utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

int clock_format_iso(int64_t now_ms, char *out)
{
	struct tm utc = to_utc(now_ms);
	int milliseconds = (int)(((now_ms % 1000) + 1000) % 1000);

	return snprintf(out, CLOCK_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
			utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
			utc.tm_sec, milliseconds);
}

/* Takes `size` digits off the front of *rest. */
static bool take_number(struct str *rest, size_t size, int64_t most, int64_t *out_number)
{
	uint64_t number;

	if (rest->size < size || !str_to_u64(str_slice(*rest, 0, size), &number) ||
	    (int64_t)number > most)
		return false;
	*out_number = (int64_t)number;
	*rest = str_slice(*rest, size, SIZE_MAX);
	return true;
}

static bool take_char(struct str *rest, char c)
{
	if (rest->size == 0 || rest->data[0] != c)
		return false;
	*rest = str_slice(*rest, 1, SIZE_MAX);
	return true;
}

/* Days since 1970-01-01 in the Gregorian calendar; years are counted from March, so that the leap
 * day is a year's last. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t shifted = month > 2 ? year : year - 1;
	int64_t month_from_march = (month + 9) % 12;
	int64_t leap_days = shifted / 4 - shifted / 100 + shifted / 400;

	return shifted * 365 + leap_days + (month_from_march * 153 + 2) / 5 + day - 1 - 719468;
}

static bool take_date(struct str *rest, int64_t *out_days)
{
	static const int8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t year, month, day;

	if (!take_number(rest, 4, 9999, &year) || !take_char(rest, '-') ||
	    !take_number(rest, 2, 12, &month) || !take_char(rest, '-') ||
	    !take_number(rest, 2, 31, &day) || year < 1 || month < 1 || day < 1)
		return false;
	bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (day > lengths[month - 1] + (month == 2 && is_leap))
		return false;
	*out_days = days_of(year, month, day);
	return true;
}

/* ".5" and so on; none is fine. */
static bool take_fraction(struct str *rest, int64_t *out_ms)
{
	int64_t scale = 100;
	size_t digits = 0;

	*out_ms = 0;
	if (!take_char(rest, '.'))
		return true;
	for (int64_t digit; digits < 9 && take_number(rest, 1, 9, &digit); digits++, scale /= 10)
		*out_ms += digit * scale;
	return digits > 0;
}

static bool take_offset(struct str *rest, int64_t *out_minutes)
{
	int64_t hours, minutes, sign = 1;

	*out_minutes = 0;
	if (take_char(rest, 'Z') || take_char(rest, 'z'))
		return true;
	if (take_char(rest, '-'))
		sign = -1;
	else if (!take_char(rest, '+'))
		return false;
	if (!take_number(rest, 2, 23, &hours) || !take_char(rest, ':') ||
	    !take_number(rest, 2, 59, &minutes))
		return false;
	*out_minutes = sign * (hours * 60 + minutes);
	return true;
}

bool clock_parse_iso(struct str text, int64_t *out_ms)
{
	int64_t days, hour = 0, minute = 0, second = 0, ms = 0, offset = 0;

	if (!take_date(&text, &days))
		return false;
	if (text.size > 0) {
		if ((!take_char(&text, 'T') && !take_char(&text, ' ')) ||
		    !take_number(&text, 2, 23, &hour) || !take_char(&text, ':') ||
		    !take_number(&text, 2, 59, &minute) || !take_char(&text, ':') ||
		    !take_number(&text, 2, 60, &second) || !take_fraction(&text, &ms) ||
		    !take_offset(&text, &offset) || text.size > 0)
			return false;
	}
	*out_ms = (((days * 24 + hour) * 60 + minute - offset) * 60 + second) * 1000 + ms;
	return true;
}
