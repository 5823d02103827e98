/* SPDX-License-Identifier: MIT */
/*
 * state: EventBridge: event buses, their rules and the targets of rules.
 *
 * PutEvents runs on net threads and touches neither the catalog nor the control thread; operations
 * that change buses and rules run on the control thread (change.h).
 */
#ifndef TERN_SERVICES_EVENTS_STATE_H
#define TERN_SERVICES_EVENTS_STATE_H

#include "core/core.h"
#include "core/service.h"
#include "services/events/registry.h"

struct events {
	uint32_t magic;
	struct events_registry *registry;
};

extern const struct service_module events_module;
/* Any thread: the state; NULL: the service is not started. */
static inline struct events *events_of(const struct core *core)
{
	return service_state(core, &events_module);
}

#endif
