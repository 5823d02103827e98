/* SPDX-License-Identifier: MIT */
/*
 * browse: reads messages without receiving them, a page at a time, by seq.
 */
#ifndef TERN_QUEUE_BROWSE_H
#define TERN_QUEUE_BROWSE_H

#include "queue/state.h"

void browse_execute(struct engine *engine, struct queue_command *command); /* QUEUE_BROWSE */
void browse_step(struct engine *engine);				   /* a turn's part */
void browse_end_all(struct engine *engine, enum queue_result result);

#endif
