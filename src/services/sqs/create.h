/* SPDX-License-Identifier: MIT */
/* create: the rules of CreateQueue, for the operation and for queues that a configuration declares.
 * Control thread. */
#ifndef TERN_SERVICES_SQS_CREATE_H
#define TERN_SERVICES_SQS_CREATE_H

#include "services/sqs/sqs.h"

/* Checks name and attributes and fills a draft, whose texts are borrowed. Faults as CreateQueue's.
 */
must_check enum err sqs_draft_new(struct call *call, struct str account, struct str region,
				  struct str name, const struct shape_pair *attributes,
				  size_t attribute_count, struct sqs_queue *out_draft);
/* Sorts and checks tags, over those the draft has. Faults as TagQueue's. */
must_check enum err sqs_tags_merge(struct call *call, struct sqs_queue *draft,
				   const struct shape_pair *tags, size_t count);

#endif
