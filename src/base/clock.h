/* SPDX-License-Identifier: MIT */
/*
 * clock: the only source of time, so that tests can set it.
 *
 * Wall time is what people and other machines read: dates, signatures, expiry times that AWS shows.
 * Operators and NTP may set it forward or back. The time base measures how long something lasts:
 * visibility timeouts, delays, deduplication, retention, pacing, throttling. It never goes back and
 * goes on over a restart, because the queue engine records it (struct clock_mark).
 *
 * Offsets are process-wide and atomic. The queue engine and the journal never call this: time comes
 * to them with each step. Any thread.
 */
#ifndef TERN_BASE_CLOCK_H
#define TERN_BASE_CLOCK_H

#include <stdint.h>

#include "base/str.h"

/* Wall time in milliseconds since 1970-01-01 UTC, plus all shifts. */
int64_t clock_now_ms(void);
/* The time base in milliseconds, plus the shifts forward. Counts while the machine sleeps. */
int64_t clock_base_ms(void);
/* Steady nanoseconds of the machine, for measuring; not shifted. */
int64_t clock_steady_ns(void);

/* Both clocks at one moment, as they were recorded. */
struct clock_mark {
	int64_t base_ms, wall_ms;
};
/*
 * The time base at `wall_ms`, in a process that knows only this mark of an earlier one: wall time
 * that has passed since counts, and if wall time was set back the base goes on from the mark.
 */
int64_t clock_resumed_ms(struct clock_mark mark, int64_t wall_ms);
/* Lets the time base go on from the mark. At start-up, before anything is timed. */
void clock_resume(struct clock_mark mark);

/* Moves wall time by `delta_ms`, and the time base too if that is forward. For --test-clock. */
void clock_shift(int64_t delta_ms);
/* Moves wall time alone, as if somebody set the machine's clock. For --test-clock. */
void clock_set_wall(int64_t delta_ms);
/* The sum of all shifts of wall time. */
int64_t clock_offset_ms(void);
/* How many shifts there were: if it has changed, a wait must be computed anew. */
uint64_t clock_shift_count(void);
/* CPU time of this process in nanoseconds, user and system. */
int64_t clock_cpu_ns(void);

#define CLOCK_TEXT_MAX 40
/* "Tue, 24 Nov 2026 00:00:00 GMT" (RFC 9110 5.6.7). Returns the size; `out` holds CLOCK_TEXT_MAX.
 */
int clock_format_http(int64_t now_ms, char *out);
/* "20261124T000000Z", the X-Amz-Date form. */
int clock_format_amz(int64_t now_ms, char *out);
/* "2026-11-24T00:00:00.000Z" (RFC 3339). */
int clock_format_iso(int64_t now_ms, char *out);
/*
 * RFC 3339 and what else AWS takes for a time: a date alone, no fraction or up to nine digits of
 * it (cut to milliseconds), "Z" or an offset. False if it is none.
 */
bool clock_parse_iso(struct str text, int64_t *out_ms);

#endif
