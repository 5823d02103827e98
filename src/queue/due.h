/* SPDX-License-Identifier: MIT */
/*
 * due: handles timers that are due.
 */
#ifndef TERN_QUEUE_DUE_H
#define TERN_QUEUE_DUE_H

#include "queue/state.h"

/* Handles a turn's part of the timers that are due at engine->now_ms. */
void due_run(struct engine *engine);

#endif
