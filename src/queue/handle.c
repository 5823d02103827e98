/* SPDX-License-Identifier: MIT */
/* handle: a seq alone does not identify a message; the time of its receive does. */
#include "queue/handle.h"

#include "queue/message.h"

/* True if the handle is of a receive of this very message: an earlier message may have had its seq,
 * in a dropped queue or in records that a power cut lost. */
static bool is_of_message(const struct queue_handle *handle, const struct message *message)
{
	if (handle->receive == message->receives)
		return handle->received_ms == message->received_ms;
	return handle->receive < message->receives && handle->received_ms >= message->since_ms &&
	       handle->received_ms <= message->received_ms;
}

enum queue_result handle_check(struct engine *engine, const struct engine_queue *queue,
			       const struct queue_handle *handle, struct message **out_message)
{
	struct message *message = message_find(engine, queue->number, handle->seq);

	if (!message || message_is_expired(engine, message) || !is_of_message(handle, message))
		return QUEUE_MESSAGE_GONE;
	if (queue->is_fifo &&
	    (handle->receive < message->receives || message->state != MESSAGE_IN_FLIGHT))
		return QUEUE_HANDLE_EXPIRED;
	*out_message = message;
	return QUEUE_OK;
}

bool handle_is_among(struct message *const *messages, size_t count, const struct message *message)
{
	for (size_t i = 0; i < count; i++)
		if (messages[i] == message)
			return true;
	return false;
}
