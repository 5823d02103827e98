/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "journal/fixture.h"

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
	for (uint32_t at = 0; at < BATCH_HEADER_SIZE + 2 * (RECORD_HEADER_SIZE + 20); at++) {
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
		/* The first fields tell whether anything was begun there at all. */
		bool is_known = (at >= 8 && at < 12) || (at >= 16 && at < 24) || at >= BATCH_SIZE ||
				(at >= 4 && at < 8);
		assert_int_equal(f.report.torn_bytes > 0, is_known);
		/* What comes next has the cut LSNs, elsewhere, and stays valid. */
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
	for (uint32_t at = 0; at < BATCH_HEADER_SIZE + RECORD_HEADER_SIZE + 50; at++) {
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

/* Three segments with a record each, then one of them is gone. */
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

static void test_what_a_missing_segment_held_is_not_mixed_up_with_what_comes_later(void **state)
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

static void test_a_log_of_which_nothing_is_left_is_refused(void **state)
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
	for (int other = -1; other <= 1; other += 2) {
		put_u32(meta + META_MAGIC, MAGIC_META);
		put_u32(meta + META_VERSION, (uint32_t)(JOURNAL_FORMAT_VERSION + other));
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
		fixture_append(f, prng_below(&prng, 4000));
		(void)fixture_work(f, JOURNAL_HOUSEKEEPING);
		if (commit) {
			journal_work_run(commit);
			journal_work_end(f->journal, commit);
		}
		*out_acknowledged = journal_durable_lsn(f->journal);
		(void)fixture_work(f, JOURNAL_HOUSEKEEPING);
	}
}

/* One crash and restart at the n-th operation of the disk. False: the run ended before it. */
static bool crash_once(uint64_t crash_after, uint64_t seed)
{
	struct fixture f;
	uint64_t acknowledged = 0;

	fixture_init(&f);
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
	for (uint64_t seed = 1; seed <= 4; seed++) {
		uint64_t crash_after = 1;
		while (crash_once(crash_after, seed))
			crash_after++;
		/* The run is long enough to have recycled and checkpointed. */
		assert_true(crash_after > 100);
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
