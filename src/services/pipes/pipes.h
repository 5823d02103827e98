/* SPDX-License-Identifier: MIT */
/*
 * pipes: EventBridge Pipes. A pipe consumes a queue, filters and enriches its messages, and gives
 * them to a target.
 *
 * Reading operations run on net threads, changes on the control thread. A pipe that runs is a
 * consumer (core/consumer.h) with the pipe's role; run.h has its work.
 */
#ifndef TERN_SERVICES_PIPES_PIPES_H
#define TERN_SERVICES_PIPES_PIPES_H

#include "core/core.h"
#include "core/service.h"
#include "services/pipes/registry.h"

#define PIPES_SERVICE STR("pipes.amazonaws.com")

struct pipes {
	uint32_t magic;
	struct pipes_registry *registry;
	/* Since the start: batches, and those that failed in whole or in part. */
	_Atomic uint64_t executions, failures;
};

extern const struct service_module pipes_module;
/* Any thread: the state; NULL: the service is not started. */
static inline struct pipes *pipes_of(const struct core *core)
{
	return service_state(core, &pipes_module);
}

#endif
