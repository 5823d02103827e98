/* SPDX-License-Identifier: MIT */
/*
 * rate: limits the attempts of a source, such as maxReceivesPerSecond of a subscription.
 *
 * A source may begin a second's attempts at once; then they are spread evenly. An attempt that must
 * wait gets a time of its own, so that a backlog is not looked at again and again, and attempts
 * that come later wait behind it. Sources are in a table of at most LIMIT_DELIVER_RATES; those that
 * have not been used for longest lose their history first. Any thread.
 */
#ifndef TERN_DELIVER_RATE_H
#define TERN_DELIVER_RATE_H

#include "base/base.h"

struct rates;

struct rates *rates_new(void);
void rates_free(struct rates **rates); /* accepts NULL, leaves NULL */
/*
 * True: an attempt of `source` (a hash) may begin, at `rate_milli` attempts in 1000 s. False: after
 * *out_wait_ms. `has_waited`: it waited before for its rate.
 */
bool rates_take(struct rates *rates, uint64_t source, uint32_t rate_milli, bool has_waited,
		int64_t now_ms, int64_t *out_wait_ms);

#endif
