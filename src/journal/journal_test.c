/* SPDX-License-Identifier: MIT */
#include <pthread.h>

#include "journal/fixture.h"
#include "journal/segment.h"

static void test_append_becomes_durable_when_the_commit_has_ended(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	assert_null(journal_work_begin(f.journal, JOURNAL_COMMIT));
	fixture_append(&f, 100);
	fixture_append(&f, 0);
	assert_int_equal(journal_tail_lsn(f.journal), 2);
	struct journal_work *work = journal_work_begin(f.journal, JOURNAL_COMMIT);
	assert_non_null(work);
	assert_null(journal_work_begin(f.journal, JOURNAL_COMMIT));
	fixture_append(&f, 50);
	journal_work_run(work);
	assert_int_equal(journal_durable_lsn(f.journal), 0);
	journal_work_end(f.journal, work);
	assert_int_equal(journal_durable_lsn(f.journal), 2);
	assert_true(fixture_work(&f, JOURNAL_COMMIT));
	assert_int_equal(journal_durable_lsn(f.journal), 3);
	assert_null(journal_work_begin(f.journal, JOURNAL_COMMIT));
	struct journal_stats stats = journal_stats_read(f.journal);
	assert_int_equal(stats.batches, 2);
	assert_int_equal(stats.records, 3);
	assert_int_equal(stats.batch_records_max, 2);
	assert_int_equal(stats.sync_count, 2);
	fixture_done(&f);
}

static void test_read_serves_records_before_during_and_after_their_commit(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_append(&f, 1000);
	fixture_check_live(&f);
	struct journal_work *work = journal_work_begin(f.journal, JOURNAL_COMMIT);
	fixture_append(&f, 2000);
	fixture_check_live(&f);
	journal_work_run(work);
	fixture_check_live(&f);
	journal_work_end(f.journal, work);
	fixture_check_live(&f);
	fixture_drain(&f);
	fixture_check_live(&f);
	fixture_done(&f);
}

struct reading {
	struct fixture *f;
	enum err err;
};

static void *read_first(void *context)
{
	struct reading *reading = context;
	struct buf out = {0};
	struct journal_record record;

	reading->err = journal_read(reading->f->journal, reading->f->live[1], &out, &record);
	buf_done(&out);
	return NULL;
}

static enum err read_in_another_thread(struct fixture *f)
{
	struct reading reading = {.f = f};
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, read_first, &reading), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return reading.err;
}

static void test_read_gives_other_threads_only_written_records(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_append(&f, 10);
	assert_int_equal(read_in_another_thread(&f), ERR_NOTFOUND);
	fixture_drain(&f);
	assert_int_equal(read_in_another_thread(&f), ERR_OK);
	fixture_done(&f);
}

static void test_read_finds_damage(void **state)
{
	struct fixture f;
	struct buf out = {0};
	struct journal_record record;

	(void)state;
	fixture_init(&f);
	fixture_append(&f, 100);
	fixture_drain(&f);
	for (uint32_t i = 0; i < f.live[1].size; i++) {
		uint64_t at = f.live[1].offset + i;
		assert_true(disk_memory_damage(f.disk, "segment-0000000001.log", at, 0x10));
		assert_int_equal(journal_read(f.journal, f.live[1], &out, &record), ERR_DAMAGED);
		assert_int_equal(out.size, 0);
		assert_true(disk_memory_damage(f.disk, "segment-0000000001.log", at, 0x10));
	}
	assert_int_equal(journal_read(f.journal, f.live[1], &out, &record), ERR_OK);
	assert_int_equal(journal_stats_read(f.journal).damaged_reads, f.live[1].size);
	buf_done(&out);
	fixture_done(&f);
}

static void test_append_rolls_to_the_next_segment_when_one_is_full(void **state)
{
	struct fixture f;
	uint32_t most = FIXTURE_SEGMENT_SIZE - BATCH_HEADER_SIZE - FIXTURE_LARGE_HEADER_SIZE;

	(void)state;
	fixture_init(&f);
	fixture_append(&f, most);
	assert_int_equal(journal_open_segment(f.journal), 1);
	fixture_append(&f, 0);
	assert_int_equal(journal_open_segment(f.journal), 2);
	fixture_append(&f, most);
	assert_int_equal(journal_open_segment(f.journal), 3);
	assert_false(journal_segment_is_durable(f.journal, 1));
	/* One commit takes all three. */
	assert_true(fixture_work(&f, JOURNAL_COMMIT));
	assert_int_equal(journal_durable_lsn(f.journal), 3);
	assert_true(journal_segment_is_durable(f.journal, 1));
	assert_false(journal_segment_is_durable(f.journal, 3));
	fixture_check_live(&f);
	fixture_reopen(&f);
	assert_int_equal(f.report.records, 3);
	fixture_check_live(&f);
	fixture_done(&f);
}

static void test_failed_write_is_final(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_append(&f, 10);
	disk_memory_set_faults(f.disk, (struct disk_faults){.fail_write_after = 1});
	assert_true(fixture_work(&f, JOURNAL_COMMIT));
	assert_true(journal_has_failed(f.journal));
	assert_true(journal_stats_read(f.journal).has_failed);
	assert_int_equal(journal_durable_lsn(f.journal), 0);
	fixture_append(&f, 10);
	assert_null(journal_work_begin(f.journal, JOURNAL_COMMIT));
	assert_null(journal_work_begin(f.journal, JOURNAL_HOUSEKEEPING));
	fixture_check_live(&f);
	fixture_done(&f);
}

static void test_failed_sync_is_final(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_append(&f, 10);
	fixture_drain(&f);
	fixture_append(&f, 10);
	disk_memory_set_faults(f.disk, (struct disk_faults){.fail_sync_after = 1});
	assert_true(fixture_work(&f, JOURNAL_COMMIT));
	assert_true(journal_has_failed(f.journal));
	assert_int_equal(journal_durable_lsn(f.journal), 1);
	fixture_check_live(&f);
	fixture_done(&f);
}

static void test_os_durability_does_not_sync(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.options.durability = JOURNAL_OS;
	fixture_reopen(&f);
	fixture_append(&f, 10);
	fixture_drain(&f);
	assert_int_equal(journal_durable_lsn(f.journal), 1);
	assert_int_equal(journal_stats_read(f.journal).sync_count, 0);
	fixture_reopen(&f);
	assert_int_equal(f.report.records, 1);
	fixture_done(&f);
}

/* Appends until `count` segments are sealed. */
static void fill_segments(struct fixture *f, uint32_t count)
{
	uint32_t end = journal_open_segment(f->journal) + count;

	while (journal_open_segment(f->journal) < end) {
		fixture_append(f, 1000);
		(void)fixture_work(f, JOURNAL_COMMIT);
	}
}

static size_t count_written_spares(const struct journal *journal)
{
	size_t count = 0;

	for (size_t i = 0; i < journal->spares.count; i++)
		count += spare_is_written(journal, &journal->spares.items[i]);
	return count;
}

static void test_a_spare_is_zeroed_ahead_once_the_owner_appends(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_append(&f, 100);
	fixture_drain(&f);
	assert_int_equal(f.journal->spares.count, 3);
	assert_int_equal(count_written_spares(f.journal), 0);
	fixture_append(&f, FIXTURE_SEGMENT_SIZE / JOURNAL_ZERO_AFTER_PART);
	fixture_drain(&f);
	assert_int_equal(f.journal->spares.count, 3);
	assert_int_equal(count_written_spares(f.journal), 1);
	/* The next segment takes that one, and another is zeroed. */
	fixture_append(&f, FIXTURE_SEGMENT_SIZE - FIXTURE_SEGMENT_SIZE / JOURNAL_ZERO_AFTER_PART);
	assert_int_equal(journal_open_segment(f.journal), 2);
	assert_true(spare_is_written(f.journal, &f.journal->open_segment->spare));
	fixture_drain(&f);
	assert_int_equal(count_written_spares(f.journal), 1);
	fixture_reopen(&f);
	assert_int_equal(f.gaps, 0);
	fixture_check_live(&f);
	fixture_done(&f);
}

static void test_a_spare_that_is_being_zeroed_becomes_no_segment(void **state)
{
	struct fixture f;
	struct journal_work *work;

	(void)state;
	fixture_init(&f);
	fixture_append(&f, 20000);
	(void)fixture_work(&f, JOURNAL_COMMIT);
	do {
		work = journal_work_begin(f.journal, JOURNAL_HOUSEKEEPING);
		assert_non_null(work);
		if (work->kind == HOUSEKEEPING_ZERO)
			break;
		journal_work_run(work);
		journal_work_end(f.journal, work);
	} while (true);
	for (int i = 0; i < 3; i++) {
		fixture_append(&f, 60000);
		(void)fixture_work(&f, JOURNAL_COMMIT);
	}
	journal_work_run(work);
	journal_work_end(f.journal, work);
	fixture_drain(&f);
	fixture_check_live(&f);
	fixture_reopen(&f);
	assert_int_equal(f.report.damage_count, 0);
	assert_int_equal(f.gaps, 0);
	fixture_check_live(&f);
	fixture_done(&f);
}

static void test_dead_segments_are_recycled_after_a_checkpoint(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	assert_false(journal_wants_checkpoint(f.journal));
	fill_segments(&f, 3);
	fixture_drain(&f);
	assert_int_equal(journal_stats_read(f.journal).recycled_segments, 0);
	assert_true(journal_wants_checkpoint(f.journal));
	journal_pin(f.journal, 1);
	fixture_checkpoint(&f);
	assert_true(journal_checkpoint_is_under_way(f.journal));
	fixture_drain(&f);
	assert_false(journal_checkpoint_is_under_way(f.journal));
	assert_false(journal_wants_checkpoint(f.journal));
	/* Segment 3 holds live records, 1 is pinned. */
	assert_int_equal(journal_stats_read(f.journal).recycled_segments, 1);
	journal_unpin(f.journal, 1);
	fixture_drain(&f);
	assert_int_equal(journal_stats_read(f.journal).recycled_segments, 2);
	assert_int_equal(journal_stats_read(f.journal).segments, 2);
	/* Recycled files are used again, and their previous records are never read as new. */
	fill_segments(&f, 2);
	fixture_reopen(&f);
	assert_int_equal(f.report.damage_count, 0);
	assert_int_equal(f.report.torn_bytes, 0);
	assert_int_equal(f.gaps, 0);
	fixture_check_live(&f);
	fixture_done(&f);
}

static void test_checkpoint_waits_for_its_records(void **state)
{
	struct fixture f;
	struct buf second = {0};

	(void)state;
	fixture_init(&f);
	fixture_drain(&f);
	fixture_append(&f, 10);
	fixture_checkpoint(&f);
	while (fixture_work(&f, JOURNAL_HOUSEKEEPING))
		assert_int_equal(journal_stats_read(f.journal).checkpoints, 0);
	assert_true(journal_checkpoint_is_under_way(f.journal));
	buf_append(&second, STR("x"));
	assert_int_equal(journal_checkpoint_begin(f.journal), ERR_BUSY);
	assert_int_equal(second.size, 1);
	buf_done(&second);
	assert_true(fixture_work(&f, JOURNAL_COMMIT));
	assert_true(fixture_work(&f, JOURNAL_HOUSEKEEPING));
	assert_int_equal(journal_stats_read(f.journal).checkpoints, 1);
	fixture_append(&f, 10);
	fixture_drain(&f);
	fixture_reopen(&f);
	assert_int_equal(f.report.records, 1);
	assert_int_equal(f.tail, 2);
	fixture_done(&f);
}

static void test_replay_starts_inside_a_batch_that_continues_after_the_checkpoint(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_append(&f, 10);
	fixture_checkpoint(&f);
	fixture_append(&f, 20);
	fixture_drain(&f);
	fixture_reopen(&f);
	assert_int_equal(f.report.records, 1);
	assert_int_equal(f.gaps, 0);
	assert_int_equal(f.tail, 2);
	fixture_check_live(&f);
	fixture_done(&f);
}

/* Appends records of 1000 bytes while there is room for their kind; returns how many. */
static size_t append_while_room(struct fixture *f, enum journal_room room)
{
	size_t appended = 0;

	while (journal_has_room(f->journal, room, 1000)) {
		fixture_append(f, 1000);
		(void)fixture_work(f, JOURNAL_COMMIT);
		(void)fixture_work(f, JOURNAL_HOUSEKEEPING);
		assert_true(appended++ < 1000);
	}
	return appended;
}

static void open_on_a_small_disk_as(struct fixture *f, int variant)
{
	fixture_init_as(f, variant);
	fixture_drain(f);
	disk_memory_set_faults(f->disk, (struct disk_faults){.capacity = 8 * FIXTURE_SEGMENT_SIZE});
}

static void open_on_a_small_disk(struct fixture *f)
{
	open_on_a_small_disk_as(f, FIXTURE_PLAIN);
}

static void check_full_disk_keeps_a_reserve_and_goes_on_when_there_is_room(int variant)
{
	struct fixture f;

	open_on_a_small_disk_as(&f, variant);
	(void)append_while_room(&f, JOURNAL_ROOM_MESSAGE);
	assert_true(journal_stats_read(f.journal).is_full);
	assert_int_equal(journal_stats_read(f.journal).spare_segments, 2);
	/* Records that free space still go in, and the checkpoint finds room. */
	assert_true(journal_has_room(f.journal, JOURNAL_ROOM_FREE, 1000));
	fixture_append(&f, 1000);
	(void)fixture_work(&f, JOURNAL_COMMIT);
	assert_int_equal(journal_durable_lsn(f.journal), f.tail);
	assert_true(journal_wants_checkpoint(f.journal));
	fixture_checkpoint(&f);
	fixture_drain(&f);
	assert_int_equal(journal_stats_read(f.journal).checkpoints, 1);
	assert_true(journal_has_room(f.journal, JOURNAL_ROOM_MESSAGE, 1000));
	assert_false(journal_has_failed(f.journal));
	fixture_reopen(&f);
	assert_int_equal(f.gaps, 0);
	fixture_check_live(&f);
	fixture_done(&f);
}

static void test_full_disk_keeps_a_reserve_and_recovers_when_there_is_room(void **state)
{
	(void)state;
	for (int variant = 0; variant < FIXTURE_VARIANTS; variant++)
		check_full_disk_keeps_a_reserve_and_goes_on_when_there_is_room(variant);
}

static void test_each_kind_of_record_has_its_share_of_the_reserve(void **state)
{
	struct fixture f;

	(void)state;
	open_on_a_small_disk(&f);
	/* No checkpoint is taken, so nothing comes back. */
	(void)append_while_room(&f, JOURNAL_ROOM_MESSAGE);
	size_t changes = append_while_room(&f, JOURNAL_ROOM_CHANGE);
	assert_in_range(changes, 50, 70);
	assert_int_equal(journal_stats_read(f.journal).spare_segments, 1);
	size_t frees = append_while_room(&f, JOURNAL_ROOM_FREE);
	assert_in_range(frees, 40, 60);
	assert_int_equal(journal_stats_read(f.journal).spare_segments, 0);
	assert_true(append_while_room(&f, JOURNAL_ROOM_LAST) > 5);
	assert_false(journal_is_stalled(f.journal));
	/* The checkpoint has room of its own, and then all is as before. */
	fixture_checkpoint(&f);
	fixture_drain(&f);
	assert_int_equal(journal_stats_read(f.journal).checkpoints, 1);
	assert_true(journal_has_room(f.journal, JOURNAL_ROOM_MESSAGE, 1000));
	fixture_reopen(&f);
	fixture_check_live(&f);
	fixture_done(&f);
}

static void check_a_segment_of_changes_only_comes_back_when_it_is_used_up(int variant)
{
	struct fixture f;

	open_on_a_small_disk_as(&f, variant);
	(void)append_while_room(&f, JOURNAL_ROOM_MESSAGE);
	for (int round = 0; round < 10; round++) {
		(void)append_while_room(&f, JOURNAL_ROOM_CHANGE);
		/* As if all of them were changes. */
		for (size_t i = 0; i < FIXTURE_LIVE; i++) {
			if (f.live[i].segment)
				journal_live_add(f.journal, f.live[i].segment, -1,
						 -(int64_t)f.live[i].size);
			f.live[i] = (struct journal_location){0};
		}
		(void)fixture_work(&f, JOURNAL_HOUSEKEEPING);
		assert_true(journal_wants_checkpoint(f.journal));
		fixture_checkpoint(&f);
		fixture_drain(&f);
		assert_true(journal_has_room(f.journal, JOURNAL_ROOM_CHANGE, 1000));
	}
	fixture_done(&f);
}

static void test_a_segment_of_changes_is_recycled_when_it_is_used_up(void **state)
{
	(void)state;
	for (int variant = 0; variant < FIXTURE_VARIANTS; variant++)
		check_a_segment_of_changes_only_comes_back_when_it_is_used_up(variant);
}

/* A purge takes several turns, in which nothing need be appended. */
static void check_what_died_since_a_checkpoint_comes_back_on_a_full_disk(int variant)
{
	struct fixture f;

	open_on_a_small_disk_as(&f, variant);
	(void)append_while_room(&f, JOURNAL_ROOM_MESSAGE);
	/* More records are live than the fixture counts. */
	for (uint32_t i = 1; i < journal_open_segment(f.journal); i++)
		journal_live_add(f.journal, i, 1, 100);
	fixture_checkpoint(&f);
	fixture_drain(&f);
	assert_false(journal_has_room(f.journal, JOURNAL_ROOM_MESSAGE, 1000));
	assert_false(journal_wants_checkpoint(f.journal));
	for (uint32_t i = 1; i < journal_open_segment(f.journal); i++)
		journal_live_add(f.journal, i, -1, -100);
	assert_true(journal_wants_checkpoint(f.journal));
	fixture_checkpoint(&f);
	fixture_drain(&f);
	assert_true(journal_has_room(f.journal, JOURNAL_ROOM_MESSAGE, 1000));
	assert_false(journal_wants_checkpoint(f.journal));
	fixture_done(&f);
}

static void test_segments_that_died_since_a_checkpoint_are_recycled_on_a_full_disk(void **state)
{
	(void)state;
	for (int variant = 0; variant < FIXTURE_VARIANTS; variant++)
		check_what_died_since_a_checkpoint_comes_back_on_a_full_disk(variant);
}

static void test_starts_take_nothing_of_a_full_disk(void **state)
{
	struct fixture f;

	(void)state;
	open_on_a_small_disk(&f);
	(void)append_while_room(&f, JOURNAL_ROOM_MESSAGE);
	fixture_append(&f, 1100); /* more than the rest of the segment */
	fixture_drain(&f);
	uint64_t segments = journal_stats_read(f.journal).segments;
	assert_int_equal(journal_stats_read(f.journal).spare_segments, 1);
	for (int round = 0; round < 5; round++) {
		fixture_reopen(&f);
		fixture_append(&f, 20);
		fixture_drain(&f);
		assert_int_equal(journal_stats_read(f.journal).segments, segments);
		assert_int_equal(journal_stats_read(f.journal).spare_segments, 1);
		assert_false(journal_has_room(f.journal, JOURNAL_ROOM_MESSAGE, 1000));
		assert_true(journal_has_room(f.journal, JOURNAL_ROOM_CHANGE, 1000));
		assert_int_equal(f.gaps, 0);
		fixture_check_live(&f);
	}
	fixture_done(&f);
}

static void test_a_checkpoint_that_outgrew_its_room_replaces_a_spare(void **state)
{
	struct buf large = {0};
	struct fixture f;

	(void)state;
	open_on_a_small_disk(&f);
	(void)append_while_room(&f, JOURNAL_ROOM_MESSAGE);
	memset(buf_extend(&large, FIXTURE_SEGMENT_SIZE * 3 / 2), 1, FIXTURE_SEGMENT_SIZE * 3 / 2);
	assert_int_equal(journal_checkpoint_begin(f.journal), ERR_OK);
	journal_checkpoint_end(f.journal, &large);
	fixture_drain(&f);
	assert_int_equal(journal_stats_read(f.journal).checkpoints, 1);
	fixture_done(&f);
}

static void check_exhausted_disk_stalls_and_loses_nothing(int variant)
{
	struct fixture f;

	open_on_a_small_disk_as(&f, variant);
	(void)append_while_room(&f, JOURNAL_ROOM_MESSAGE);
	(void)append_while_room(&f, JOURNAL_ROOM_FREE);
	for (int i = 0; i < 40; i++)
		fixture_append(&f, 1000);
	(void)fixture_work(&f, JOURNAL_COMMIT);
	assert_true(journal_durable_lsn(f.journal) < f.tail);
	assert_false(journal_has_failed(f.journal));
	fixture_check_live(&f);
	disk_memory_set_faults(f.disk, (struct disk_faults){0});
	for (int i = 0; i < 2 * JOURNAL_FULL_RETRY_CALLS; i++) {
		(void)fixture_work(&f, JOURNAL_COMMIT);
		(void)fixture_work(&f, JOURNAL_HOUSEKEEPING);
	}
	assert_int_equal(journal_durable_lsn(f.journal), f.tail);
	assert_true(journal_has_room(f.journal, JOURNAL_ROOM_MESSAGE, 1000));
	fixture_reopen(&f);
	assert_int_equal(f.gaps, 0);
	fixture_done(&f);
}

static void test_exhausted_disk_stalls_and_loses_nothing(void **state)
{
	(void)state;
	for (int variant = 0; variant < FIXTURE_VARIANTS; variant++)
		check_exhausted_disk_stalls_and_loses_nothing(variant);
}

static const struct disk_ops *memory_ops;
static int open_files;

static enum err counting_open(struct disk *disk, const char *name, bool create,
			      struct disk_file **out_file)
{
	enum err err = memory_ops->open(disk, name, create, out_file);

	open_files += !err;
	return err;
}

static void counting_close(struct disk *disk, struct disk_file *file)
{
	open_files--;
	memory_ops->close(disk, file);
}

/* While a commit that finds no room is out, its segment is filled further. */
static void test_a_segment_that_waits_for_room_gets_one_file_for_all_its_batches(void **state)
{
	struct fixture f;

	(void)state;
	open_on_a_small_disk(&f);
	(void)append_while_room(&f, JOURNAL_ROOM_MESSAGE);
	(void)append_while_room(&f, JOURNAL_ROOM_FREE);
	(void)append_while_room(&f, JOURNAL_ROOM_LAST);
	memory_ops = f.disk->ops;
	struct disk_ops counting = *memory_ops;
	counting.open = counting_open;
	counting.close = counting_close;
	journal_free(&f.journal);
	f.disk->ops = &counting;
	assert_int_equal(fixture_open(&f), ERR_OK);
	uint32_t last = journal_open_segment(f.journal);
	while (journal_open_segment(f.journal) == last)
		fixture_append(&f, 1000);
	struct journal_work *work = journal_work_begin(f.journal, JOURNAL_COMMIT);
	assert_non_null(work);
	fixture_append(&f, 1000);
	journal_work_run(work);
	journal_work_end(f.journal, work);
	assert_true(journal_is_stalled(f.journal));
	disk_memory_set_faults(f.disk, (struct disk_faults){0});
	for (int i = 0; i < 2 * JOURNAL_FULL_RETRY_CALLS; i++) {
		(void)fixture_work(&f, JOURNAL_COMMIT);
		(void)fixture_work(&f, JOURNAL_HOUSEKEEPING);
	}
	assert_false(journal_has_failed(f.journal));
	assert_int_equal(journal_durable_lsn(f.journal), f.tail);
	fixture_check_live(&f);
	journal_free(&f.journal);
	assert_int_equal(open_files, 0);
	f.disk->ops = memory_ops;
	assert_int_equal(fixture_open(&f), ERR_OK);
	assert_int_equal(f.gaps, 0);
	fixture_check_live(&f);
	fixture_done(&f);
}

static void test_compaction_candidate_is_the_least_live_of_a_wasteful_log(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fill_segments(&f, 8);
	fixture_drain(&f);
	assert_int_equal(journal_compaction_candidate(f.journal), 0);
	for (uint32_t i = 1; i <= 7; i++)
		journal_live_add(f.journal, i, 1, 1000 * (int64_t)(10 - i));
	assert_int_equal(journal_compaction_candidate(f.journal), 7);
	journal_live_add(f.journal, 7, 1, 30 << 10);
	assert_int_equal(journal_compaction_candidate(f.journal), 6);
	fixture_done(&f);
}

static void test_index_is_read_back_and_deleted_with_its_segment(void **state)
{
	struct fixture f;
	struct buf index = {0};
	char part[9000];
	const size_t size = 3 * INDEX_BLOCK_DATA + 17;

	(void)state;
	fixture_init(&f);
	fill_segments(&f, 2);
	fixture_fill(5, buf_extend(&index, size), size);
	struct buf copy = {0};
	buf_append(&copy, buf_str(&index));
	assert_int_equal(journal_index_read(f.journal, 1, 0, part, 1), ERR_NOTFOUND);
	journal_index_write(f.journal, 1, &index);
	assert_null(index.data);
	assert_false(journal_index_is_durable(f.journal, 1));
	fixture_drain(&f);
	for (int round = 0; round < 2; round++) {
		assert_true(journal_index_is_durable(f.journal, 1));
		for (size_t at = 0; at < size; at += 1021) {
			size_t count = size - at < sizeof part ? size - at : sizeof part;
			assert_int_equal(journal_index_read(f.journal, 1, at, part, count), ERR_OK);
			assert_memory_equal(part, copy.data + at, count);
		}
		assert_int_equal(journal_index_read(f.journal, 1, size, part, 1), ERR_DAMAGED);
		fixture_reopen(&f);
	}
	/* Damage in one block leaves the others readable. */
	assert_true(disk_memory_damage(f.disk, "index-0000000001", INDEX_HEADER_SIZE + 5000, 1));
	assert_int_equal(journal_index_read(f.journal, 1, 0, part, 100), ERR_OK);
	assert_int_equal(journal_index_read(f.journal, 1, 4092, part, 1), ERR_DAMAGED);
	fixture_append(&f, 10);
	fixture_checkpoint(&f);
	fixture_drain(&f);
	assert_false(journal_index_is_durable(f.journal, 1));
	struct disk_file *file;
	assert_int_equal(f.disk->ops->open(f.disk, "index-0000000001", false, &file), ERR_NOTFOUND);
	buf_done(&copy);
	fixture_done(&f);
}

static void *run_work(void *context)
{
	journal_work_run(context);
	return NULL;
}

static void test_both_lanes_run_beside_the_owner(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	for (int round = 0; round < 200; round++) {
		struct journal_work *works[2];
		pthread_t threads[2];
		fixture_append(&f, 3000);
		if (journal_wants_checkpoint(f.journal))
			fixture_checkpoint(&f);
		for (int i = 0; i < 2; i++) {
			works[i] = journal_work_begin(f.journal, (enum journal_lane)i);
			if (works[i])
				assert_int_equal(
					pthread_create(&threads[i], NULL, run_work, works[i]), 0);
		}
		for (int i = 0; i < 5; i++)
			fixture_append(&f, 3000);
		fixture_check_live(&f);
		for (int i = 0; i < 2; i++) {
			if (!works[i])
				continue;
			assert_int_equal(pthread_join(threads[i], NULL), 0);
			journal_work_end(f.journal, works[i]);
		}
	}
	fixture_drain(&f);
	assert_int_equal(journal_durable_lsn(f.journal), f.tail);
	assert_true(journal_stats_read(f.journal).recycled_segments > 0);
	fixture_reopen(&f);
	assert_int_equal(f.gaps, 0);
	fixture_check_live(&f);
	fixture_done(&f);
}
