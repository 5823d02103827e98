/* SPDX-License-Identifier: MIT */
/* turn: two sums, set to zero where a kind of work begins. */
#include "queue/turn.h"

#include "queue/state.h"

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
