/* SPDX-License-Identifier: MIT */
/*
 * sleep: waits that end early, and the deadlines of condition variables, in the machine's steady
 * time (CLOCK_MONOTONIC). The test clock shifts the times of clock.h, not this one, so a thread
 * that waits for a time of clock.h sleeps a second at most and looks again. Any thread.
 */
#ifndef TERN_BASE_SLEEP_H
#define TERN_BASE_SLEEP_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* For pthread_cond_timedwait on a condition with CLOCK_MONOTONIC: `ms` from now, 0 or more. */
struct timespec sleep_deadline(int64_t ms);

/* Sleeps for `ms`; ends within 100 ms once is_over, which a signal handler may bring about. */
void sleep_unless(int64_t ms, bool (*is_over)(const void *context), const void *context);

#endif
