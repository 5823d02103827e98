/* SPDX-License-Identifier: MIT */
/*
 * generator: a thread that makes RSA keys, which takes too long for any other thread.
 *
 * Calls of the control thread are parked meanwhile.
 */
#ifndef TERN_SERVICES_KMS_GENERATOR_H
#define TERN_SERVICES_KMS_GENERATOR_H

#include "core/call.h"
#include "services/kms/cryptography.h"

struct kms_generator;
struct kms_generator *kms_generator_new(void);
/* Keys that still wait are not made, nor are new ones: their calls end, and SDKs try again. */
void kms_generator_stop(struct kms_generator *generator);
/* Waits for the key that is being made, whose call goes on as ever. After kms_generator_stop. */
void kms_generator_join(struct kms_generator *generator);
void kms_generator_free(struct kms_generator **generator); /* accepts NULL, leaves NULL */

/*
 * Control thread: makes material of that spec and then calls `resume` on the control thread, which
 * takes it with kms_generated; call->state is the generator's until then. At once unless it is RSA,
 * when this returns ERR_PARKED; the fault is LimitExceededException if too many wait.
 */
must_check enum err kms_generate(struct call *call, enum kms_spec spec, resume_fn resume,
				 void *context);
/* The material, which is the caller's from now on, and the context. */
struct kms_secret kms_generated(struct call *call, void **out_context);

#endif
