/* SPDX-License-Identifier: MIT */
/*
 * delivery: makes the delivery of a message to a receiver.
 */
#ifndef TERN_QUEUE_DELIVERY_H
#define TERN_QUEUE_DELIVERY_H

#include "queue/state.h"

/* Fills *out_delivery in, and pins the message's segment. */
void delivery_give(struct engine *engine, const struct message *message,
		   struct queue_delivery *out_delivery);

#endif
