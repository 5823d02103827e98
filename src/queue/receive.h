/* SPDX-License-Identifier: MIT */
/*
 * receive: chooses messages and leases them.
 */
#ifndef TERN_QUEUE_RECEIVE_H
#define TERN_QUEUE_RECEIVE_H

#include "queue/state.h"

void receive_execute(struct engine *engine, struct queue_command *command); /* QUEUE_RECEIVE */
/* False: the turn is over, and waiting receives may get more. */
bool receive_serve_waiting(struct engine *engine, struct engine_queue *queue);

#endif
