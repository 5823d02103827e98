/* SPDX-License-Identifier: MIT */
/* Durability, refusals and the time of answers: restarts, full disks, failing disks. */
#include "queue/fixture.h"

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

static void test_no_answer_before_its_record_is_durable(void **state)
{
	struct queue_send send = {.id = {1}, .payload = STR("a")};
	struct queue_command command = {.type = QUEUE_SEND, .queue = 1};
	bool is_answered = false;

	(void)state;
	command.send.messages = &send;
	command.send.count = 1;
	w.holds_work = true;
	world_submit(&w, &command, &is_answered);
	world_turns(&w, 5);
	assert_false(is_answered);
	w.holds_work = false;
	world_turn(&w);
	assert_true(is_answered);
}

static void test_a_duplicate_waits_for_the_first_to_be_durable(void **state)
{
	struct queue_send sends[2] = {{.id = {1}, .group = 1, .has_dedup = true},
				      {.id = {2}, .group = 1, .has_dedup = true}};
	struct queue_command commands[2] = {{.type = QUEUE_SEND, .queue = 3},
					    {.type = QUEUE_SEND, .queue = 3}};
	bool is_answered[2] = {false};

	(void)state;
	w.holds_work = true;
	for (size_t i = 0; i < 2; i++) {
		sends[i].payload = STR("a");
		commands[i].send.messages = &sends[i];
		commands[i].send.count = 1;
		world_submit(&w, &commands[i], &is_answered[i]);
		world_turn(&w);
	}
	assert_true(sends[1].is_duplicate);
	assert_false(is_answered[1]);
	w.holds_work = false;
	world_turn(&w);
	assert_true(is_answered[1]);
}

static void test_messages_leases_and_counts_survive_a_kill(void **state)
{
	(void)state;
	world_send_many(&w, 1, 0, "m", 3);
	struct queue_handle gone = world_expect(&w, 1, "m0");
	struct queue_handle held = world_expect(&w, 1, "m1");
	assert_int_equal(world_delete(&w, gone), QUEUE_OK);
	world_restart(&w);
	(void)world_expect(&w, 1, "m2");
	assert_int_equal(world_receive(&w, 1, 10), 0);
	assert_int_equal(world_visibility(&w, held, 0), QUEUE_OK);
	(void)world_expect(&w, 1, "m1");
	assert_int_equal(w.deliveries[0].receive_count, 2);
	assert_int_equal(w.deliveries[0].first_receive_ms, 1000000);
}

static void test_everything_survives_a_checkpoint(void **state)
{
	(void)state;
	world_send_many(&w, 1, 0, "m", 3);
	struct queue_handle gone = world_expect(&w, 1, "m0");
	struct queue_handle held = world_expect(&w, 1, "m1");
	assert_int_equal(world_delete(&w, gone), QUEUE_OK);
	(void)world_send_as(&w, 1, "late", (struct queue_send){.has_delay = true, .delay_ms = 900});
	world_checkpoint(&w);
	world_restart(&w);
	assert_int_equal(w.report.records, 0);
	(void)world_expect(&w, 1, "m2");
	assert_int_equal(world_receive(&w, 1, 10), 0);
	world_pass(&w, 900);
	(void)world_expect(&w, 1, "late");
	assert_int_equal(world_delete(&w, held), QUEUE_OK);
}

static void test_an_extended_visibility_survives_a_restart(void **state)
{
	(void)state;
	world_send(&w, 1, "a");
	struct queue_handle handle = world_expect(&w, 1, "a");
	assert_int_equal(world_visibility(&w, handle, 3600000), QUEUE_OK);
	world_restart(&w);
	world_pass(&w, 3599999);
	assert_int_equal(world_receive(&w, 1, 1), 0);
	world_pass(&w, 1);
	(void)world_expect(&w, 1, "a");
}

static void test_purge_and_drop_survive_a_restart(void **state)
{
	(void)state;
	world_send(&w, 1, "a");
	world_send(&w, 2, "b");
	assert_int_equal(world_simple(&w, QUEUE_PURGE, 1), QUEUE_OK);
	assert_int_equal(world_simple(&w, QUEUE_DROP, 2), QUEUE_OK);
	world_restart(&w);
	assert_int_equal(world_receive(&w, 1, 1), 0);
	assert_int_equal(world_receive(&w, 2, 1), 0);
}

static void test_a_moved_message_is_in_one_queue_after_a_restart(void **state)
{
	(void)state;
	world_define(&w, 1, (struct queue_settings){.dead_letter = 2, .max_receive_count = 1});
	world_send(&w, 1, "a");
	assert_int_equal(world_visibility(&w, world_expect(&w, 1, "a"), 0), QUEUE_OK);
	assert_int_equal(world_receive(&w, 1, 1), 0);
	world_restart(&w);
	assert_int_equal(world_receive(&w, 1, 1), 0);
	(void)world_expect(&w, 2, "a");
	assert_int_equal(w.deliveries[0].receive_count, 2);
}

static void test_messages_of_a_queue_not_defined_yet_are_kept(void **state)
{
	struct queue_settings settings = w.settings[1];

	(void)state;
	world_send(&w, 1, "a");
	w.settings[1].retention_ms = 0;
	world_restart(&w);
	world_checkpoint(&w);
	world_restart(&w);
	world_define(&w, 1, settings);
	(void)world_expect(&w, 1, "a");
}

static void test_a_queue_not_defined_yet_can_only_be_dropped(void **state)
{
	struct queue_command redrive = {.type = QUEUE_REDRIVE, .queue = 1};

	(void)state;
	world_send(&w, 1, "a");
	struct queue_handle handle = world_expect(&w, 1, "a");
	w.settings[1].retention_ms = 0;
	world_restart(&w);
	redrive.redrive.to = 2;
	redrive.redrive.max = 1;
	assert_int_equal(world_delete(&w, handle), QUEUE_NOT_FOUND);
	assert_int_equal(world_visibility(&w, handle, 1), QUEUE_NOT_FOUND);
	assert_int_equal(world_run(&w, &redrive), QUEUE_NOT_FOUND);
	assert_int_equal(world_simple(&w, QUEUE_DROP, 1), QUEUE_OK);
	assert_int_equal(engine_journal_stats(w.engine).live_bytes, 0);
}

static void test_space_of_deleted_messages_is_used_again(void **state)
{
	(void)state;
	for (int round = 0; round < 60; round++) {
		world_send_many(&w, 1, 0, "a message of some length that takes its place", 200);
		assert_int_equal(world_drain(&w, 1), 200);
		world_turns(&w, 20);
	}
	struct journal_stats stats = engine_journal_stats(w.engine);
	assert_true(stats.recycled_segments > 5);
	assert_true(stats.segments < 20);
}

static void test_a_segment_pinned_by_an_old_message_is_compacted(void **state)
{
	(void)state;
	for (int round = 0; round < 40; round++) {
		world_send(&w, 2, "kept");
		world_send_many(&w, 1, 0, "a message of some length that takes its place", 200);
		assert_int_equal(world_drain(&w, 1), 200);
		world_turns(&w, 20);
	}
	assert_true(engine_journal_stats(w.engine).compacted_segments > 0);
	assert_true(engine_journal_stats(w.engine).segments < 20);
	world_restart(&w);
	assert_int_equal(world_drain(&w, 2), 40);
}

static void test_a_damaged_message_does_not_stop_compaction_of_others(void **state)
{
	char name[32];

	(void)state;
	world_send(&w, 2, "damaged");
	assert_int_equal(world_browse(&w, 2, 0, 1), 1);
	(void)snprintf(name, sizeof name, "segment-%010u.log", w.deliveries[0].location.segment);
	assert_true(disk_memory_damage(w.disk, name, w.deliveries[0].location.offset + 40, 1));
	for (int round = 0; round < 40; round++) {
		world_send_many(&w, 1, 0, "a message of some length that takes its place", 200);
		assert_int_equal(world_drain(&w, 1), 200);
		world_send(&w, 2, "kept");
		world_turns(&w, 20);
	}
	assert_true(engine_journal_stats(w.engine).compacted_segments > 2);
	/* Tried once and then left alone. */
	assert_true(engine_journal_stats(w.engine).damaged_reads < 3);
}

/* ---- full disk ---- */

static void set_capacity(uint64_t capacity)
{
	disk_memory_set_faults(w.disk, (struct disk_faults){.capacity = capacity});
}

static size_t fill(uint64_t queue)
{
	char text[1000];
	size_t sent = 0;

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	for (; sent < 5000; sent++) {
		struct queue_send send =
			world_send_as(&w, queue, text, (struct queue_send){.group = 0});
		if (send.result == QUEUE_DISK_FULL)
			return sent;
		assert_int_equal(send.result, QUEUE_OK);
	}
	fail_msg("the disk is never full");
	return sent;
}

static void test_a_full_disk_refuses_sends_and_serves_the_rest(void **state)
{
	(void)state;
	set_capacity(1 << 20);
	size_t sent = fill(1);
	assert_true(sent > 100);
	for (size_t i = 0; i < 50; i++) {
		assert_int_equal(world_receive(&w, 1, 1), 1);
		struct queue_handle handle = w.deliveries[0].handle;
		assert_int_equal(world_visibility(&w, handle, 1000), QUEUE_OK);
		assert_int_equal(world_delete(&w, handle), QUEUE_OK);
	}
	world_restart(&w);
	assert_int_equal(world_drain(&w, 1), sent - 50);
}

static void test_a_full_disk_recovers_when_messages_are_deleted(void **state)
{
	(void)state;
	set_capacity(1 << 20);
	size_t sent = fill(1);
	assert_int_equal(world_drain(&w, 1), sent);
	for (int i = 0; i < 100; i++)
		world_pass(&w, 100);
	world_send(&w, 1, "goes on");
	(void)world_expect(&w, 1, "goes on");
}

static void test_a_full_disk_recovers_when_others_free_space(void **state)
{
	(void)state;
	set_capacity(1 << 20);
	(void)fill(1);
	set_capacity(0);
	/* No commands arrive; the engine has a turn only when one is due. */
	for (int i = 0; i < 20 && engine_journal_stats(w.engine).is_full; i++) {
		int64_t due_ms = engine_due_ms(w.engine);
		assert_true(due_ms - w.now_ms <= 5000);
		w.now_ms = due_ms > w.now_ms ? due_ms : w.now_ms;
		world_turn(&w);
	}
	world_send(&w, 1, "goes on");
}

enum { BURST = 80, BURST_TEXT_SIZE = 900 };

/* Sends of one turn: more than the disk has room for, which the journal does not know yet. */
struct burst {
	char text[BURST_TEXT_SIZE];
	struct queue_send sends[BURST][LIMIT_BATCH_ENTRIES];
	struct queue_command commands[BURST];
	bool are_answered[BURST];
};

static void burst_submit(struct burst *burst)
{
	memset(burst->text, 'x', sizeof burst->text);
	for (size_t i = 0; i < BURST; i++) {
		for (size_t k = 0; k < LIMIT_BATCH_ENTRIES; k++)
			burst->sends[i][k] = (struct queue_send){
				.id = {1, (uint8_t)i, (uint8_t)k},
				.payload = str_of(burst->text, sizeof burst->text)};
		burst->commands[i] = (struct queue_command){.type = QUEUE_SEND, .queue = 1};
		burst->commands[i].send.messages = burst->sends[i];
		burst->commands[i].send.count = LIMIT_BATCH_ENTRIES;
		world_submit(&w, &burst->commands[i], &burst->are_answered[i]);
	}
}

/* Messages; all commands must be answered. */
static size_t burst_sent(const struct burst *burst)
{
	size_t count = 0;

	for (size_t i = 0; i < BURST; i++) {
		assert_true(burst->are_answered[i]);
		for (size_t k = 0; k < LIMIT_BATCH_ENTRIES; k++)
			count += burst->sends[i][k].result == QUEUE_OK;
	}
	return count;
}

/* The engine waits for commits before it uses the reserve, so deletions keep their room. */
static void test_sends_of_one_turn_leave_the_reserve_of_the_disk(void **state)
{
	struct burst *burst = heap_alloc(sizeof(*burst));

	(void)state;
	world_send(&w, 2, "kept");
	struct queue_handle handle = world_expect(&w, 2, "kept");
	set_capacity(500 << 10);
	burst_submit(burst);
	for (int i = 0; i < 200; i++)
		world_pass(&w, 100);
	size_t sent = burst_sent(burst);
	assert_in_range(sent, 1, BURST * LIMIT_BATCH_ENTRIES - 1);
	assert_int_equal(world_visibility(&w, handle, 1000), QUEUE_OK);
	assert_int_equal(world_delete(&w, handle), QUEUE_OK);
	assert_int_equal(world_drain(&w, 1), sent);
	for (int i = 0; i < 100; i++)
		world_pass(&w, 100);
	world_send(&w, 2, "goes on");
	heap_free(burst);
}

static void test_dead_letters_do_not_block_a_queue_on_a_full_disk(void **state)
{
	(void)state;
	world_define(&w, 1, (struct queue_settings){.dead_letter = 2, .max_receive_count = 1});
	world_send_many(&w, 1, 0, "dead", 150);
	for (int i = 0; i < 15; i++)
		assert_int_equal(world_receive(&w, 1, 10), 10);
	world_send_many(&w, 1, 0, "fresh", 10);
	set_capacity(1 << 20);
	(void)fill(2);
	world_pass(&w, WORLD_VISIBILITY_MS);
	size_t total = 0;
	while (world_receive(&w, 1, 10) > 0)
		total += w.delivery_count;
	/* A few still fit into the dead-letter queue. */
	assert_int_equal(total + (size_t)w.counters[1].moved_out, 160);
	assert_true(total > 100);
}

/* Receives without visibility write leases and free nothing; returns how many were refused. */
static size_t receive_often(uint64_t queue, int count)
{
	struct queue_command receive = {.receive = {.max = 1, .has_visibility = true}};
	size_t refused = 0;

	for (int i = 0; i < count; i++) {
		enum queue_result result = world_receive_as(&w, queue, receive);
		assert_true(result == QUEUE_OK || result == QUEUE_DISK_FULL);
		/* There are messages, so an empty answer would be a lie. */
		assert_int_equal(w.delivery_count, result == QUEUE_OK ? 1 : 0);
		refused += result != QUEUE_OK;
	}
	return refused;
}

/* As world_drain, by a client that comes again when it is refused. */
static size_t drain_patiently(uint64_t queue)
{
	struct queue_command receive = {.receive = {.max = LIMIT_RECEIVE_MESSAGES}};
	size_t total = 0;

	for (int refused = 0; refused < 20;) {
		if (world_receive_as(&w, queue, receive) == QUEUE_DISK_FULL) {
			refused++;
			world_pass(&w, 1000);
			continue;
		}
		if (w.delivery_count == 0)
			return total;
		total += w.delivery_count;
		for (size_t i = 0; i < w.delivery_count; i++)
			assert_int_equal(world_delete(&w, w.deliveries[i].handle), QUEUE_OK);
	}
	fail_msg("receives are refused for good");
	return total;
}

static void test_receives_of_a_full_disk_leave_room_for_deletes(void **state)
{
	(void)state;
	set_capacity(1 << 20);
	size_t sent = fill(1);
	/* Segments that hold leases only come back, so few are refused. */
	assert_true(receive_often(1, 20000) < 200);
	assert_int_equal(drain_patiently(1), sent);
}

static void test_a_full_disk_recovers_after_many_starts(void **state)
{
	(void)state;
	set_capacity(1 << 20);
	size_t sent = fill(1);
	for (int i = 0; i < 10; i++) {
		world_restart(&w);
		struct queue_send send = world_send_as(&w, 1, "no room for much more",
						       (struct queue_send){.group = 0});
		sent += send.result == QUEUE_OK;
		(void)receive_often(1, 500);
	}
	assert_int_equal(drain_patiently(1), sent);
}

static void test_commands_that_free_space_work_without_room_for_receives(void **state)
{
	struct queue_handle handle;

	(void)state;
	set_capacity(1 << 20);
	world_send(&w, 2, "a");
	handle = world_expect(&w, 2, "a");
	(void)fill(1);
	(void)fill(2);
	/* Checkpoints would give leases their room back. */
	w.holds_housekeeping = true;
	while (receive_often(1, 1) == 0)
		;
	enum queue_result changed = QUEUE_OK;
	for (int i = 0; i < 100 && !changed; i++)
		changed = world_visibility(&w, handle, 1000);
	assert_int_equal(changed, QUEUE_DISK_FULL);
	assert_int_equal(world_delete(&w, handle), QUEUE_OK);
	assert_int_equal(world_simple(&w, QUEUE_PURGE, 1), QUEUE_OK);
	assert_int_equal(world_simple(&w, QUEUE_DROP, 2), QUEUE_OK);
	w.holds_housekeeping = false;
	for (int i = 0; i < 100; i++)
		world_pass(&w, 100);
	world_send(&w, 1, "goes on");
	(void)world_expect(&w, 1, "goes on");
}

static void test_a_long_poll_of_a_full_disk_is_refused_once_there_is_a_message(void **state)
{
	struct world_wait wait = {.command = {.type = QUEUE_RECEIVE, .queue = 2}};
	struct queue_handle handle;

	(void)state;
	set_capacity(1 << 20);
	world_send(&w, 2, "a");
	handle = world_expect(&w, 2, "a");
	(void)handle;
	wait.command.receive.max = 1;
	wait.command.receive.wait_ms = 20000;
	wait.command.receive.deliveries = wait.deliveries;
	world_submit(&w, &wait.command, &wait.is_answered);
	(void)fill(1);
	w.holds_housekeeping = true;
	while (receive_often(1, 1) == 0)
		;
	assert_false(wait.is_answered);
	world_pass(&w, WORLD_VISIBILITY_MS - 15000);
	world_pass(&w, 15000);
	w.holds_housekeeping = false;
	assert_true(wait.is_answered);
}

static void test_a_full_disk_of_scattered_messages_is_compacted(void **state)
{
	size_t left = 0;

	(void)state;
	set_capacity(1 << 20);
	size_t sent = fill(1);
	/* Each segment keeps some live messages, so none is freed without compaction. */
	for (size_t i = 0; i < sent; i++) {
		for (int tries = 0;
		     tries < 20 &&
		     world_receive_as(&w, 1, (struct queue_command){.receive = {.max = 1}});
		     tries++)
			world_pass(&w, 100);
		assert_int_equal(w.delivery_count, 1);
		if (i % 8 == 0)
			left++;
		else
			assert_int_equal(world_delete(&w, w.deliveries[0].handle), QUEUE_OK);
	}
	for (int i = 0; i < 300; i++)
		world_pass(&w, 50);
	assert_true(engine_journal_stats(w.engine).compacted_segments > 0);
	assert_false(engine_journal_stats(w.engine).is_full);
	world_send(&w, 2, "goes on");
	world_pass(&w, WORLD_VISIBILITY_MS);
	world_turns(&w, 5);
	assert_int_equal(world_drain(&w, 1), left);
}

static void test_an_engine_stops_on_a_full_disk(void **state)
{
	(void)state;
	set_capacity(1 << 20);
	size_t sent = fill(1);
	engine_stop(w.engine);
	for (int i = 0; i < 1000 && !engine_is_idle(w.engine); i++)
		world_pass(&w, 10);
	assert_true(engine_is_idle(w.engine));
	set_capacity(0);
	world_restart(&w);
	assert_int_equal(world_drain(&w, 1), sent);
}

/* ---- failing disk ---- */

static void test_a_failed_sync_is_final(void **state)
{
	struct queue_send failed;

	(void)state;
	world_send(&w, 1, "before");
	disk_memory_set_faults(w.disk, (struct disk_faults){.fail_sync_after = 1});
	failed = world_send_as(&w, 1, "during", (struct queue_send){.group = 0});
	assert_int_equal(failed.result, QUEUE_FAILED);
	failed = world_send_as(&w, 1, "after", (struct queue_send){.group = 0});
	assert_int_equal(failed.result, QUEUE_FAILED);
	disk_memory_crash(w.disk, 1);
	world_restart(&w);
	(void)world_expect(&w, 1, "before");
}

static void test_waiting_receives_end_when_the_disk_fails(void **state)
{
	struct world_wait wait = {.command = {.type = QUEUE_RECEIVE, .queue = 2}};

	(void)state;
	wait.command.receive.max = 1;
	wait.command.receive.wait_ms = 20000;
	wait.command.receive.deliveries = wait.deliveries;
	world_submit(&w, &wait.command, &wait.is_answered);
	world_turn(&w);
	disk_memory_set_faults(w.disk, (struct disk_faults){.fail_write_after = 1});
	assert_int_equal(world_send_as(&w, 1, "a", (struct queue_send){.group = 0}).result,
			 QUEUE_FAILED);
	world_turn(&w);
	assert_true(wait.is_answered);
	assert_int_equal(wait.command.result, QUEUE_FAILED);
}

static void test_a_failed_engine_appends_nothing_more(void **state)
{
	(void)state;
	world_define(&w, 1, (struct queue_settings){.retention_ms = 60000});
	world_send_many(&w, 1, 0, "m", 10);
	disk_memory_set_faults(w.disk, (struct disk_faults){.fail_sync_after = 1});
	assert_int_equal(world_send_as(&w, 2, "a", (struct queue_send){.group = 0}).result,
			 QUEUE_FAILED);
	int64_t visible = w.counters[1].visible;
	world_pass(&w, 120000);
	assert_int_equal(w.counters[1].visible, visible);
	assert_true(engine_is_idle(w.engine));
}
