/* SPDX-License-Identifier: MIT */
/*
 * answer: ends commands.
 */
#ifndef TERN_QUEUE_ANSWER_H
#define TERN_QUEUE_ANSWER_H

#include "queue/state.h"

/* Answers when all that was appended so far is durable. */
void answer_command(struct engine *engine, struct queue_command *command, enum queue_result result);
void answer_now(struct queue_command *command, enum queue_result result);
/* The command's queue; NULL: it does not exist, and the command is answered. */
struct engine_queue *answer_queue(struct engine *engine, struct queue_command *command);

#endif
