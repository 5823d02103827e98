/* SPDX-License-Identifier: MIT */
/*
 * compact: relocates the live records of a mostly dead segment to the log's end, a few in each
 * step.
 *
 * A relocated message keeps its place in its queue; only its location changes. A message that
 * cannot be read stays where it is: the segment is kept and never chosen again by this process.
 * Purged messages are not relocated.
 *
 * A reference is relocated with its payload: the payload is copied once into the segment that is
 * being filled, and the references that follow refer to that copy while the segment stays open. The
 * first reference of a copy stands for all of its bytes, the others for one byte, so that live
 * bytes are not counted twice. One of an archive always stands for all (record_share).
 */

#include "queue/compact.h"

#include "queue/copies.h"
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

/* ---- one record ---- */

/* The result of relocating a record. */
struct relocation {
	struct journal_location location;
	uint32_t shared_size;
	bool is_readable; /* false: it stays where it is */
};

/* Copies the payload of a reference, in `segment`, unless it has a copy already. Returns the bytes
 * that the reference counts for; 0: it cannot be read. */
static uint32_t copy_shared(struct engine *engine, struct shared_copy *copy, uint32_t segment,
			    const struct record_reference *reference)
{
	struct journal_location from = {segment, reference->shared_offset,
					reference->shared_record_size};
	struct journal_record record;
	struct journal_location to;

	if (copies_has(engine, copy, reference->shared_offset))
		return 1;
	if (journal_read(engine->journal, from, &engine->scratch, &record))
		return 0;
	turn_spend(engine, 0, from.size);
	log_append(engine, RECORD_SHARED, 0, &record.data, 1, &to);
	*copy = (struct shared_copy){from.offset, to.segment, to.offset, to.size};
	return to.size;
}

/* False: there is no room. */
static bool relocate_reference(struct engine *engine, uint64_t queue,
			       const struct journal_record *record, struct relocation *out)
{
	struct record_reference reference;
	uint8_t bytes[RECORD_REFERENCE_SIZE_MAX];

	out->is_readable = record_reference_decode(record->data, &reference);
	if (!out->is_readable)
		return true;
	uint32_t segment = record->location.segment;
	size_t own_at = (size_t)(reference.own.data - engine->scratch.data);
	size_t size = reference.shared_record_size + reference.own.size + sizeof(bytes);
	if (!journal_has_room_for(engine->journal, JOURNAL_ROOM_CHANGE, 2, size))
		return false;
	/* Segments may have been larger when it was sent. */
	out->is_readable = journal_keep_together(engine->journal, 2, size);
	if (!out->is_readable)
		return true;
	struct shared_copy *copy = copies_slot(engine, reference.shared_offset);
	reference.shared_size = copy_shared(engine, copy, segment, &reference);
	out->is_readable = reference.shared_size > 0;
	if (!out->is_readable)
		return true;
	reference.shared_size = record_share(queue, copy->size, reference.shared_size);
	reference.shared_offset = copy->offset;
	reference.shared_record_size = copy->size;
	struct str parts[] = {
		str_of(bytes, record_reference_encode(&reference, bytes)),
		str_of(engine->scratch.data + own_at, reference.own.size),
	};
	log_append(engine, RECORD_RELOCATE_REFERENCE, queue, parts, 2, &out->location);
	out->shared_size = reference.shared_size;
	return true;
}

/* Appends the record at `from` again. False: there is no room. */
static bool relocate_record(struct engine *engine, const struct engine_queue *queue,
			    struct journal_location from, struct relocation *out)
{
	struct journal_record record;

	*out = (struct relocation){.is_readable = true};
	if (!journal_has_room(engine->journal, JOURNAL_ROOM_CHANGE, from.size))
		return false;
	buf_reset(&engine->scratch);
	turn_spend(engine, 0, from.size);
	out->is_readable = !journal_read(engine->journal, from, &engine->scratch, &record);
	if (!out->is_readable)
		return true;
	if (record.type == RECORD_REFERENCE || record.type == RECORD_RELOCATE_REFERENCE)
		return relocate_reference(engine, queue->number, &record, out);
	struct str data = record.type == RECORD_MOVE
				  ? str_slice(record.data, RECORD_MOVE_SIZE, record.data.size)
				  : record.data;
	log_append(engine, RECORD_RELOCATE, queue->number, &data, 1, &out->location);
	return true;
}

/* ---- all of a segment ---- */

/* False: continue later. Unreadable messages are skipped. */
static bool relocate_messages(struct engine *engine, uint32_t number, size_t *relocated)
{
	struct segment_messages *segment = segment_messages_find(engine, number);
	struct list *link = segment ? segment->messages.next : NULL;

	while (segment && link != &segment->messages) {
		struct message *message = container_of(link, struct message, in_segment);
		struct relocation relocation;
		link = link->next;
		if (message->is_unreadable)
			continue;
		/* Purging frees these in its own turns, so the walk passes them. */
		if (message->queue->is_retired) {
			turn_spend(engine, 1, 0);
			if (turn_is_over(engine))
				return false;
			continue;
		}
		if (is_enough(engine, *relocated))
			return false;
		if (!relocate_record(engine, message->queue, message->location, &relocation))
			return false;
		*relocated += message->location.size + relocation.shared_size;
		message->is_unreadable = !relocation.is_readable;
		if (message->is_unreadable)
			continue;
		message_relocate(engine, message, relocation.location, relocation.shared_size);
		/* It is freed with its last message. */
		segment = segment_messages_find(engine, number);
	}
	return true;
}

/* False: continue later. Relocation of an extent ends at an entry that cannot be read. */
static bool relocate_extent(struct engine *engine, struct extent *extent, size_t *relocated)
{
	struct extent_entry entries[EXTENT_PEEK_MAX];
	bool is_left = true;
	size_t count;

	while (is_left && (count = extent_peek(engine, extent, 0, entries, EXTENT_PEEK_MAX)) > 0) {
		for (size_t i = 0; i < count; i++) {
			struct relocation relocation;
			if (is_enough(engine, *relocated) ||
			    !relocate_record(engine, extent->queue, entries[i].location,
					     &relocation))
				return false;
			if (!relocation.is_readable)
				return true;
			*relocated += entries[i].location.size + relocation.shared_size;
			/* Frees the extent with its last entry. */
			is_left = extent->count > 1;
			extent_relocate_first(engine, extent, &entries[i], relocation.location,
					      relocation.shared_size);
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
	check(engine->compacting < journal_open_segment(engine->journal));
	if (relocate_messages(engine, engine->compacting, &relocated) &&
	    relocate_extents(engine, engine->compacting, &relocated)) {
		engine->compacting = 0;
		copies_free(engine);
	}
}
