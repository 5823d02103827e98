/* SPDX-License-Identifier: MIT */
/*
 * archive: one record for all messages that expire at once.
 *
 * Messages whose retention is over leave in whole extents, or, if the extent has younger ones, once
 * a minute: QUEUE_BROWSE leaves them out in the meantime.
 */
#include "queue/archive.h"

#include "queue/extent.h"
#include "queue/image.h"
#include "queue/log.h"
#include "queue/sorted.h"
#include "queue/state.h"
#include "queue/turn.h"

enum { TRIM_PAUSE_MS = 60000, TRIM_ENTRIES = 4096 };

/* Removes entries of the extent up to that seq. False: none is left to remove, or the disk
 * refuses. */
static bool take_front(struct engine *engine, struct extent *extent, uint64_t last_seq)
{
	struct extent_entry entries[EXTENT_PEEK_MAX];
	size_t peeked = extent_peek(engine, extent, 0, entries, EXTENT_PEEK_MAX), count = 0;
	int64_t bytes = 0;

	while (count < peeked && entries[count].seq <= last_seq)
		bytes += extent_entry_live_size(&entries[count++]);
	turn_spend(engine, count, count * EXTENT_ENTRY_SIZE);
	if (count > 0)
		extent_take(engine, extent, count, bytes, &entries[count - 1]);
	return count == EXTENT_PEEK_MAX;
}

void archive_trim(struct engine *engine, struct engine_queue *queue, uint64_t last_seq)
{
	bool goes_on = true;

	check(queue->is_archive);
	while (goes_on && sorted_count(queue) > 0) {
		struct extent *extent = sorted_extent(queue, 0);
		if (extent->first_seq > last_seq)
			return;
		image_keep_extent(engine, extent);
		if (extent->last_seq <= last_seq)
			extent_drop(engine, extent);
		else
			goes_on = take_front(engine, extent, last_seq);
	}
}

/* The last expired message of the oldest extent; 0: none, or it cannot be read. */
static uint64_t last_expired(struct engine *engine, struct engine_queue *queue)
{
	int64_t end_ms = engine->now_ms - queue->settings.retention_ms;
	struct extent *extent = sorted_extent(queue, 0);
	struct extent_entry entry;

	if (sorted_count(queue) > 1 && sorted_extent(queue, 1)->first_since_ms <= end_ms)
		return extent->last_seq;
	size_t count = extent_seek_age(engine, extent, end_ms + 1);
	if (count > 0 && count == extent->count)
		return extent->last_seq;
	if (count > TRIM_ENTRIES)
		count = TRIM_ENTRIES;
	if (count == 0 || extent_peek(engine, extent, count - 1, &entry, 1) == 0)
		return 0;
	return entry.seq;
}

/* When the oldest message expires. */
static int64_t next_due_ms(struct engine *engine, struct engine_queue *queue)
{
	struct extent_entry entry;

	if (extent_peek(engine, sorted_extent(queue, 0), 0, &entry, 1) == 0)
		return engine->now_ms;
	return entry.since_ms + queue->settings.retention_ms;
}

void archive_expire(struct engine *engine, struct engine_queue *queue)
{
	uint8_t bytes[8];
	struct str part = str_of(bytes, sizeof(bytes));
	int64_t pause_end_ms = engine->now_ms + TRIM_PAUSE_MS;

	if (sorted_count(queue) == 0 || queue->settings.retention_ms >= QUEUE_RETENTION_UNLIMITED)
		return;
	if (!journal_has_room(engine->journal, JOURNAL_ROOM_FREE, sizeof(bytes))) {
		timer_set(&engine->timers, &queue->retention, pause_end_ms);
		return;
	}
	const struct extent *oldest = sorted_extent(queue, 0);
	uint64_t seq = last_expired(engine, queue), before = queue->cold;
	bool is_whole = seq == oldest->last_seq;
	if (seq > 0) {
		put_u64(bytes, seq);
		log_append(engine, RECORD_TRIM, queue->number, &part, 1, NULL);
		archive_trim(engine, queue, seq);
	}
	if (queue->counters)
		atomic_fetch_add_explicit(&queue->counters->expired,
					  (int64_t)(before - queue->cold), memory_order_relaxed);
	if (sorted_count(queue) > 0) {
		int64_t due_ms = next_due_ms(engine, queue);
		bool is_late = due_ms < pause_end_ms && !is_whole;
		timer_set(&engine->timers, &queue->retention, is_late ? pause_end_ms : due_ms);
	}
	queue_publish(queue);
}
