/* SPDX-License-Identifier: MIT */
/* handle: finds the message of a receipt handle. */
#ifndef TERN_QUEUE_HANDLE_H
#define TERN_QUEUE_HANDLE_H

#include "queue/state.h"

/* QUEUE_MESSAGE_GONE, QUEUE_HANDLE_EXPIRED. On standard queues handles of earlier receives count as
 * well. */
enum queue_result handle_check(struct engine *engine, const struct engine_queue *queue,
			       const struct queue_handle *handle, struct message **out_message);
/* The same handle may come twice in a batch. */
bool handle_is_among(struct message *const *messages, size_t count, const struct message *message);

#endif
