/* SPDX-License-Identifier: MIT */
/*
 * turn: how much a turn has done.
 *
 * Code that may do much checks after each unit whether the turn is over, and leaves the rest to the
 * next one. A unit is one message that is moved, relocated, expired, removed or encoded, or one
 * command of at most ten messages. Each kind of work has the whole measure to itself, so that none
 * of them keeps the others from having their turn.
 */
#ifndef TERN_QUEUE_TURN_H
#define TERN_QUEUE_TURN_H

#include "queue/state.h"

void turn_begin(struct engine *engine);
void turn_spend(struct engine *engine, size_t items, size_t bytes);
bool turn_is_over(const struct engine *engine);

#endif
