/* SPDX-License-Identifier: MIT */
/*
 * copies: shared payloads that compaction has copied, of the segment that it empties.
 *
 * A table of one slot for each offset, without chains: it takes 1 MiB while references are
 * relocated, and a payload that was pushed out of its slot is copied again.
 */
#ifndef TERN_QUEUE_COPIES_H
#define TERN_QUEUE_COPIES_H

#include "queue/state.h"

/* The slot of the payload at that offset; it may hold another one. */
struct shared_copy *copies_slot(struct engine *engine, uint32_t offset);
/* True if `copy` is of the payload at that offset and a record appended now can refer to it. */
bool copies_has(const struct engine *engine, const struct shared_copy *copy, uint32_t offset);
void copies_free(struct engine *engine);

#endif
