/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "journal/checkpoint.h"
#include "journal/fixture.h"
#include "journal/meta.h"
#include "journal/record.h"
#include "journal/segment.h"

#define FIRST_SEGMENT "segment-0000000001.log"

static void test_open_replays_in_order_and_raises_the_epoch(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	uint32_t epoch = f.journal->epoch;
	for (int i = 0; i < 10; i++) {
		fixture_append(&f, (size_t)i * 100);
		(void)fixture_work(&f, JOURNAL_COMMIT);
	}
	uint64_t chain = f.chain;
	for (uint32_t round = 1; round <= 3; round++) {
		fixture_reopen(&f);
		assert_int_equal(f.report.records, 10);
		assert_int_equal(f.chain, chain);
		assert_int_equal(f.journal->epoch, epoch + round);
		assert_int_equal(journal_durable_lsn(f.journal), 10);
	}
	fixture_done(&f);
}

static void test_torn_tail_is_cut_at_every_byte(void **state)
{
	(void)state;
	for (uint32_t at = 0; at < BATCH_HEADER_SIZE + 2 * (FIXTURE_SMALL_HEADER_SIZE + 20); at++) {
		struct fixture f;
		fixture_init(&f);
		fixture_append(&f, 100);
		(void)fixture_work(&f, JOURNAL_COMMIT);
		uint32_t begin = f.live[1].offset + f.live[1].size;
		fixture_append(&f, 20);
		fixture_append(&f, 20);
		(void)fixture_work(&f, JOURNAL_COMMIT);
		assert_true(disk_memory_damage(f.disk, FIRST_SEGMENT, begin + at, 0x40));
		fixture_reopen(&f);
		assert_int_equal(f.report.records, 1);
		assert_int_equal(f.report.damage_count, 0);
		/* The first fields show whether a batch begins there. */
		bool is_known = (at >= 8 && at < 12) || (at >= 16 && at < 24) || at >= BATCH_SIZE ||
				(at >= 4 && at < 8);
		assert_int_equal(f.report.torn_bytes > 0, is_known);
		/* The next records have the cut LSNs, elsewhere, and stay valid. */
		fixture_append(&f, 30);
		assert_int_equal(f.tail, 2);
		(void)fixture_work(&f, JOURNAL_COMMIT);
		fixture_reopen(&f);
		assert_int_equal(f.report.records, 2);
		assert_int_equal(f.report.damage_count, 0);
		assert_int_equal(f.report.torn_bytes, 0);
		fixture_check_live(&f);
		fixture_done(&f);
	}
}

static void test_damage_before_the_tail_is_reported_and_skipped(void **state)
{
	(void)state;
	for (uint32_t at = 0; at < BATCH_HEADER_SIZE + FIXTURE_SMALL_HEADER_SIZE + 50; at++) {
		struct fixture f;
		char text[128];
		fixture_init(&f);
		for (int i = 0; i < 3; i++) {
			fixture_append(&f, 50);
			(void)fixture_work(&f, JOURNAL_COMMIT);
		}
		uint32_t begin = f.live[2].offset - BATCH_HEADER_SIZE;
		assert_true(disk_memory_damage(f.disk, FIRST_SEGMENT, begin + at, 0x01));
		fixture_reopen(&f);
		assert_int_equal(f.report.records, 2);
		assert_int_equal(f.report.damage_count, 1);
		assert_int_equal(f.report.torn_bytes, 0);
		assert_int_equal(f.gaps, 1);
		assert_int_equal(f.tail, 3);
		(void)snprintf(text, sizeof text, FIRST_SEGMENT ": offset %u: records 2 to 2",
			       begin);
		assert_non_null(strstr(f.report.damage, text));
		fixture_done(&f);
	}
}

/* Three segments with a record each, one of which is deleted. */
static void open_without(struct fixture *f, const char *name, bool has_checkpoint)
{
	fixture_init(f);
	for (int i = 0; i < 3; i++) {
		fixture_append(f, 60000);
		(void)fixture_work(f, JOURNAL_COMMIT);
	}
	if (has_checkpoint) {
		fixture_checkpoint(f);
		fixture_drain(f);
		fixture_append(f, 60000);
		(void)fixture_work(f, JOURNAL_COMMIT);
	}
	journal_free(&f->journal);
	assert_int_equal(f->disk->ops->unlink(f->disk, name), ERR_OK);
	assert_int_equal(fixture_open(f), ERR_OK);
	assert_true(f->report.damage_count > 0);
	assert_non_null(strstr(f->report.damage, name));
	assert_non_null(strstr(f->report.damage, "missing"));
}

static void test_a_missing_segment_is_found_at_the_start(void **state)
{
	static const char *const names[] = {"segment-0000000002.log", "segment-0000000003.log",
					    "segment-0000000004.log"};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		open_without(&f, names[i], false);
		assert_int_equal(f.report.records, 2);
		fixture_done(&f);
	}
	/* The first two are not replayed, but the checkpoint refers to them. */
	for (size_t i = 0; i < 3; i++) {
		open_without(&f, names[i], true);
		fixture_done(&f);
	}
}

static void test_records_of_a_missing_segment_are_not_mixed_with_later_ones(void **state)
{
	struct fixture f;

	(void)state;
	open_without(&f, "segment-0000000003.log", false);
	assert_int_equal(journal_open_segment(f.journal), 4);
	fixture_append(&f, 100);
	assert_true(f.tail > 1000);
	fixture_drain(&f);
	fixture_checkpoint(&f);
	fixture_drain(&f);
	fixture_reopen(&f);
	assert_int_equal(f.report.damage_count, 0);
	fixture_check_live(&f);
	fixture_done(&f);
}

static void test_a_log_without_files_is_refused(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_append(&f, 100);
	(void)fixture_work(&f, JOURNAL_COMMIT);
	journal_free(&f.journal);
	assert_int_equal(f.disk->ops->unlink(f.disk, FIRST_SEGMENT), ERR_OK);
	assert_int_equal(fixture_open(&f), ERR_DAMAGED);
	fixture_done(&f);
}

/* Replaces a file by `content`. */
static void put_file(struct fixture *f, const char *name, struct str content)
{
	assert_int_equal(file_replace(f->disk, "test.new", name, content), ERR_OK);
}

static void test_another_version_is_refused(void **state)
{
	struct fixture f;
	char meta[META_SIZE] = {0};

	(void)state;
	fixture_init(&f);
	journal_free(&f.journal);
	static const uint32_t others[] = {JOURNAL_FORMAT_OLDEST - 1, JOURNAL_FORMAT_VERSION + 1};

	for (size_t i = 0; i < 2; i++) {
		put_u32(meta + META_MAGIC, MAGIC_META);
		put_u32(meta + META_VERSION, others[i]);
		put_u32(meta + META_EPOCH, 1);
		put_u32(meta + META_CRC, 0);
		put_file(&f, "journal.meta", str_of(meta, sizeof meta));
		assert_int_equal(fixture_open(&f), ERR_VERSION);
		assert_null(f.journal);
	}
	fixture_done(&f);
}

static void test_damaged_meta_is_reported_and_the_epoch_still_rises(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_append(&f, 10);
	(void)fixture_work(&f, JOURNAL_COMMIT);
	uint32_t epoch = f.journal->epoch;
	assert_true(disk_memory_damage(f.disk, "journal.meta", META_EPOCH, 0xff));
	fixture_reopen(&f);
	assert_int_equal(f.report.damage_count, 0);
	assert_true(f.journal->epoch > epoch);
	assert_true(disk_memory_damage(f.disk, "journal.meta", META_EPOCH, 0xff));
	assert_true(disk_memory_damage(f.disk, "journal.meta", META_SLOT_SIZE + META_EPOCH, 0xff));
	fixture_reopen(&f);
	assert_int_equal(f.report.damage_count, 1);
	assert_true(f.journal->epoch > epoch);
	fixture_done(&f);
}

static void checkpoint_file(uint64_t lsn, struct fixture *f, struct buf *out)
{
	char name[JOURNAL_NAME_SIZE];
	struct disk_file *file;
	uint64_t size;

	checkpoint_name(lsn, name);
	assert_int_equal(f->disk->ops->open(f->disk, name, false, &file), ERR_OK);
	assert_int_equal(f->disk->ops->size(f->disk, file, &size), ERR_OK);
	assert_int_equal(f->disk->ops->read(f->disk, file, 0, buf_extend(out, size), size), ERR_OK);
	f->disk->ops->close(f->disk, file);
}

static void test_damaged_checkpoint_falls_back_to_the_one_before(void **state)
{
	struct fixture f;
	struct buf first = {0};
	char name[JOURNAL_NAME_SIZE];

	(void)state;
	fixture_init(&f);
	fixture_append(&f, 10);
	fixture_checkpoint(&f);
	fixture_drain(&f);
	checkpoint_file(1, &f, &first);
	fixture_append(&f, 10);
	fixture_checkpoint(&f);
	fixture_drain(&f);
	/* As if the crash came before the older one was unlinked. */
	checkpoint_name(1, name);
	put_file(&f, name, buf_str(&first));
	checkpoint_name(2, name);
	assert_true(disk_memory_damage(f.disk, name, CHECKPOINT_HEADER_SIZE + 3, 1));
	fixture_reopen(&f);
	assert_int_equal(f.report.damage_count, 1);
	assert_int_equal(f.report.records, 1);
	assert_int_equal(f.tail, 2);
	fixture_check_live(&f);
	buf_done(&first);
	fixture_done(&f);
}

static void test_damaged_checkpoint_without_its_log_is_refused(void **state)
{
	struct fixture f;
	char name[JOURNAL_NAME_SIZE];

	(void)state;
	fixture_init(&f);
	for (int i = 0; i < 200; i++) {
		fixture_append(&f, 1000);
		(void)fixture_work(&f, JOURNAL_COMMIT);
	}
	fixture_checkpoint(&f);
	fixture_drain(&f);
	assert_true(journal_stats_read(f.journal).recycled_segments > 0);
	checkpoint_name(f.tail, name);
	assert_true(disk_memory_damage(f.disk, name, CHECKPOINT_HEADER_SIZE, 1));
	journal_free(&f.journal);
	assert_int_equal(fixture_open(&f), ERR_DAMAGED);
	assert_null(f.journal);
	fixture_done(&f);
}

static enum err apply_nothing(void *context, const struct journal_record *record)
{
	(void)context;
	return record->lsn == 2 ? ERR_TOOLARGE : ERR_OK;
}

static void test_error_of_a_callback_ends_opening(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_append(&f, 1);
	fixture_append(&f, 1);
	(void)fixture_work(&f, JOURNAL_COMMIT);
	journal_free(&f.journal);
	assert_int_equal(journal_open(f.disk, &f.options, fixture_load, apply_nothing, &f,
				      &f.journal, &f.report),
			 ERR_TOOLARGE);
	assert_null(f.journal);
	fixture_done(&f);
}

/* A run of everything, the same for every crash point. Stops when the disk has. */
static void run_until_crash(struct fixture *f, uint64_t seed, uint64_t *out_acknowledged)
{
	struct prng prng;

	prng_init(&prng, seed);
	for (int step = 0; step < 60 && !journal_has_failed(f->journal); step++) {
		for (uint64_t i = prng_below(&prng, 12); i > 0; i--)
			fixture_append(f, prng_below(&prng, 4000));
		if (step % 7 == 6 && !journal_checkpoint_is_under_way(f->journal))
			fixture_checkpoint(f);
		struct journal_work *commit = journal_work_begin(f->journal, JOURNAL_COMMIT);
		bool is_started = commit && journal_work_start(commit);
		fixture_append(f, prng_below(&prng, 4000));
		(void)fixture_work(f, JOURNAL_HOUSEKEEPING);
		if (commit && !is_started)
			journal_work_run(commit);
		while (is_started && !journal_work_has_ended(commit))
			;
		if (commit)
			journal_work_end(f->journal, commit);
		*out_acknowledged = journal_durable_lsn(f->journal);
		(void)fixture_work(f, JOURNAL_HOUSEKEEPING);
	}
}

/* One crash and restart at the n-th operation of the disk. False: the run ended before it. */
static bool crash_once(uint64_t crash_after, uint64_t seed, int variant)
{
	struct fixture f;
	uint64_t acknowledged = 0;

	fixture_init_as(&f, variant);
	disk_memory_set_faults(f.disk, (struct disk_faults){.crash_after = crash_after});
	run_until_crash(&f, seed, &acknowledged);
	bool has_crashed = disk_memory_has_crashed(f.disk);
	uint64_t tail = f.tail;
	journal_free(&f.journal);
	disk_memory_crash(f.disk, seed + crash_after);
	/* A second crash, while recovering from the first, changes nothing. */
	disk_memory_set_faults(f.disk, (struct disk_faults){.crash_after = 1 + crash_after % 5});
	if (fixture_open(&f))
		assert_null(f.journal);
	journal_free(&f.journal);
	disk_memory_crash(f.disk, seed * 3 + crash_after);
	assert_int_equal(fixture_open(&f), ERR_OK);
	assert_int_equal(f.report.damage_count, 0);
	assert_int_equal(f.gaps, 0);
	assert_true(f.tail >= acknowledged);
	assert_true(f.tail <= tail);
	fixture_check_live(&f);
	fixture_append(&f, 100);
	fixture_drain(&f);
	assert_int_equal(journal_durable_lsn(f.journal), f.tail);
	fixture_reopen(&f);
	assert_int_equal(f.gaps, 0);
	fixture_check_live(&f);
	fixture_done(&f);
	return has_crashed;
}

static void test_crash_at_every_disk_operation_loses_nothing_acknowledged(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2 * FIXTURE_VARIANTS; seed++) {
		uint64_t crash_after = 1;
		while (crash_once(crash_after, seed, (int)(seed % FIXTURE_VARIANTS)))
			crash_after++;
		/* The run is long enough to have recycled and checkpointed. */
		assert_true(crash_after > 100);
	}
}

/* As the queue engine's, which leaves out what was purged since the beginning. */
static void test_segments_that_a_checkpoint_lists_stay_until_the_next(void **state)
{
	struct fixture f;
	struct buf bytes = {0};

	(void)state;
	fixture_init(&f);
	while (journal_open_segment(f.journal) < 3)
		fixture_append(&f, 4000);
	fixture_drain(&f);
	assert_int_equal(journal_checkpoint_begin(f.journal), ERR_OK);
	for (int i = 0; i < 2 * FIXTURE_LIVE; i++)
		fixture_append(&f, 4000);
	buf_append(&bytes, str_of(&f.tail, sizeof f.tail));
	buf_append(&bytes, str_of(&f.chain, sizeof f.chain));
	buf_append(&bytes, str_of(f.live, sizeof f.live));
	journal_checkpoint_end(f.journal, &bytes);
	fixture_drain(&f);
	for (int i = 0; i < 3; i++) {
		fixture_reopen(&f);
		assert_int_equal(f.report.damage_count, 0);
		fixture_drain(&f);
		assert_int_equal(journal_stats_read(f.journal).recycled_segments, 0);
	}
	fixture_checkpoint(&f);
	fixture_drain(&f);
	assert_true(journal_stats_read(f.journal).recycled_segments > 0);
	fixture_reopen(&f);
	assert_int_equal(f.report.damage_count, 0);
	fixture_done(&f);
}

/* ---- padding, and files of version 3 ---- */

static void test_padded_batches_share_no_block(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init_as(&f, FIXTURE_PADS);
	for (uint32_t i = 0; i < 5; i++) {
		fixture_append(&f, 500);
		(void)fixture_work(&f, JOURNAL_COMMIT);
		assert_int_equal(f.live[i + 1].offset, i * DISK_BLOCK_SIZE + BATCH_HEADER_SIZE);
	}
	assert_int_equal(journal_stats_read(f.journal).bytes, 5 * DISK_BLOCK_SIZE);
	/* A commit uses the space that it needs, up to the end of a segment. */
	fixture_append(&f, FIXTURE_SEGMENT_SIZE - 5 * DISK_BLOCK_SIZE - BATCH_HEADER_SIZE -
				   FIXTURE_LARGE_HEADER_SIZE);
	(void)fixture_work(&f, JOURNAL_COMMIT);
	assert_int_equal(journal_open_segment(f.journal), 1);
	fixture_append(&f, 1);
	assert_int_equal(journal_open_segment(f.journal), 2);
	(void)fixture_work(&f, JOURNAL_COMMIT);
	fixture_reopen(&f);
	assert_int_equal(f.report.records, 7);
	assert_int_equal(f.report.damage_count + f.report.torn_bytes, 0);
	fixture_check_live(&f);
	fixture_done(&f);
}

static void test_padding_may_begin_and_end_with_each_opening(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init_as(&f, FIXTURE_PLAIN);
	for (uint64_t i = 1; i <= 12; i++) {
		fixture_append(&f, 300 + i * 7);
		(void)fixture_work(&f, JOURNAL_COMMIT);
		f.options.pads_batches = i % 3 != 0;
		fixture_reopen(&f);
		assert_int_equal(f.report.records, i);
		assert_int_equal(f.report.damage_count + f.report.torn_bytes, 0);
		assert_int_equal(journal_open_segment(f.journal), 1);
		fixture_check_live(&f);
	}
	fixture_done(&f);
}

static void put_record_4(char *at, size_t size, uint64_t lsn)
{
	fixture_fill(lsn, at + RECORD_HEADER_SIZE_4, size - RECORD_HEADER_SIZE_4);
	put_u32(at + RECORD_SIZE, (uint32_t)size);
	put_u64(at + RECORD_LSN_4, lsn);
	put_u64(at + RECORD_QUEUE_4, lsn * 3);
	put_u32(at + RECORD_EPOCH_4, 1);
	at[RECORD_TYPE_4] = (char)(1 + lsn % 255);
	at[RECORD_FLAGS_4] = 0;
	put_u32(at + RECORD_CRC, crc32c(0, str_of(at + RECORD_SIZE, size - RECORD_SIZE)));
}

/* A batch as version 3 or 4 wrote it. Version 3 has the CRC in place of the stored size. */
static void put_old_batch(struct buf *segment, uint32_t version, uint64_t first_lsn, size_t count,
			  size_t size)
{
	uint32_t offset = (uint32_t)segment->size;
	size_t header_size = version == 3 ? BATCH_HEADER_SIZE_3 : BATCH_HEADER_SIZE;
	size_t record_size = RECORD_HEADER_SIZE_4 + size;
	uint32_t content_crc = 0;
	char *at = buf_extend(segment, header_size + count * record_size);
	char *record = at + header_size;

	for (uint64_t lsn = first_lsn; lsn < first_lsn + count; lsn++, record += record_size) {
		put_record_4(record, record_size, lsn);
		content_crc = crc32c(content_crc, str_of(record, 4));
	}
	put_u32(at + BATCH_MAGIC, MAGIC_BATCH);
	put_u32(at + BATCH_VERSION, version);
	put_u32(at + BATCH_EPOCH, 1);
	put_u32(at + BATCH_SEGMENT, 1);
	put_u64(at + BATCH_FIRST_LSN, first_lsn);
	put_u32(at + BATCH_OFFSET, offset);
	put_u32(at + BATCH_SIZE, (uint32_t)(header_size + count * record_size));
	put_u32(at + BATCH_RECORD_COUNT, (uint32_t)count);
	put_u32(at + BATCH_CONTENT_CRC, content_crc);
	if (version > 3)
		put_u32(at + BATCH_STORED_SIZE, (uint32_t)(header_size + count * record_size));
	put_u32(at + header_size - 4, crc32c(0, str_of(at, header_size - 4)));
}

static void put_old_meta(struct fixture *f, uint32_t version)
{
	char meta[META_FILE_SIZE] = {0};

	put_u32(meta + META_MAGIC, MAGIC_META);
	put_u32(meta + META_VERSION, version);
	put_u32(meta + META_EPOCH, 1);
	put_u32(meta + META_LAST_SEGMENT, 1);
	put_u64(meta + META_SERIAL, 2);
	put_u32(meta + META_CRC, crc32c(0, str_of(meta, META_CRC)));
	put_file(f, "journal.meta", str_of(meta, sizeof meta));
}

static void expect_old_log(uint32_t version)
{
	for (int variant = 0; variant < FIXTURE_VARIANTS; variant++) {
		struct fixture f;
		struct buf segment = {0};
		fixture_init_as(&f, variant);
		journal_free(&f.journal);
		for (uint64_t lsn = 1; lsn <= 9; lsn += 3)
			put_old_batch(&segment, version, lsn, 3, 200);
		memset(buf_extend(&segment, FIXTURE_SEGMENT_SIZE - segment.size), 0,
		       FIXTURE_SEGMENT_SIZE - segment.size);
		put_file(&f, FIRST_SEGMENT, str_of(segment.data, FIXTURE_SEGMENT_SIZE));
		put_old_meta(&f, version);
		for (uint64_t i = 0; i < 3; i++) {
			assert_int_equal(fixture_open(&f), ERR_OK);
			assert_int_equal(f.report.records, 9 + i);
			assert_int_equal(f.report.damage_count + f.report.torn_bytes, 0);
			assert_int_equal(f.journal->epoch, 2 + i);
			fixture_check_live(&f);
			fixture_append(&f, 100);
			(void)fixture_work(&f, JOURNAL_COMMIT);
			journal_free(&f.journal);
		}
		/* Damage in it is found as before. */
		assert_true(disk_memory_damage(f.disk, FIRST_SEGMENT, 300, 1));
		assert_int_equal(fixture_open(&f), ERR_OK);
		assert_int_equal(f.report.damage_count, 1);
		buf_done(&segment);
		fixture_done(&f);
	}
}

static void test_a_log_of_version_3_is_read_and_continued(void **state)
{
	(void)state;
	expect_old_log(3);
}

static void test_a_log_of_version_4_is_read_and_continued(void **state)
{
	(void)state;
	expect_old_log(4);
}

/* ---- headers of records ---- */

static void test_record_headers_take_what_they_need(void **state)
{
	static const size_t sizes[] = {0,     1,     100,   120,     121,     122,     16373,
				       16374, 16375, 16376, 2097139, 2097140, 2097141, 2097142};
	static const uint64_t queues[] = {0, 127, 128, 1 << 22, UINT64_C(1) << 48, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		for (size_t k = 0; k < sizeof queues / sizeof queues[0]; k++) {
			struct journal_record record;
			size_t header = record_header_size(sizes[i], queues[k]);
			size_t size = header + sizes[i];
			char *bytes = heap_alloc(size);
			assert_in_range(header, RECORD_HEADER_SIZE_MIN, RECORD_HEADER_SIZE_MAX);
			fixture_fill(7, bytes + header, sizes[i]);
			(void)record_format_header(bytes, size, queues[k], 200, 9);
			assert_int_equal(record_size(str_of(bytes, size), 5), size);
			assert_true(record_parse(str_of(bytes, size), 9, &record));
			assert_int_equal(record.queue, queues[k]);
			assert_int_equal(record.type, 200);
			assert_true(str_equal(record.data, str_of(bytes + header, sizes[i])));
			/* The same bytes in another segment are left over from an earlier use. */
			assert_false(record_parse(str_of(bytes, size), 8, &record));
			if (size > 8)
				assert_false(record_parse(str_of(bytes, size - 1), 9, &record));
			heap_free(bytes);
		}
	}
	assert_int_equal(record_header_size(0, 0), RECORD_HEADER_SIZE_MIN);
	assert_int_equal(record_header_size(16384, 1), FIXTURE_LARGE_HEADER_SIZE);
}

static void test_a_checkpoint_of_version_3_is_read(void **state)
{
	struct fixture f;
	struct buf file = {0};
	char name[JOURNAL_NAME_SIZE];

	(void)state;
	fixture_init(&f);
	fixture_append(&f, 10);
	fixture_checkpoint(&f);
	fixture_drain(&f);
	journal_free(&f.journal);
	checkpoint_file(1, &f, &file);
	put_u32(file.data + CHECKPOINT_VERSION, 3);
	put_u32(file.data + CHECKPOINT_CRC, crc32c(0, str_of(file.data, CHECKPOINT_CRC)));
	checkpoint_name(1, name);
	put_file(&f, name, buf_str(&file));
	assert_int_equal(fixture_open(&f), ERR_OK);
	assert_int_equal(f.report.records, 0);
	assert_int_equal(f.tail, 1);
	fixture_check_live(&f);
	buf_done(&file);
	fixture_done(&f);
}

/* ---- epochs ---- */

/* Appends and commits one record as the owner of an earlier epoch. */
static void append_as_stale_owner(struct fixture *f)
{
	uint64_t tail = f->tail, chain = f->chain;
	struct journal_location slot = f->live[(tail + 1) % FIXTURE_LIVE];

	f->journal->epoch--;
	fixture_append(f, 40);
	(void)fixture_work(f, JOURNAL_COMMIT);
	f->journal->epoch++;
	f->tail = tail;
	f->chain = chain;
	f->live[(tail + 1) % FIXTURE_LIVE] = slot;
}

static void test_batches_of_a_stale_owner_are_void(void **state)
{
	(void)state;
	for (int variant = 0; variant < 2 * FIXTURE_VARIANTS; variant++) {
		bool has_checkpoint = variant >= FIXTURE_VARIANTS;
		struct fixture f;
		fixture_init_as(&f, variant % FIXTURE_VARIANTS);
		fixture_append(&f, 10);
		(void)fixture_work(&f, JOURNAL_COMMIT);
		fixture_reopen(&f);
		if (has_checkpoint) {
			fixture_checkpoint(&f);
			fixture_drain(&f);
		} else {
			fixture_append(&f, 20);
			(void)fixture_work(&f, JOURNAL_COMMIT);
		}
		uint64_t chain = f.chain, tail = f.tail;
		append_as_stale_owner(&f);
		fixture_reopen(&f);
		assert_int_equal(f.tail, tail);
		assert_int_equal(f.chain, chain);
		assert_int_equal(f.report.damage_count, 0);
		/* The next owner's record of that LSN takes its place. */
		fixture_append(&f, 30);
		assert_int_equal(f.tail, tail + 1);
		(void)fixture_work(&f, JOURNAL_COMMIT);
		chain = f.chain;
		fixture_reopen(&f);
		assert_int_equal(f.chain, chain);
		assert_int_equal(f.gaps, 0);
		fixture_check_live(&f);
		fixture_done(&f);
	}
}

static void test_lying_sync_is_found_out(void **state)
{
	bool has_lost = false;

	(void)state;
	for (uint64_t seed = 1; seed <= 20 && !has_lost; seed++) {
		struct fixture f;
		fixture_init(&f);
		disk_memory_set_faults(f.disk, (struct disk_faults){.syncs_lie = true});
		for (int i = 0; i < 5; i++) {
			fixture_append(&f, 500);
			(void)fixture_work(&f, JOURNAL_COMMIT);
		}
		uint64_t acknowledged = journal_durable_lsn(f.journal);
		journal_free(&f.journal);
		disk_memory_crash(f.disk, seed);
		has_lost = fixture_open(&f) || f.gaps > 0 || f.tail < acknowledged;
		fixture_done(&f);
	}
	assert_true(has_lost);
}
