/* SPDX-License-Identifier: MIT */
/*
 * logs: CloudWatch Logs. Groups, streams and resource policies are in the catalog and in a registry
 * that any thread reads; events are in a store of their own (logstore/logstore.h).
 *
 * PutLogEvents runs on net threads and waits for the store's writer, which syncs. Reading runs on
 * workers. Changes, and the events of the log sink (core/log_sink.h), run on the control thread.
 */
#ifndef TERN_SERVICES_LOGS_LOGS_H
#define TERN_SERVICES_LOGS_LOGS_H

#include "core/core.h"
#include "core/service.h"
#include "logstore/logstore.h"
#include "services/logs/registry.h"

struct logs {
	uint32_t magic;
	struct logs_registry *registry;
	struct logstore *store;
	/* Sequence numbers of events: the number of this start of the server, then a counter. */
	uint64_t run;
	_Atomic uint64_t events;
	_Atomic uint64_t rejected; /* events of PutLogEvents since the start */

	/* The control thread's. */
	uint64_t next_number; /* of groups and streams */
	struct core_task sink_task;
};

extern const struct service_module logs_module;
/* Any thread: the state; NULL: the service is not started. */
static inline struct logs *logs_of(const struct core *core)
{
	return service_state(core, &logs_module);
}

/* The numbers of `count` events, of which this is the first. Any thread. */
static inline uint64_t logs_take_sequence(struct logs *logs, size_t count)
{
	return logs->run << 40 | atomic_fetch_add(&logs->events, count);
}

#endif
