/* SPDX-License-Identifier: MIT */
/*
 * encrypt: the Input of a target, sealed in the catalog under the schedule's KmsKeyArn. The
 * encryption context is the ARN of the schedule.
 *
 * The caller of CreateSchedule and UpdateSchedule needs kms:GenerateDataKey, that of GetSchedule
 * and the execution role kms:Decrypt.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/encryption-rest.html
 */
#ifndef TERN_SERVICES_SCHEDULER_ENCRYPT_H
#define TERN_SERVICES_SCHEDULER_ENCRYPT_H

#include "core/data_keys.h"
#include "services/scheduler/registry.h"

/*
 * The call's thread: moves shown->target->input, sealed, to *out_sealed; data NULL: there is no key
 * or no input. The target is a copy then. ERR_FAULT: the key cannot be used.
 */
must_check enum err scheduler_seal_input(struct call *call,
					 struct scheduler_get_schedule_out *shown,
					 struct str *out_sealed);
/* The call's thread: the other way. ERR_FAULT. */
must_check enum err scheduler_open_input(struct call *call, struct str sealed,
					 struct scheduler_get_schedule_out *shown);
/* Opens it in the arena, for the principal of the call. */
must_check enum kms_problem scheduler_open_bytes(struct call *call, struct arena *arena,
						 struct str sealed, struct str *out_input,
						 struct str *out_text);

#endif
