/* SPDX-License-Identifier: MIT */
/*
 * compact: empties mostly dead segments.
 */
#ifndef TERN_QUEUE_COMPACT_H
#define TERN_QUEUE_COMPACT_H

#include "queue/state.h"

/* True if `copy` is of the payload at that offset and a record appended now can refer to it. */
bool compact_has_copy(const struct engine *engine, const struct shared_copy *copy, uint32_t offset);
void compact_step(struct engine *engine); /* a turn's part */

#endif
