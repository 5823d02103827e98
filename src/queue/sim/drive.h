/* SPDX-License-Identifier: MIT */
/* drive: lets an engine work, for the programs that measure it. The journal's lanes run inline. */
#ifndef TERN_QUEUE_SIM_DRIVE_H
#define TERN_QUEUE_SIM_DRIVE_H

#include "queue/queue.h"

void drive_turn(struct engine *engine, int64_t base_ms, int64_t now_ms);
/* Runs one command to its end. A command that fails ends the process. */
void drive_command(struct engine *engine, struct queue_command *command, int64_t base_ms,
		   int64_t now_ms);

#endif
