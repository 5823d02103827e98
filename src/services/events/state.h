/* SPDX-License-Identifier: MIT */
/*
 * state: EventBridge: event buses, their rules and the targets of rules.
 *
 * PutEvents runs on net threads and touches neither the catalog nor the control thread; operations
 * that change buses and rules run on the control thread (change.h).
 */
#ifndef TERN_SERVICES_EVENTS_STATE_H
#define TERN_SERVICES_EVENTS_STATE_H

#include <pthread.h>

#include "core/core.h"
#include "core/service.h"
#include "services/events/registry.h"

/* AWS's metrics of EventBridge, and two of ours. */
enum events_counter {
	EVENTS_COUNT_CALLS,	     /* PutEventsApproximateCallCount */
	EVENTS_COUNT_ENTRIES,	     /* PutEventsEntriesCount */
	EVENTS_COUNT_FAILED_ENTRIES, /* PutEventsFailedEntriesCount */
	EVENTS_COUNT_MATCHED,	     /* MatchedEvents */
	EVENTS_COUNT_TRIGGERED,	     /* TriggeredRules */
	EVENTS_COUNT_INVOCATIONS,    /* Invocations that succeeded */
	EVENTS_COUNT_RETRIES,	     /* RetryInvocationAttempts */
	EVENTS_COUNT_FAILED,	     /* FailedInvocations */
	EVENTS_COUNT_DEAD_LETTERS,   /* InvocationsSentToDlq */
	EVENTS_COUNT_DROPPED,	     /* the rule or the target was removed */
	EVENTS_COUNTERS,
};

struct events {
	uint32_t magic;
	struct events_registry *registry;
	struct events_items *items; /* connections and the like; item.h */
	struct events_archive_queues *archive_queues;
	pthread_mutex_t tokens_lock;
	struct events_tokens *tokens; /* of connections; under the lock */
	struct {
		struct events_replay_runner **items; /* in progress; the control thread's */
		size_t count, capacity;
	} replays;
	pthread_mutex_t scratch_lock;
	struct {
		struct match_scratch **items; /* that no thread uses */
		size_t count, capacity;
	} scratches;
	_Atomic uint64_t counters[EVENTS_COUNTERS];
};

/* Any thread. */
static inline void events_count(struct events *events, enum events_counter counter, uint64_t count)
{
	atomic_fetch_add_explicit(&events->counters[counter], count, memory_order_relaxed);
}

extern const struct service_module events_module;
/* Any thread: the state; NULL: the service is not started. */
static inline struct events *events_of(const struct core *core)
{
	return service_state(core, &events_module);
}

#endif
