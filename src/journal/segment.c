/* SPDX-License-Identifier: MIT */
/*
 * The table of segments: an array sorted by number. Numbers may lie far apart: an old segment lives
 * as long as its last message.
 *
 * Only the owner changes it, under the write lock; other threads look up under the read lock and
 * may use a segment while they hold a pin or know that it has a live record. A segment leaves the
 * table only when it is sealed, durable, without live records and pins, and a checkpoint that was
 * handed over after its death is durable, so that no replay refers to it. Dead segments are counted
 * at each change, so the check costs nothing while there are none.
 */
#include "journal/segment.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/vec.h"
#include "journal/state.h"

void segment_name(uint32_t number, char out[JOURNAL_NAME_SIZE])
{
	(void)snprintf(out, JOURNAL_NAME_SIZE, "segment-%010" PRIu32 ".log", number);
}

void spare_name(uint64_t spare, char out[JOURNAL_NAME_SIZE])
{
	(void)snprintf(out, JOURNAL_NAME_SIZE, "spare-%" PRIu64 ".log", spare);
}

struct segment *segment_of(const struct journal *journal, uint32_t number)
{
	size_t low = 0;
	size_t high = journal->segments_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (journal->segments[middle]->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < journal->segments_count && journal->segments[low]->number == number)
		return journal->segments[low];
	return NULL;
}

struct segment *segment_find(struct journal *journal, uint32_t number)
{
	(void)pthread_rwlock_rdlock(&journal->table);
	struct segment *segment = segment_of(journal, number);
	(void)pthread_rwlock_unlock(&journal->table);
	return segment;
}

struct segment *segment_add(struct journal *journal, uint32_t number, uint32_t size)
{
	struct segment *segment = heap_alloc(sizeof *segment);

	segment->number = number;
	segment->size = size;
	(void)pthread_rwlock_wrlock(&journal->table);
	check(journal->segments_count == 0 ||
	      journal->segments[journal->segments_count - 1]->number < number);
	if (journal->segments_count == journal->segments_capacity) {
		journal->segments_capacity = journal->segments_capacity * 2 + 16;
		journal->segments = heap_resize(
			journal->segments, journal->segments_capacity * sizeof *journal->segments);
	}
	journal->segments[journal->segments_count++] = segment;
	(void)pthread_rwlock_unlock(&journal->table);
	atomic_fetch_add_explicit(&journal->stats.segments, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&journal->stats.log_bytes, size, memory_order_relaxed);
	return segment;
}

void segment_remove(struct journal *journal, struct segment *segment)
{
	size_t index = 0;

	check(segment != journal->open_segment);
	(void)pthread_rwlock_wrlock(&journal->table);
	while (journal->segments[index] != segment)
		index++;
	journal->segments_count--;
	memmove(journal->segments + index, journal->segments + index + 1,
		(journal->segments_count - index) * sizeof *journal->segments);
	(void)pthread_rwlock_unlock(&journal->table);
	if (segment->is_sealed && segment->live_records == 0)
		journal->dead_count--;
	/* An index that was not written yet goes with it. */
	check(!segment->has_index_waiting || journal->index_waiting_count > 0);
	if (segment->has_index_waiting)
		journal->index_waiting_count--;
	atomic_fetch_sub_explicit(&journal->stats.segments, 1, memory_order_relaxed);
	atomic_fetch_sub_explicit(&journal->stats.log_bytes, segment->size, memory_order_relaxed);
}

void segment_free(struct journal *journal, struct segment *segment)
{
	struct disk *disk = journal->disk;
	struct disk_file *file = atomic_load(&segment->file);

	if (file)
		disk->ops->close(disk, file);
	if (segment->index_file)
		disk->ops->close(disk, segment->index_file);
	buf_done(&segment->index);
	heap_free(segment);
}

static bool is_dead(const struct segment *segment)
{
	return segment->is_sealed && segment->live_records == 0;
}

static bool is_covered(const struct journal *journal, const struct segment *segment)
{
	return journal->durable_serial > segment->dead_serial &&
	       segment->last_lsn <= journal->checkpoint_lsn &&
	       segment->number < journal->checkpoint_segment;
}

/* Keeps the counts of the dead right around a change of one segment. */
static void count_change(struct journal *journal, struct segment *segment, bool was_dead)
{
	if (is_dead(segment) == was_dead)
		return;
	if (was_dead) {
		journal->dead_count--;
		journal->dead_waiting_count -= is_covered(journal, segment) ? 0 : 1;
	} else {
		segment->dead_serial = journal->checkpoint_serial;
		journal->dead_count++;
		journal->dead_waiting_count++;
	}
}

void segment_count_dead(struct journal *journal)
{
	journal->dead_count = journal->dead_waiting_count = 0;
	for (size_t i = 0; i < journal->segments_count; i++) {
		const struct segment *segment = journal->segments[i];
		if (is_dead(segment)) {
			journal->dead_count++;
			if (!is_covered(journal, segment))
				journal->dead_waiting_count++;
		}
	}
}

void segment_seal(struct journal *journal, struct segment *segment)
{
	bool was_dead = is_dead(segment);

	segment->is_sealed = true;
	count_change(journal, segment, was_dead);
}

void journal_live_add(struct journal *journal, uint32_t number, int64_t records, int64_t bytes)
{
	struct segment *segment = segment_of(journal, number);

	/* A checkpoint may speak of a segment that damage took away. */
	if (!segment)
		return;
	bool was_dead = is_dead(segment);
	segment->live_records += records;
	segment->live_bytes += bytes;
	check(segment->live_records >= 0);
	/* This thread alone writes it: a locked instruction a record would cost more than the rest.
	 */
	uint64_t live = atomic_load_explicit(&journal->stats.live_bytes, memory_order_relaxed);
	atomic_store_explicit(&journal->stats.live_bytes, live + (uint64_t)bytes,
			      memory_order_relaxed);
	count_change(journal, segment, was_dead);
}

bool segment_is_durable(const struct journal *journal, const struct segment *segment)
{
	return segment->is_sealed && segment->last_lsn <= journal->durable_lsn;
}

void segment_end_commits(struct journal *journal, struct segment *segment)
{
	struct disk_file *file = atomic_load(&segment->file);

	if (file && segment_is_durable(journal, segment))
		journal->disk->ops->end_commits(journal->disk, file);
}

struct segment *segment_find_recyclable(const struct journal *journal)
{
	if (journal->dead_count <= journal->dead_waiting_count)
		return NULL;
	for (size_t i = 0; i < journal->segments_count; i++) {
		struct segment *segment = journal->segments[i];
		if (is_dead(segment) && is_covered(journal, segment) &&
		    segment_is_durable(journal, segment) && atomic_load(&segment->pins) == 0)
			return segment;
	}
	return NULL;
}

uint32_t journal_open_segment(const struct journal *journal)
{
	return journal->open_segment->number;
}

bool journal_segment_is_durable(const struct journal *journal, uint32_t number)
{
	const struct segment *segment = segment_of(journal, number);

	return segment && segment_is_durable(journal, segment);
}

void journal_pin(struct journal *journal, uint32_t number)
{
	struct segment *segment = segment_of(journal, number);

	if (segment)
		atomic_fetch_add(&segment->pins, 1);
}

void journal_unpin(struct journal *journal, uint32_t number)
{
	struct segment *segment = segment_find(journal, number);

	if (!segment)
		return;
	uint32_t before = atomic_fetch_sub(&segment->pins, 1);
	check(before > 0);
}

/* Housekeeping recycles dead segments, so they do not count as log here. */
uint32_t journal_compaction_candidate(const struct journal *journal)
{
	uint64_t live = atomic_load_explicit(&journal->stats.live_bytes, memory_order_relaxed);
	uint64_t log = atomic_load_explicit(&journal->stats.log_bytes, memory_order_relaxed);
	uint64_t allowed = 2 * live + (4 + journal->dead_count) * journal->options.segment_size;
	struct segment *best = NULL;

	if (log <= allowed)
		return 0;
	for (size_t i = 0; i < journal->segments_count; i++) {
		struct segment *segment = journal->segments[i];
		if (segment->live_records == 0 || segment->is_compacted ||
		    segment->live_bytes * 2 > segment->size ||
		    !segment_is_durable(journal, segment))
			continue;
		/* Shares compared crosswise: both factors are under 2^31. */
		if (!best || segment->live_bytes * best->size < best->live_bytes * segment->size)
			best = segment;
	}
	if (!best)
		return 0;
	best->is_compacted = true;
	return best->number;
}

static void count_spares(struct journal *journal)
{
	atomic_store_explicit(&journal->stats.spares, journal->spares.count, memory_order_relaxed);
}

void spare_push(struct journal *journal, struct spare spare)
{
	check(spare.number != 0);
	spare.is_out = false;
	vec_push(&journal->spares, spare);
	count_spares(journal);
}

enum journal_room spare_level(uint64_t spares_count)
{
	if (spares_count > JOURNAL_RESERVE_SPARES)
		return JOURNAL_ROOM_MESSAGE;
	return spares_count > JOURNAL_LAST_SPARES ? JOURNAL_ROOM_CHANGE : JOURNAL_ROOM_FREE;
}

struct spare spare_pop(struct journal *journal)
{
	struct spare *best = NULL;

	for (size_t i = 0; i < journal->spares.count; i++) {
		struct spare *spare = &journal->spares.items[i];
		if (!spare->is_out && (!best || spare->written >= best->written))
			best = spare;
	}
	if (!best)
		return (struct spare){0};
	struct spare spare = *best;
	*best = journal->spares.items[--journal->spares.count];
	count_spares(journal);
	return spare;
}

struct spare *spare_find(struct journal *journal, uint64_t number)
{
	for (size_t i = 0; i < journal->spares.count; i++)
		if (journal->spares.items[i].number == number)
			return &journal->spares.items[i];
	return NULL;
}

bool spare_is_written(const struct journal *journal, const struct spare *spare)
{
	uint32_t size = journal->options.segment_size;

	return spare->written >= size - size / JOURNAL_UNWRITTEN_PART;
}

uint32_t segment_open_rest(const struct journal *journal)
{
	const struct segment *segment = journal->open_segment;

	if (journal->is_full && !atomic_load(&segment->file) && !segment->spare.number)
		return 0;
	return segment->size - segment->used;
}
