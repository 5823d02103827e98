/* SPDX-License-Identifier: MIT */
/*
 * store: a queue's settings as a record of the catalog. Pure.
 */
#ifndef TERN_SERVICES_SQS_STORE_H
#define TERN_SERVICES_SQS_STORE_H

#include "services/sqs/attributes.h"

/* Appends the record. */
void sqs_queue_encode(struct buf *out, struct arena *arena, const struct sqs_queue *queue);
/* Fills a draft, borrowed from record and arena. ERR_DAMAGED, ERR_VERSION. */
must_check enum err sqs_queue_decode(struct arena *arena, struct str bytes,
				     struct sqs_queue *out_draft);

#endif
