/* SPDX-License-Identifier: MIT */
/*
 * turn: the measure of a turn's work.
 *
 * Unbounded work checks after each unit whether the turn is over, and leaves the rest to the next
 * one. A unit is one message that is moved, relocated, expired, removed or encoded, or one command
 * of at most ten messages. Each kind of work has its own whole measure, so that no kind delays the
 * others.
 */
#ifndef TERN_QUEUE_TURN_H
#define TERN_QUEUE_TURN_H

#include "queue/state.h"

void turn_begin(struct engine *engine);
void turn_spend(struct engine *engine, size_t items, size_t bytes);
bool turn_is_over(const struct engine *engine);

#endif
