/* SPDX-License-Identifier: MIT */
/*
 * state: the service's state, and the functions that the server calls beside its operations.
 */
#ifndef TERN_SERVICES_SQS_STATE_H
#define TERN_SERVICES_SQS_STATE_H

#include "core/service.h"
#include "services/sqs/registry.h"

struct sqs_seats;

struct sqs {
	uint32_t magic;
	struct sqs_registry *registry;
	struct sqs_moves *moves; /* message move tasks; control thread */
	struct sqs_seats *seats;
	_Atomic uint64_t direct_count; /* deliveries in flight that have no request */
	uint64_t next_number;	       /* of a new queue; control thread */
	uint64_t unknown_queues;       /* in the engine but not in the catalog; since start */
	struct list deletions;	       /* of the last minute, oldest first; control thread */
	struct list drops; /* deleted queues whose record of the drop is in the catalog; control
			      thread */
};
extern const struct service_module sqs_module;
/* Any thread: the state; NULL: the service is not started. */
static inline struct sqs *sqs_of(const struct core *core)
{
	return service_state(core, &sqs_module);
}

#endif
