/* SPDX-License-Identifier: MIT */
/* clock: the machine's clocks, one shared offset, and the three ways AWS writes a time. */
#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static _Atomic int64_t offset_ms;

static int64_t read_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_offset_ms(void)
{
	return atomic_load_explicit(&offset_ms, memory_order_relaxed);
}

int64_t clock_now_ms(void)
{
	return read_ns(CLOCK_REALTIME) / 1000000 + clock_offset_ms();
}

int64_t clock_steady_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

void clock_shift(int64_t delta_ms)
{
	atomic_fetch_add(&offset_ms, delta_ms);
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
