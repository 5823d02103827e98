/* SPDX-License-Identifier: MIT */
/* Deep backlogs: windows of 8 messages, so that a few hundred lie deep. */
#include "queue/fixture.h"

enum { DEEP = 3000 };

static struct world w;

static int setup(void **state)
{
	(void)state;
	world_init(&w);
	w.options.window = 8;
	world_restart(&w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_done(&w);
	return 0;
}

static uint64_t in_memory(void)
{
	return engine_stats_read(w.engine).messages_in_memory;
}

/* Receives and deletes from `from` to `to`, one by one: "<prefix><number>". */
static void expect_range(uint64_t queue, const char *prefix, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		char text[64];
		(void)snprintf(text, sizeof text, "%s%zu", prefix, i);
		assert_int_equal(world_delete(&w, world_expect(&w, queue, text)), QUEUE_OK);
	}
}

static void flip(const char *kind, const char *suffix, uint32_t segment, uint64_t offset)
{
	char name[64];

	(void)snprintf(name, sizeof name, "%s-%010u%s", kind, segment, suffix);
	assert_true(disk_memory_damage(w.disk, name, offset, 1));
}

/* The segment of the message in the middle of the backlog. */
static uint32_t middle_segment(void)
{
	assert_int_equal(world_browse(&w, 1, DEEP / 2, 1), 1);
	return w.deliveries[0].location.segment;
}

static void test_memory_does_not_grow_with_the_backlog(void **state)
{
	(void)state;
	world_send_many(&w, 1, 0, "m", DEEP);
	assert_true(in_memory() <= 32);
	assert_true(engine_stats_read(w.engine).extents > 1);
	assert_int_equal(w.counters[1].visible, DEEP);
}

static void test_a_deep_backlog_keeps_its_order(void **state)
{
	(void)state;
	world_send_many(&w, 1, 0, "m", DEEP);
	expect_range(1, "m", 0, DEEP);
	assert_int_equal(world_receive(&w, 1, 1), 0);
	assert_int_equal(w.counters[1].visible, 0);
	assert_int_equal(in_memory(), 0);
	assert_int_equal(engine_stats_read(w.engine).extents, 0);
}

static void test_a_deep_backlog_survives_a_kill(void **state)
{
	(void)state;
	world_send_many(&w, 1, 0, "m", DEEP);
	expect_range(1, "m", 0, 100);
	world_restart(&w);
	assert_true(in_memory() <= 32);
	assert_int_equal(w.counters[1].visible, DEEP - 100);
	expect_range(1, "m", 100, DEEP);
}

static void test_a_deep_backlog_survives_a_checkpoint(void **state)
{
	(void)state;
	world_send_many(&w, 1, 0, "m", DEEP);
	expect_range(1, "m", 0, 50);
	world_checkpoint(&w);
	expect_range(1, "m", 50, 100);
	world_restart(&w);
	expect_range(1, "m", 100, 150);
	world_checkpoint(&w);
	world_restart(&w);
	assert_int_equal(w.report.records, 0);
	assert_true(in_memory() <= 32);
	expect_range(1, "m", 150, DEEP);
}

static void test_restarts_in_quick_succession_keep_a_backlog(void **state)
{
	(void)state;
	for (size_t i = 0; i < 20; i++) {
		char prefix[16];
		(void)snprintf(prefix, sizeof prefix, "r%zu-", i);
		world_send_many(&w, 1, 0, prefix, 100);
		if (i % 3 == 0)
			world_checkpoint(&w);
		world_restart(&w);
	}
	for (size_t i = 0; i < 20; i++) {
		char prefix[16];
		(void)snprintf(prefix, sizeof prefix, "r%zu-", i);
		expect_range(1, prefix, 0, 100);
		if (i % 4 == 0)
			world_restart(&w);
	}
}

static void test_leases_deep_in_a_backlog_survive_a_kill(void **state)
{
	(void)state;
	world_send_many(&w, 1, 0, "m", 500);
	for (int i = 0; i < 20; i++)
		assert_int_equal(world_receive(&w, 1, 10), 10);
	struct queue_handle handle = w.deliveries[9].handle;
	world_restart(&w);
	assert_int_equal(w.counters[1].in_flight, 200);
	assert_int_equal(world_delete(&w, handle), QUEUE_OK);
	expect_range(1, "m", 200, 500);
	world_pass(&w, WORLD_VISIBILITY_MS);
	assert_int_equal(world_drain(&w, 1), 199);
}

static void test_groups_of_a_fifo_queue_keep_their_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < 20; i++) {
		char prefix[16];
		(void)snprintf(prefix, sizeof prefix, "%zu-", i);
		world_send_many(&w, 3, 1, prefix, 20);
		world_send_many(&w, 3, 2, prefix, 10);
	}
	world_restart(&w);
	size_t next[3] = {0};
	for (int i = 0; i < 600; i++) {
		size_t batch, number;
		assert_int_equal(world_receive(&w, 3, 1), 1);
		uint64_t group = world_read(&w, 0).group;
		assert_int_equal(sscanf(w.text, "%zu-%zu", &batch, &number), 2);
		assert_int_equal(batch * (group == 1 ? 20 : 10) + number, next[group]++);
		assert_int_equal(world_delete(&w, w.deliveries[0].handle), QUEUE_OK);
		if (i % 150 == 100)
			world_restart(&w);
	}
	assert_int_equal(world_receive(&w, 3, 1), 0);
}

static void test_a_locked_deep_group_does_not_hold_up_another(void **state)
{
	(void)state;
	world_send_many(&w, 3, 1, "a", 1000);
	world_send_many(&w, 3, 2, "b", 1);
	(void)world_expect(&w, 3, "a0");
	(void)world_expect(&w, 3, "b0");
	assert_int_equal(world_receive(&w, 3, 10), 0);
}

static void test_a_quiet_group_is_found_behind_a_noisy_backlog(void **state)
{
	(void)state;
	world_send_many(&w, 1, 1, "noisy", DEEP);
	for (int i = 0; i < 4; i++)
		assert_int_equal(world_receive(&w, 1, 10), 10);
	world_send_many(&w, 1, 2, "quiet", 1);
	(void)world_expect(&w, 1, "quiet0");
}

static void test_purge_removes_a_deep_backlog(void **state)
{
	(void)state;
	world_send_many(&w, 1, 0, "m", DEEP);
	assert_int_equal(world_simple(&w, QUEUE_PURGE, 1), QUEUE_OK);
	assert_int_equal(w.counters[1].visible, 0);
	assert_int_equal(engine_stats_read(w.engine).extents, 0);
	world_send(&w, 1, "new");
	world_restart(&w);
	(void)world_expect(&w, 1, "new");
	assert_int_equal(world_receive(&w, 1, 1), 0);
	assert_true(engine_journal_stats(w.engine).live_bytes < 1000);
}

static void test_drop_removes_a_deep_backlog(void **state)
{
	(void)state;
	world_send_many(&w, 3, 5, "m", DEEP);
	assert_int_equal(world_simple(&w, QUEUE_DROP, 3), QUEUE_OK);
	assert_int_equal(engine_stats_read(w.engine).extents, 0);
	assert_int_equal(engine_journal_stats(w.engine).live_bytes, 0);
}

static void test_space_of_a_consumed_backlog_is_used_again(void **state)
{
	(void)state;
	for (int round = 0; round < 5; round++) {
		world_send_many(&w, 1, 0, "a message of some length that takes its place", DEEP);
		assert_int_equal(world_drain(&w, 1), DEEP);
		world_turns(&w, 20);
	}
	assert_true(engine_journal_stats(w.engine).segments < 20);
	assert_true(engine_journal_stats(w.engine).recycled_segments > 10);
}

static void test_a_deep_backlog_expires(void **state)
{
	(void)state;
	world_define(&w, 1, (struct queue_settings){.retention_ms = 60000});
	world_send_many(&w, 1, 0, "old", DEEP);
	world_pass(&w, 30000);
	world_send_many(&w, 1, 0, "young", 500);
	world_pass(&w, 30000);
	world_turns(&w, 5);
	assert_int_equal(w.counters[1].visible, 500);
	assert_int_equal(w.counters[1].expired, DEEP);
	(void)world_expect(&w, 1, "young0");
	world_restart(&w);
	(void)world_expect(&w, 1, "young1");
}

static void test_a_deep_group_expires_behind_a_young_message(void **state)
{
	(void)state;
	world_define(&w, 1, (struct queue_settings){.retention_ms = 60000});
	world_send_many(&w, 1, 1, "old", DEEP);
	assert_int_equal(world_receive(&w, 1, 10), 10);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(world_delete(&w, w.deliveries[i].handle), QUEUE_OK);
	world_pass(&w, 30000);
	world_send_many(&w, 1, 2, "young", 1);
	world_pass(&w, 30000);
	world_turns(&w, 5);
	assert_int_equal(w.counters[1].visible, 1);
}

static void test_browse_pages_through_a_deep_backlog(void **state)
{
	uint64_t seq = 0;
	size_t seen = 0;

	(void)state;
	world_send_many(&w, 1, 1, "a", 400);
	world_send_many(&w, 1, 2, "b", 300);
	world_send_many(&w, 1, 1, "c", 400);
	expect_range(1, "a", 0, 1);
	while (world_browse(&w, 1, seq, 70) > 0) {
		for (size_t i = 0; i < w.delivery_count; i++) {
			assert_true(w.deliveries[i].handle.seq > seq);
			seq = w.deliveries[i].handle.seq;
			assert_int_equal(world_read(&w, i).seq, seq);
		}
		seen += w.delivery_count;
	}
	assert_int_equal(seen, 1099);
}

static void test_a_delayed_message_is_counted_and_received_in_time(void **state)
{
	(void)state;
	world_send_many(&w, 1, 0, "m", 500);
	(void)world_send_as(&w, 1, "late",
			    (struct queue_send){.has_delay = true, .delay_ms = 5000});
	world_send_many(&w, 1, 0, "n", 500);
	assert_int_equal(w.counters[1].delayed, 1);
	world_restart(&w);
	assert_int_equal(w.counters[1].delayed, 1);
	world_pass(&w, 5000);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(world_receive(&w, 1, 10), 10);
	world_pass(&w, WORLD_VISIBILITY_MS);
	assert_int_equal(world_drain(&w, 1), 1001);
}

static void test_a_delay_of_a_deep_fifo_group_keeps_its_order(void **state)
{
	(void)state;
	world_send_many(&w, 3, 1, "m", 100);
	world_pass(&w, 1000);
	world_define(&w, 3, (struct queue_settings){.is_fifo = true, .delay_ms = 900000});
	world_send_group(&w, 3, 1, "late");
	assert_int_equal(world_browse(&w, 3, 100, 1), 1);
	assert_int_equal(w.deliveries[0].state, QUEUE_IS_DELAYED);
	assert_int_equal(world_receive(&w, 3, 1), 0);
	world_restart(&w);
	assert_int_equal(world_receive(&w, 3, 1), 0);
	world_pass(&w, 899000);
	expect_range(3, "m", 0, 100);
	assert_int_equal(world_receive(&w, 3, 1), 0);
	assert_int_equal(w.counters[3].delayed, 1);
	world_pass(&w, 1000);
	(void)world_expect(&w, 3, "late");
}

static void test_a_deleted_delayed_message_does_not_return_with_an_index(void **state)
{
	(void)state;
	world_send_many(&w, 1, 0, "m", DEEP / 2);
	(void)world_send_as(&w, 1, "late",
			    (struct queue_send){.has_delay = true, .delay_ms = 1000});
	world_send_many(&w, 1, 0, "n", DEEP / 2);
	uint32_t segment = middle_segment();
	world_pass(&w, 1000);
	/* It is behind the window in memory, before the extents. */
	size_t next = 0;
	for (; world_receive(&w, 1, 1) == 1 && strcmp(world_text(&w, 0), "late") != 0; next++)
		assert_int_equal(world_delete(&w, w.deliveries[0].handle), QUEUE_OK);
	assert_int_equal(world_delete(&w, w.deliveries[0].handle), QUEUE_OK);
	assert_true(next < DEEP / 2);
	world_turns(&w, 10);
	flip("index", "", segment, 100);
	world_checkpoint(&w);
	world_restart(&w);
	expect_range(1, "m", next, DEEP / 2);
	expect_range(1, "n", 0, DEEP / 2);
	assert_int_equal(world_receive(&w, 1, 1), 0);
}

static void test_dead_letters_in_a_deep_queue_keep_their_counts(void **state)
{
	(void)state;
	world_define(&w, 1, (struct queue_settings){.dead_letter = 2, .max_receive_count = 1});
	world_send_many(&w, 1, 0, "m", 300);
	for (int i = 0; i < 30; i++)
		assert_int_equal(world_receive(&w, 1, 10), 10);
	world_pass(&w, WORLD_VISIBILITY_MS);
	assert_int_equal(world_receive(&w, 1, 10), 0);
	assert_true(in_memory() <= 32);
	world_restart(&w);
	size_t seen = 0;
	for (; world_receive(&w, 2, 10) > 0; seen += w.delivery_count)
		for (size_t i = 0; i < w.delivery_count; i++)
			assert_int_equal(w.deliveries[i].receive_count, 2);
	assert_int_equal(seen, 300);
}

static void test_redrive_empties_a_deep_queue(void **state)
{
	struct queue_command command = {.type = QUEUE_REDRIVE, .queue = 2};

	(void)state;
	world_send_many(&w, 2, 0, "m", 700);
	command.redrive.to = 1;
	command.redrive.max = 500;
	assert_int_equal(world_run(&w, &command), QUEUE_OK);
	assert_int_equal(command.redrive.moved, 500);
	assert_int_equal(world_run(&w, &command), QUEUE_OK);
	assert_int_equal(command.redrive.moved, 200);
	world_restart(&w);
	expect_range(1, "m", 0, 700);
}

/* Keeps 1 in 20 of the messages sent to a queue without receivers. */
static void make_mixed_log(void)
{
	for (size_t round = 0; round < 60; round++) {
		char prefix[16];
		(void)snprintf(prefix, sizeof prefix, "k%zu-", round);
		world_send_many(&w, 2, 0, prefix, 10);
		world_send_many(&w, 1, 0, "a message of some length that takes its place", 200);
		assert_int_equal(world_drain(&w, 1), 200);
		world_turns(&w, 10);
		if (round % 20 == 10)
			world_restart(&w);
	}
}

static void expect_mixed_log(size_t from)
{
	for (size_t round = from; round < 60; round++) {
		char prefix[16];
		(void)snprintf(prefix, sizeof prefix, "k%zu-", round);
		expect_range(2, prefix, 0, 10);
	}
}

static void test_extents_are_relocated_by_compaction(void **state)
{
	(void)state;
	make_mixed_log();
	assert_true(engine_journal_stats(w.engine).compacted_segments > 0);
	assert_true(engine_journal_stats(w.engine).segments < 20);
	assert_true(in_memory() <= 32);
	expect_mixed_log(0);
}

static void test_relocated_extents_survive_restarts(void **state)
{
	(void)state;
	make_mixed_log();
	world_restart(&w);
	for (size_t i = 0; i < 10; i++) {
		char prefix[16];
		(void)snprintf(prefix, sizeof prefix, "k%zu-", i);
		expect_range(2, prefix, 0, 10);
	}
	world_checkpoint(&w);
	world_restart(&w);
	assert_int_equal(w.counters[2].visible, 500);
	expect_mixed_log(10);
}

static void test_a_damaged_index_is_built_anew(void **state)
{
	(void)state;
	world_send_many(&w, 1, 0, "m", DEEP);
	world_turns(&w, 10);
	flip("index", "", middle_segment(), 100);
	world_checkpoint(&w);
	world_restart(&w);
	expect_range(1, "m", 0, DEEP / 2);
	world_turns(&w, 10);
	world_restart(&w);
	expect_range(1, "m", DEEP / 2, DEEP);
}

static void test_a_missing_index_is_built_anew(void **state)
{
	char name[64];

	(void)state;
	world_send_many(&w, 1, 0, "m", DEEP);
	world_turns(&w, 10);
	world_checkpoint(&w);
	(void)snprintf(name, sizeof name, "index-%010u", middle_segment());
	engine_free(&w.engine);
	assert_int_equal(w.disk->ops->unlink(w.disk, name), ERR_OK);
	world_open(&w);
	expect_range(1, "m", 0, DEEP);
}

static void test_damage_to_index_and_segment_loses_only_damaged_records(void **state)
{
	(void)state;
	world_send_many(&w, 1, 0, "m", DEEP);
	world_turns(&w, 10);
	world_checkpoint(&w);
	uint32_t segment = middle_segment();
	flip("index", "", segment, 100);
	flip("segment", ".log", segment, w.deliveries[0].location.offset + 40);
	/* A batch of ten fails its checksum as a whole. */
	assert_int_equal(world_drain(&w, 1), DEEP - 10);
	assert_int_equal(w.counters[1].visible, 0);
	world_turns(&w, 50);
	/* The lost messages may be recovered by hand: their segment stays. */
	assert_true(engine_journal_stats(w.engine).live_bytes > 0);
}

/* Its positions differ from those in the index of the last checkpoint. */
static void test_an_index_that_was_built_anew_halfway_survives_a_kill(void **state)
{
	(void)state;
	world_send_many(&w, 1, 0, "m", DEEP);
	world_turns(&w, 10);
	uint32_t segment = middle_segment();
	flip("index", "", segment, 9000);
	world_checkpoint(&w);
	uint64_t next = 0;
	/* Most of the segment is taken, and the damage is met. */
	for (int rounds = 0; rounds < 40; next += 10) {
		expect_range(1, "m", next, next + 10);
		rounds += w.deliveries[0].location.segment == segment;
	}
	assert_int_equal(w.deliveries[0].location.segment, segment);
	world_turns(&w, 10);
	world_restart(&w);
	expect_range(1, "m", next, DEEP);
}

/* The extent is shorter than it was when its relocation began. */
static void test_rest_of_a_damaged_extent_is_relocated(void **state)
{
	struct journal_location damaged = {0};

	(void)state;
	world_send_many(&w, 2, 0, "first", 100);
	for (int round = 0; round < 60; round++) {
		world_send_many(&w, 2, 0, "k", 10);
		if (round == 5) {
			assert_int_equal(world_browse(&w, 2, 155, 1), 1);
			damaged = w.deliveries[0].location;
		}
		world_send_many(&w, 1, 0, "a message of some length that takes its place", 200);
		assert_int_equal(world_drain(&w, 1), 200);
		world_turns(&w, 10);
		if (round == 7) {
			flip("index", "", damaged.segment, 60);
			flip("segment", ".log", damaged.segment, damaged.offset + 40);
		}
	}
	/* A batch of ten fails its checksum as a whole. */
	assert_int_equal(w.counters[2].visible, 690);
	assert_int_equal(world_drain(&w, 2), 690);
}

static void test_a_full_disk_does_not_need_indexes_to_go_on(void **state)
{
	size_t sent = 0;

	(void)state;
	disk_memory_set_faults(w.disk, (struct disk_faults){.capacity = 1 << 20});
	for (; sent < 20000; sent++)
		if (world_send_as(&w, 1, "a message of some length",
				  (struct queue_send){.group = 0})
			    .result == QUEUE_DISK_FULL)
			break;
	assert_true(sent > 1000 && sent < 20000);
	assert_int_equal(world_drain(&w, 1), sent);
	for (int i = 0; i < 20; i++)
		world_pass(&w, 1000);
	world_send(&w, 1, "goes on");
	world_restart(&w);
	(void)world_expect(&w, 1, "goes on");
}

static void test_many_queues_share_a_bounded_memory(void **state)
{
	(void)state;
	w.options.window = 4096;
	w.options.hot_messages_max = 300;
	world_restart(&w);
	for (uint64_t queue = 1; queue <= 2; queue++)
		world_send_many(&w, queue, 0, "m", 1000);
	/* The second queue keeps a 64th of a window. */
	assert_true(in_memory() <= 300 + 64);
	expect_range(1, "m", 0, 1000);
	expect_range(2, "m", 0, 1000);
}
