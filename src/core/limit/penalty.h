/* SPDX-License-Identifier: MIT */
/*
 * penalty: whoever fails again and again to say who they are waits longer and longer for the
 * answer. Only answers to failures wait: a good signature never does, wherever it comes from.
 *
 * Sources stand in a table of fixed size (LIMIT_AUTH_SOURCES); the one that was quiet for longest
 * makes room for another. Any thread.
 */
#ifndef TERN_CORE_LIMIT_PENALTY_H
#define TERN_CORE_LIMIT_PENALTY_H

#include "base/base.h"

struct penalty;

struct penalty *penalty_new(void);
void penalty_free(struct penalty **penalty); /* accepts NULL, leaves NULL */

/*
 * `source` has failed: returns for how many milliseconds its answer is to be held back. Logs once
 * when that begins. IPv6 addresses of one /64 are one source.
 */
uint32_t penalty_failed(struct penalty *penalty, struct str source, int64_t now_ms);

struct penalty_stats {
	uint64_t failures, delayed;
};
struct penalty_stats penalty_stats_read(const struct penalty *penalty);

#endif
