/* SPDX-License-Identifier: MIT */
/* Fan-out: one message to several queues, its payload stored once, all or none. */
#include "queue/fixture.h"
#include "queue/record.h"

enum { TARGETS = 3 };

static struct world w;

static int setup(void **state)
{
	(void)state;
	world_init(&w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_done(&w);
	return 0;
}

struct fanout {
	struct queue_command command;
	struct queue_target targets[TARGETS];
};

/* To queues 1, 2 and 3, the last of them FIFO. */
static void fanout_init(struct fanout *fanout, const char *shared)
{
	*fanout = (struct fanout){.command = {.type = QUEUE_FANOUT}};
	fanout->command.fanout.id[0] = (uint8_t)++w.next_id;
	fanout->command.fanout.shared = str_from(shared);
	fanout->command.fanout.targets = fanout->targets;
	fanout->command.fanout.count = TARGETS;
	for (size_t i = 0; i < TARGETS; i++)
		fanout->targets[i] = (struct queue_target){.queue = i + 1, .group = i == 2};
}

static void fan_out(const char *shared)
{
	struct fanout fanout;

	fanout_init(&fanout, shared);
	assert_int_equal(world_run(&w, &fanout.command), QUEUE_OK);
	for (size_t i = 0; i < TARGETS; i++)
		assert_int_equal(fanout.targets[i].result, QUEUE_OK);
}

static void expect_everywhere(const char *text)
{
	for (uint64_t queue = 1; queue <= TARGETS; queue++)
		assert_int_equal(world_delete(&w, world_expect(&w, queue, text)), QUEUE_OK);
}

static void test_fanout_reaches_every_queue(void **state)
{
	(void)state;
	fan_out("hello");
	expect_everywhere("hello");
	for (uint64_t queue = 1; queue <= TARGETS; queue++) {
		assert_int_equal(world_receive(&w, queue, 1), 0);
		assert_int_equal(w.counters[queue].sent, 1);
		assert_int_equal(w.counters[queue].sent_bytes, 5);
	}
}

static void test_fanout_adds_each_queues_own_part(void **state)
{
	struct fanout fanout;

	(void)state;
	fanout_init(&fanout, "shared ");
	fanout.targets[0].own = STR("one");
	fanout.targets[1].own = STR("alone");
	fanout.targets[1].is_whole = true;
	assert_int_equal(world_run(&w, &fanout.command), QUEUE_OK);
	(void)world_expect(&w, 1, "shared one");
	(void)world_expect(&w, 2, "alone");
	(void)world_expect(&w, 3, "shared ");
}

static void test_fanout_gives_each_queue_an_id_that_repeats(void **state)
{
	struct fanout fanout;
	uint8_t ids[2][16];

	(void)state;
	fanout_init(&fanout, "x");
	assert_int_equal(world_run(&w, &fanout.command), QUEUE_OK);
	for (uint64_t queue = 1; queue <= 2; queue++) {
		queue_target_id(fanout.command.fanout.id, queue, ids[queue - 1]);
		(void)world_expect(&w, queue, "x");
		struct queue_message message = world_read(&w, 0);
		assert_memory_equal(message.id, ids[queue - 1], 16);
	}
	assert_memory_not_equal(ids[0], ids[1], 16);
}

static void test_fanout_passes_over_queues_that_are_not_there(void **state)
{
	struct fanout fanout;

	(void)state;
	fanout_init(&fanout, "x");
	fanout.targets[0].queue = 77;
	assert_int_equal(world_run(&w, &fanout.command), QUEUE_OK);
	assert_int_equal(fanout.targets[0].result, QUEUE_NOT_FOUND);
	assert_int_equal(fanout.targets[1].result, QUEUE_OK);
	(void)world_expect(&w, 2, "x");
	fanout_init(&fanout, "y");
	for (size_t i = 0; i < TARGETS; i++)
		fanout.targets[i].queue = 77 + i;
	assert_int_equal(world_run(&w, &fanout.command), QUEUE_OK);
	assert_int_equal(fanout.targets[1].result, QUEUE_NOT_FOUND);
}

static void test_fanout_recognises_duplicates_of_fifo_queues(void **state)
{
	struct fanout fanout;

	(void)state;
	fanout_init(&fanout, "first");
	fanout.targets[2].has_dedup = true;
	assert_int_equal(world_run(&w, &fanout.command), QUEUE_OK);
	uint64_t seq = fanout.targets[2].seq;
	world_restart(&w);
	fanout_init(&fanout, "second");
	fanout.targets[2].has_dedup = true;
	assert_int_equal(world_run(&w, &fanout.command), QUEUE_OK);
	assert_true(fanout.targets[2].is_duplicate);
	assert_int_equal(fanout.targets[2].seq, seq);
	assert_false(fanout.targets[1].is_duplicate);
	assert_int_equal(world_delete(&w, world_expect(&w, 3, "first")), QUEUE_OK);
	assert_int_equal(world_receive(&w, 3, 1), 0);
	assert_int_equal(world_receive(&w, 2, 10), 2);
}

static void test_fanout_to_the_same_fifo_queue_twice_is_a_duplicate(void **state)
{
	struct fanout fanout;

	(void)state;
	fanout_init(&fanout, "x");
	for (size_t i = 0; i < TARGETS; i++)
		fanout.targets[i] =
			(struct queue_target){.queue = 3, .group = 1, .has_dedup = true};
	assert_int_equal(world_run(&w, &fanout.command), QUEUE_OK);
	assert_false(fanout.targets[0].is_duplicate);
	assert_true(fanout.targets[1].is_duplicate);
	assert_int_equal(w.counters[3].visible, 1);
}

static void test_fanout_applies_delays(void **state)
{
	struct fanout fanout;

	(void)state;
	fanout_init(&fanout, "x");
	fanout.targets[0].has_delay = true;
	fanout.targets[0].delay_ms = 5000;
	assert_int_equal(world_run(&w, &fanout.command), QUEUE_OK);
	world_restart(&w);
	assert_int_equal(world_receive(&w, 1, 1), 0);
	(void)world_expect(&w, 2, "x");
	world_pass(&w, 5000);
	(void)world_expect(&w, 1, "x");
}

static uint64_t appended(void)
{
	return engine_journal_stats(w.engine).bytes;
}

static void test_fanout_stores_the_payload_once(void **state)
{
	char text[1500];
	uint64_t before;

	(void)state;
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	before = appended();
	fan_out(text);
	assert_in_range(appended() - before, sizeof text, sizeof text + 500);
	expect_everywhere(text);
}

enum { MANY = 100, FIRST_OF_MANY = 3 << 22 }; /* numbers as SQS gives them */

/* Bytes of the journal that a fan-out to so many queues takes. */
static uint64_t bytes_of_fanout(struct queue_target *targets, size_t count)
{
	char text[1024];
	struct queue_command command = {.type = QUEUE_FANOUT};
	uint64_t before = appended();

	memset(text, 'x', sizeof text);
	command.fanout.shared = str_of(text, sizeof text);
	command.fanout.targets = targets;
	command.fanout.count = count;
	assert_int_equal(world_run(&w, &command), QUEUE_OK);
	return appended() - before;
}

static void test_each_further_queue_takes_few_bytes(void **state)
{
	static struct queue_counters counters[MANY];
	struct queue_target targets[MANY] = {0};

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		struct queue_command define = {.type = QUEUE_DEFINE, .queue = FIRST_OF_MANY + i};
		targets[i].queue = define.queue;
		define.define.settings = (struct queue_settings){.visibility_ms = 30000,
								 .retention_ms = WORLD_DAY_MS};
		define.define.counters = &counters[i];
		assert_int_equal(world_run(&w, &define), QUEUE_OK);
	}
	uint64_t one = bytes_of_fanout(targets, 1), many = bytes_of_fanout(targets, MANY);
	/* 24, less what offsets of large segments and seqs of up to 268 million add. */
	assert_in_range(many - one, 1, (MANY - 1) * (24 - 1 - 3));
}

static void test_references_of_earlier_versions_are_decoded(void **state)
{
	struct record_reference reference;
	uint8_t bytes[53 + 3] = {1 | 2 | 4 | 8 | 16};

	(void)state;
	put_u64(bytes + 1, 77);
	put_u32(bytes + 9, 4096);
	put_u32(bytes + 13, 500);
	put_u64(bytes + 17, 99000);
	put_u64(bytes + 25, 5);
	memset(bytes + 33, 'd', 16);
	put_u32(bytes + 49, 250);
	memcpy(bytes + 53, "own", 3);
	assert_true(record_reference_decode(str_of(bytes, sizeof bytes), &reference));
	assert_int_equal(reference.seq, 77);
	assert_int_equal(reference.shared_offset, 4096);
	assert_int_equal(reference.shared_record_size, 500);
	assert_int_equal(reference.visible_ms, 99000);
	assert_int_equal(reference.group, 5);
	assert_int_equal(reference.dedup[15], 'd');
	assert_int_equal(reference.shared_size, 250);
	assert_true(str_equal(reference.own, STR("own")));
	for (size_t size = 0; size < 53; size++)
		assert_false(record_reference_decode(str_of(bytes, size), &reference));
}

static void test_references_are_decoded_as_encoded(void **state)
{
	static const uint64_t numbers[] = {1, 127, 128, 16384, UINT32_MAX, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		for (unsigned fields = 0; fields < 16; fields++) {
			uint8_t bytes[RECORD_REFERENCE_SIZE_MAX];
			struct record_reference in = {
				.seq = numbers[i],
				.shared_offset = (uint32_t)numbers[i],
				.shared_record_size = (uint32_t)numbers[5 - i],
				.shared_size = fields & 1 ? (uint32_t)numbers[i] : 0,
				.visible_ms = fields & 2 ? 1000 : 0,
				.group = fields & 4 ? numbers[i] : 0,
				.has_dedup = fields & 8,
			};
			struct record_reference out;
			size_t size = record_reference_encode(&in, bytes);
			assert_true(record_reference_decode(str_of(bytes, size), &out));
			assert_int_equal(out.seq, in.seq);
			assert_int_equal(out.shared_offset, in.shared_offset);
			assert_int_equal(out.shared_record_size, in.shared_record_size);
			assert_int_equal(out.shared_size, in.shared_size);
			assert_int_equal(out.visible_ms, in.visible_ms);
			assert_int_equal(out.group, in.group);
			assert_int_equal(out.has_dedup, in.has_dedup);
			assert_int_equal(out.own.size, 0);
			for (size_t less = 0; less < size; less++)
				assert_false(record_reference_decode(str_of(bytes, less), &out));
		}
	}
}

static void test_fanout_survives_restarts(void **state)
{
	(void)state;
	fan_out("one");
	world_restart(&w);
	fan_out("two");
	world_checkpoint(&w);
	world_restart(&w);
	expect_everywhere("one");
	expect_everywhere("two");
}

/* ---- all or none ---- */

/* A crash loses the whole tail batch, however much of it was written. */
static void test_fanout_is_all_or_none_after_a_crash(void **state)
{
	size_t seen = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct fanout fanout;
		bool is_answered = false;
		fanout_init(&fanout, "maybe");
		world_submit(&w, &fanout.command, &is_answered);
		disk_memory_set_faults(w.disk, (struct disk_faults){.crash_after = 2});
		world_turn(&w);
		engine_free(&w.engine);
		disk_memory_crash(w.disk, seed);
		world_open(&w);
		size_t count = world_drain(&w, 1);
		assert_int_equal(world_drain(&w, 2), count);
		assert_int_equal(world_drain(&w, 3), count);
		seen += count;
	}
	assert_in_range(seen, 1, 39);
}

static struct queue_target *most_targets(void)
{
	struct queue_target *targets = heap_alloc(LIMIT_FANOUT_TARGETS * sizeof(*targets));

	for (size_t i = 0; i < LIMIT_FANOUT_TARGETS; i++)
		targets[i].queue = 1 + i % 2;
	return targets;
}

static void open_with_large_segments(void)
{
	engine_free(&w.engine);
	w.options.journal.segment_size = 2 << 20;
	world_open(&w);
}

static void test_largest_fanout_is_one_batch(void **state)
{
	struct queue_command command = {.type = QUEUE_FANOUT};

	(void)state;
	open_with_large_segments();
	command.fanout.shared = STR("to all");
	command.fanout.targets = most_targets();
	command.fanout.count = LIMIT_FANOUT_TARGETS;
	struct journal_stats before = engine_journal_stats(w.engine);
	assert_int_equal(world_run(&w, &command), QUEUE_OK);
	struct journal_stats after = engine_journal_stats(w.engine);
	assert_int_equal(after.batches - before.batches, 1);
	assert_int_equal(after.records - before.records, LIMIT_FANOUT_TARGETS + 1);
	world_restart(&w);
	assert_int_equal(w.counters[1].visible, LIMIT_FANOUT_TARGETS / 2);
	assert_int_equal(w.counters[2].visible, LIMIT_FANOUT_TARGETS / 2);
	(void)world_expect(&w, 2, "to all");
	heap_free(command.fanout.targets);
}

/* It does not wait for ever behind commands that fill the turns. */
static void test_a_fanout_larger_than_a_turn_has_its_turn(void **state)
{
	struct queue_command command = {.type = QUEUE_FANOUT};
	struct queue_send send = {.payload = STR("small")};
	struct queue_command small = {.type = QUEUE_SEND, .queue = 3};
	bool is_answered = false, is_small_answered = false;

	(void)state;
	open_with_large_segments();
	send.group = 1;
	small.send.messages = &send;
	small.send.count = 1;
	command.fanout.targets = most_targets();
	command.fanout.count = LIMIT_FANOUT_TARGETS;
	world_submit(&w, &small, &is_small_answered);
	world_submit(&w, &command, &is_answered);
	engine_step(w.engine, w.now_ms, w.now_ms);
	/* The first turn had the small one only. */
	assert_int_equal(w.counters[3].visible, 1);
	assert_int_equal(w.counters[1].visible, 0);
	assert_int_equal(engine_due_ms(w.engine), w.now_ms);
	world_turns(&w, 2);
	assert_true(is_answered);
	assert_int_equal(w.counters[1].visible, LIMIT_FANOUT_TARGETS / 2);
	heap_free(command.fanout.targets);
}

static void test_fanout_is_refused_as_a_whole_when_the_disk_is_full(void **state)
{
	enum queue_result result = QUEUE_OK;
	struct fanout fanout;
	char text[1500];

	(void)state;
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	disk_memory_set_faults(w.disk, (struct disk_faults){.capacity = 400 << 10});
	for (size_t i = 0; i < 600 && result == QUEUE_OK; i++) {
		fanout_init(&fanout, text);
		result = world_run(&w, &fanout.command);
	}
	assert_int_equal(result, QUEUE_DISK_FULL);
	assert_int_equal(w.counters[1].visible, w.counters[2].visible);
	assert_int_equal(w.counters[1].visible, w.counters[3].visible);
}

/* A publisher that repeats a refused fan-out until it is taken keeps its order. */
static void test_fanout_is_not_overtaken_on_a_full_disk(void **state)
{
	struct fanout large, small;
	char text[1500];
	size_t sent = 0;

	(void)state;
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	disk_memory_set_faults(w.disk, (struct disk_faults){.capacity = 400 << 10});
	do
		fanout_init(&large, text);
	while (world_run(&w, &large.command) == QUEUE_OK && ++sent < 600);
	assert_int_equal(large.command.result, QUEUE_DISK_FULL);
	/* No target has it, in memory or after a restart. */
	world_restart(&w);
	for (uint64_t queue = 1; queue <= TARGETS; queue++)
		assert_int_equal(w.counters[queue].visible, sent);
	disk_memory_set_faults(w.disk, (struct disk_faults){.capacity = 0});
	for (int i = 0; i < 20; i++)
		world_pass(&w, 1000);
	assert_int_equal(world_run(&w, &large.command), QUEUE_OK);
	fanout_init(&small, "later");
	assert_int_equal(world_run(&w, &small.command), QUEUE_OK);
	for (size_t i = 0; i <= sent; i++)
		assert_int_equal(world_delete(&w, world_expect(&w, 3, text)), QUEUE_OK);
	(void)world_expect(&w, 3, "later");
}

static void test_fanout_that_fits_into_no_segment_is_refused(void **state)
{
	struct fanout fanout;
	char *own = heap_alloc(60 << 10);

	(void)state;
	fanout_init(&fanout, "x");
	for (size_t i = 0; i < TARGETS; i++)
		fanout.targets[i].own = str_of(own, 30 << 10);
	assert_int_equal(world_run(&w, &fanout.command), QUEUE_TOO_LARGE);
	assert_int_equal(w.counters[1].visible, 0);
	for (size_t i = 0; i < TARGETS; i++)
		fanout.targets[i].own = str_of(own, 20 << 10);
	assert_int_equal(world_run(&w, &fanout.command), QUEUE_OK);
	heap_free(own);
}

static void test_fanout_never_straddles_two_segments(void **state)
{
	(void)state;
	for (size_t i = 0; i < 300; i++) {
		char text[1000];
		memset(text, 'a' + (int)(i % 26), sizeof text);
		text[sizeof text - 1 - i] = '\0';
		fan_out(text);
	}
	world_restart(&w);
	for (size_t i = 0; i < 300; i++) {
		char text[1000];
		memset(text, 'a' + (int)(i % 26), sizeof text);
		text[sizeof text - 1 - i] = '\0';
		expect_everywhere(text);
	}
}

/* ---- fan-outs that delete a message ---- */

static void test_fanout_deletes_in_the_same_batch(void **state)
{
	struct fanout fanout;

	(void)state;
	(void)world_send(&w, 4, "old");
	struct queue_handle handle = world_expect(&w, 4, "old");
	fanout_init(&fanout, "new");
	fanout.command.queue = 4;
	fanout.command.fanout.deletes = &handle;
	fanout.command.fanout.delete_count = 1;
	assert_int_equal(world_run(&w, &fanout.command), QUEUE_OK);
	world_restart(&w);
	world_pass(&w, WORLD_VISIBILITY_MS);
	assert_int_equal(world_receive(&w, 4, 1), 0);
	expect_everywhere("new");
	/* Again: the message is deleted, so the fan-out sends nothing. */
	fanout_init(&fanout, "again");
	fanout.command.queue = 4;
	fanout.command.fanout.deletes = &handle;
	fanout.command.fanout.delete_count = 1;
	assert_int_equal(world_run(&w, &fanout.command), QUEUE_MESSAGE_GONE);
	assert_int_equal(world_receive(&w, 1, 1), 0);
}

/* ---- lifetime of references ---- */

static void test_reference_moves_to_the_dead_letter_queue_whole(void **state)
{
	(void)state;
	world_define(&w, 1, (struct queue_settings){.dead_letter = 5, .max_receive_count = 1});
	world_define(&w, 5, (struct queue_settings){.label = STR("")});
	fan_out("letter");
	(void)world_expect(&w, 1, "letter");
	world_pass(&w, WORLD_VISIBILITY_MS);
	assert_int_equal(world_receive(&w, 1, 1), 0);
	assert_int_equal(world_simple(&w, QUEUE_PURGE, 2), QUEUE_OK);
	assert_int_equal(world_delete(&w, world_expect(&w, 3, "letter")), QUEUE_OK);
	world_restart(&w);
	(void)world_expect(&w, 5, "letter");
}

/* Fills segments with messages that are deleted at once, until the log is compacted. */
static void churn(uint64_t queue, size_t rounds)
{
	for (size_t i = 0; i < rounds; i++) {
		world_send_many(&w, queue, 0, "some text that takes a little room of the log ",
				100);
		(void)world_drain(&w, queue);
		world_turns(&w, 3);
	}
}

static void expect_references(size_t rounds)
{
	for (uint64_t queue = 1; queue <= 2; queue++) {
		for (size_t i = 0; i < rounds; i++) {
			char text[32];
			(void)snprintf(text, sizeof text, "shared %zu", i);
			assert_int_equal(world_delete(&w, world_expect(&w, queue, text)), QUEUE_OK);
		}
	}
}

static void test_references_survive_compaction(void **state)
{
	(void)state;
	world_define(&w, 6, (struct queue_settings){.label = STR("")});
	for (size_t i = 0; i < 60; i++) {
		char text[32];
		(void)snprintf(text, sizeof text, "shared %zu", i);
		fan_out(text);
		churn(6, 2);
		if (i == 30)
			world_restart(&w);
	}
	assert_true(engine_journal_stats(w.engine).compacted_segments > 5);
	assert_true(engine_journal_stats(w.engine).segments < 20);
	world_checkpoint(&w);
	world_restart(&w);
	expect_references(60);
}

static void test_a_payload_is_copied_once_by_compaction(void **state)
{
	char text[1500];

	(void)state;
	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	world_define(&w, 6, (struct queue_settings){.label = STR("")});
	for (size_t i = 0; i < 40; i++) {
		fan_out(text);
		churn(6, 2);
	}
	assert_true(engine_journal_stats(w.engine).compacted_segments > 5);
	/* Had each reference its own copy, it were three times as much. */
	assert_in_range(engine_journal_stats(w.engine).live_bytes, 40 * sizeof text,
			40 * (sizeof text + 600));
	for (size_t i = 0; i < 40; i++)
		expect_everywhere(text);
	assert_int_equal(engine_journal_stats(w.engine).live_bytes, 0);
}

/* ---- in extents ---- */

static void deep_fanouts(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char text[32];
		(void)snprintf(text, sizeof text, "shared %zu", i);
		fan_out(text);
	}
	world_turns(&w, 10);
}

static void open_with_small_window(void)
{
	engine_free(&w.engine);
	w.options.window = 8;
	w.options.hot_messages_max = 64;
	world_open(&w);
}

static void test_references_lie_in_extents(void **state)
{
	(void)state;
	open_with_small_window();
	deep_fanouts(1000);
	assert_true(engine_stats_read(w.engine).extents > 3);
	assert_true(engine_stats_read(w.engine).messages_in_memory < 100);
	world_checkpoint(&w);
	world_restart(&w);
	assert_true(engine_stats_read(w.engine).messages_in_memory < 100);
	for (size_t i = 0; i < 1000; i++) {
		char text[32];
		(void)snprintf(text, sizeof text, "shared %zu", i);
		expect_everywhere(text);
	}
	assert_int_equal(engine_journal_stats(w.engine).live_bytes, 0);
}

static void test_references_in_extents_survive_compaction(void **state)
{
	(void)state;
	open_with_small_window();
	world_define(&w, 6, (struct queue_settings){.label = STR("")});
	for (size_t i = 0; i < 300; i++) {
		char text[32];
		(void)snprintf(text, sizeof text, "shared %zu", i);
		fan_out(text);
		if (i % 10 == 0)
			churn(6, 1);
	}
	churn(6, 30);
	assert_true(engine_journal_stats(w.engine).compacted_segments > 3);
	assert_true(engine_stats_read(w.engine).messages_in_memory < 100);
	world_restart(&w);
	world_checkpoint(&w);
	expect_references(300);
}

static void test_an_index_of_references_is_built_anew(void **state)
{
	(void)state;
	open_with_small_window();
	deep_fanouts(1500);
	world_checkpoint(&w);
	engine_free(&w.engine);
	for (unsigned segment = 1; segment < 10; segment++) {
		char name[64];
		(void)snprintf(name, sizeof name, "index-%010u", segment);
		(void)w.disk->ops->unlink(w.disk, name);
	}
	world_open(&w);
	for (size_t i = 0; i < 1500; i++) {
		char text[32];
		(void)snprintf(text, sizeof text, "shared %zu", i);
		expect_everywhere(text);
	}
	assert_int_equal(engine_journal_stats(w.engine).live_bytes, 0);
}
