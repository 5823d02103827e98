/* SPDX-License-Identifier: MIT */
/*
 * penalty: delays answers to a source whose authentication fails repeatedly, longer at each
 * failure. Only failures are delayed, never a request with a valid signature.
 *
 * Sources are in a table of fixed size (LIMIT_AUTH_SOURCES); a new source replaces the one that was
 * inactive for longest. Any thread.
 */
#ifndef TERN_CORE_LIMIT_PENALTY_H
#define TERN_CORE_LIMIT_PENALTY_H

#include "base/base.h"

struct penalty;

struct penalty *penalty_new(void);
void penalty_free(struct penalty **penalty); /* accepts NULL, leaves NULL */

/*
 * Records a failure of `source`: returns the delay of its answer in milliseconds. Logs the start of
 * a delay once. IPv6 addresses of one /64 are one source.
 */
uint32_t penalty_failed(struct penalty *penalty, struct str source, int64_t now_ms);

struct penalty_stats {
	uint64_t failures, delayed;
};
struct penalty_stats penalty_stats_read(const struct penalty *penalty);

#endif
