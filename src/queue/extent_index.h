/* SPDX-License-Identifier: MIT */
/*
 * extent_index: the index of a sealed segment, which its extents move to from memory.
 */
#ifndef TERN_QUEUE_EXTENT_INDEX_H
#define TERN_QUEUE_EXTENT_INDEX_H

#include "queue/state.h"

/* A turn's part. engine->has_indexes_left: more work is due at once. */
void extent_index_step(struct engine *engine);

#endif
