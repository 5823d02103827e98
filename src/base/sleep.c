/* SPDX-License-Identifier: MIT */
/* sleep: in pieces, since a signal may come between the look at is_over and the sleep. */
#include "base/sleep.h"

#include "base/check.h"
#include "base/clock.h"

enum { PIECE_NS = 100000000 };

struct timespec sleep_deadline(int64_t ms)
{
	struct timespec until;

	check(ms >= 0);
	check(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
	int64_t ns = until.tv_nsec + ms % 1000 * 1000000;
	until.tv_sec += ms / 1000 + ns / 1000000000;
	until.tv_nsec = ns % 1000000000;
	return until;
}

void sleep_unless(int64_t ms, bool (*is_over)(const void *context), const void *context)
{
	int64_t end_ns = clock_steady_ns() + ms * 1000000;

	while (!is_over(context)) {
		int64_t left_ns = end_ns - clock_steady_ns();
		if (left_ns <= 0)
			return;
		const struct timespec piece = {.tv_nsec = left_ns < PIECE_NS ? left_ns : PIECE_NS};
		nanosleep(&piece, NULL);
	}
}
