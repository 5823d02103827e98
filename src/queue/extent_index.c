/* SPDX-License-Identifier: MIT */
/*
 * extent_index: collects the entries of a segment in a buffer, hands it to the journal, and frees
 * the entries in memory once the index is durable. A checkpoint has all extents of a segment in
 * the same way, so none begins while they leave memory.
 */
#include "queue/extent_index.h"

#include "queue/extent.h"
#include "queue/image.h"
#include "queue/state.h"
#include "queue/turn.h"

/* Of the bytes of a turn. */
enum { SHARE = 4 };

/* Appends the rest of the extent to its segment's index. */
static void collect_extent(struct segment_messages *segment, struct extent *extent)
{
	struct buf rest = {0};

	check(!extent->is_indexed);
	check(extent->segment == segment->segment);
	buf_append(&rest, str_slice(buf_str(&extent->entries), extent->position * EXTENT_ENTRY_SIZE,
				    extent->entries.size));
	buf_done(&extent->entries);
	extent->entries = rest;
	extent->position = 0;
	extent->index_offset = segment->index.size;
	buf_append(&segment->index, buf_str(&rest));
}

/* Submits the segment's complete index, without messages that were taken from its extents. */
static void collect_index(struct engine *engine, struct segment_messages *segment)
{
	if (!segment->is_collecting)
		segment->next = extent_in(segment, segment->extents.next);
	segment->is_collecting = true;
	while (segment->next && !turn_is_over(engine)) {
		struct extent *extent = segment->next;
		segment->next = extent_in(segment, extent->in_segment.next);
		collect_extent(segment, extent);
		turn_spend(engine, 1, SHARE * extent->entries.size);
	}
	if (segment->next)
		return;
	journal_index_write(engine->journal, segment->segment, &segment->index);
	segment->is_collecting = false;
	segment->is_indexing = true;
}

/* A checkpoint has all extents of a segment in the same way, so none begins meanwhile. */
static void leave_memory(struct engine *engine, struct segment_messages *segment)
{
	if (engine->leaving != segment->segment)
		segment->next = extent_in(segment, segment->extents.next);
	engine->leaving = segment->segment;
	check(segment->is_indexing);
	while (segment->next && !turn_is_over(engine)) {
		struct extent *extent = segment->next;
		segment->next = extent_in(segment, extent->in_segment.next);
		extent->is_indexed = true;
		extent->index_sum = journal_index_sum(engine->journal, segment->segment);
		buf_done(&extent->entries);
		turn_spend(engine, 1, 0);
	}
	if (segment->next)
		return;
	engine->leaving = 0;
	list_remove(&segment->unindexed_link);
	segment->is_indexing = false;
}

/* Writes as much of the segment as it can now; false: the turn is over. */
static bool step_segment(struct engine *engine, struct segment_messages *segment)
{
	bool may_leave = engine->leaving == segment->segment ||
			 (!engine->leaving && !engine->checkpoint.is_under_way);

	if (!segment->is_indexing)
		collect_index(engine, segment);
	else if (may_leave && journal_index_is_durable(engine->journal, segment->segment))
		leave_memory(engine, segment);
	else
		return true;
	return !turn_is_over(engine);
}

void extent_index_step(struct engine *engine)
{
	struct list *link = engine->unindexed.next;

	turn_begin(engine);
	engine->has_indexes_left = false;
	while (link != &engine->unindexed && !engine->has_indexes_left) {
		struct segment_messages *segment =
			container_of(link, struct segment_messages, unindexed_link);
		link = link->next;
		if (segment->segment < journal_open_segment(engine->journal))
			engine->has_indexes_left = !step_segment(engine, segment);
	}
}
