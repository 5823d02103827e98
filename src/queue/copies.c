/* SPDX-License-Identifier: MIT */
/* copies: a reference lies in the segment of its payload, so a copy counts while that is open. */
#include "queue/copies.h"

enum { COPIES_BITS = 16, COPIES = 1 << COPIES_BITS };

struct shared_copy *copies_slot(struct engine *engine, uint32_t offset)
{
	if (!engine->copies)
		engine->copies = heap_alloc(COPIES * sizeof(engine->copies[0]));
	return &engine->copies[(offset * 2654435761u) >> (32 - COPIES_BITS)];
}

bool copies_has(const struct engine *engine, const struct shared_copy *copy, uint32_t offset)
{
	check(offset > 0); /* a batch's header is there */
	return copy->from_offset == offset &&
	       copy->segment == journal_open_segment(engine->journal);
}

void copies_free(struct engine *engine)
{
	heap_free(engine->copies);
	engine->copies = NULL;
}
