/* SPDX-License-Identifier: MIT */
/*
 * Checkpoint files, which are replaced as a whole.
 *
 * A file is written under a temporary name, synced, renamed and the directory synced; only then is
 * the previous file deleted. A crash in between leaves the old file, or both. The name of a
 * checkpoint holds its LSN in 20 digits, so names sort by age.
 *
 * A full disk must have room for a checkpoint, because it is what frees segments. So two files are
 * written in turn: the checkpoint before the last one stays as room for the next. Before the first
 * one, both are kept empty. A file may be longer than its content; its header says where that ends.
 */
#include "journal/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>

#include "journal/segment.h"
#include "journal/state.h"

#define CHECKPOINT_TEMPORARY "checkpoint.new"

void checkpoint_name(uint64_t lsn, char out[JOURNAL_NAME_SIZE])
{
	(void)snprintf(out, JOURNAL_NAME_SIZE, "checkpoint-%020" PRIu64, lsn);
}

static uint32_t content_crc(const struct checkpoint *checkpoint)
{
	return crc32c(crc32c(0, buf_str(&checkpoint->segments)), buf_str(&checkpoint->state));
}

void checkpoint_done(struct checkpoint *checkpoint)
{
	buf_done(&checkpoint->segments);
	buf_done(&checkpoint->state);
}

static void format_header(const struct checkpoint *checkpoint, char out[CHECKPOINT_HEADER_SIZE])
{
	put_u32(out + CHECKPOINT_MAGIC, MAGIC_CHECKPOINT);
	put_u32(out + CHECKPOINT_VERSION, JOURNAL_FORMAT_VERSION);
	put_u64(out + CHECKPOINT_LSN, checkpoint->lsn);
	put_u32(out + CHECKPOINT_SEGMENT, checkpoint->segment);
	put_u32(out + CHECKPOINT_OFFSET, checkpoint->offset);
	put_u32(out + CHECKPOINT_EPOCH, checkpoint->epoch);
	put_u32(out + CHECKPOINT_STATE_CRC, content_crc(checkpoint));
	put_u64(out + CHECKPOINT_STATE_SIZE, checkpoint->state.size);
	put_u32(out + CHECKPOINT_SEGMENTS,
		(uint32_t)(checkpoint->segments.size / sizeof(uint32_t)));
	put_u32(out + CHECKPOINT_CRC, crc32c(0, str_of(out, CHECKPOINT_CRC)));
}

/* Reserves `size` bytes, in place of spares if the disk is full. */
static enum err reserve(struct journal_work *work, struct disk_file *file, uint64_t size)
{
	struct disk *disk = work->journal->disk;
	char spare[JOURNAL_NAME_SIZE];

	enum err err = disk->ops->allocate(disk, file, size);
	work->was_full |= err == ERR_FULL;
	while (err == ERR_FULL && work->fallbacks_used < work->fallback_count) {
		spare_name(work->fallbacks[work->fallbacks_used++].number, spare);
		(void)disk->ops->unlink(disk, spare);
		err = disk->ops->allocate(disk, file, size);
	}
	return err;
}

/* Opens the temporary file with `size` bytes of room. */
static enum err open_temporary(struct journal_work *work, uint64_t size,
			       struct disk_file **out_file)
{
	struct disk *disk = work->journal->disk;
	struct disk_file *file;

	enum err err = disk->ops->rename(disk, CHECKPOINT_ROOM, CHECKPOINT_TEMPORARY);
	if (err && err != ERR_NOTFOUND)
		return err;
	bool has_room = !err;
	if (!has_room)
		work->checkpoint_room = 0;
	err = disk->ops->open(disk, CHECKPOINT_TEMPORARY, !has_room, &file);
	if (err)
		return err;
	if (size > work->checkpoint_room)
		err = reserve(work, file, size);
	if (err) {
		disk->ops->close(disk, file);
		if (!has_room)
			(void)disk->ops->unlink(disk, CHECKPOINT_TEMPORARY);
		else if (disk->ops->rename(disk, CHECKPOINT_TEMPORARY, CHECKPOINT_ROOM))
			return ERR_IO;
		return err;
	}
	*out_file = file;
	return ERR_OK;
}

struct older {
	struct disk *disk;
	struct buf names; /* each with its NUL */
	const char *keep;
};

static void note_older(void *context, const char *name)
{
	struct older *older = context;

	if (strncmp(name, "checkpoint-", 11) == 0 && strcmp(name, older->keep) != 0)
		buf_append(&older->names, str_of(name, strlen(name) + 1));
}

static uint64_t size_of_room(struct disk *disk)
{
	struct disk_file *file;
	uint64_t size = 0;

	if (disk->ops->open(disk, CHECKPOINT_ROOM, false, &file))
		return 0;
	if (disk->ops->size(disk, file, &size))
		size = 0;
	disk->ops->close(disk, file);
	return size;
}

uint64_t checkpoint_find_room(struct disk *disk)
{
	uint64_t size = size_of_room(disk);

	if (size > 0 || disk->ops->rename(disk, CHECKPOINT_SECOND_ROOM, CHECKPOINT_ROOM))
		return size;
	return size_of_room(disk);
}

/* The previous file is kept as space for the next checkpoint. After a failure the next checkpoint
 * deletes the others. */
static void clear_older(struct journal_work *work, const char *keep)
{
	struct disk *disk = work->journal->disk;
	struct older older = {.disk = disk, .keep = keep};

	if (!disk->ops->list(disk, note_older, &older)) {
		for (size_t at = 0; at < older.names.size;) {
			const char *name = older.names.data + at;
			at += strlen(name) + 1;
			if (at < older.names.size || disk->ops->rename(disk, name, CHECKPOINT_ROOM))
				(void)disk->ops->unlink(disk, name);
		}
	}
	work->checkpoint_room = checkpoint_find_room(disk);
	buf_done(&older.names);
}

enum err file_allocate(struct journal *journal, const char *name, uint64_t size, bool is_kept)
{
	struct disk *disk = journal->disk;
	struct disk_file *file;

	(void)pthread_mutex_lock(&journal->names);
	enum err err = disk->ops->open(disk, name, true, &file);
	(void)pthread_mutex_unlock(&journal->names);
	if (err)
		return err;
	err = disk->ops->allocate(disk, file, size);
	if (!err)
		err = disk->ops->sync(disk, file);
	(void)pthread_mutex_lock(&journal->names);
	disk->ops->close(disk, file);
	if (!err)
		err = disk->ops->sync_dir(disk);
	else if (!is_kept)
		/* If it stays, recovery finds it too small. */
		(void)disk->ops->unlink(disk, name);
	(void)pthread_mutex_unlock(&journal->names);
	return err;
}

must_check enum err checkpoint_make_room(struct journal_work *work)
{
	struct journal *journal = work->journal;
	bool is_kept = journal->checkpoint_room != 0;

	enum err err = file_allocate(journal, CHECKPOINT_ROOM, work->checkpoint_room, is_kept);
	if (!err && journal->checkpoint_lsn == 0)
		err = file_allocate(journal, CHECKPOINT_SECOND_ROOM, work->checkpoint_room,
				    is_kept);
	return err;
}

uint64_t checkpoint_file_size(const struct checkpoint *checkpoint)
{
	return CHECKPOINT_HEADER_SIZE + checkpoint->segments.size + checkpoint->state.size;
}

enum err checkpoint_write(struct journal_work *work)
{
	struct journal *journal = work->journal;
	struct disk *disk = journal->disk;
	const struct checkpoint *checkpoint = &journal->checkpoint;
	char header[CHECKPOINT_HEADER_SIZE];
	char name[JOURNAL_NAME_SIZE];
	struct disk_file *file;

	check(checkpoint->segments.size % sizeof(uint32_t) == 0);
	check(checkpoint->lsn <= checkpoint->end_lsn);
	format_header(checkpoint, header);
	checkpoint_name(checkpoint->lsn, name);
	(void)pthread_mutex_lock(&journal->names);
	enum err err = open_temporary(work, checkpoint_file_size(checkpoint), &file);
	(void)pthread_mutex_unlock(&journal->names);
	if (err)
		return err;
	err = disk->ops->write(disk, file, 0, str_of(header, sizeof header));
	if (!err)
		err = disk->ops->write(disk, file, sizeof header, buf_str(&checkpoint->segments));
	if (!err)
		err = disk->ops->write(disk, file, sizeof header + checkpoint->segments.size,
				       buf_str(&checkpoint->state));
	if (!err)
		err = disk->ops->sync(disk, file);
	(void)pthread_mutex_lock(&journal->names);
	disk->ops->close(disk, file);
	if (!err)
		err = disk->ops->rename(disk, CHECKPOINT_TEMPORARY, name);
	if (!err)
		err = disk->ops->sync_dir(disk);
	if (!err)
		clear_older(work, name);
	(void)pthread_mutex_unlock(&journal->names);
	/* Its space was allocated; a full disk at this point is a failure. */
	return err == ERR_FULL ? ERR_IO : err;
}

enum err file_read_header(struct disk *disk, struct disk_file *file, char *out, size_t size,
			  uint64_t *out_file_size)
{
	enum err err = disk->ops->size(disk, file, out_file_size);
	return err ? err : disk->ops->read(disk, file, 0, out, size);
}

static enum err read_header(struct disk *disk, struct disk_file *file, uint64_t lsn,
			    struct checkpoint *checkpoint, uint32_t *out_crc)
{
	char header[CHECKPOINT_HEADER_SIZE];
	uint64_t file_size;

	enum err err = file_read_header(disk, file, header, sizeof header, &file_size);
	if (err)
		return err;
	if (get_u32(header + CHECKPOINT_MAGIC) != MAGIC_CHECKPOINT)
		return ERR_DAMAGED;
	if (!format_is_known(get_u32(header + CHECKPOINT_VERSION)))
		return ERR_VERSION;
	if (crc32c(0, str_of(header, CHECKPOINT_CRC)) != get_u32(header + CHECKPOINT_CRC) ||
	    get_u64(header + CHECKPOINT_LSN) != lsn)
		return ERR_DAMAGED;
	checkpoint->lsn = lsn;
	checkpoint->segment = get_u32(header + CHECKPOINT_SEGMENT);
	checkpoint->offset = get_u32(header + CHECKPOINT_OFFSET);
	checkpoint->epoch = get_u32(header + CHECKPOINT_EPOCH);
	*out_crc = get_u32(header + CHECKPOINT_STATE_CRC);
	uint64_t numbers = (uint64_t)get_u32(header + CHECKPOINT_SEGMENTS) * sizeof(uint32_t);
	uint64_t state = get_u64(header + CHECKPOINT_STATE_SIZE);
	if (state > file_size || numbers + state > file_size - sizeof header)
		return ERR_DAMAGED;
	(void)buf_extend(&checkpoint->segments, numbers);
	(void)buf_extend(&checkpoint->state, state);
	return ERR_OK;
}

must_check enum err checkpoint_load(struct disk *disk, uint64_t lsn,
				    struct checkpoint *out_checkpoint)
{
	struct checkpoint checkpoint = {0};
	char name[JOURNAL_NAME_SIZE];
	struct disk_file *file;
	uint32_t crc = 0;

	checkpoint_name(lsn, name);
	enum err err = disk->ops->open(disk, name, false, &file);
	if (err)
		return err;
	err = read_header(disk, file, lsn, &checkpoint, &crc);
	struct buf *segments = &checkpoint.segments, *state = &checkpoint.state;
	if (!err)
		err = disk->ops->read(disk, file, CHECKPOINT_HEADER_SIZE, segments->data,
				      segments->size);
	if (!err)
		err = disk->ops->read(disk, file, CHECKPOINT_HEADER_SIZE + segments->size,
				      state->data, state->size);
	if (!err && content_crc(&checkpoint) != crc)
		err = ERR_DAMAGED;
	disk->ops->close(disk, file);
	if (err) {
		checkpoint_done(&checkpoint);
		return err;
	}
	*out_checkpoint = checkpoint;
	return ERR_OK;
}

must_check enum err file_replace(struct disk *disk, const char *temporary, const char *name,
				 struct str content)
{
	struct disk_file *file;

	enum err err = disk->ops->open(disk, temporary, true, &file);
	if (err)
		return err;
	err = disk->ops->write(disk, file, 0, content);
	if (!err)
		err = disk->ops->sync(disk, file);
	disk->ops->close(disk, file);
	if (err)
		return err;
	err = disk->ops->rename(disk, temporary, name);
	if (err)
		return err;
	return disk->ops->sync_dir(disk);
}
