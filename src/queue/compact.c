/* SPDX-License-Identifier: MIT */
/*
 * compact: relocates what still lives in a mostly dead segment to the log's end, a little in each
 * step.
 *
 * A relocated message keeps its place in its queue; only its location changes. A message that
 * cannot be read stays where it is: the segment is kept and never chosen again by this process.
 * What is purged goes by itself.
 */

#include "queue/compact.h"

#include "queue/extent.h"
#include "queue/log.h"
#include "queue/message.h"
#include "queue/state.h"
#include "queue/turn.h"

/* Of the bytes of a turn. */
enum { SHARE = 16 };

static bool is_enough(const struct engine *engine, size_t relocated)
{
	return relocated >= engine->options.turn_bytes / SHARE;
}

/* Appends what stands at `location` once more. False with *out_is_readable: there is no room. */
static bool relocate_record(struct engine *engine, const struct engine_queue *queue,
			    struct journal_location from, struct journal_location *out_location,
			    bool *out_is_readable)
{
	struct journal_record record;

	*out_is_readable = true;
	if (!journal_has_room(engine->journal, JOURNAL_ROOM_CHANGE, from.size))
		return false;
	buf_reset(&engine->scratch);
	turn_spend(engine, 0, from.size);
	*out_is_readable = !journal_read(engine->journal, from, &engine->scratch, &record);
	if (!*out_is_readable)
		return false;
	struct str data = record.type == RECORD_MOVE
				  ? str_slice(record.data, RECORD_MOVE_SIZE, record.data.size)
				  : record.data;
	log_append(engine, RECORD_RELOCATE, queue->number, &data, 1, out_location);
	return true;
}

/* False: it must go on later. What cannot be read is passed over. */
static bool relocate_messages(struct engine *engine, uint32_t number, size_t *relocated)
{
	struct segment_messages *segment = segment_messages_find(engine, number);
	struct list *link = segment ? segment->messages.next : NULL;

	while (segment && link != &segment->messages) {
		struct message *message = container_of(link, struct message, in_segment);
		struct journal_location location;
		bool is_readable;
		link = link->next;
		if (message->is_unreadable || message->queue->is_retired)
			continue;
		if (is_enough(engine, *relocated))
			return false;
		*relocated += message->location.size;
		if (relocate_record(engine, message->queue, message->location, &location,
				    &is_readable)) {
			message_relocate(engine, message, location);
			/* It goes with its last message. */
			segment = segment_messages_find(engine, number);
		} else if (is_readable) {
			return false;
		} else {
			message->is_unreadable = true;
		}
	}
	return true;
}

/* False: it must go on later. An extent ends to be relocated at an entry that cannot be read. */
static bool relocate_extent(struct engine *engine, struct extent *extent, size_t *relocated)
{
	struct extent_entry entries[EXTENT_PEEK_MAX];
	bool is_left = true;
	size_t count;

	while (is_left && (count = extent_peek(engine, extent, 0, entries, EXTENT_PEEK_MAX)) > 0) {
		for (size_t i = 0; i < count; i++) {
			struct journal_location location;
			bool is_readable;
			if (is_enough(engine, *relocated))
				return false;
			*relocated += entries[i].location.size;
			if (!relocate_record(engine, extent->queue, entries[i].location, &location,
					     &is_readable))
				return !is_readable;
			/* Frees the extent with its last entry. */
			is_left = extent->count > 1;
			extent_relocate_first(engine, extent, &entries[i], location);
		}
	}
	return true;
}

static bool relocate_extents(struct engine *engine, uint32_t number, size_t *relocated)
{
	struct segment_messages *segment = segment_messages_find(engine, number);
	struct list *link = segment ? segment->extents.next : NULL;

	while (segment && link != &segment->extents) {
		struct extent *extent = container_of(link, struct extent, in_segment);
		link = link->next;
		if (!extent->queue->is_retired && !relocate_extent(engine, extent, relocated))
			return false;
		segment = segment_messages_find(engine, number);
	}
	return true;
}

void compact_step(struct engine *engine)
{
	size_t relocated = 0;

	turn_begin(engine);
	if (!engine->compacting)
		engine->compacting = journal_compaction_candidate(engine->journal);
	if (!engine->compacting)
		return;
	if (relocate_messages(engine, engine->compacting, &relocated) &&
	    relocate_extents(engine, engine->compacting, &relocated))
		engine->compacting = 0;
}
