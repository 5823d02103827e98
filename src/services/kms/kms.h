/* SPDX-License-Identifier: MIT */
/*
 * kms: keys that never leave the server, and their operations.
 *
 * Operations that use keys run on net threads, without the catalog; those that change keys run on
 * the control thread, write the catalog first and then the registry. Scheduled tasks rotate and
 * destroy keys and expire imported material (due.h).
 */
#ifndef TERN_SERVICES_KMS_KMS_H
#define TERN_SERVICES_KMS_KMS_H

#include "core/core.h"
#include "core/seal/kms.h"
#include "core/service.h"
#include "services/kms/registry.h"

enum kms_service_call { KMS_SERVICE_GENERATE_DATA_KEY, KMS_SERVICE_DECRYPT, KMS_SERVICE_CALLS };

struct kms {
	uint32_t magic;
	struct kms_registry *registry;
	_Atomic uint64_t service_calls[KMS_SERVICE_CALLS];
};

extern const struct service_module kms_module;
/* Any thread: the state; NULL: the service is not started. */
static inline struct kms *kms_of(const struct core *core)
{
	return service_state(core, &kms_module);
}

/* service.c: core->kms. */
extern const struct core_kms kms_for_services;

#endif
