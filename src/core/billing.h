/* SPDX-License-Identifier: MIT */
/*
 * billing: quantities that AWS bills and that the number of requests does not tell, such as the
 * events of PutEvents, or deliveries to HTTP endpoints. Requests themselves are in
 * core/limit/usage.h.
 *
 * A counter costs a lock that threads seldom share, and a look-up. Usage types are those of the
 * price list (cost/prices.txt), without the region.
 */
#ifndef TERN_CORE_BILLING_H
#define TERN_CORE_BILLING_H

#include "base/base.h"

struct core;
struct billing;

#define BILLING_MICRO INT64_C(1000000) /* parts of a unit */

/* Texts are copied. */
struct billing_item {
	struct str account, region;
	struct str usage; /* "Event-64K-Chunks" */
	struct str operation, resource;
	int64_t micro; /* millionths of a unit */
};

/* Any thread. Without the service that takes them, nothing is counted. */
void billing_add(struct core *core, const struct billing_item *item);

/* Main: by the service that takes the items. */
void billing_open(struct core *core);
void billing_close(struct core *core); /* accepts a core without billing */
/* One thread at a time: visits the sums since the last call. */
typedef void (*billing_visit_fn)(void *context, const struct billing_item *item);
void billing_take(struct core *core, billing_visit_fn visit, void *context);

#endif
