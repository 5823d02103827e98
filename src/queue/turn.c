/* SPDX-License-Identifier: MIT */
/*
 * turn: how much a turn has done.
 *
 * Whoever may do much asks after each unit whether the turn is over, and leaves the rest to the
 * next one. A unit is one message that is moved, carried, expired, removed or written down, or one
 * command of at most ten messages. Each kind of work has the whole measure to itself, so that none
 * of them keeps the others from having their turn.
 */
#include "queue/engine_private.h"

void turn_begin(struct engine *engine)
{
	engine->turn_items = 0;
	engine->turn_bytes = 0;
}

void turn_spend(struct engine *engine, size_t items, size_t bytes)
{
	engine->turn_items += items;
	engine->turn_bytes += bytes;
}

bool turn_is_over(const struct engine *engine)
{
	return engine->turn_items >= engine->options.turn_items ||
	       engine->turn_bytes >= engine->options.turn_bytes;
}
