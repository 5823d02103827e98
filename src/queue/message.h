/* SPDX-License-Identifier: MIT */
/*
 * message: messages in memory, and the lists, counts and timers that follow from their state.
 */
#ifndef TERN_QUEUE_MESSAGE_H
#define TERN_QUEUE_MESSAGE_H

#include "queue/state.h"

/* Enters a message that is not placed yet. */
struct message *message_add(struct engine *engine, struct engine_queue *queue, uint64_t seq,
			    uint64_t group, int64_t since_ms, struct journal_location location,
			    uint32_t shared_size);
/* Sets the state of a message that was not received yet: ready, or delayed. On a standard queue its
 * record has the delay, on a FIFO queue the queue has. Does not place the message. */
void message_begin(const struct engine *engine, struct message *message, int64_t visible_ms);
void message_place(struct engine *engine, struct message *message); /* by its state */
void message_unplace(struct engine *engine, struct message *message);
void message_relocate(struct engine *engine, struct message *message,
		      struct journal_location location, uint32_t shared_size);
/* Takes the message out of everything but its group's life: backlog_remove calls it. */
void message_detach(struct engine *engine, struct message *message);
void message_free(struct engine *engine, struct message *message); /* it is detached */
bool message_is_expired(const struct engine *engine, const struct message *message);
/* True if the queue's delay hides a FIFO message, in any state. */
bool message_is_delayed(const struct engine *engine, const struct message *message);

#endif
