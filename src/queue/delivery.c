/* SPDX-License-Identifier: MIT */
/* delivery: copies the fields that a receipt handle and an answer need. */
#include "queue/delivery.h"

#include "queue/state.h"

void delivery_give(struct engine *engine, const struct message *message,
		   struct queue_delivery *out_delivery)
{
	journal_pin(engine->journal, message->location.segment);
	*out_delivery = (struct queue_delivery){
		.location = message->location,
		.is_shared = message->shared_size > 0,
		.handle = {message->queue->number, message->seq, message->receives,
			   message->received_ms},
		.group = message->group->hash,
		.receive_count = message->receive_count,
		.first_receive_ms = message->first_receive_ms,
	};
}
