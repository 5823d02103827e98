/* SPDX-License-Identifier: MIT */
/* Archives: queues whose messages are kept, found by time, and never received. */
#include "queue/fixture.h"

#define ARCHIVE (queue_number(QUEUE_KIND_BUS_ARCHIVES, 3))

enum { MINUTE_MS = 60000, HOUR_MS = 3600000 };

static struct world w;
static struct queue_counters counters;
static int64_t retention_ms;

static void define_archive(void)
{
	struct queue_command command = {.type = QUEUE_DEFINE, .queue = ARCHIVE};

	command.define.settings = (struct queue_settings){.retention_ms = retention_ms};
	command.define.counters = &counters;
	assert_int_equal(world_run(&w, &command), QUEUE_OK);
}

static int setup(void **state)
{
	(void)state;
	memset(&counters, 0, sizeof counters);
	retention_ms = QUEUE_RETENTION_UNLIMITED;
	world_init(&w);
	define_archive();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_done(&w);
	return 0;
}

static void restart(void)
{
	world_restart(&w);
	memset(&counters, 0, sizeof counters);
	define_archive();
}

/* Two messages of "<number>" and filler in one command, to the archive and to queue 1. */
static void publish(size_t number)
{
	char text[600];
	struct queue_target targets[] = {{.queue = 1}, {.queue = ARCHIVE}};
	struct queue_command command = {.type = QUEUE_FANOUT};

	memset(text, '.', sizeof text);
	(void)snprintf(text, sizeof text, "%zu", number);
	memcpy(command.fanout.id, &number, sizeof number);
	command.fanout.shared = str_of(text, sizeof text);
	command.fanout.targets = targets;
	command.fanout.count = 2;
	assert_int_equal(world_run(&w, &command), QUEUE_OK);
	assert_int_equal(targets[1].result, QUEUE_OK);
}

static size_t number_at(size_t index)
{
	const char *text = world_text(&w, index);
	uint64_t number;

	assert_true(str_to_u64(str_of(text, strcspn(text, ".")), &number));
	return number;
}

static size_t browse(uint64_t from_seq, int64_t from_ms, uint32_t max, uint64_t *out_last)
{
	struct queue_command command = {.type = QUEUE_BROWSE, .queue = ARCHIVE};

	command.browse.from_seq = from_seq;
	command.browse.from_ms = from_ms;
	command.browse.max = max;
	command.browse.deliveries = w.deliveries;
	assert_int_equal(world_run(&w, &command), QUEUE_OK);
	w.delivery_count = command.browse.count;
	world_pins_done(&w);
	*out_last = command.browse.has_more ? command.browse.last_seq : 0;
	return w.delivery_count;
}

/* All messages from that time on must be first, first + 1, ... and last. */
static void expect_from(int64_t from_ms, size_t first, size_t last)
{
	uint64_t from_seq = 0;
	size_t next = first;

	do {
		size_t count = browse(from_seq, from_ms, 100, &from_seq);
		from_ms = 0;
		for (size_t i = 0; i < count; i++)
			assert_int_equal(number_at(i), next++);
	} while (from_seq > 0);
	assert_int_equal(next, last + 1);
}

/* `count` messages, a minute apart, the first `first`. */
static void publish_many(size_t first, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		publish(first + i);
		(void)world_drain(&w, 1);
		w.now_ms += MINUTE_MS;
	}
}

static int64_t wall_of(int64_t now_ms)
{
	return now_ms + w.wall_offset_ms;
}

static void test_archive_keeps_messages_out_of_memory(void **state)
{
	(void)state;
	uint64_t before = engine_stats_read(w.engine).messages_in_memory;
	publish_many(1, 50);
	assert_int_equal(engine_stats_read(w.engine).messages_in_memory, before);
	assert_int_equal(counters.visible, 50);
	assert_in_range(counters.kept_bytes, 50 * 600, 50 * 900);
	assert_int_equal(world_receive(&w, ARCHIVE, 10), 0);
	expect_from(0, 1, 50);
	restart();
	assert_int_equal(engine_stats_read(w.engine).messages_in_memory, before);
	assert_int_equal(counters.visible, 50);
	assert_in_range(counters.kept_bytes, 50 * 600, 50 * 900);
	expect_from(0, 1, 50);
}

static void test_archive_is_browsed_from_a_time(void **state)
{
	int64_t start_ms = w.now_ms;

	(void)state;
	publish_many(0, 700); /* over several segments */
	assert_true(engine_stats_read(w.engine).extents > 5);
	for (int round = 0; round < 3; round++) {
		for (size_t first = 1; first < 700; first += 37) {
			int64_t at_ms = start_ms + (int64_t)first * MINUTE_MS;
			expect_from(wall_of(at_ms), first, 699);
			expect_from(wall_of(at_ms - MINUTE_MS / 2), first, 699);
		}
		expect_from(wall_of(start_ms - HOUR_MS), 0, 699);
		uint64_t last;
		assert_int_equal(browse(0, wall_of(w.now_ms + HOUR_MS), 100, &last), 0);
		world_checkpoint(&w);
		restart();
	}
}

static void test_archive_pages_are_ascending(void **state)
{
	uint64_t last = 0;

	(void)state;
	publish_many(0, 30);
	assert_int_equal(browse(0, 0, 10, &last), 10);
	assert_int_equal(browse(last, 0, 10, &last), 10);
	assert_int_equal(number_at(0), 10);
	assert_int_equal(browse(last, 0, 10, &last), 10);
	assert_int_equal(number_at(9), 29);
	assert_int_equal(last, 0);
}

static void test_archive_hides_and_removes_what_is_too_old(void **state)
{
	(void)state;
	retention_ms = WORLD_DAY_MS;
	define_archive();
	publish_many(0, 600);
	int64_t bytes = counters.kept_bytes;
	/* The first 300 are older than a day after that. */
	w.now_ms += WORLD_DAY_MS - 300 * MINUTE_MS - MINUTE_MS / 2;
	expect_from(0, 300, 599);
	for (int i = 0; i < 20; i++)
		world_pass(&w, 1);
	world_pass(&w, MINUTE_MS);
	world_pass(&w, 1);
	assert_in_range(counters.visible, 298, 300);
	assert_true(counters.kept_bytes < bytes * 6 / 10);
	assert_in_range(counters.expired, 300, 302);
	restart();
	assert_in_range(counters.visible, 298, 300);
	expect_from(0, 301, 599);
	w.now_ms += WORLD_DAY_MS;
	world_turns(&w, 50);
	assert_int_equal(counters.visible, 0);
	assert_int_equal(counters.kept_bytes, 0);
	world_checkpoint(&w);
	assert_int_equal(engine_journal_stats(w.engine).live_bytes, 0);
	assert_int_equal(engine_stats_read(w.engine).extents, 0);
}

static void test_archive_retention_can_change(void **state)
{
	(void)state;
	publish_many(0, 100);
	w.now_ms += 400 * (int64_t)WORLD_DAY_MS;
	expect_from(0, 0, 99);
	retention_ms = WORLD_DAY_MS;
	define_archive();
	world_turns(&w, 20);
	assert_int_equal(counters.visible, 0);
	publish(100);
	expect_from(0, 100, 100);
}

static void test_archive_survives_a_checkpoint_during_retention(void **state)
{
	(void)state;
	retention_ms = WORLD_DAY_MS;
	define_archive();
	w.options.turn_items = 3;
	restart();
	publish_many(0, 400);
	for (int i = 0; i < 40; i++) {
		struct queue_command checkpoint = {.type = QUEUE_CHECKPOINT};
		bool is_answered = false;
		world_submit(&w, &checkpoint, &is_answered);
		for (int turn = 0; turn < 3000 && !is_answered; turn++) {
			w.now_ms += i > 10 && turn < 3 ? 10 * MINUTE_MS : 0;
			world_turn(&w);
		}
		assert_true(is_answered);
		int64_t before = counters.visible;
		restart();
		assert_int_equal(counters.visible, before);
	}
}

/* Messages of another queue come and go, so that old segments hold little but the archive. */
static void churn(size_t rounds)
{
	for (size_t i = 0; i < rounds; i++) {
		world_send_many(&w, 2, 0, "this text fills segments with churn", 100);
		(void)world_drain(&w, 2);
		world_turns(&w, 3);
	}
}

static void test_archive_survives_compaction(void **state)
{
	int64_t start_ms = w.now_ms;

	(void)state;
	for (size_t i = 0; i < 60; i++) {
		publish_many(i * 5, 5);
		churn(2);
		if (i % 20 == 19)
			restart();
	}
	assert_true(engine_journal_stats(w.engine).segments < 20);
	expect_from(0, 0, 299);
	expect_from(wall_of(start_ms + 123 * MINUTE_MS), 123, 299);
	world_checkpoint(&w);
	restart();
	expect_from(wall_of(start_ms + 123 * MINUTE_MS), 123, 299);
	assert_int_equal(world_simple(&w, QUEUE_PURGE, ARCHIVE), QUEUE_OK);
	world_turns(&w, 20);
	expect_from(0, 1, 0);
	(void)world_drain(&w, 1);
	assert_int_equal(engine_journal_stats(w.engine).live_bytes, 0);
}

static void test_archive_index_is_built_anew(void **state)
{
	(void)state;
	publish_many(0, 700);
	world_checkpoint(&w);
	uint64_t live = engine_journal_stats(w.engine).live_bytes;
	engine_free(&w.engine);
	for (unsigned segment = 1; segment < 30; segment++) {
		char name[64];
		(void)snprintf(name, sizeof name, "index-%010u", segment);
		(void)w.disk->ops->unlink(w.disk, name);
	}
	world_open(&w);
	define_archive();
	expect_from(0, 0, 699);
	assert_int_equal(engine_journal_stats(w.engine).live_bytes, live);
}

static void test_archive_takes_plain_sends(void **state)
{
	struct queue_send send = {.group = 5, .has_delay = true, .delay_ms = HOUR_MS};

	(void)state;
	send = world_send_as(&w, ARCHIVE, "1", send);
	assert_int_equal(send.result, QUEUE_OK);
	expect_from(0, 1, 1);
	restart();
	expect_from(0, 1, 1);
}

static void test_archive_is_dropped(void **state)
{
	(void)state;
	publish_many(0, 100);
	assert_int_equal(world_simple(&w, QUEUE_DROP, ARCHIVE), QUEUE_OK);
	world_turns(&w, 20);
	assert_int_equal(engine_journal_stats(w.engine).live_bytes, 0);
	assert_int_equal(world_simple(&w, QUEUE_DROP, ARCHIVE), QUEUE_NOT_FOUND);
}
