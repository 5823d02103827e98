/* SPDX-License-Identifier: MIT */
/*
 * queues: the rules of CreateQueue, for the operation and for queues that a configuration
 * declares. Control thread.
 */
#ifndef TERN_SERVICES_SQS_QUEUES_H
#define TERN_SERVICES_SQS_QUEUES_H

#include "services/sqs/state.h"

/* Checks name and attributes and fills a draft, whose texts are borrowed. Faults as CreateQueue's.
 */
must_check enum err sqs_draft_new(struct call *call, struct str account, struct str region,
				  struct str name, const struct shape_pair *attributes,
				  size_t attribute_count, struct sqs_queue *out_draft);

#endif
