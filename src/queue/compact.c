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

/* False: there is no room. A message that cannot be read is passed over. */
static bool carry(struct engine *engine, struct message *message)
{
	struct journal_record record;
	struct journal_location location;

	if (message->is_unreadable)
		return true;
	if (!journal_has_room(engine->journal, message->location.size))
		return false;
	buf_reset(&engine->scratch);
	if (journal_read(engine->journal, message->location, &engine->scratch, &record)) {
		message->is_unreadable = true;
		return true;
	}
	struct str data = record.type == RECORD_MOVE
				  ? str_slice(record.data, RECORD_MOVE_SIZE, record.data.size)
				  : record.data;
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

	struct segment_messages *segment = segment_messages_find(engine, engine->compacting);
	struct list *link = segment ? segment->messages.next : NULL;
	while (segment && link != &segment->messages && carried < BYTES_PER_STEP) {
		struct message *message = container_of(link, struct message, in_segment);
		bool is_only = segment->messages.next == segment->messages.prev;
		link = link->next;
		carried += message->location.size;
		if (!carry(engine, message))
			return;
		if (is_only && !message->is_unreadable)
			segment = NULL; /* freed with its last message */
	}
	if (!segment || link == &segment->messages)
		engine->compacting = 0;
}
