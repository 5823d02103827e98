/* SPDX-License-Identifier: MIT */
/*
 * compact: empties mostly dead segments.
 */
#ifndef TERN_QUEUE_COMPACT_H
#define TERN_QUEUE_COMPACT_H

#include "queue/state.h"

void compact_step(struct engine *engine); /* a turn's part */

#endif
