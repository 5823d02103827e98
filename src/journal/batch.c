/* SPDX-License-Identifier: MIT */
/*
 * Batches: the commit lane.
 *
 * The open batch has its place from its first record, so every record knows its location at once. A
 * batch is closed when a commit takes it or when its segment is full; so the closed ones that wait
 * belong to different segments, except after a commit that found no space. A commit takes all
 * batches. Segments are written and synced one after the other: no byte of a segment is written
 * before the one in front of it is durable, so a crash leaves no gap in the LSNs.
 *
 * A segment gets its file in the commit that writes its first batch: a spare renamed, or a new file
 * if no spare is ready. If the disk has no room for one, its batches go back and wait (the journal
 * is stalled); any other failure is final. Batches that could not be written stay in memory, so the
 * owner can still read them.
 */
#include "journal/batch.h"

#include "journal/meta.h"
#include "journal/segment.h"
#include "journal/state.h"

char *batch_extend(struct batch *batch, size_t size)
{
	struct buf *bytes = &batch->bytes;

	if (size > bytes->capacity - bytes->size) {
		size_t capacity = bytes->capacity ? bytes->capacity : JOURNAL_BUFFER_SIZE;
		while (size > capacity - bytes->size)
			capacity *= 2;
		char *data = heap_alloc_aligned(DISK_BLOCK_SIZE, capacity);
		if (bytes->size > 0)
			memcpy(data, bytes->data, bytes->size);
		heap_free(bytes->data);
		bytes->data = data;
		bytes->capacity = capacity;
	}
	bytes->size += size;
	return bytes->data + bytes->size - size;
}

struct batch *batch_start(struct journal *journal)
{
	struct segment *segment = journal->open_segment;
	struct batch *batch = journal->free_batches;

	check(!journal->open_batch);
	check(!segment->is_sealed);
	if (batch)
		journal->free_batches = batch->next;
	else
		batch = heap_alloc(sizeof *batch);
	if (segment->used == 0 && !segment->spare.number) {
		segment->prefers_new = spare_level(journal->spares.count) != JOURNAL_ROOM_MESSAGE;
		segment->spare = spare_pop(journal);
	}
	batch->next = NULL;
	batch->segment = segment;
	batch->offset = segment->used;
	batch->record_count = 0;
	batch->content_crc = 0;
	batch->first_lsn = journal->tail_lsn + 1;
	batch->made_file = NULL;
	batch->has_used_spare = false;
	batch->is_written = false;
	buf_reset(&batch->bytes);
	(void)batch_extend(batch, BATCH_HEADER_SIZE);
	if (segment->used == 0)
		segment->first_lsn = batch->first_lsn;
	segment->used += BATCH_HEADER_SIZE;
	journal->open_batch = batch;
	return batch;
}

/* The batch is complete but for its padding. */
static void format_header(const struct batch *batch, uint32_t epoch, size_t stored_size)
{
	char *at = batch->bytes.data;

	put_u32(at + BATCH_MAGIC, MAGIC_BATCH);
	put_u32(at + BATCH_VERSION, JOURNAL_FORMAT_VERSION);
	put_u32(at + BATCH_EPOCH, epoch);
	put_u32(at + BATCH_SEGMENT, batch->segment->number);
	put_u64(at + BATCH_FIRST_LSN, batch->first_lsn);
	put_u32(at + BATCH_OFFSET, batch->offset);
	put_u32(at + BATCH_SIZE, (uint32_t)batch->bytes.size);
	put_u32(at + BATCH_RECORD_COUNT, batch->record_count);
	put_u32(at + BATCH_CONTENT_CRC, batch->content_crc);
	put_u32(at + BATCH_STORED_SIZE, (uint32_t)stored_size);
	put_u32(at + BATCH_CRC, crc32c(0, str_of(at, BATCH_CRC)));
}

/* Up to the block that the next batch begins in, as its write must not overwrite bytes of this
 * one. */
static size_t padding_of(const struct journal *journal, const struct batch *batch)
{
	size_t end = batch->offset + batch->bytes.size;

	if (!journal->options.pads_batches)
		return 0;
	return (DISK_BLOCK_SIZE - end % DISK_BLOCK_SIZE) % DISK_BLOCK_SIZE;
}

static void list_append(struct batch_list *list, struct batch *batch)
{
	batch->next = NULL;
	if (list->last)
		list->last->next = batch;
	else
		list->first = batch;
	list->last = batch;
}

void batch_close(struct journal *journal)
{
	struct batch *batch = journal->open_batch;

	if (!batch)
		return;
	check(batch->record_count > 0);
	batch->content_size = batch->bytes.size;
	size_t padding = padding_of(journal, batch);
	format_header(batch, journal->epoch, batch->bytes.size + padding);
	memset(batch_extend(batch, padding), 0, padding);
	batch->segment->used += (uint32_t)padding;
	check(batch->segment->used <= batch->segment->size);
	journal->appended_since_checkpoint += BATCH_HEADER_SIZE + padding;
	list_append(&journal->waiting, batch);
	journal->open_batch = NULL;
}

void batch_roll(struct journal *journal)
{
	struct segment *segment = journal->open_segment;

	batch_close(journal);
	segment->last_lsn = journal->tail_lsn;
	journal->open_segment =
		segment_add(journal, segment->number + 1, journal->options.segment_size);
	segment_seal(journal, segment);
	segment_end_commits(journal, segment);
}

static void batch_free_bytes(struct batch *batch)
{
	heap_free(batch->bytes.data);
	batch->bytes = (struct buf){0};
}

static void batch_release(struct journal *journal, struct batch *batch)
{
	if (batch->bytes.capacity > JOURNAL_BUFFER_KEEP_SIZE)
		batch_free_bytes(batch);
	batch->next = journal->free_batches;
	journal->free_batches = batch;
}

static void list_free(struct batch *batch)
{
	while (batch) {
		struct batch *next = batch->next;
		batch_free_bytes(batch);
		heap_free(batch);
		batch = next;
	}
}

void batch_free_all(struct journal *journal)
{
	list_free(journal->open_batch);
	list_free(journal->waiting.first);
	list_free(journal->free_batches);
}

static const char *find_in(const struct batch *batch, struct journal_location location)
{
	for (; batch; batch = batch->next) {
		if (batch->segment->number == location.segment &&
		    location.offset >= batch->offset &&
		    (uint64_t)location.offset + location.size <= batch->offset + batch->bytes.size)
			return batch->bytes.data + (location.offset - batch->offset);
	}
	return NULL;
}

const char *batch_find_record(const struct journal *journal, struct journal_location location)
{
	const char *found = find_in(journal->open_batch, location);

	if (!found)
		found = find_in(journal->waiting.first, location);
	if (!found && journal->commit.is_out)
		found = find_in(journal->commit.batches.first, location);
	return found;
}

/* ---- the work ---- */

/* True if a stalled journal should not try yet. */
static bool must_wait(struct journal *journal)
{
	struct segment *segment = journal->waiting.first->segment;

	if (!atomic_load(&segment->file) && !segment->spare.number)
		segment->spare = spare_pop(journal);
	if (segment->spare.number || journal->stall_wait == 0)
		return false;
	journal->stall_wait--;
	return true;
}

struct journal_work *commit_begin(struct journal *journal)
{
	struct journal_work *work = &journal->commit;

	batch_close(journal);
	if (!journal->waiting.first || (journal->is_stalled && must_wait(journal)))
		return NULL;
	work->batches = journal->waiting;
	journal->waiting = (struct batch_list){0};
	work->sync_ns = work->sync_count = 0;
	return work;
}

static enum err make_from_spare(struct disk *disk, const struct batch *batch, const char *name,
				struct disk_file **out_file)
{
	char spare[JOURNAL_NAME_SIZE];

	spare_name(batch->segment->spare.number, spare);
	enum err err = disk->ops->rename(disk, spare, name);
	if (err)
		return err;
	return disk->ops->open(disk, name, false, out_file);
}

static enum err make_new(struct disk *disk, const struct batch *batch, const char *name,
			 struct disk_file **out_file)
{
	struct disk_file *file;

	enum err err = disk->ops->open(disk, name, true, &file);
	if (err)
		return err;
	err = disk->ops->allocate(disk, file, batch->segment->size);
	if (err) {
		disk->ops->close(disk, file);
		/* A file that stays is empty; recovery deletes it. */
		(void)disk->ops->unlink(disk, name);
		return err;
	}
	*out_file = file;
	return ERR_OK;
}

/* Gives the batch's segment its file, by a durable name. */
static enum err make_file(struct journal_work *work, struct batch *batch)
{
	struct journal *journal = work->journal;
	struct disk *disk = journal->disk;
	const struct segment *segment = batch->segment;
	char name[JOURNAL_NAME_SIZE];
	enum err err = ERR_FULL;

	segment_name(segment->number, name);
	(void)pthread_mutex_lock(&journal->names);
	if (!segment->spare.number || segment->prefers_new) {
		err = make_new(disk, batch, name, &batch->made_file);
		work->was_full |= err == ERR_FULL;
	}
	if (err == ERR_FULL && segment->spare.number) {
		err = make_from_spare(disk, batch, name, &batch->made_file);
		batch->has_used_spare = !err;
	}
	if (!err && journal->options.durability == JOURNAL_FSYNC)
		err = disk->ops->sync_dir(disk);
	(void)pthread_mutex_unlock(&journal->names);
	return err;
}

/* Recorded before anything in the segment is acknowledged, so that a missing file is detected. */
static enum err register_segment(struct journal *journal, const struct batch *batch)
{
	struct meta *meta = &journal->meta;

	if (batch->segment->number <= meta->last_segment)
		return ERR_OK;
	meta->last_segment = batch->segment->number;
	enum err err = meta_save(journal->disk, meta, journal->options.durability == JOURNAL_FSYNC);
	return err == ERR_FULL ? ERR_OK : err;
}

static enum err write_batch(struct journal_work *work, struct disk_file *file,
			    const struct batch *batch)
{
	struct disk *disk = work->journal->disk;
	struct str data = buf_str(&batch->bytes);

	if (work->journal->options.durability != JOURNAL_FSYNC)
		return disk->ops->write(disk, file, batch->offset, data);
	int64_t start = disk->ops->now_ns ? disk->ops->now_ns(disk) : 0;
	enum err err = disk->ops->commit(disk, file, batch->offset, data);
	if (disk->ops->now_ns)
		work->sync_ns += (uint64_t)(disk->ops->now_ns(disk) - start);
	work->sync_count++;
	return err;
}

void commit_run(struct journal_work *work)
{
	struct journal *journal = work->journal;
	const struct segment *segment = NULL;
	struct disk_file *file = NULL;

	for (struct batch *batch = work->batches.first; batch; batch = batch->next) {
		/* Of several batches of a segment the first has made its file. */
		if (batch->segment != segment)
			file = atomic_load(&batch->segment->file);
		segment = batch->segment;
		if (!file)
			work->err = make_file(work, batch);
		if (!work->err)
			work->err = register_segment(journal, batch);
		if (work->err)
			return;
		file = file ? file : batch->made_file;
		work->err = write_batch(work, file, batch);
		if (work->err)
			return;
		batch->is_written = true;
	}
}

/* One batch for a segment that has its file: all other commits need more than a write. */
static bool can_start(const struct journal_work *work)
{
	const struct journal *journal = work->journal;
	const struct batch *batch = work->batches.first;

	return journal->options.durability == JOURNAL_FSYNC && journal->disk->ops->commit_start &&
	       !batch->next && atomic_load(&batch->segment->file) &&
	       batch->segment->number <= journal->meta.last_segment;
}

bool commit_start(struct journal_work *work)
{
	struct disk *disk = work->journal->disk;
	struct batch *batch = work->batches.first;

	if (!can_start(work))
		return false;
	work->start_ns = disk->ops->now_ns ? disk->ops->now_ns(disk) : 0;
	work->err = disk->ops->commit_start(disk, atomic_load(&batch->segment->file), batch->offset,
					    buf_str(&batch->bytes));
	work->is_started = !work->err;
	if (work->err == ERR_BUSY) {
		work->err = ERR_OK;
		return false;
	}
	return true;
}

bool commit_has_ended(struct journal_work *work)
{
	struct disk *disk = work->journal->disk;
	struct batch *batch = work->batches.first;

	if (!work->is_started)
		return true;
	if (!disk->ops->commit_has_ended(disk, &work->err))
		return false;
	work->is_started = false;
	batch->is_written = !work->err;
	if (disk->ops->now_ns)
		work->sync_ns += (uint64_t)(disk->ops->now_ns(disk) - work->start_ns);
	work->sync_count++;
	return true;
}

/* Takes over the segment's file from the run, written or not. */
static void take_file(struct batch *batch)
{
	struct segment *segment = batch->segment;

	if (batch->made_file)
		atomic_store(&segment->file, batch->made_file);
	batch->made_file = NULL;
	if (batch->has_used_spare)
		segment->spare = (struct spare){0};
	batch->has_used_spare = false;
}

static void count_batch(struct journal *journal, const struct batch *batch)
{
	atomic_fetch_add_explicit(&journal->stats.batches, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&journal->stats.records, batch->record_count,
				  memory_order_relaxed);
	atomic_fetch_add_explicit(&journal->stats.bytes, batch->bytes.size, memory_order_relaxed);
	if (batch->record_count >
	    atomic_load_explicit(&journal->stats.batch_records_max, memory_order_relaxed))
		atomic_store_explicit(&journal->stats.batch_records_max, batch->record_count,
				      memory_order_relaxed);
}

void commit_end(struct journal *journal, struct journal_work *work)
{
	struct batch *batch = work->batches.first;

	while (batch && batch->is_written) {
		struct batch *next = batch->next;
		struct segment *segment = batch->segment;
		take_file(batch);
		if (segment->spare.number) {
			/* A new file was allocated, so the reserve is complete again. */
			spare_push(journal, segment->spare);
			segment->spare = (struct spare){0};
		}
		if (journal->recent)
			recent_add(journal->recent, segment->number, batch->offset,
				   str_of(batch->bytes.data, batch->content_size));
		check(batch->first_lsn == journal->durable_lsn + 1);
		atomic_store(&segment->written, batch->offset + (uint32_t)batch->bytes.size);
		journal->durable_lsn = batch->first_lsn + batch->record_count - 1;
		count_batch(journal, batch);
		segment_end_commits(journal, segment);
		batch_release(journal, batch);
		batch = next;
	}
	if (batch) {
		take_file(batch);
		work->batches.last->next = journal->waiting.first;
		if (!journal->waiting.last)
			journal->waiting.last = work->batches.last;
		journal->waiting.first = batch;
	}
	work->batches = (struct batch_list){0};
	atomic_fetch_add_explicit(&journal->stats.sync_ns, work->sync_ns, memory_order_relaxed);
	atomic_fetch_add_explicit(&journal->stats.sync_count, work->sync_count,
				  memory_order_relaxed);
	if (work->was_full || work->err == ERR_FULL)
		journal_set_full(journal, true);
	journal->is_stalled = work->err == ERR_FULL;
	journal->stall_wait = JOURNAL_FULL_RETRY_CALLS;
	if (work->err && work->err != ERR_FULL)
		journal_fail(journal);
}
