/* SPDX-License-Identifier: MIT */
/*
 * tags: the rules of TagQueue, for the operation and for new queues. Control thread.
 */
#ifndef TERN_SERVICES_SQS_TAGS_H
#define TERN_SERVICES_SQS_TAGS_H

#include "services/sqs/state.h"

/* Sorts and checks tags, over those the draft has. Faults as TagQueue's. */
must_check enum err sqs_tags_merge(struct call *call, struct sqs_queue *draft,
				   const struct shape_pair *tags, size_t count);

#endif
