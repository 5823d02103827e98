/* SPDX-License-Identifier: MIT */
/*
 * command: executes commands.
 */
#ifndef TERN_QUEUE_COMMAND_H
#define TERN_QUEUE_COMMAND_H

#include "queue/state.h"

void command_execute(struct engine *engine, struct queue_command *command);

#endif
