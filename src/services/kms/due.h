/* SPDX-License-Identifier: MIT */
/*
 * due: scheduled changes of keys: rotation, expiry of imported material, and destruction after the
 * waiting period. Control thread, or main at start-up.
 */
#ifndef TERN_SERVICES_KMS_DUE_H
#define TERN_SERVICES_KMS_DUE_H

#include "core/due.h"
#include "services/kms/kms.h"

/* A year, if no other period was given. */
enum { KMS_ROTATION_DAYS_DEFAULT = 365 };
#define KMS_DAY_MS INT64_C(86400000)

/* The key's next due time, for its entry in core/due.h. NULL: the key does not exist. */
struct due_time kms_due_of(const struct kms_key *key);
/* Registers DUE_KMS_KEY. The keys are loaded. */
must_check enum err kms_due_start(struct core *core);

/* New material for a symmetric key whose material the server made. A rotation on demand does not
 * change the date of the automatic one. */
must_check enum err kms_key_rotate(struct core *core, const struct kms_key *key,
				   enum kms_rotation rotation, int64_t now_ms);
/* The key without the imported material at that index: it waits for import, or for its deletion as
 * before. Material that waited for its rotation is removed completely. */
must_check enum err kms_key_forget_material(struct core *core, const struct kms_key *key,
					    size_t place);

#endif
