/* SPDX-License-Identifier: MIT */
/*
 * journal.meta: the epoch, and the number of the last segment that has a file. If a start does not
 * find that file, the end of the log is missing.
 *
 * The file has two slots, each in a block of its own, which are written in turn and in place: a
 * torn write leaves the other slot, and a full disk does not prevent a write.
 */
#include "journal/meta.h"

#include "journal/checkpoint.h"
#include "journal/state.h"

#define META_NAME "journal.meta"
#define META_TEMPORARY "journal.meta.new"

static enum err read_slot(const char *slot, struct meta *meta, bool *is_found)
{
	if (get_u32(slot + META_MAGIC) != MAGIC_META)
		return ERR_OK;
	/* The offset of the checksum depends on the version. */
	if (!format_is_known(get_u32(slot + META_VERSION)))
		return ERR_VERSION;
	if (crc32c(0, str_of(slot, META_CRC)) != get_u32(slot + META_CRC))
		return ERR_OK;
	uint64_t serial = get_u64(slot + META_SERIAL);
	if (*is_found && serial < meta->serial)
		return ERR_OK;
	*is_found = true;
	meta->serial = serial;
	meta->epoch = get_u32(slot + META_EPOCH);
	meta->last_segment = get_u32(slot + META_LAST_SEGMENT);
	return ERR_OK;
}

static enum err read_slots(struct disk *disk, struct meta *meta)
{
	char bytes[META_FILE_SIZE] = {0};
	uint64_t size;
	bool is_found = false;

	enum err err = disk->ops->size(disk, meta->file, &size);
	if (!err)
		err = disk->ops->read(disk, meta->file, 0, bytes,
				      size < sizeof bytes ? (size_t)size : sizeof bytes);
	for (size_t at = 0; !err && at < sizeof bytes; at += META_SLOT_SIZE)
		err = read_slot(bytes + at, meta, &is_found);
	return !err && !is_found ? ERR_DAMAGED : err;
}

must_check enum err meta_load(struct disk *disk, struct meta *out_meta)
{
	struct meta meta = {0};

	enum err err = disk->ops->open(disk, META_NAME, false, &meta.file);
	if (err)
		return err;
	err = read_slots(disk, &meta);
	if (err) {
		meta_close(disk, &meta);
		return err;
	}
	*out_meta = meta;
	return ERR_OK;
}

static void format_slot(const struct meta *meta, char out[META_SIZE])
{
	put_u32(out + META_MAGIC, MAGIC_META);
	put_u32(out + META_VERSION, JOURNAL_FORMAT_VERSION);
	put_u32(out + META_EPOCH, meta->epoch);
	put_u32(out + META_LAST_SEGMENT, meta->last_segment);
	put_u64(out + META_SERIAL, meta->serial);
	put_u32(out + META_CRC, crc32c(0, str_of(out, META_CRC)));
}

static enum err make(struct disk *disk, struct meta *meta)
{
	char bytes[META_FILE_SIZE] = {0};

	format_slot(meta, bytes + meta->serial % 2 * META_SLOT_SIZE);
	enum err err = file_replace(disk, META_TEMPORARY, META_NAME, str_of(bytes, sizeof bytes));
	if (err)
		return err;
	return disk->ops->open(disk, META_NAME, false, &meta->file);
}

must_check enum err meta_save(struct disk *disk, struct meta *meta, bool syncs)
{
	char slot[META_SIZE] = {0};

	meta->serial++;
	if (!meta->file)
		return make(disk, meta);
	format_slot(meta, slot);
	enum err err = disk->ops->write(disk, meta->file, meta->serial % 2 * META_SLOT_SIZE,
					str_of(slot, sizeof slot));
	return !err && syncs ? disk->ops->sync(disk, meta->file) : err;
}

void meta_close(struct disk *disk, struct meta *meta)
{
	if (meta->file)
		disk->ops->close(disk, meta->file);
	meta->file = NULL;
}
