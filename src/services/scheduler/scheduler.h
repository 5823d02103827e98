/* SPDX-License-Identifier: MIT */
/*
 * scheduler: EventBridge Scheduler. Schedules and their groups, and what they deliver.
 *
 * Reading operations run on net threads. Changes, and the firing of schedules that are due
 * (fire.h), run on the control thread. A firing is one durable obligation (core/obligation.h);
 * deliver.h attempts it.
 */
#ifndef TERN_SERVICES_SCHEDULER_SCHEDULER_H
#define TERN_SERVICES_SCHEDULER_SCHEDULER_H

#include "core/core.h"
#include "core/service.h"
#include "services/scheduler/registry.h"

struct scheduler_zone;
struct scheduler_firing;

struct scheduler {
	uint32_t magic;
	struct scheduler_registry *registry;
	/* The control thread's. */
	struct {
		struct scheduler_zone *items;
		size_t count, capacity;
	} zones;
	struct {
		struct scheduler_firing **items;
		size_t count, capacity;
	} firings;			      /* of this turn of core/due.h */
	_Atomic uint64_t invocations, missed; /* since the start */
};

extern const struct service_module scheduler_module;
/* Any thread: the state; NULL: the service is not started. */
static inline struct scheduler *scheduler_of(const struct core *core)
{
	return service_state(core, &scheduler_module);
}

#endif
