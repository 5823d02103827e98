/* SPDX-License-Identifier: MIT */
/*
 * move: moves messages between queues: to the dead-letter queue, and redrive.
 *
 * A move is one record: the message leaves and enters atomically, also in a crash.
 */
#ifndef TERN_QUEUE_MOVE_H
#define TERN_QUEUE_MOVE_H

#include "queue/state.h"

/* Moves to the dead-letter queue. False: the bytes cannot be read (the message is marked from then
 * on) or there is no room. */
bool move_dead(struct engine *engine, struct message *message, struct engine_queue *to);
void move_redrive(struct engine *engine, struct queue_command *command); /* QUEUE_REDRIVE */

#endif
