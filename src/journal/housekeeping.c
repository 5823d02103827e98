/* SPDX-License-Identifier: MIT */
/*
 * The housekeeping lane, one piece at a time: recycle a segment, make a spare, keep room for a
 * checkpoint, write an index, write a checkpoint, zero a part of a spare; in this order, because
 * the first two keep commits from having to allocate.
 *
 * On a full disk no work is tried again before space was freed or JOURNAL_FULL_RETRY_CALLS calls
 * have passed. A checkpoint must succeed even then, since it frees segments: it has reserved space,
 * and if it has outgrown that, spares are deleted for it, reserve included. A failed write or sync
 * fails the journal here too: after a failure, writes that the disk has acknowledged may be lost.
 */
#include "journal/housekeeping.h"

#include "journal/batch.h"
#include "journal/checkpoint.h"
#include "journal/index.h"
#include "journal/segment.h"
#include "journal/state.h"

/* A full disk counts as full until it has one more, since the records that freed the first segments
 * may take those at once. */
static size_t wanted_spares(const struct journal *journal)
{
	return (size_t)journal->options.spare_segments + journal->is_full;
}

static bool has_spare_to_make(const struct journal *journal)
{
	return journal->spares.count < wanted_spares(journal) && journal->full_wait == 0;
}

/* A checkpoint never waits for space that it had at its last request. */
static uint64_t wanted_checkpoint_room(const struct journal *journal)
{
	uint64_t least = journal->options.segment_size < JOURNAL_CHECKPOINT_ROOM_SIZE
				 ? journal->options.segment_size
				 : JOURNAL_CHECKPOINT_ROOM_SIZE;
	uint64_t wanted = journal->checkpoint_size + journal->checkpoint_size / 4;

	return wanted > least ? wanted : least;
}

static bool has_checkpoint_to_write(const struct journal *journal)
{
	return journal->has_checkpoint && journal->checkpoint.end_lsn <= journal->durable_lsn &&
	       (journal->full_wait == 0 || journal->spares.count > 0 ||
		checkpoint_file_size(&journal->checkpoint) <= journal->checkpoint_room);
}

/* Spares that a checkpoint may replace: none if all of them are too few. */
static void lend_spares(struct journal *journal, struct journal_work *work)
{
	uint64_t size = checkpoint_file_size(&journal->checkpoint);
	uint64_t room = journal->checkpoint_room;

	if (size <= room || (size - room) / journal->options.segment_size >= journal->spares.count)
		return;
	while (journal->spares.count > 0 && room < size &&
	       work->fallback_count < JOURNAL_RESERVE_SPARES) {
		work->fallbacks[work->fallback_count++] = spare_pop(journal);
		room += journal->options.segment_size;
	}
}

/*
 * One spare is kept written ahead while the owner appends: recycled spares are written already, new
 * ones are not. A server without messages writes nothing.
 */
static struct spare *find_spare_to_zero(struct journal *journal)
{
	struct spare *next = NULL;

	if (journal->is_full ||
	    journal->appended_since_open < journal->options.segment_size / JOURNAL_ZERO_AFTER_PART)
		return NULL;
	for (size_t i = 0; i < journal->spares.count; i++) {
		struct spare *spare = &journal->spares.items[i];
		if (spare_is_written(journal, spare))
			return NULL;
		if (!next || spare->written >= next->written)
			next = spare;
	}
	return next;
}

static struct journal_work *give_zero(struct journal *journal, struct spare *spare)
{
	struct journal_work *work = &journal->housekeeping;
	uint32_t rest = journal->options.segment_size - spare->written;

	check(spare->written < journal->options.segment_size);
	work->kind = HOUSEKEEPING_ZERO;
	work->spare = spare->number;
	work->zero_offset = spare->written;
	work->zero_size = rest < JOURNAL_ZERO_SIZE ? rest : JOURNAL_ZERO_SIZE;
	spare->is_out = true;
	return work;
}

/* The first sealed and durable segment whose index waits. */
static struct segment *find_index(const struct journal *journal)
{
	if (journal->index_waiting_count == 0 || journal->full_wait > 0)
		return NULL;
	for (size_t i = 0; i < journal->segments_count; i++) {
		struct segment *segment = journal->segments[i];
		if (segment->has_index_waiting && segment_is_durable(journal, segment))
			return segment;
	}
	return NULL;
}

static struct journal_work *give(struct journal *journal, enum housekeeping_kind kind)
{
	journal->housekeeping.kind = kind;
	journal->housekeeping.checkpoint_room = journal->checkpoint_room;
	journal->housekeeping.fallback_count = journal->housekeeping.fallbacks_used = 0;
	return &journal->housekeeping;
}

/* A full disk's segment of changes only is dead once it is sealed. */
static void seal_spent(struct journal *journal)
{
	const struct segment *segment = journal->open_segment;

	if (journal->is_full && atomic_load(&segment->file) && segment->live_records == 0 &&
	    segment->size - segment->used < JOURNAL_LAST_SIZE)
		batch_roll(journal);
}

struct journal_work *housekeeping_begin(struct journal *journal)
{
	struct journal_work *work = &journal->housekeeping;

	work->spare = 0;
	seal_spent(journal);
	work->segment = segment_find_recyclable(journal);
	if (work->segment) {
		check(work->segment != journal->open_segment);
		check(work->segment->live_records == 0);
		/* The segment is out of the table, so no thread can pin it. */
		segment_remove(journal, work->segment);
		if (work->segment->is_compacted)
			atomic_fetch_add_explicit(&journal->stats.compacted, 1,
						  memory_order_relaxed);
		if (journal->spares.count < wanted_spares(journal) &&
		    work->segment->size == journal->options.segment_size &&
		    atomic_load(&work->segment->file))
			work->spare = journal->next_spare++;
		return give(journal, HOUSEKEEPING_RECYCLE);
	}
	if (has_spare_to_make(journal)) {
		work->spare = journal->next_spare++;
		return give(journal, HOUSEKEEPING_SPARE);
	}
	if (journal->checkpoint_room < wanted_checkpoint_room(journal) &&
	    !journal->has_checkpoint && journal->full_wait == 0) {
		(void)give(journal, HOUSEKEEPING_CHECKPOINT_ROOM);
		work->checkpoint_room = wanted_checkpoint_room(journal);
		return work;
	}
	work->segment = find_index(journal);
	if (work->segment) {
		work->index = work->segment->index;
		work->segment->index = (struct buf){0};
		return give(journal, HOUSEKEEPING_INDEX);
	}
	if (has_checkpoint_to_write(journal)) {
		(void)give(journal, HOUSEKEEPING_CHECKPOINT);
		lend_spares(journal, work);
		return work;
	}
	struct spare *spare = find_spare_to_zero(journal);
	if (spare)
		return give_zero(journal, spare);
	if (journal->full_wait > 0)
		journal->full_wait--;
	return NULL;
}

/* ---- running ---- */

/* The file becomes a spare, or is deleted; either way the handles close first. */
static enum err recycle(struct journal_work *work)
{
	struct journal *journal = work->journal;
	struct disk *disk = journal->disk;
	struct segment *segment = work->segment;
	char segment_path[JOURNAL_NAME_SIZE];
	char index_path[JOURNAL_NAME_SIZE];
	char spare_path[JOURNAL_NAME_SIZE];
	enum err err = ERR_OK;

	segment_name(segment->number, segment_path);
	index_name(segment->number, index_path);
	spare_name(work->spare, spare_path);
	bool has_file = atomic_load(&segment->file) != NULL;
	bool may_have_index = segment->may_have_index;
	(void)pthread_mutex_lock(&journal->names);
	segment_free(journal, segment);
	if (may_have_index)
		err = disk->ops->unlink(disk, index_path);
	if (err == ERR_NOTFOUND)
		err = ERR_OK;
	if (!err && has_file && work->spare)
		err = disk->ops->rename(disk, segment_path, spare_path);
	else if (!err && has_file)
		err = disk->ops->unlink(disk, segment_path);
	(void)pthread_mutex_unlock(&journal->names);
	return err;
}

must_check enum err spare_make(struct journal *journal, uint64_t spare)
{
	char name[JOURNAL_NAME_SIZE];

	spare_name(spare, name);
	return file_allocate(journal, name, journal->options.segment_size, false);
}

static enum err zero_spare(struct journal_work *work)
{
	struct journal *journal = work->journal;
	struct disk *disk = journal->disk;
	char name[JOURNAL_NAME_SIZE];
	struct disk_file *file;

	spare_name(work->spare, name);
	(void)pthread_mutex_lock(&journal->names);
	enum err err = disk->ops->open(disk, name, false, &file);
	(void)pthread_mutex_unlock(&journal->names);
	if (err)
		return err;
	err = disk->ops->zero(disk, file, work->zero_offset, work->zero_size);
	if (!err)
		err = disk->ops->sync(disk, file);
	(void)pthread_mutex_lock(&journal->names);
	disk->ops->close(disk, file);
	(void)pthread_mutex_unlock(&journal->names);
	return err;
}

void housekeeping_run(struct journal_work *work)
{
	switch (work->kind) {
	case HOUSEKEEPING_RECYCLE:
		work->err = recycle(work);
		break;
	case HOUSEKEEPING_SPARE:
		work->err = spare_make(work->journal, work->spare);
		break;
	case HOUSEKEEPING_ZERO:
		work->err = zero_spare(work);
		break;
	case HOUSEKEEPING_CHECKPOINT_ROOM:
		work->err = checkpoint_make_room(work);
		break;
	case HOUSEKEEPING_INDEX:
		work->err = index_write(work);
		break;
	case HOUSEKEEPING_CHECKPOINT:
		work->err = checkpoint_write(work);
		break;
	}
}

/* ---- ending ---- */

static void end_index(struct journal *journal, struct journal_work *work)
{
	struct segment *segment = work->segment;

	if (work->err) {
		segment->index = work->index;
		work->index = (struct buf){0};
		return;
	}
	check(!segment->index_file);
	check(journal->index_waiting_count > 0);
	segment->index_file = work->index_file;
	segment->index_size = work->index.size;
	segment->index_sum = work->index_sum;
	segment->has_index_waiting = false;
	journal->index_waiting_count--;
	buf_done(&work->index);
}

static void end_checkpoint(struct journal *journal, struct journal_work *work)
{
	check(work->fallbacks_used <= work->fallback_count);
	while (work->fallback_count > work->fallbacks_used)
		spare_push(journal, work->fallbacks[--work->fallback_count]);
	if (work->err)
		return;
	journal->checkpoint_room = work->checkpoint_room;
	journal->checkpoint_size = checkpoint_file_size(&journal->checkpoint);
	journal->checkpoint_lsn = journal->checkpoint.lsn;
	journal->checkpoint_segment = journal->checkpoint.segment;
	journal->durable_serial = journal->checkpoint_serial;
	journal->has_checkpoint = false;
	checkpoint_done(&journal->checkpoint);
	segment_count_dead(journal);
	journal->full_wait = 0;
	journal->stall_wait = 0;
	atomic_fetch_add_explicit(&journal->stats.checkpoints, 1, memory_order_relaxed);
}

static void end_recycle(struct journal *journal, struct journal_work *work)
{
	if (work->err)
		return;
	if (work->spare)
		spare_push(journal,
			   (struct spare){work->spare, journal->options.segment_size, false});
	journal->full_wait = 0;
	journal->stall_wait = 0;
	atomic_fetch_add_explicit(&journal->stats.recycled, 1, memory_order_relaxed);
}

static void end_zero(struct journal *journal, struct journal_work *work)
{
	struct spare *spare = spare_find(journal, work->spare);

	check(spare != NULL);
	check(spare->is_out);
	spare->is_out = false;
	if (!work->err)
		spare->written = work->zero_offset + work->zero_size;
}

void housekeeping_end(struct journal *journal, struct journal_work *work)
{
	switch (work->kind) {
	case HOUSEKEEPING_RECYCLE:
		end_recycle(journal, work);
		break;
	case HOUSEKEEPING_SPARE:
		if (!work->err)
			spare_push(journal, (struct spare){.number = work->spare});
		break;
	case HOUSEKEEPING_ZERO:
		end_zero(journal, work);
		break;
	case HOUSEKEEPING_CHECKPOINT_ROOM:
		if (!work->err)
			journal->checkpoint_room = work->checkpoint_room;
		break;
	case HOUSEKEEPING_INDEX:
		end_index(journal, work);
		break;
	case HOUSEKEEPING_CHECKPOINT:
		end_checkpoint(journal, work);
		break;
	}
	if (work->err == ERR_FULL || work->was_full)
		journal_set_full(journal, true);
	else if (!work->err && journal->is_full && journal->spares.count >= wanted_spares(journal))
		journal_set_full(journal, false);
	if (work->err && work->err != ERR_FULL)
		journal_fail(journal);
}

/* ---- requests for checkpoints ---- */

bool journal_wants_checkpoint(const struct journal *journal)
{
	if (journal->has_failed || journal_checkpoint_is_under_way(journal))
		return false;
	if (journal->appended_since_checkpoint >= JOURNAL_CHECKPOINT_AFTER_SIZE)
		return true;
	/* A checkpoint costs the whole state, so it must free enough: a quarter of the log, or any
	 * segment on a full disk, which may refuse the next append. */
	uint64_t segments = atomic_load_explicit(&journal->stats.segments, memory_order_relaxed);
	return journal->dead_waiting_count > 0 &&
	       (journal->is_full || (journal->appended_since_checkpoint > 0 &&
				     journal->dead_waiting_count * 4 >= segments));
}

/* A segment with live records, and the one where replay starts, cannot be recycled before another
 * checkpoint is durable. */
static void list_segments(const struct journal *journal, uint32_t offset, struct buf *out)
{
	for (size_t i = 0; i < journal->segments_count; i++) {
		const struct segment *segment = journal->segments[i];
		bool is_open = segment == journal->open_segment;
		if (is_open ? offset > 0 : segment->live_records > 0)
			put_u32(buf_extend(out, sizeof(uint32_t)), segment->number);
	}
}

must_check enum err journal_checkpoint_begin(struct journal *journal)
{
	if (journal_checkpoint_is_under_way(journal))
		return ERR_BUSY;
	const struct batch *batch = journal->open_batch;
	const struct segment *segment = journal->open_segment;
	journal->checkpoint = (struct checkpoint){
		.lsn = journal->tail_lsn,
		.segment = segment->number,
		.offset = batch ? batch->offset : segment->used,
		.epoch = journal->epoch,
	};
	list_segments(journal, journal->checkpoint.offset, &journal->checkpoint.segments);
	journal->has_begun_checkpoint = true;
	journal->checkpoint_serial++;
	journal->appended_since_checkpoint = 0;
	return ERR_OK;
}

void journal_checkpoint_end(struct journal *journal, struct buf *state)
{
	check(journal->has_begun_checkpoint);
	journal->checkpoint.state = *state;
	journal->checkpoint.end_lsn = journal->tail_lsn;
	*state = (struct buf){0};
	journal->has_begun_checkpoint = false;
	journal->has_checkpoint = true;
}

bool journal_checkpoint_is_under_way(const struct journal *journal)
{
	return journal->has_begun_checkpoint || journal->has_checkpoint;
}
