/* SPDX-License-Identifier: MIT */
/* fanout: sends to several queues in one batch. */
#ifndef TERN_QUEUE_FANOUT_H
#define TERN_QUEUE_FANOUT_H

#include "queue/state.h"

void fanout_execute(struct engine *engine, struct queue_command *command); /* QUEUE_FANOUT */
/* Items that the command takes of a turn. */
size_t fanout_cost(const struct queue_command *command);

#endif
