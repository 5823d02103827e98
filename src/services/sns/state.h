/* SPDX-License-Identifier: MIT */
/*
 * state: topics, subscriptions, and messages that fan out from one to the other.
 *
 * Operations that change settings run on the control thread, write the catalog first and then the
 * registry. Publish runs on net threads and reads the registry only.
 */
#ifndef TERN_SERVICES_SNS_STATE_H
#define TERN_SERVICES_SNS_STATE_H

#include "core/core.h"
#include "core/service.h"
#include "services/sns/registry.h"

struct sns_replay;
struct sns_signer;

struct sns {
	uint32_t magic;
	struct sns_registry *registry;
	uint32_t next_serial; /* of internal queues; control thread */
	struct {
		struct sns_replay **items; /* in progress; control thread */
		size_t count, capacity;
	} replays;
	char log_stream[UUID_TEXT_SIZE];     /* of delivery status logs; constant after the start */
	_Atomic(struct sns_signer *) signer; /* NULL: no key was made yet; sign.h */
};

extern const struct service_module sns_module;
/* Any thread: the state; NULL: the service is not started. */
static inline struct sns *sns_of(const struct core *core)
{
	return service_state(core, &sns_module);
}

#endif
