/* SPDX-License-Identifier: MIT */
/*
 * Index files: the owner's bytes in blocks of 4 KiB, each with its own CRC, so that a part can be
 * read and checked without the rest. Written whole under a temporary name, like a checkpoint; the
 * number of a segment is never used again, so an index cannot be taken for another segment's.
 */
#include "journal/index.h"

#include <inttypes.h>
#include <stdio.h>

#include "journal/checkpoint.h"
#include "journal/segment.h"
#include "journal/state.h"

#define INDEX_TEMPORARY "index.new"

void index_name(uint32_t segment, char out[JOURNAL_NAME_SIZE])
{
	(void)snprintf(out, JOURNAL_NAME_SIZE, "index-%010" PRIu32, segment);
}

static void encode(uint32_t segment, struct str data, uint32_t sum, struct buf *out)
{
	char *at = buf_extend(out, INDEX_HEADER_SIZE);

	put_u32(at + INDEX_MAGIC, MAGIC_INDEX);
	put_u32(at + INDEX_VERSION, JOURNAL_FORMAT_VERSION);
	put_u32(at + INDEX_SEGMENT, segment);
	put_u64(at + INDEX_DATA_SIZE, data.size);
	put_u32(at + INDEX_DATA_CRC, sum);
	put_u32(at + INDEX_CRC, crc32c(0, str_of(at, INDEX_CRC)));
	for (size_t from = 0; from < data.size; from += INDEX_BLOCK_DATA) {
		struct str block = str_slice(data, from, INDEX_BLOCK_DATA);
		char crc[4];
		put_u32(crc, crc32c(0, block));
		buf_append(out, block);
		buf_append(out, str_of(crc, sizeof crc));
	}
}

enum err index_write(struct journal_work *work)
{
	struct journal *journal = work->journal;
	struct disk *disk = journal->disk;
	uint32_t segment = work->segment->number;
	char name[JOURNAL_NAME_SIZE];
	struct buf bytes = {0};

	index_name(segment, name);
	work->index_sum = crc32c(0, buf_str(&work->index));
	encode(segment, buf_str(&work->index), work->index_sum, &bytes);
	(void)pthread_mutex_lock(&journal->names);
	enum err err = file_replace(disk, INDEX_TEMPORARY, name, buf_str(&bytes));
	if (!err)
		err = disk->ops->open(disk, name, false, &work->index_file);
	(void)pthread_mutex_unlock(&journal->names);
	buf_done(&bytes);
	return err;
}

static enum err read_header(struct disk *disk, struct disk_file *file, struct segment *segment)
{
	char header[INDEX_HEADER_SIZE];
	uint64_t file_size;

	enum err err = file_read_header(disk, file, header, sizeof header, &file_size);
	if (err)
		return err;
	uint64_t size = get_u64(header + INDEX_DATA_SIZE);
	if (get_u32(header + INDEX_MAGIC) != MAGIC_INDEX ||
	    !format_is_known(get_u32(header + INDEX_VERSION)) ||
	    get_u32(header + INDEX_SEGMENT) != segment->number ||
	    crc32c(0, str_of(header, INDEX_CRC)) != get_u32(header + INDEX_CRC) || size > file_size)
		return ERR_DAMAGED;
	segment->index_size = size;
	segment->index_sum = get_u32(header + INDEX_DATA_CRC);
	return ERR_OK;
}

void index_adopt(struct journal *journal, struct segment *segment)
{
	struct disk *disk = journal->disk;
	char name[JOURNAL_NAME_SIZE];
	struct disk_file *file;

	index_name(segment->number, name);
	if (disk->ops->open(disk, name, false, &file))
		return;
	if (read_header(disk, file, segment))
		disk->ops->close(disk, file);
	else
		segment->index_file = file;
	segment->may_have_index = true;
}

void journal_index_write(struct journal *journal, uint32_t number, struct buf *index)
{
	struct segment *segment = segment_of(journal, number);

	check(segment != NULL);
	check(!segment->has_index_waiting);
	if (segment->index_file)
		journal->disk->ops->close(journal->disk, segment->index_file);
	segment->index_file = NULL;
	segment->may_have_index = true;
	segment->index = *index;
	*index = (struct buf){0};
	segment->has_index_waiting = true;
	journal->index_waiting_count++;
}

bool journal_index_is_durable(const struct journal *journal, uint32_t number)
{
	const struct segment *segment = segment_of(journal, number);

	return segment && segment->index_file;
}

uint32_t journal_index_sum(const struct journal *journal, uint32_t number)
{
	const struct segment *segment = segment_of(journal, number);

	return segment && segment->index_file ? segment->index_sum : 0;
}

must_check enum err journal_index_read(struct journal *journal, uint32_t number, uint64_t offset,
				       void *out, size_t size)
{
	struct disk *disk = journal->disk;
	const struct segment *segment = segment_of(journal, number);

	if (!segment || !segment->index_file)
		return ERR_NOTFOUND;
	if (offset > segment->index_size || size > segment->index_size - offset)
		return ERR_DAMAGED;
	if (size == 0)
		return ERR_OK;
	uint64_t first = offset / INDEX_BLOCK_DATA;
	uint64_t end = (offset + size + INDEX_BLOCK_DATA - 1) / INDEX_BLOCK_DATA;
	uint64_t data_end = end * INDEX_BLOCK_DATA;
	if (data_end > segment->index_size)
		data_end = segment->index_size;
	size_t stored = (size_t)(data_end - first * INDEX_BLOCK_DATA + (end - first) * 4);
	char *blocks = heap_alloc(stored);
	enum err err =
		disk->ops->read(disk, segment->index_file,
				INDEX_HEADER_SIZE + first * INDEX_BLOCK_SIZE, blocks, stored);
	size_t skip = (size_t)(offset - first * INDEX_BLOCK_DATA);
	size_t done = 0;
	for (size_t at = 0; !err && at < stored; at += INDEX_BLOCK_SIZE) {
		struct str block = str_slice(str_of(blocks, stored), at, INDEX_BLOCK_SIZE);
		block.size -= 4;
		if (crc32c(0, block) != get_u32(block.data + block.size)) {
			err = ERR_DAMAGED;
			break;
		}
		struct str part = str_slice(block, skip, size - done);
		memcpy((char *)out + done, part.data, part.size);
		done += part.size;
		skip = 0;
	}
	heap_free(blocks);
	return err;
}
