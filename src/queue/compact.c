/* SPDX-License-Identifier: MIT */
/*
 * compact: carries what still lives in a mostly dead segment to the log's end, a little in each
 * step.
 *
 * A carried message keeps its place in its queue; only its location changes. A message that cannot
 * be read stays where it is: the segment is kept and never chosen again in this run. What is purged
 * goes by itself.
 */
#include "queue/engine_private.h"

/* Of the bytes of a turn. */
enum { SHARE = 16 };

static bool is_enough(const struct engine *engine, size_t carried)
{
	return carried >= engine->options.turn_bytes / SHARE;
}

/* Appends what stands at `location` once more. False with *out_is_readable: there is no room. */
static bool carry_record(struct engine *engine, const struct engine_queue *queue,
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
	append_record(engine, RECORD_CARRY, queue->number, &data, 1, out_location);
	return true;
}

/* False: it must go on later. What cannot be read is passed over. */
static bool carry_messages(struct engine *engine, uint32_t number, size_t *carried)
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
		if (is_enough(engine, *carried))
			return false;
		*carried += message->location.size;
		if (carry_record(engine, message->queue, message->location, &location,
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

/* False: it must go on later. A run ends to be carried at an entry that cannot be read. */
static bool carry_run(struct engine *engine, struct run *run, size_t *carried)
{
	struct run_entry entries[RUN_PEEK_MAX];
	bool is_left = true;
	size_t count;

	while (is_left && (count = run_peek(engine, run, 0, entries, RUN_PEEK_MAX)) > 0) {
		for (size_t i = 0; i < count; i++) {
			struct journal_location location;
			bool is_readable;
			if (is_enough(engine, *carried))
				return false;
			*carried += entries[i].location.size;
			if (!carry_record(engine, run->queue, entries[i].location, &location,
					  &is_readable))
				return !is_readable;
			/* Frees the run with its last entry. */
			is_left = run->count > 1;
			run_carry_first(engine, run, &entries[i], location);
		}
	}
	return true;
}

static bool carry_runs(struct engine *engine, uint32_t number, size_t *carried)
{
	struct segment_messages *segment = segment_messages_find(engine, number);
	struct list *link = segment ? segment->runs.next : NULL;

	while (segment && link != &segment->runs) {
		struct run *run = container_of(link, struct run, in_segment);
		link = link->next;
		if (!run->queue->is_retired && !carry_run(engine, run, carried))
			return false;
		segment = segment_messages_find(engine, number);
	}
	return true;
}

void compact_step(struct engine *engine)
{
	size_t carried = 0;

	turn_begin(engine);
	if (!engine->compacting)
		engine->compacting = journal_compaction_candidate(engine->journal);
	if (!engine->compacting)
		return;
	if (carry_messages(engine, engine->compacting, &carried) &&
	    carry_runs(engine, engine->compacting, &carried))
		engine->compacting = 0;
}
