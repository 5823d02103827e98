/* SPDX-License-Identifier: MIT */
/*
 * put_metrics: CloudWatch's metrics of PutEvents, in the namespace AWS/Events without dimensions.
 * Any thread.
 */
#ifndef TERN_SERVICES_EVENTS_PUT_METRICS_H
#define TERN_SERVICES_EVENTS_PUT_METRICS_H

#include "core/call.h"
#include "services/events/registry.h"

/* A call of PutEvents that has ended. */
struct events_put_figures {
	size_t entries, failed_entries;
	size_t size;	 /* of the entries */
	bool has_failed; /* the call itself */
};
/* `bus` of an entry remembers the series, if it is of the call's account and region; NULL: none. */
void events_measure_put(struct call *call, const struct events_bus *bus,
			const struct events_put_figures *figures);

#endif
