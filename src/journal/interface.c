/* SPDX-License-Identifier: MIT */
/*
 * The functions of journal.h: appending, reading, space, and work for threads. The parts:
 *
 *   batch.c         the open batch and the commit lane
 *   segment.c       the table of segments, their live bytes, spares
 *   housekeeping.c  the other lane: recycling, spares, indexes, checkpoints
 *   checkpoint.c    checkpoint files
 *   meta.c          journal.meta
 *   index.c         index files
 *   recover.c       opening: files, checkpoint, start of replay
 *   replay.c        the batches of a segment, torn tails and damage
 *
 * Each opening gets a higher epoch and starts a new segment, so the rest of a crash at a tail is
 * never overwritten and never joined with new records.
 */
#include "base/vec.h"
#include "journal/batch.h"
#include "journal/checkpoint.h"
#include "journal/housekeeping.h"
#include "journal/meta.h"
#include "journal/record.h"
#include "journal/recover.h"
#include "journal/segment.h"
#include "journal/state.h"

must_check enum err journal_open(struct disk *disk, const struct journal_options *options,
				 journal_checkpoint_fn load, journal_record_fn apply, void *context,
				 struct journal **out_journal, struct journal_report *out_report)
{
	struct journal *journal = heap_alloc(sizeof *journal);
	struct journal_report report = {0};

	check(options->segment_size >= JOURNAL_SEGMENT_SIZE_MIN);
	check(options->segment_size <= JOURNAL_SEGMENT_SIZE_MAX);
	check(!options->pads_batches || options->segment_size % DISK_BLOCK_SIZE == 0);
	check(options->spare_segments >= JOURNAL_RESERVE_SPARES);
	journal->disk = disk;
	journal->options = *options;
	journal->next_spare = 1;
	(void)pthread_mutex_init(&journal->names, NULL);
	(void)pthread_rwlock_init(&journal->table, NULL);
	atomic_store(&journal->owner, pthread_self());
	journal->commit.journal = journal->housekeeping.journal = journal;
	journal->commit.lane = JOURNAL_COMMIT;
	journal->housekeeping.lane = JOURNAL_HOUSEKEEPING;
	if (options->recent_size > 0)
		journal->recent = recent_new(options->recent_size);
	*out_journal = journal;
	enum err err = recover(journal, load, apply, context, &report);
	if (err)
		journal_free(out_journal);
	*out_report = report;
	return err;
}

void journal_free(struct journal **journal_place)
{
	struct journal *journal = *journal_place;

	if (!journal)
		return;
	check(!journal->commit.is_out);
	check(!journal->housekeeping.is_out);
	batch_free_all(journal);
	recent_free(&journal->recent);
	for (size_t i = 0; i < journal->segments_count; i++)
		segment_free(journal, journal->segments[i]);
	heap_free(journal->segments);
	vec_done(&journal->spares);
	checkpoint_done(&journal->checkpoint);
	meta_close(journal->disk, &journal->meta);
	(void)pthread_mutex_destroy(&journal->names);
	(void)pthread_rwlock_destroy(&journal->table);
	heap_free(journal);
	*journal_place = NULL;
}

/* ---- room ---- */

bool journal_has_room(const struct journal *journal, enum journal_room room, size_t bytes)
{
	/* The share of the reserve for the record; the same for all purposes that free space. */
	enum journal_room level = room == JOURNAL_ROOM_LAST ? JOURNAL_ROOM_FREE : room;
	size_t size = bytes + BATCH_HEADER_SIZE + RECORD_HEADER_SIZE_MAX;

	if (journal->is_stalled)
		return false;
	if (!journal->is_full)
		return true;
	if (room == JOURNAL_ROOM_FREE && journal->spares.count == 0)
		size += JOURNAL_LAST_SIZE;
	if (segment_open_rest(journal) >= size && spare_level(journal->spares.count + 1) <= level)
		return true;
	return journal->spares.count > 0 && spare_level(journal->spares.count) <= level;
}

bool journal_has_room_for(const struct journal *journal, enum journal_room room, size_t records,
			  size_t bytes)
{
	return journal_has_room(journal, room, bytes + records * RECORD_HEADER_SIZE_MAX);
}

bool journal_is_full(const struct journal *journal)
{
	return journal->is_full;
}

bool journal_is_ahead(const struct journal *journal)
{
	const struct segment *segment = journal->open_segment;

	if (journal->is_full || journal->is_stalled || journal->has_failed ||
	    atomic_load(&segment->file) || segment->used == 0)
		return false;
	return segment->prefers_new || !segment->spare.number;
}

bool journal_is_stalled(const struct journal *journal)
{
	return journal->is_stalled;
}

void journal_retry_space(struct journal *journal)
{
	journal->full_wait = 0;
	journal->stall_wait = 0;
}

/* ---- appending ---- */

must_check bool journal_keep_together(struct journal *journal, size_t records, size_t bytes)
{
	size_t size = bytes + records * RECORD_HEADER_SIZE_MAX;
	const struct segment *segment = journal->open_segment;

	if (size > journal->options.segment_size - BATCH_HEADER_SIZE)
		return false;
	size += journal->open_batch ? 0 : BATCH_HEADER_SIZE;
	if (size > segment->size - segment->used)
		batch_roll(journal);
	return true;
}

uint64_t journal_append(struct journal *journal, uint8_t type, uint64_t queue,
			const struct str *parts, size_t part_count,
			struct journal_location *out_location)
{
	size_t size = 0;

	for (size_t i = 0; i < part_count; i++)
		size += parts[i].size;
	size_t header_size = record_header_size(size, queue);
	size += header_size;
	check(size <= journal->options.segment_size - BATCH_HEADER_SIZE);
	check(type != 0);
	atomic_store_explicit(&journal->owner, pthread_self(), memory_order_relaxed);
	size_t needed = size + (journal->open_batch ? 0 : BATCH_HEADER_SIZE);
	if (needed > journal->open_segment->size - journal->open_segment->used)
		batch_roll(journal);
	struct batch *batch = journal->open_batch ? journal->open_batch : batch_start(journal);
	struct segment *segment = batch->segment;

	char *at = batch_extend(batch, size);
	char *data = at + header_size;
	for (size_t i = 0; i < part_count; i++) {
		if (parts[i].size)
			memcpy(data, parts[i].data, parts[i].size);
		data += parts[i].size;
	}
	uint64_t lsn = ++journal->tail_lsn;
	(void)record_format_header(at, size, queue, type, segment->number);
	batch->content_crc = crc32c(batch->content_crc, str_of(at + RECORD_CRC, 4));
	batch->record_count++;
	*out_location = (struct journal_location){segment->number, segment->used, (uint32_t)size};
	segment->used += (uint32_t)size;
	segment->last_lsn = lsn;
	journal->appended_since_checkpoint += size;
	journal->appended_since_open += size;
	return lsn;
}

uint32_t journal_epoch(const struct journal *journal)
{
	return journal->epoch;
}

uint64_t journal_tail_lsn(const struct journal *journal)
{
	return journal->tail_lsn;
}

uint64_t journal_durable_lsn(const struct journal *journal)
{
	return journal->durable_lsn;
}

bool journal_has_failed(const struct journal *journal)
{
	return journal->has_failed;
}

/* ---- work ---- */

struct journal_work *journal_work_begin(struct journal *journal, enum journal_lane lane)
{
	struct journal_work *work =
		lane == JOURNAL_COMMIT ? &journal->commit : &journal->housekeeping;

	if (work->is_out || journal->has_failed)
		return NULL;
	work->err = ERR_OK;
	work->was_full = false;
	work = lane == JOURNAL_COMMIT ? commit_begin(journal) : housekeeping_begin(journal);
	if (work)
		work->is_out = true;
	return work;
}

size_t journal_work_size(const struct journal_work *work)
{
	size_t size = 0;

	for (const struct batch *batch = work->batches.first; batch; batch = batch->next)
		size += batch->bytes.size;
	return size;
}

void journal_work_run(struct journal_work *work)
{
	if (work->lane == JOURNAL_COMMIT)
		commit_run(work);
	else
		housekeeping_run(work);
}

bool journal_work_start(struct journal_work *work)
{
	check(work->is_out);
	return work->lane == JOURNAL_COMMIT && commit_start(work);
}

bool journal_work_has_ended(struct journal_work *work)
{
	check(work->is_out);
	return commit_has_ended(work);
}

int journal_commit_descriptor(const struct journal *journal)
{
	struct disk *disk = journal->disk;

	return disk->ops->commit_descriptor ? disk->ops->commit_descriptor(disk) : -1;
}

void journal_work_end(struct journal *journal, struct journal_work *work)
{
	check(work->is_out);
	check(!work->is_started);
	work->is_out = false;
	if (work->lane == JOURNAL_COMMIT)
		commit_end(journal, work);
	else
		housekeeping_end(journal, work);
}

bool journal_has_work_out(const struct journal *journal)
{
	return journal->commit.is_out || journal->housekeeping.is_out;
}

/* ---- reading ---- */

typedef enum err (*read_fn)(struct disk *disk, struct disk_file *file, uint64_t offset, void *out,
			    size_t size);

/* Puts the record's bytes at `out`. */
static enum err fetch(struct journal *journal, const struct segment *segment,
		      struct journal_location location, read_fn read, char *out)
{
	uint64_t end = (uint64_t)location.offset + location.size;

	if (end <= atomic_load(&segment->written)) {
		if (journal->recent && recent_find(journal->recent, location.segment,
						   location.offset, location.size, out))
			return ERR_OK;
		return read(journal->disk, atomic_load(&segment->file), location.offset, out,
			    location.size);
	}
	pthread_t owner = atomic_load_explicit(&journal->owner, memory_order_relaxed);
	if (!pthread_equal(owner, pthread_self()))
		return ERR_NOTFOUND;
	const char *bytes = batch_find_record(journal, location);
	if (!bytes)
		return ERR_NOTFOUND;
	memcpy(out, bytes, location.size);
	return ERR_OK;
}

static enum err read_record(struct journal *journal, struct journal_location location, read_fn read,
			    struct buf *out, struct journal_record *out_record)
{
	size_t before = out->size;
	struct journal_record record;

	if (location.size < RECORD_HEADER_SIZE_MIN)
		return ERR_DAMAGED;
	const struct segment *segment = segment_find(journal, location.segment);
	if (!segment)
		return ERR_NOTFOUND;
	char *at = buf_extend(out, location.size);
	enum err err = fetch(journal, segment, location, read, at);
	if (!err && !record_parse(str_of(at, location.size), location.segment, &record))
		err = ERR_DAMAGED;
	/* Up to version 4, a record from before the file was recycled passes its check too. */
	if (!err && record.lsn > 0 && record.lsn < segment->first_lsn)
		err = ERR_DAMAGED;
	if (err == ERR_DAMAGED)
		atomic_fetch_add_explicit(&journal->stats.damaged_reads, 1, memory_order_relaxed);
	if (err) {
		out->size = before;
		return err;
	}
	record.location = location;
	*out_record = record;
	return ERR_OK;
}

must_check enum err journal_read(struct journal *journal, struct journal_location location,
				 struct buf *out, struct journal_record *out_record)
{
	return read_record(journal, location, journal->disk->ops->read, out, out_record);
}

must_check enum err journal_read_cached(struct journal *journal, struct journal_location location,
					struct buf *out, struct journal_record *out_record)
{
	const struct disk_ops *ops = journal->disk->ops;

	return read_record(journal, location, ops->read_cached ? ops->read_cached : ops->read, out,
			   out_record);
}

/* ---- numbers ---- */

#define LOAD(name) atomic_load_explicit(&journal->stats.name, memory_order_relaxed)

struct journal_stats journal_stats_read(const struct journal *journal)
{
	return (struct journal_stats){
		.batches = LOAD(batches),
		.records = LOAD(records),
		.bytes = LOAD(bytes),
		.sync_ns_sum = LOAD(sync_ns),
		.sync_count = LOAD(sync_count),
		.batch_records_max = LOAD(batch_records_max),
		.segments = LOAD(segments),
		.spare_segments = LOAD(spares),
		.live_bytes = LOAD(live_bytes),
		.log_bytes = LOAD(log_bytes),
		.checkpoints = LOAD(checkpoints),
		.compacted_segments = LOAD(compacted),
		.recycled_segments = LOAD(recycled),
		.damaged_reads = LOAD(damaged_reads),
		.has_failed = LOAD(has_failed),
		.is_full = LOAD(is_full),
	};
}
