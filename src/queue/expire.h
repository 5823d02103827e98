/* SPDX-License-Identifier: MIT */
/*
 * expire: drops messages after their retention period.
 */
#ifndef TERN_QUEUE_EXPIRE_H
#define TERN_QUEUE_EXPIRE_H

#include "queue/state.h"

/* Expires these, at most RECORD_SEQS_MAX. */
void expire_messages(struct engine *engine, struct engine_queue *queue,
		     struct message *const *messages, size_t count);
/* The queue's retention timer is due: expires a bounded part, and sets the timer for the rest. */
void expire_due(struct engine *engine, struct engine_queue *queue);

#endif
