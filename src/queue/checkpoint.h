/* SPDX-License-Identifier: MIT */
/*
 * checkpoint: the engine's state as bytes (image.h), encoded in several turns.
 */
#ifndef TERN_QUEUE_CHECKPOINT_H
#define TERN_QUEUE_CHECKPOINT_H

#include "queue/state.h"

void checkpoint_begin(struct engine *engine);
/* A turn's part of it; true when all is encoded. */
bool checkpoint_step(struct engine *engine);
/* As journal_checkpoint_fn; the context is the engine. */
must_check enum err checkpoint_decode(void *context, struct str checkpoint);

#endif
