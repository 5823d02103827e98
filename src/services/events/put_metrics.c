/* SPDX-License-Identifier: MIT */
/* put_metrics: see put_metrics.h. */
#include "services/events/put_metrics.h"

#include "base/clock.h"
#include "core/metric.h"

enum metric { CALLS, SUCCESSES, FAILURES, ENTRIES, FAILED_ENTRIES, LATENCY, SIZE, METRICS };
static_assert(METRICS <= (int)EVENTS_PUT_METRICS, "a bus has a slot for each");

static const struct {
	struct str name, unit;
} metrics[METRICS] = {
	[CALLS] = {STR_INIT("PutEventsApproximateCallCount"), STR_INIT("Count")},
	[SUCCESSES] = {STR_INIT("PutEventsApproximateSuccessCount"), STR_INIT("Count")},
	[FAILURES] = {STR_INIT("PutEventsApproximateFailedCount"), STR_INIT("Count")},
	[ENTRIES] = {STR_INIT("PutEventsEntriesCount"), STR_INIT("Count")},
	[FAILED_ENTRIES] = {STR_INIT("PutEventsFailedEntriesCount"), STR_INIT("Count")},
	[LATENCY] = {STR_INIT("PutEventsLatency"), STR_INIT("Milliseconds")},
	[SIZE] = {STR_INIT("PutEventsRequestSize"), STR_INIT("Bytes")},
};

static void add(struct call *call, struct metric_slot *slots, enum metric metric, double value)
{
	const struct metric_key key = {
		.account = call->account,
		.region = call->region,
		.name_space = STR("AWS/Events"),
		.name = metrics[metric].name,
		.unit = metrics[metric].unit,
	};

	metric_add(call->core, slots ? &slots[metric] : NULL, &key, value);
}

void events_measure_put(struct call *call, const struct events_bus *bus,
			const struct events_put_figures *figures)
{
	bool is_own = bus && bus->life && str_equal(bus->account, call->account) &&
		      str_equal(bus->region, call->region);
	struct metric_slot *slots = is_own ? bus->life->slots : NULL;

	add(call, slots, CALLS, 1);
	add(call, slots, figures->has_failed ? FAILURES : SUCCESSES, 1);
	add(call, slots, LATENCY, (double)(clock_base_ms() - call->base_ms));
	add(call, slots, SIZE, (double)figures->size);
	if (figures->has_failed)
		return;
	add(call, slots, ENTRIES, (double)figures->entries);
	if (figures->failed_entries > 0)
		add(call, slots, FAILED_ENTRIES, (double)figures->failed_entries);
}
