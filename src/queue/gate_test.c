/* SPDX-License-Identifier: MIT */
/* The gate of a fan-out: one deduplication and one order for all of its targets. */
#include "queue/fixture.h"

#define GATE (queue_number(QUEUE_KIND_TOPICS, 1))

enum { TARGETS = 3, WINDOW_MS = LIMIT_DEDUPLICATION_MS };

static struct world w;
static struct queue_counters gate_counters;
static bool is_per_group;

static void define_gate(void)
{
	struct queue_command command = {.type = QUEUE_DEFINE, .queue = GATE};

	command.define.settings = (struct queue_settings){.retention_ms = QUEUE_RETENTION_UNLIMITED,
							  .dedup_per_group = is_per_group};
	command.define.counters = &gate_counters;
	assert_int_equal(world_run(&w, &command), QUEUE_OK);
}

static int setup(void **state)
{
	(void)state;
	memset(&gate_counters, 0, sizeof gate_counters);
	is_per_group = false;
	world_init(&w);
	define_gate();
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
	define_gate();
}

struct publish {
	struct queue_command command;
	struct queue_gate gate;
	struct queue_target targets[TARGETS];
};

/* To queues 1 and 3, and to the gate's own queue if it archives. */
static void publish_init(struct publish *publish, const char *text, const char *key)
{
	*publish = (struct publish){.command = {.type = QUEUE_FANOUT}};
	publish->command.fanout.id[0] = (uint8_t)++w.next_id;
	publish->command.fanout.shared = str_from(text);
	publish->command.fanout.targets = publish->targets;
	publish->command.fanout.gate = &publish->gate;
	publish->command.fanout.count = 2;
	publish->targets[0] = (struct queue_target){.queue = 1};
	publish->targets[1] = (struct queue_target){.queue = 3, .group = 7};
	publish->targets[2] = (struct queue_target){.queue = GATE};
	publish->gate = (struct queue_gate){.queue = GATE, .group = 7};
	memcpy(publish->gate.dedup, key, strlen(key));
}

static struct publish publish_as(const char *text, const char *key, uint64_t number)
{
	struct publish publish;

	publish_init(&publish, text, key);
	publish.gate.number = number;
	(void)world_run(&w, &publish.command);
	return publish;
}

static struct publish publish(const char *text, const char *key)
{
	struct publish done = publish_as(text, key, 0);

	assert_int_equal(done.command.result, QUEUE_OK);
	return done;
}

static void expect_nothing(void)
{
	assert_int_equal(world_receive(&w, 1, 1), 0);
	assert_int_equal(world_receive(&w, 3, 1), 0);
}

static void expect_everywhere(const char *text)
{
	assert_int_equal(world_delete(&w, world_expect(&w, 1, text)), QUEUE_OK);
	assert_int_equal(world_delete(&w, world_expect(&w, 3, text)), QUEUE_OK);
}

static void expect_duplicate(const struct publish *done, const struct publish *first)
{
	assert_int_equal(done->command.result, QUEUE_OK);
	assert_true(done->gate.is_duplicate);
	assert_memory_equal(done->gate.id, first->command.fanout.id, 16);
	assert_int_equal(done->gate.number, first->gate.number);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(done->targets[i].result, QUEUE_OK);
		assert_true(done->targets[i].is_duplicate);
	}
	expect_nothing();
}

static void test_gate_lets_new_messages_pass(void **state)
{
	(void)state;
	struct publish one = publish("one", "a"), two = publish("two", "b");
	assert_false(one.gate.is_duplicate);
	assert_memory_equal(one.gate.id, one.command.fanout.id, 16);
	assert_true(two.gate.number > one.gate.number);
	expect_everywhere("one");
	expect_everywhere("two");
	/* It stores no message without being a target. */
	assert_int_equal(gate_counters.visible, 0);
}

static void test_gate_stops_a_duplicate_for_all_targets(void **state)
{
	(void)state;
	struct publish first = publish("one", "a");
	expect_everywhere("one");
	struct publish again = publish("again", "a");
	expect_duplicate(&again, &first);
	assert_int_equal(gate_counters.deduplicated, 1);
}

static void test_gate_window_is_five_minutes(void **state)
{
	(void)state;
	struct publish first = publish("one", "a");
	expect_everywhere("one");
	world_pass(&w, WINDOW_MS - 1);
	struct publish again = publish("again", "a");
	expect_duplicate(&again, &first);
	world_pass(&w, 1);
	assert_false(publish("late", "a").gate.is_duplicate);
	expect_everywhere("late");
}

static void test_gate_window_survives_a_crash(void **state)
{
	(void)state;
	struct publish first = publish("one", "a");
	expect_everywhere("one");
	restart();
	struct publish again = publish("again", "a");
	expect_duplicate(&again, &first);
	assert_true(publish("two", "b").gate.number > first.gate.number);
}

static void test_gate_window_survives_a_checkpoint(void **state)
{
	(void)state;
	struct publish first = publish_as("one", "a", 5000);
	expect_everywhere("one");
	world_checkpoint(&w);
	restart();
	struct publish again = publish("again", "a");
	expect_duplicate(&again, &first);
	assert_int_equal(publish("two", "b").gate.number, 5001);
}

static void test_gate_takes_the_callers_number(void **state)
{
	(void)state;
	struct publish first = publish_as("one", "a", 1000), next = publish_as("two", "b", 2000);
	assert_int_equal(first.gate.number, 1000);
	assert_int_equal(next.gate.number, 2000);
	struct publish again = publish_as("again", "b", 3000);
	assert_int_equal(again.gate.number, 2000);
	assert_int_equal(publish("three", "c").gate.number, 2001);
}

static void test_gate_refuses_a_number_that_has_passed(void **state)
{
	(void)state;
	(void)publish_as("one", "a", 1000);
	expect_everywhere("one");
	struct publish late = publish_as("late", "b", 1000);
	assert_int_equal(late.command.result, QUEUE_OUT_OF_ORDER);
	assert_int_equal(late.gate.number, 1001);
	expect_nothing();
	/* The gate does not remember its deduplication id. */
	late = publish_as("late", "b", late.gate.number);
	assert_int_equal(late.command.result, QUEUE_OK);
	assert_false(late.gate.is_duplicate);
	expect_everywhere("late");
}

static void test_gate_deduplicates_in_its_scope(void **state)
{
	struct publish other;

	(void)state;
	(void)publish("one", "a");
	publish_init(&other, "two", "a");
	other.gate.group = 8;
	assert_int_equal(world_run(&w, &other.command), QUEUE_OK);
	assert_true(other.gate.is_duplicate);
	is_per_group = true;
	define_gate();
	other.gate.number = 0;
	assert_int_equal(world_run(&w, &other.command), QUEUE_OK);
	assert_false(other.gate.is_duplicate);
	assert_true(publish("three", "a").gate.is_duplicate);
}

static void test_gate_order_is_the_order_of_its_targets(void **state)
{
	struct publish all[20];
	bool is_answered[20] = {false};
	char texts[20][8], keys[20][8];

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		(void)snprintf(texts[i], sizeof texts[i], "m%zu", i);
		(void)snprintf(keys[i], sizeof keys[i], "k%zu", i % 15);
		publish_init(&all[i], texts[i], keys[i]);
		world_submit(&w, &all[i].command, &is_answered[i]);
	}
	world_turns(&w, 5);
	for (size_t i = 0; i < 20; i++) {
		assert_true(is_answered[i]);
		assert_int_equal(all[i].gate.is_duplicate, i >= 15);
		assert_int_equal(all[i].gate.number, all[i % 15].gate.number);
	}
	for (size_t i = 0; i < 15; i++)
		expect_everywhere(texts[i]);
	expect_nothing();
}

static void test_gate_may_store_the_message_under_its_number(void **state)
{
	struct publish kept;

	(void)state;
	publish_init(&kept, "kept", "a");
	kept.command.fanout.count = 3;
	kept.gate.number = 77;
	assert_int_equal(world_run(&w, &kept.command), QUEUE_OK);
	assert_int_equal(kept.targets[2].seq, 77);
	restart();
	assert_int_equal(world_browse(&w, GATE, 0, 10), 1);
	assert_int_equal(w.deliveries[0].handle.seq, 77);
	assert_string_equal(world_text(&w, 0), "kept");
	publish_init(&kept, "kept twice", "a");
	kept.command.fanout.count = 3;
	assert_int_equal(world_run(&w, &kept.command), QUEUE_OK);
	assert_true(kept.targets[2].is_duplicate);
	assert_int_equal(world_browse(&w, GATE, 0, 10), 1);
}

static void test_gate_that_is_missing_sends_nothing(void **state)
{
	(void)state;
	assert_int_equal(world_simple(&w, QUEUE_DROP, GATE), QUEUE_OK);
	assert_int_equal(publish_as("lost", "a", 0).command.result, QUEUE_NOT_FOUND);
	expect_nothing();
}

static void test_gate_duplicate_still_deletes_what_it_answers(void **state)
{
	struct publish again;

	(void)state;
	(void)world_send(&w, 2, "obligation");
	(void)publish("one", "a");
	expect_everywhere("one");
	struct queue_handle handle = world_expect(&w, 2, "obligation");
	publish_init(&again, "again", "a");
	again.command.queue = 2;
	again.command.fanout.deletes = &handle;
	again.command.fanout.delete_count = 1;
	assert_int_equal(world_run(&w, &again.command), QUEUE_OK);
	assert_true(again.gate.is_duplicate);
	assert_int_equal(world_delete(&w, handle), QUEUE_MESSAGE_GONE);
	expect_nothing();
}

static void test_gate_needs_no_target(void **state)
{
	struct publish alone;

	(void)state;
	publish_init(&alone, "alone", "a");
	alone.command.fanout.count = 0;
	assert_int_equal(world_run(&w, &alone.command), QUEUE_OK);
	assert_true(publish("again", "a").gate.is_duplicate);
}

static void test_gate_forgets_with_a_purge(void **state)
{
	(void)state;
	struct publish first = publish("one", "a");
	assert_int_equal(world_simple(&w, QUEUE_PURGE, GATE), QUEUE_OK);
	struct publish next = publish("two", "a");
	assert_false(next.gate.is_duplicate);
	assert_true(next.gate.number > first.gate.number);
}

static void test_gate_remembers_nothing_of_a_full_disk(void **state)
{
	char text[1000];
	enum queue_result result = QUEUE_OK;

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	disk_memory_set_faults(w.disk, (struct disk_faults){.capacity = 1 << 20});
	for (size_t i = 0; i < 5000 && result == QUEUE_OK; i++)
		result = world_send_as(&w, 2, text, (struct queue_send){.group = 0}).result;
	assert_int_equal(result, QUEUE_DISK_FULL);
	assert_int_equal(publish_as(text, "late", 0).command.result, QUEUE_DISK_FULL);
	disk_memory_set_faults(w.disk, (struct disk_faults){.capacity = 0});
	for (int i = 0; i < 20; i++)
		world_pass(&w, 1000);
	assert_false(publish("late", "late").gate.is_duplicate);
	expect_everywhere("late");
}
