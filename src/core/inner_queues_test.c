/* SPDX-License-Identifier: MIT */
/* Internal queues without a record; main gives the engine its turns. */
#include "core/inner_queues.h"

#include <stdlib.h>

#include "base/fixture.h"
#include "core/runner.h"
#include "journal/disk_memory.h"

enum { DELETED = 1, KEPT = 2, UNKNOWN = 9, NEXT = 5 };

static struct core core;
static struct disk *disk;
static struct queue_counters counters[10];

static void open_core(void)
{
	struct runner_options options = {
		.engine = {.journal = {.segment_size = 64 << 10, .spare_segments = 2},
			   .hot_messages_max = 1000,
			   .window = 512},
		.disk = disk,
	};
	struct journal_report report;

	assert_int_equal(runner_new(&core, &options, &report), ERR_OK);
}

static void close_core(void)
{
	runner_stop_engine(core.runners[0]);
	runner_drain(core.runners[0]);
	runners_free(&core);
}

static void define(uint32_t serial)
{
	struct queue_command command = {.type = QUEUE_DEFINE,
					.queue = queue_number(QUEUE_KIND_TOPICS, serial)};

	command.define.settings.retention_ms = QUEUE_RETENTION_UNLIMITED;
	command.define.counters = &counters[serial];
	core_submit_and_wait(&core, &command);
	assert_int_equal(command.result, QUEUE_OK);
}

static void send(uint32_t serial)
{
	struct queue_send message = {.payload = STR("kept")};
	struct queue_command command = {.type = QUEUE_SEND,
					.queue = queue_number(QUEUE_KIND_TOPICS, serial)};

	command.send.messages = &message;
	command.send.count = 1;
	core_submit_and_wait(&core, &command);
	assert_int_equal(command.result, QUEUE_OK);
}

/* Three queues, of which only one is defined after a restart. */
static int setup(void **state)
{
	static const uint32_t serials[] = {DELETED, KEPT, UNKNOWN};

	(void)state;
	core = (struct core){0};
	disk = disk_memory_new();
	open_core();
	for (size_t i = 0; i < 3; i++) {
		define(serials[i]);
		send(serials[i]);
	}
	close_core();
	open_core();
	define(KEPT);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close_core();
	disk->ops->free(disk);
	return 0;
}

static void mark(void *context, const struct queue_summary *queue)
{
	bool *is_there = context;

	is_there[queue_number_serial(queue->number)] = queue->messages == 1;
}

static bool is_there(uint32_t serial)
{
	bool all[10] = {false};

	engine_each_queue(core.engines[0], mark, all);
	return all[serial];
}

static void test_a_deletion_that_a_crash_interrupted_is_completed(void **state)
{
	(void)state;
	assert_true(is_there(DELETED));
	assert_int_equal(inner_queues_resolve(&core, QUEUE_KIND_TOPICS, NEXT), ERR_OK);
	assert_false(is_there(DELETED));
	assert_true(is_there(KEPT));
	/* A restored catalog may lack queues that are younger than itself. */
	assert_true(is_there(UNKNOWN));
}

static void test_unknown_queues_are_dropped_if_that_is_set(void **state)
{
	(void)state;
	core.drops_unknown_queues = true;
	assert_int_equal(inner_queues_resolve(&core, QUEUE_KIND_TOPICS, NEXT), ERR_OK);
	assert_false(is_there(DELETED));
	assert_false(is_there(UNKNOWN));
	assert_true(is_there(KEPT));
}

static void test_queues_of_other_kinds_stay(void **state)
{
	(void)state;
	core.drops_unknown_queues = true;
	assert_int_equal(inner_queues_resolve(&core, QUEUE_KIND_BUS_ARCHIVES, NEXT), ERR_OK);
	assert_true(is_there(DELETED));
	assert_true(is_there(UNKNOWN));
}
