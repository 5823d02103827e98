/* SPDX-License-Identifier: MIT */
/*
 * kms: keys that never leave the server, and what is done with them (services/kms is
 * core->kms_state).
 *
 * Operations that use keys run on net threads, without the catalog; those that change keys run on
 * the control thread, write the catalog first and then the registry. Time makes changes too: keys
 * are rotated and destroyed and imported material expires when it is due.
 */
#ifndef TERN_SERVICES_KMS_KMS_H
#define TERN_SERVICES_KMS_KMS_H

#include "core/core.h"
#include "core/seal/kms.h"
#include "services/kms/registry.h"

enum kms_service_call { KMS_SERVICE_GENERATE_DATA_KEY, KMS_SERVICE_DECRYPT, KMS_SERVICE_CALLS };

struct kms {
	struct kms_registry *registry;
	struct list dues; /* struct due of due.c: tasks that wait for their time */
	_Atomic uint64_t service_calls[KMS_SERVICE_CALLS];
};

static inline struct kms *kms_of(const struct core *core)
{
	return core->kms_state;
}

/* Main: loads the keys and sets core->kms. What became due meanwhile is done. */
must_check enum err kms_start(struct core *core);
/* Main, once the control thread has ended. */
void kms_stop(struct core *core);

struct kms_stats {
	uint64_t keys[KMS_STATES];
	uint64_t service_calls[KMS_SERVICE_CALLS]; /* of other services */
};
/* Any thread. */
void kms_stats_read(const struct core *core, struct kms_stats *out_stats);

/* service.c: core->kms. */
extern const struct core_kms kms_for_services;

#endif
