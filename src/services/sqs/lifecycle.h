/* SPDX-License-Identifier: MIT */
/*
 * lifecycle: makes, changes and deletes queues in the catalog (durable records), the queue engine
 * (messages) and the registry (look-ups).
 *
 * Control thread, or main at start-up. A change is durable, public and known to the engine when the
 * group of the call ends (core/group.h); without a group, when the function returns. Errors are
 * those of the catalog; ERR_CLOSED when the engine refuses it.
 */
#ifndef TERN_SERVICES_SQS_LIFECYCLE_H
#define TERN_SERVICES_SQS_LIFECYCLE_H

#include "services/sqs/state.h"

/*
 * Creates the queue of a draft whose names and attributes are final: sets number, ARN and times.
 */
must_check enum err sqs_queue_create(struct core *core, struct sqs_queue *draft);
/* Replaces an existing queue by its changed draft; modified_ms is set if `is_touched`. */
must_check enum err sqs_queue_change(struct core *core, struct sqs_queue *draft, bool is_touched);
must_check enum err sqs_queue_delete(struct core *core, const struct sqs_queue *queue);
/* Deletes all of them, or none on an error. */
must_check enum err sqs_queues_delete(struct core *core, const struct sqs_queue *const *queues,
				      size_t count);
/* Loads the records of sqs_queue_create into the registry and the engine. */
must_check enum err sqs_queues_load(struct core *core);
/* The time when the queue of that ARN was deleted, if within the last minute; INT64_MIN
 * otherwise. */
int64_t sqs_queue_deleted_ms(struct core *core, struct str arn);
void sqs_deletions_done(struct sqs *sqs);
/* Called when the engine has ended. */
void sqs_drops_done(struct sqs *sqs);

#endif
