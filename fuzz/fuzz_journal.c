/* SPDX-License-Identifier: MIT */
/*
 * Opens a journal whose files are the input: it may fail, never crash, and what it opens must work.
 *
 * Input: a byte that says which files there are, a u32 with the size of the first, then their
 * bytes. 1: a segment. 2: a checkpoint of LSN 1, then a segment. 4: headers get right CRCs, so that
 * the fuzzer reaches what stands behind the checks. 8: what is written is padded.
 */
#include "journal/disk_memory.h"
#include "journal/state.h"

enum { SEGMENT_SIZE = 64 << 10, HAS_CHECKPOINT = 2, HAS_RIGHT_CRCS = 4, PADS = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_file(struct disk *disk, const char *name, struct str content)
{
	struct disk_file *file;

	check(!disk->ops->open(disk, name, true, &file));
	check(!disk->ops->write(disk, file, 0, content));
	check(!disk->ops->sync(disk, file));
	disk->ops->close(disk, file);
}

static void seal_checkpoint(struct buf *file)
{
	if (file->size < CHECKPOINT_HEADER_SIZE)
		return;
	struct str state = str_slice(buf_str(file), CHECKPOINT_HEADER_SIZE, file->size);
	put_u32(file->data + CHECKPOINT_STATE_CRC, crc32c(0, state));
	put_u64(file->data + CHECKPOINT_STATE_SIZE, state.size);
	put_u32(file->data + CHECKPOINT_CRC, crc32c(0, str_of(file->data, CHECKPOINT_CRC)));
}

/* Only the batch's own header, so that bad records are met too. */
static void seal_batches(struct buf *file)
{
	for (size_t at = 0; at + BATCH_HEADER_SIZE <= file->size; at++) {
		char *header = file->data + at;
		uint32_t crc = get_u32(header + BATCH_VERSION) == 3 ? BATCH_CRC_3 : BATCH_CRC;
		if (get_u32(header) == MAGIC_BATCH)
			put_u32(header + crc, crc32c(0, str_of(header, crc)));
	}
}

static enum err load(void *context, struct str state)
{
	journal_live_add(*(struct journal **)context, (uint32_t)state.size, 1, 1);
	return ERR_OK;
}

static enum err apply(void *context, const struct journal_record *record)
{
	journal_live_add(*(struct journal **)context, record->location.segment, 1, 1);
	return ERR_OK;
}

/* A journal that opens takes a record and reads it back. */
static void use(struct journal *journal)
{
	struct str part = STR("data");
	struct journal_location location;
	struct journal_record record;
	struct buf out = {0};

	uint64_t lsn = journal_append(journal, 1, 1, &part, 1, &location);
	struct journal_work *work = journal_work_begin(journal, JOURNAL_COMMIT);
	check(work != NULL);
	journal_work_run(work);
	journal_work_end(journal, work);
	check(journal_durable_lsn(journal) == lsn);
	check(!journal_read(journal, location, &out, &record));
	check(str_equal(record.data, part));
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal_options options = {.segment_size = SEGMENT_SIZE, .spare_segments = 2};
	struct buf checkpoint = {0};
	struct buf segment = {0};
	struct journal_report report;
	struct journal *journal = NULL;

	if (size < 5)
		return 0;
	options.pads_batches = data[0] & PADS;
	struct str rest = str_of(data + 5, size - 5);
	if (data[0] & HAS_CHECKPOINT) {
		struct str first = str_slice(rest, 0, get_u32((const char *)data + 1));
		buf_append(&checkpoint, first);
		rest = str_slice(rest, first.size, rest.size);
	}
	buf_append(&segment, rest);
	if (data[0] & HAS_RIGHT_CRCS) {
		seal_checkpoint(&checkpoint);
		seal_batches(&segment);
	}
	struct disk *disk = disk_memory_new();
	put_file(disk, "segment-0000000001.log", buf_str(&segment));
	if (data[0] & HAS_CHECKPOINT)
		put_file(disk, "checkpoint-00000000000000000001", buf_str(&checkpoint));
	if (!journal_open(disk, &options, load, apply, &journal, &journal, &report))
		use(journal);
	journal_free(&journal);
	disk->ops->free(disk);
	buf_done(&checkpoint);
	buf_done(&segment);
	return 0;
}
