/* SPDX-License-Identifier: MIT */
/*
 * endpoint: what is known of the endpoints that are delivered to: how much is in progress, what
 * waits, and a circuit for each.
 *
 * A circuit opens after FAILURES failures in a row, for a second, and twice as long after each
 * probe that fails, five seconds at most. Then one attempt is the probe; a success closes the
 * circuit. An answer is no failure, whatever its status: the circuit is for endpoints that are not
 * there, whose attempts would occupy connections until their time is over.
 * An endpoint without attempts and failures is forgotten; of those with failures at most
 * LIMIT_DELIVER_ENDPOINTS are kept. One thread.
 */
#ifndef TERN_DELIVER_ENDPOINT_H
#define TERN_DELIVER_ENDPOINT_H

#include "base/base.h"

struct endpoints;
struct endpoint;

struct endpoint_wait {
	struct list link;
};

enum endpoint_verdict {
	ENDPOINT_BEGIN, /* counted: endpoint_note or endpoint_leave follows */
	ENDPOINT_WAIT,	/* `wait` is the endpoint's until endpoint_next or endpoint_withdraw */
	ENDPOINT_FULL,	/* as much waits already as may be in progress */
	ENDPOINT_OPEN,	/* the circuit is open, or its probe is under way */
};

struct endpoints *endpoints_new(void);
void endpoints_free(struct endpoints **endpoints);
size_t endpoints_count(const struct endpoints *endpoints);
size_t endpoints_open(const struct endpoints *endpoints, int64_t now_ms); /* circuits */

/* Made if there is none; valid until endpoint_release, which may forget it. */
struct endpoint *endpoint_find(struct endpoints *endpoints, struct str key);
void endpoint_release(struct endpoints *endpoints, struct endpoint *endpoint);
enum endpoint_verdict endpoint_admit(struct endpoints *endpoints, struct endpoint *endpoint,
				     struct endpoint_wait *wait, uint32_t busy_max, int64_t now_ms);
/* Closes the circuit and forgets the failures, if the endpoint is known. */
void endpoints_forgive(struct endpoints *endpoints, struct str key);
/* The attempt that began with `wait` has succeeded or failed. */
void endpoint_note(struct endpoint *endpoint, const struct endpoint_wait *wait, bool is_success,
		   int64_t now_ms);
/* It was not made after all. */
void endpoint_leave(struct endpoint *endpoint, const struct endpoint_wait *wait);
/* The first that waits, if there is room or the circuit has opened: to be admitted again. */
struct endpoint_wait *endpoint_next(struct endpoint *endpoint, uint32_t busy_max);
bool endpoint_is_awaited(const struct endpoint_wait *wait); /* by `wait`: ENDPOINT_WAIT */
void endpoint_withdraw(struct endpoint *endpoint, struct endpoint_wait *wait);

#endif
