/* SPDX-License-Identifier: MIT */
/*
 * due: does what timers are set for.
 */
#ifndef TERN_QUEUE_DUE_H
#define TERN_QUEUE_DUE_H

#include "queue/state.h"

/* A turn's part of what is due at engine->now_ms. */
void due_run(struct engine *engine);

#endif
