/* SPDX-License-Identifier: MIT */
/*
 * wait: receives that wait for messages, oldest first.
 */
#ifndef TERN_QUEUE_WAIT_H
#define TERN_QUEUE_WAIT_H

#include "queue/state.h"

void wait_begin(struct engine *engine, struct queue_command *command, struct engine_queue *queue);
void wait_leave(struct engine *engine, struct engine_queue *queue, struct queue_command *command);
/* Answers a waiting receive without messages. */
void wait_end(struct engine *engine, struct queue_command *command, enum queue_result result);
void wait_end_all(struct engine *engine, enum queue_result result);

#endif
