/* SPDX-License-Identifier: MIT */
/*
 * compact: carries what still lives in a mostly dead segment to the log's end, a little in each
 * step.
 *
 * A carried message keeps its place in its queue; only its location changes. A message that cannot
 * be read stays where it is: the segment is kept and never chosen again in this run.
 */
#include "queue/engine_private.h"

enum { BYTES_PER_STEP = 256 << 10 };

static struct segment_messages *find_segment(struct engine *engine, uint32_t number)
{
	struct segment_messages *segment;
	size_t cursor = 0;

	while ((segment = map_next(&engine->segments, &cursor)))
		if (segment->segment == number)
			return segment;
	return NULL;
}

static bool carry(struct engine *engine, struct message *message)
{
	struct journal_record record;
	struct journal_location location;

	buf_reset(&engine->scratch);
	if (journal_read(engine->journal, message->location, &engine->scratch, &record))
		return false;
	struct str data = record.type == RECORD_MOVE
				  ? str_slice(record.data, RECORD_MOVE_SIZE, record.data.size)
				  : record.data;
	if (!journal_has_room(engine->journal, data.size))
		return false;
	append_record(engine, RECORD_CARRY, message->queue->number, &data, 1, &location);
	message_relocate(engine, message, location);
	return true;
}

void compact_step(struct engine *engine)
{
	size_t carried = 0;

	if (!engine->compacting)
		engine->compacting = journal_compaction_candidate(engine->journal);
	if (!engine->compacting)
		return;

	uint32_t number = engine->compacting;
	struct segment_messages *segment = find_segment(engine, number);
	while (segment && carried < BYTES_PER_STEP) {
		struct message *message =
			container_of(segment->messages.next, struct message, in_segment);
		bool is_last = message->in_segment.next == &segment->messages;
		carried += message->location.size;
		if (!carry(engine, message))
			return;
		if (is_last)
			segment = NULL; /* freed with its last message */
	}
	if (!segment)
		engine->compacting = 0;
}
