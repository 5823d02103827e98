/* SPDX-License-Identifier: MIT */
/*
 * clock: the only source of time, so that tests can set it.
 *
 * The offset is process-wide and atomic. The queue engine and the journal never call this: time
 * comes to them with their commands. Any thread.
 */
#ifndef TERN_BASE_CLOCK_H
#define TERN_BASE_CLOCK_H

#include <stdint.h>

#include "base/str.h"

/* Wall time in milliseconds since 1970-01-01 UTC, plus the offset of clock_shift. */
int64_t clock_now_ms(void);
/* Steady nanoseconds of the machine, for measuring; not shifted. */
int64_t clock_steady_ns(void);
/* Moves clock_now_ms by `delta_ms` from now on. For --test-clock only. */
void clock_shift(int64_t delta_ms);
/* The sum of all shifts: who sleeps until a time knows by it that the time has to be looked at
 * anew. */
int64_t clock_offset_ms(void);
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
