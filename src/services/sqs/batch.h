/* SPDX-License-Identifier: MIT */
/* batch: the rules that all batch operations share. */
#ifndef TERN_SERVICES_SQS_BATCH_H
#define TERN_SERVICES_SQS_BATCH_H

#include "api/sqs.h"
#include "services/sqs/registry.h"

/*
 * Count, syntax and distinctness of the ids, in AWS's order. `entry` names the entries in faults;
 * `has_entries` is false if the caller sent no list at all.
 */
must_check enum err sqs_batch_check(struct call *call, const char *entry, bool has_entries,
				    const struct str *ids, size_t count);

/* Lists the fault that was just recorded as the failure of one entry, and removes it from the
 * call. */
void sqs_batch_fail(struct call *call, struct str id,
		    struct sqs_batch_result_error_entry *out_entry);

/* Fails with the fault of a command that the engine refused. Returns ERR_FAULT. */
must_check enum err sqs_fail_result(struct call *call, enum queue_result result);

#endif
