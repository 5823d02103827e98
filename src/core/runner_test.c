/* SPDX-License-Identifier: MIT */
/* Two engines in one core; main gives both their turns. */
#include "core/runner.h"

#include "base/fixture.h"
#include "core/engines.h"
#include "journal/disk_memory.h"

/* Queue 2 is of the first engine, queue 3 of the second. */
enum { ENGINES = 2, HOUR_MS = 3600000 };

static struct core core;
static struct disk *disks[ENGINES];
static struct queue_counters counters[4];

static void open_core(uint32_t first)
{
	struct journal_report report;

	for (uint32_t i = 0; i < ENGINES; i++) {
		struct runner_options options = {
			.engine = {.journal = {.segment_size = 1 << 20, .spare_segments = 3},
				   .hot_messages_max = 1000,
				   .window = 512},
			.disk = disks[(first + i) % ENGINES],
		};
		assert_int_equal(runner_new(&core, &options, &report), ERR_OK);
	}
}

static void close_core(void)
{
	runners_each(&core, runner_stop_engine);
	runners_each(&core, runner_drain);
	runners_free(&core);
}

static int setup(void **state)
{
	(void)state;
	core = (struct core){0};
	for (int i = 0; i < ENGINES; i++)
		disks[i] = disk_memory_new();
	open_core(0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close_core();
	for (int i = 0; i < ENGINES; i++)
		disks[i]->ops->free(disks[i]);
	return 0;
}

static void define(uint64_t number)
{
	struct queue_command command = {
		.type = QUEUE_DEFINE,
		.queue = number,
		.now_ms = clock_now_ms(),
		.define = {.settings = {.retention_ms = HOUR_MS}, .counters = &counters[number]}};

	core_submit_and_wait(&core, &command);
	assert_int_equal(command.result, QUEUE_OK);
}

static void send(uint64_t number)
{
	struct queue_send message = {.payload = STR("kept")};
	struct queue_command command = {.type = QUEUE_SEND,
					.queue = number,
					.now_ms = clock_now_ms(),
					.send = {.messages = &message, .count = 1}};

	core_submit_and_wait(&core, &command);
	assert_int_equal(command.result, QUEUE_OK);
}

static void count(void *context, const struct queue_summary *queue)
{
	uint64_t *messages = context;

	messages[queue->number] += queue->messages;
}

static void test_a_command_reaches_the_engine_of_its_queue(void **state)
{
	(void)state;
	define(2);
	define(3);
	send(3);
	for (uint32_t place = 0; place < ENGINES; place++) {
		uint64_t messages[4] = {0};
		engine_each_queue(core.engines[place], count, messages);
		assert_int_equal(messages[3], place == 1);
		assert_int_equal(engine_stats_read(core.engines[place]).queues, 1);
	}
	assert_int_equal(engines_stats(&core).queues, 2);
	assert_ptr_equal(engine_of(&core, 3), core.engines[1]);
	assert_ptr_equal(runner_of(&core, 2), core.runners[0]);
}

static void test_figures_are_the_sums_of_the_engines(void **state)
{
	uint64_t records = 0;

	(void)state;
	define(2);
	define(3);
	send(2);
	for (uint32_t place = 0; place < ENGINES; place++)
		records += engine_journal_stats(core.engines[place]).records;
	assert_int_equal(engines_journal_stats(&core).records, records);
	assert_false(engines_journal_stats(&core).is_full);
}

static void test_a_full_disk_is_that_of_one_engine(void **state)
{
	static char bytes[20000];
	struct queue_send message = {.payload = str_of(bytes, sizeof(bytes))};
	struct queue_command command = {
		.type = QUEUE_SEND, .queue = 3, .send = {.messages = &message, .count = 1}};

	(void)state;
	define(2);
	define(3);
	disk_memory_set_faults(disks[1], (struct disk_faults){.capacity = 8 << 20});
	do {
		command.now_ms = clock_now_ms();
		core_submit_and_wait(&core, &command);
	} while (message.result == QUEUE_OK);
	assert_int_equal(message.result, QUEUE_DISK_FULL);
	assert_true(engines_journal_stats(&core).is_full);
	assert_false(engine_journal_stats(core.engines[0]).is_full);
	send(2);
	disk_memory_set_faults(disks[1], (struct disk_faults){.capacity = 0});
}

/* As in a new process, whose time base knows nothing of the earlier one. */
static void forget_time(void)
{
	clock_resume((struct clock_mark){.base_ms = 1000, .wall_ms = clock_now_ms()});
}

static void test_time_goes_on_from_the_latest_engine(void **state)
{
	(void)state;
	define(2);
	send(2);
	clock_shift(HOUR_MS);
	define(3);
	send(3);
	int64_t last_ms = clock_base_ms();
	for (uint32_t first = 0; first < ENGINES; first++) {
		close_core();
		forget_time();
		open_core(first);
		assert_true(clock_base_ms() >= last_ms);
		assert_true(clock_base_ms() < last_ms + HOUR_MS / 2);
	}
}
