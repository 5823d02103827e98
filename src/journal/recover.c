/* SPDX-License-Identifier: MIT */
/*
 * Recovery: lists the directory, chooses the checkpoint and the start of replay.
 *
 * The newest valid checkpoint wins. An older one, or none, is good enough only if everything up to
 * the newest one's LSN can be replayed; its name has that LSN even when its bytes are damaged.
 * Segments before the checkpoint's are only opened, not read.
 *
 * A checkpoint names the segments that its state refers to, and journal.meta the last one that was
 * made; those in between have no gaps. A file that is missing is reported like other damage, and
 * the number of the last segment is never used again.
 *
 * journal.meta is not needed to read the log: every batch and checkpoint carries its epoch too. So
 * a disk too full to make it does not keep the journal from opening.
 */
#include "journal/recover.h"

#include <inttypes.h>
#include <stdio.h>

#include "journal/checkpoint.h"
#include "journal/housekeeping.h"
#include "journal/index.h"
#include "journal/meta.h"
#include "journal/replay.h"
#include "journal/segment.h"
#include "journal/state.h"

/* Numbers from the names of files, packed in bufs, in the order of the names. */
struct listing {
	struct buf segments, spares, checkpoints, indexes;
	struct buf leftovers; /* names of temporary files, each with its NUL */
	bool has_checkpoint_room;
};

static void push_number(struct buf *numbers, uint64_t number)
{
	memcpy(buf_extend(numbers, sizeof number), &number, sizeof number);
}

static uint64_t number_at(const struct buf *numbers, size_t index)
{
	uint64_t number;

	memcpy(&number, numbers->data + index * sizeof number, sizeof number);
	return number;
}

static size_t number_count(const struct buf *numbers)
{
	return numbers->size / sizeof(uint64_t);
}

/* The number between prefix and suffix; `digits` 0 means any. */
static bool parse_name(struct str name, struct str prefix, struct str suffix, size_t digits,
		       uint64_t *out_number)
{
	if (!str_starts(name, prefix) || !str_ends(name, suffix) ||
	    name.size < prefix.size + suffix.size)
		return false;
	struct str middle = str_slice(name, prefix.size, name.size - prefix.size - suffix.size);
	return (digits == 0 || middle.size == digits) && str_to_u64(middle, out_number);
}

static void visit_name(void *context, const char *text)
{
	struct listing *listing = context;
	struct str name = str_from(text);
	uint64_t number;

	if (parse_name(name, STR("segment-"), STR(".log"), 10, &number)) {
		if (number >= 1 && number < UINT32_MAX)
			push_number(&listing->segments, number);
	} else if (parse_name(name, STR("spare-"), STR(".log"), 0, &number)) {
		/* Zero means none, and the next number must exist. */
		if (number >= 1 && number < UINT64_MAX)
			push_number(&listing->spares, number);
	} else if (parse_name(name, STR("checkpoint-"), STR(""), 20, &number)) {
		push_number(&listing->checkpoints, number);
	} else if (parse_name(name, STR("index-"), STR(""), 10, &number)) {
		if (number < UINT32_MAX)
			push_number(&listing->indexes, number);
	} else if (str_starts(name, STR(CHECKPOINT_ROOM))) {
		listing->has_checkpoint_room = true;
	} else if (str_ends(name, STR(".new"))) {
		buf_append(&listing->leftovers, str_of(text, name.size + 1));
	}
}

static void listing_done(struct listing *listing)
{
	buf_done(&listing->segments);
	buf_done(&listing->spares);
	buf_done(&listing->checkpoints);
	buf_done(&listing->indexes);
	buf_done(&listing->leftovers);
}

/* Opens the segments; all are sealed. */
static enum err open_segments(struct journal *journal, const struct listing *listing)
{
	struct disk *disk = journal->disk;

	for (size_t i = 0; i < number_count(&listing->segments); i++) {
		uint32_t number = (uint32_t)number_at(&listing->segments, i);
		char name[JOURNAL_NAME_SIZE];
		struct disk_file *file;
		uint64_t size;
		segment_name(number, name);
		enum err err = disk->ops->open(disk, name, false, &file);
		if (err)
			return err;
		err = disk->ops->size(disk, file, &size);
		if (err) {
			disk->ops->close(disk, file);
			return err;
		}
		/* Bytes beyond the largest size of a segment are not the journal's. */
		if (size > JOURNAL_SEGMENT_SIZE_MAX)
			size = JOURNAL_SEGMENT_SIZE_MAX;
		struct segment *segment = segment_add(journal, number, (uint32_t)size);
		atomic_store(&segment->file, file);
		atomic_store(&segment->written, (uint32_t)size);
		segment->used = (uint32_t)size;
		segment->is_sealed = true;
	}
	for (size_t i = 0; i < number_count(&listing->indexes); i++) {
		struct segment *segment =
			segment_of(journal, (uint32_t)number_at(&listing->indexes, i));
		if (segment)
			index_adopt(journal, segment);
	}
	return ERR_OK;
}

static void require_segment(const struct journal *journal, uint32_t number,
			    struct journal_report *report)
{
	char name[JOURNAL_NAME_SIZE];

	if (segment_of(journal, number))
		return;
	segment_name(number, name);
	report_damage(report, "%s: the file is missing, and the records in it are lost", name);
}

static void require_segments(const struct journal *journal, const struct checkpoint *checkpoint,
			     struct journal_report *report)
{
	for (size_t at = 0; at < checkpoint->segments.size; at += sizeof(uint32_t))
		require_segment(journal, get_u32(checkpoint->segments.data + at), report);
	for (uint64_t i = checkpoint->segment + 1; i <= journal->meta.last_segment; i++)
		require_segment(journal, (uint32_t)i, report);
}

/* Newest first. ERR_NOTFOUND: there is no valid one. */
static enum err find_checkpoint(struct journal *journal, const struct listing *listing,
				struct journal_report *report, struct checkpoint *out_checkpoint)
{
	for (size_t i = number_count(&listing->checkpoints); i-- > 0;) {
		uint64_t lsn = number_at(&listing->checkpoints, i);
		char name[JOURNAL_NAME_SIZE];
		enum err err = checkpoint_load(journal->disk, lsn, out_checkpoint);
		if (err != ERR_DAMAGED)
			return err;
		checkpoint_name(lsn, name);
		report_damage(report, "%s: offset 0: the checkpoint fails its check", name);
	}
	return ERR_NOTFOUND;
}

/* Without a checkpoint the log must begin with LSN 1, complete or visibly damaged. */
static enum err check_begin(struct replay *replay)
{
	const struct journal *journal = replay->journal;
	uint64_t lsn;

	if (journal->segments_count == 0)
		return journal->meta.last_segment ? ERR_DAMAGED : ERR_OK;
	if (journal->segments[0]->number == 1)
		return ERR_OK;
	for (size_t i = 0; i < journal->segments_count; i++) {
		enum err err = replay_first_lsn(replay, journal->segments[i], &lsn);
		if (err)
			return err;
		if (lsn)
			return lsn == 1 ? ERR_OK : ERR_DAMAGED;
	}
	return ERR_OK;
}

static enum err replay_all(struct replay *replay, const struct checkpoint *checkpoint)
{
	struct journal *journal = replay->journal;
	struct disk *disk = journal->disk;

	for (size_t i = 0; i < journal->segments_count; i++) {
		struct segment *segment = journal->segments[i];
		bool is_last = i + 1 == journal->segments_count;
		if (segment->number < checkpoint->segment) {
			segment->last_lsn = checkpoint->lsn;
			continue;
		}
		uint32_t offset = segment->number == checkpoint->segment ? checkpoint->offset : 0;
		enum err err = replay_segment(replay, segment, offset,
					      is_last ? NULL : journal->segments[i + 1]);
		/* Writes of a killed process may still be in memory only; from here on they
		 * count as durable. */
		if (!err && journal->options.durability == JOURNAL_FSYNC)
			err = disk->ops->sync(disk, atomic_load(&segment->file));
		if (err)
			return err;
	}
	return ERR_OK;
}

static void adopt_spares(struct journal *journal, const struct listing *listing)
{
	struct disk *disk = journal->disk;

	for (size_t i = 0; i < number_count(&listing->spares); i++) {
		uint64_t spare = number_at(&listing->spares, i);
		char name[JOURNAL_NAME_SIZE];
		struct disk_file *file;
		uint64_t size = 0, written = 0;
		if (spare >= journal->next_spare)
			journal->next_spare = spare + 1;
		spare_name(spare, name);
		if (disk->ops->open(disk, name, false, &file))
			continue;
		bool is_right = !disk->ops->size(disk, file, &size) &&
				size == journal->options.segment_size &&
				!disk->ops->written_size(disk, file, &written);
		disk->ops->close(disk, file);
		if (is_right)
			spare_push(journal, (struct spare){spare, (uint32_t)written, false});
		else
			(void)disk->ops->unlink(disk, name);
	}
}

/* These files only use space, so a failure does not matter. */
static void clear_leftovers(struct journal *journal, const struct listing *listing)
{
	struct disk *disk = journal->disk;
	const struct buf *names = &listing->leftovers;

	for (size_t at = 0; at < names->size; at += strlen(names->data + at) + 1)
		(void)disk->ops->unlink(disk, names->data + at);
	for (size_t i = 0; i < number_count(&listing->indexes); i++) {
		uint32_t number = (uint32_t)number_at(&listing->indexes, i);
		const struct segment *segment = segment_of(journal, number);
		char name[JOURNAL_NAME_SIZE];
		if (segment && segment->index_file)
			continue;
		index_name(number, name);
		(void)disk->ops->unlink(disk, name);
	}
}

/* The highest number that a file was made for, missing files included. */
static uint32_t find_last_number(struct replay *replay, const struct checkpoint *checkpoint)
{
	const struct journal *journal = replay->journal;
	/* A segment before the checkpoint may have been recycled; the checkpoint lists those that
	 * must exist. */
	uint32_t known = checkpoint->offset || checkpoint->segment == 0 ? checkpoint->segment
									: checkpoint->segment - 1;

	if (journal->segments_count > 0 &&
	    journal->segments[journal->segments_count - 1]->number > known)
		known = journal->segments[journal->segments_count - 1]->number;
	if (journal->meta.last_segment <= known)
		return known;
	/* If the files are restored later, no LSN may have two records. */
	replay->next_lsn += (uint64_t)(journal->meta.last_segment - known) *
			    (JOURNAL_SEGMENT_SIZE_MAX / RECORD_HEADER_SIZE_MIN);
	return journal->meta.last_segment;
}

/* Offset of the next batch behind the last one that was replayed. */
static uint64_t further_offset(const struct replay *replay)
{
	uint64_t offset = replay->end_offset;

	if (replay->journal->options.pads_batches)
		offset += (DISK_BLOCK_SIZE - offset % DISK_BLOCK_SIZE) % DISK_BLOCK_SIZE;
	return offset;
}

/*
 * The last segment is filled further if its end is known: then a start takes no room of a full
 * disk. Bytes behind a torn end stay as they are. Batches of this epoch win over older ones, so
 * nothing that is left behind the end can be taken for valid later.
 */
static bool can_fill_further(const struct replay *replay, const struct segment *segment,
			     uint32_t number)
{
	return segment->number == number && replay->end_segment == number &&
	       replay->report->damage_count == 0 && replay->report->torn_bytes == 0 &&
	       further_offset(replay) <= segment->size && !segment->may_have_index &&
	       segment->size % DISK_BLOCK_SIZE == 0;
}

static void open_last_segment(struct replay *replay, uint32_t last, uint32_t next)
{
	struct journal *journal = replay->journal;
	struct segment *segment =
		journal->segments_count ? journal->segments[journal->segments_count - 1] : NULL;

	if (!segment || next != last + 1 || !can_fill_further(replay, segment, last)) {
		journal->open_segment = segment_add(journal, next, journal->options.segment_size);
		return;
	}
	segment->is_sealed = false;
	segment->used = (uint32_t)further_offset(replay);
	atomic_store(&segment->written, replay->end_offset);
	journal->open_segment = segment;
}

/* Reports a full disk before the first command is accepted. */
static enum err complete_reserve(struct journal *journal)
{
	while (journal->spares.count < JOURNAL_RESERVE_SPARES) {
		uint64_t spare = journal->next_spare++;
		enum err err = spare_make(journal, spare);
		if (err == ERR_FULL)
			journal_set_full(journal, true);
		if (err)
			return err == ERR_FULL ? ERR_OK : err;
		spare_push(journal, (struct spare){.number = spare});
	}
	return ERR_OK;
}

/* Prepares the journal to continue behind the replayed records, in a new epoch. */
static enum err go_on(struct replay *replay, const struct checkpoint *checkpoint)
{
	struct journal *journal = replay->journal;
	uint32_t last = find_last_number(replay, checkpoint);
	/* A checkpoint may begin at a segment that never got a file. */
	uint32_t next = last < checkpoint->segment ? checkpoint->segment : last + 1;

	if (last >= UINT32_MAX - 1 || replay->epoch_max == UINT32_MAX)
		return ERR_DAMAGED;
	journal->tail_lsn = journal->durable_lsn = replay->next_lsn - 1;
	journal->checkpoint_lsn = checkpoint->lsn;
	journal->checkpoint_segment = checkpoint->segment;
	journal->checkpoint_size = checkpoint->lsn ? checkpoint_file_size(checkpoint) : 0;
	journal->epoch = journal->meta.epoch = replay->epoch_max + 1;
	open_last_segment(replay, last, next);
	segment_count_dead(journal);
	journal->meta.last_segment = last;
	enum err err = meta_save(journal->disk, &journal->meta,
				 journal->options.durability == JOURNAL_FSYNC);
	if (err && err != ERR_FULL)
		return err;
	return last > 0 ? complete_reserve(journal) : ERR_OK;
}

/* The state of a checkpoint may be newer than its beginning, and not refer to a segment that it
 * lists. The segment waits for the next checkpoint all the same. */
static void keep_segments(const struct journal *journal, const struct checkpoint *checkpoint)
{
	for (size_t at = 0; at < checkpoint->segments.size; at += sizeof(uint32_t)) {
		struct segment *segment =
			segment_of(journal, get_u32(checkpoint->segments.data + at));
		if (segment)
			segment->dead_serial = journal->durable_serial;
	}
}

static enum err recover_from(struct replay *replay, const struct listing *listing,
			     journal_checkpoint_fn load, struct checkpoint *checkpoint)
{
	struct journal *journal = replay->journal;
	size_t checkpoints = number_count(&listing->checkpoints);
	uint64_t newest = checkpoints ? number_at(&listing->checkpoints, checkpoints - 1) : 0;

	enum err err = find_checkpoint(journal, listing, replay->report, checkpoint);
	if (err && err != ERR_NOTFOUND)
		return err;
	uint32_t damage_before = replay->report->damage_count;
	bool has_checkpoint = !err;
	bool is_newest = has_checkpoint ? checkpoint->lsn == newest : checkpoints == 0;
	err = open_segments(journal, listing);
	if (err)
		return err;
	require_segments(journal, checkpoint, replay->report);
	replay->next_lsn = checkpoint->lsn + 1;
	replay->end_segment = has_checkpoint ? checkpoint->segment : 1;
	replay->end_offset = checkpoint->offset;
	/* A stale owner may have written behind the checkpoint, too. */
	replay->epoch = checkpoint->epoch;
	if (checkpoint->epoch > replay->epoch_max)
		replay->epoch_max = checkpoint->epoch;
	err = has_checkpoint ? load(replay->context, buf_str(&checkpoint->state))
			     : check_begin(replay);
	if (err)
		return err;
	/* This checkpoint still refers to segments that die in replay: they wait for the next. */
	journal->checkpoint_serial = journal->durable_serial = has_checkpoint ? 1 : 0;
	keep_segments(journal, checkpoint);
	err = replay_all(replay, checkpoint);
	if (err)
		return err;
	if (!is_newest &&
	    (replay->report->damage_count > damage_before || replay->next_lsn <= newest))
		return ERR_DAMAGED;
	adopt_spares(journal, listing);
	if (listing->has_checkpoint_room)
		journal->checkpoint_room = checkpoint_find_room(journal->disk);
	clear_leftovers(journal, listing);
	return go_on(replay, checkpoint);
}

enum err recover(struct journal *journal, journal_checkpoint_fn load, journal_record_fn apply,
		 void *context, struct journal_report *report)
{
	struct replay replay = {
		.journal = journal, .report = report, .apply = apply, .context = context};
	struct listing listing = {0};
	struct checkpoint checkpoint = {0};

	enum err err = meta_load(journal->disk, &journal->meta);
	replay.epoch_max = journal->meta.epoch;
	if (err == ERR_DAMAGED)
		report_damage(report, "journal.meta: offset 0: the file fails its check");
	if (!err || err == ERR_NOTFOUND || err == ERR_DAMAGED)
		err = journal->disk->ops->list(journal->disk, visit_name, &listing);
	if (!err)
		err = recover_from(&replay, &listing, load, &checkpoint);
	checkpoint_done(&checkpoint);
	buf_done(&replay.window);
	listing_done(&listing);
	return err;
}
