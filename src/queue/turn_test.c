/* SPDX-License-Identifier: MIT */
/* A turn does at most its measure, whatever a command requests, and the next turns do the rest. */
#include "queue/fixture.h"

enum { ITEMS = 50, DEAD = 400 };

static struct world w;

static int setup(void **state)
{
	(void)state;
	world_init(&w);
	engine_free(&w.engine);
	w.options.turn_items = ITEMS;
	world_open(&w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_done(&w);
	return 0;
}

/* Queue 1 has messages for its dead-letter queue in front, and one other. */
static void make_dead_letters(void)
{
	world_define(&w, 1, (struct queue_settings){.dead_letter = 2, .max_receive_count = 1});
	world_send_many(&w, 1, 0, "dead", DEAD);
	for (int i = 0; i < DEAD / 10; i++)
		assert_int_equal(world_receive(&w, 1, 10), 10);
	world_pass(&w, WORLD_VISIBILITY_MS);
	world_turns(&w, 20);
	world_send(&w, 1, "fresh");
}

/* Turns until it is answered; returns how many, none of which moved more than its measure. */
static int count_turns(const bool *is_answered)
{
	int turns = 0;

	for (; !*is_answered; turns++) {
		int64_t before = w.counters[1].moved_out;
		assert_true(turns < 200);
		/* Two turns, each with new commands and waiting receives. */
		world_turn(&w);
		assert_in_range(w.counters[1].moved_out - before, 0, 4 * ITEMS);
		if (w.counters[1].moved_out < DEAD)
			assert_true(engine_due_ms(w.engine) <= w.now_ms);
	}
	return turns;
}

static void receive_behind_dead_letters(int64_t wait_ms)
{
	struct world_wait wait = {.command = {.type = QUEUE_RECEIVE, .queue = 1}};

	make_dead_letters();
	wait.command.receive.max = 10;
	wait.command.receive.wait_ms = wait_ms;
	wait.command.receive.deliveries = wait.deliveries;
	world_submit(&w, &wait.command, &wait.is_answered);
	assert_true(count_turns(&wait.is_answered) >= DEAD / (4 * ITEMS));
	assert_int_equal(wait.command.result, QUEUE_OK);
	assert_int_equal(wait.command.receive.count, 1);
	assert_int_equal(w.counters[1].moved_out, DEAD);
	queue_delivery_done(w.engine, &wait.deliveries[0]);
}

static void test_a_receive_moves_dead_letters_in_several_turns(void **state)
{
	(void)state;
	receive_behind_dead_letters(0);
}

static void test_a_long_poll_moves_dead_letters_in_several_turns(void **state)
{
	(void)state;
	receive_behind_dead_letters(20000);
}

static void test_others_are_served_between_the_turns(void **state)
{
	struct world_wait wait = {.command = {.type = QUEUE_RECEIVE, .queue = 1}};

	(void)state;
	make_dead_letters();
	wait.command.receive.max = 10;
	wait.command.receive.deliveries = wait.deliveries;
	world_submit(&w, &wait.command, &wait.is_answered);
	world_turn(&w);
	world_send(&w, 3, "quick");
	assert_false(wait.is_answered);
	(void)count_turns(&wait.is_answered);
	queue_delivery_done(w.engine, &wait.deliveries[0]);
}

/* It waits for turns, and after the purge there is nothing to wait for. */
static void test_a_purge_answers_a_short_poll_at_once(void **state)
{
	struct world_wait wait = {.command = {.type = QUEUE_RECEIVE, .queue = 1}};

	(void)state;
	make_dead_letters();
	wait.command.receive.max = 10;
	wait.command.receive.deliveries = wait.deliveries;
	world_submit(&w, &wait.command, &wait.is_answered);
	world_turn(&w);
	assert_false(wait.is_answered);
	assert_int_equal(world_simple(&w, QUEUE_PURGE, 1), QUEUE_OK);
	world_turns(&w, 2);
	assert_true(wait.is_answered);
	assert_int_equal(wait.command.receive.count, 0);
}

static void test_a_second_receive_waits_for_the_first(void **state)
{
	struct world_wait waits[2] = {{.command = {.type = QUEUE_RECEIVE, .queue = 1}},
				      {.command = {.type = QUEUE_RECEIVE, .queue = 1}}};

	(void)state;
	make_dead_letters();
	for (int i = 0; i < 2; i++) {
		waits[i].command.receive.max = 10;
		waits[i].command.receive.deliveries = waits[i].deliveries;
		world_submit(&w, &waits[i].command, &waits[i].is_answered);
	}
	(void)count_turns(&waits[1].is_answered);
	assert_true(waits[0].is_answered);
	assert_int_equal(waits[0].command.receive.count, 1);
	assert_int_equal(waits[1].command.receive.count, 0);
	queue_delivery_done(w.engine, &waits[0].deliveries[0]);
}

static void test_a_redrive_ends_with_the_turn(void **state)
{
	struct queue_command redrive = {.type = QUEUE_REDRIVE, .queue = 1};

	(void)state;
	world_send_many(&w, 1, 0, "m", 3 * ITEMS);
	redrive.redrive.to = 2;
	redrive.redrive.max = 500;
	for (int i = 0; i < 20 && !redrive.redrive.is_empty; i++) {
		assert_int_equal(world_run(&w, &redrive), QUEUE_OK);
		assert_in_range(redrive.redrive.moved, redrive.redrive.is_empty ? 0 : 1, ITEMS);
	}
	assert_int_equal(w.counters[2].moved_in, 3 * ITEMS);
}

static void test_commands_beyond_the_measure_wait_in_their_order(void **state)
{
	static struct queue_send sends[3 * ITEMS];
	static struct queue_command commands[3 * ITEMS];
	static bool is_answered[3 * ITEMS];

	(void)state;
	for (size_t i = 0; i < 3 * ITEMS; i++) {
		sends[i] = (struct queue_send){.payload = STR("m")};
		commands[i] = (struct queue_command){.type = QUEUE_SEND, .queue = 1};
		commands[i].send.messages = &sends[i];
		commands[i].send.count = 1;
		is_answered[i] = false;
		world_submit(&w, &commands[i], &is_answered[i]);
	}
	engine_step(w.engine, w.now_ms, w.now_ms);
	assert_in_range(w.counters[1].visible, 1, ITEMS);
	assert_true(engine_due_ms(w.engine) <= w.now_ms);
	for (int i = 0; i < 20; i++)
		world_turn(&w);
	for (size_t i = 0; i < 3 * ITEMS; i++) {
		assert_true(is_answered[i]);
		assert_int_equal(sends[i].seq, i + 1);
	}
}

static void test_large_messages_end_a_turn_by_their_bytes(void **state)
{
	static char text[2000];
	struct queue_command redrive = {.type = QUEUE_REDRIVE, .queue = 1};

	(void)state;
	engine_free(&w.engine);
	w.options.turn_bytes = 10000;
	world_open(&w);
	memset(text, 'x', sizeof text - 1);
	for (int i = 0; i < 20; i++)
		world_send(&w, 1, text);
	redrive.redrive.to = 2;
	redrive.redrive.max = 500;
	assert_int_equal(world_run(&w, &redrive), QUEUE_OK);
	assert_in_range(redrive.redrive.moved, 2, 3);
}

static void test_due_timers_are_handled_in_several_turns(void **state)
{
	(void)state;
	world_send_many(&w, 1, 0, "m", 3 * ITEMS);
	while (world_receive(&w, 1, 10) > 0)
		;
	w.now_ms += WORLD_VISIBILITY_MS;
	engine_step(w.engine, w.now_ms, w.now_ms);
	assert_in_range(w.counters[1].visible, 1, ITEMS);
	assert_true(engine_due_ms(w.engine) <= w.now_ms);
	world_turns(&w, 3);
	assert_int_equal(w.counters[1].visible, 3 * ITEMS);
}

static void test_a_checkpoint_is_encoded_in_several_turns(void **state)
{
	struct queue_command checkpoint = {.type = QUEUE_CHECKPOINT};
	bool is_answered = false;

	(void)state;
	world_send_many(&w, 1, 0, "m", 4 * ITEMS);
	world_send_many(&w, 2, 0, "other", ITEMS);
	world_send_many(&w, 3, 7, "fifo", ITEMS);
	struct queue_handle handle = world_expect(&w, 1, "m0");
	world_submit(&w, &checkpoint, &is_answered);
	world_turn(&w);
	assert_true(engine_due_ms(w.engine) <= w.now_ms);
	/* Changes made meanwhile are not in the checkpoint, but are replayed. */
	assert_int_equal(world_delete(&w, handle), QUEUE_OK);
	handle = world_expect(&w, 1, "m1");
	world_send(&w, 1, "late");
	assert_int_equal(world_simple(&w, QUEUE_PURGE, 2), QUEUE_OK);
	assert_int_equal(world_delete(&w, world_expect(&w, 3, "fifo0")), QUEUE_OK);
	world_turns(&w, 50);
	assert_true(is_answered);
	world_restart(&w);
	assert_true(w.report.records > 0);
	assert_int_equal(w.counters[1].in_flight, 1);
	assert_int_equal(w.counters[1].visible, 4 * ITEMS - 1);
	assert_int_equal(w.counters[2].visible, 0);
	(void)world_expect(&w, 3, "fifo1");
	assert_int_equal(world_visibility(&w, handle, 0), QUEUE_OK);
	(void)world_expect(&w, 1, "m1");
	assert_int_equal(w.deliveries[0].receive_count, 2);
}

static void test_a_checkpoint_of_a_deep_backlog_is_encoded_in_several_turns(void **state)
{
	struct queue_command checkpoint = {.type = QUEUE_CHECKPOINT};
	bool is_answered = false;
	size_t taken = 0;

	(void)state;
	engine_free(&w.engine);
	w.options.window = 4;
	w.options.turn_bytes = 2000;
	world_open(&w);
	for (uint64_t group = 1; group <= 20; group++)
		world_send_many(&w, 3, group, "m", 50);
	world_submit(&w, &checkpoint, &is_answered);
	/* Runs are loaded and freed while it is encoded. */
	for (int i = 0; i < 2000 && !is_answered; i++) {
		if (i < 30 && world_receive(&w, 3, 10) > 0) {
			for (size_t k = 0; k < w.delivery_count; k++, taken++)
				assert_int_equal(world_delete(&w, w.deliveries[k].handle),
						 QUEUE_OK);
		}
		world_turn(&w);
	}
	assert_true(is_answered);
	world_restart(&w);
	assert_int_equal(world_drain(&w, 3), 20 * 50 - taken);
}

static void purge_in_several_turns(enum queue_command_type type)
{
	struct queue_command purge = {.type = type, .queue = 1};
	bool is_answered = false;

	world_send_many(&w, 1, 0, "m", 6 * ITEMS);
	struct queue_handle handle = world_expect(&w, 1, "m0");
	uint64_t live = engine_journal_stats(w.engine).live_bytes;
	world_submit(&w, &purge, &is_answered);
	engine_step(w.engine, w.now_ms, w.now_ms);
	/* No message of it is available, though only a part is freed. */
	assert_true(engine_journal_stats(w.engine).live_bytes > live / 2);
	assert_true(engine_journal_stats(w.engine).live_bytes < live);
	assert_true(engine_due_ms(w.engine) <= w.now_ms);
	if (type == QUEUE_PURGE) {
		assert_int_equal(w.counters[1].visible, 0);
		assert_int_equal(w.counters[1].in_flight, 0);
		assert_int_equal(world_delete(&w, handle), QUEUE_MESSAGE_GONE);
		assert_int_equal(world_receive(&w, 1, 10), 0);
		world_send(&w, 1, "new");
		(void)world_expect(&w, 1, "new");
	} else {
		assert_int_equal(world_delete(&w, handle), QUEUE_NOT_FOUND);
		w.settings[1].retention_ms = 0;
	}
	/* A checkpoint does not restore messages that are not freed yet. */
	world_checkpoint(&w);
	world_pass(&w, WORLD_VISIBILITY_MS);
	world_restart(&w);
	assert_int_equal(w.counters[1].visible, type == QUEUE_PURGE ? 1 : 0);
	assert_int_equal(world_receive(&w, 2, 10), 0);
}

static void test_a_purge_is_done_in_several_turns(void **state)
{
	(void)state;
	purge_in_several_turns(QUEUE_PURGE);
}

static void test_a_drop_is_done_in_several_turns(void **state)
{
	(void)state;
	purge_in_several_turns(QUEUE_DROP);
	assert_int_equal(engine_journal_stats(w.engine).live_bytes, 0);
}

static void test_a_long_poll_outlives_a_purge(void **state)
{
	struct world_wait wait = {.command = {.type = QUEUE_RECEIVE, .queue = 1}};

	(void)state;
	wait.command.receive.max = 1;
	wait.command.receive.wait_ms = 20000;
	wait.command.receive.deliveries = wait.deliveries;
	world_submit(&w, &wait.command, &wait.is_answered);
	world_turn(&w);
	assert_int_equal(world_simple(&w, QUEUE_PURGE, 1), QUEUE_OK);
	assert_false(wait.is_answered);
	world_send(&w, 1, "new");
	world_turns(&w, 3);
	assert_true(wait.is_answered);
	assert_int_equal(wait.command.receive.count, 1);
	queue_delivery_done(w.engine, &wait.deliveries[0]);
}

static void test_a_window_of_dead_letters_is_loaded_without_their_records(void **state)
{
	char name[32];

	(void)state;
	engine_free(&w.engine);
	w.options.window = 16;
	world_open(&w);
	make_dead_letters();
	for (int i = 0; i < 100 && world_receive(&w, 1, 10) == 0; i++)
		;
	assert_int_equal(w.counters[2].visible, DEAD);
	/* A deep message: reading it needs an extent. */
	assert_int_equal(world_browse(&w, 2, DEAD - 1, 1), 1);
	world_turns(&w, 5);
	(void)snprintf(name, sizeof name, "segment-%010u.log", w.deliveries[0].location.segment);
	assert_true(disk_memory_damage(w.disk, name, w.deliveries[0].location.offset + 40, 1));
	for (int i = 0; i < DEAD / 10 - 1; i++) {
		assert_int_equal(world_receive(&w, 2, 10), 10);
		assert_int_equal(w.deliveries[9].receive_count, 2);
		assert_true(w.deliveries[9].first_receive_ms > 0);
	}
	assert_int_equal(engine_journal_stats(w.engine).damaged_reads, 0);
}

static void browse_in_several_turns(void)
{
	struct queue_command browse = {.type = QUEUE_BROWSE, .queue = 3};
	bool is_answered = false;
	int turns = 0;

	browse.browse.from_seq = 20;
	browse.browse.max = 100;
	browse.browse.deliveries = w.deliveries;
	world_submit(&w, &browse, &is_answered);
	for (; !is_answered; turns++) {
		assert_true(turns < 200);
		/* Messages that come and go meanwhile do no harm. */
		if (turns == 1)
			assert_int_equal(world_delete(&w, world_expect(&w, 3, "m0")), QUEUE_OK);
		else
			world_turn(&w);
	}
	assert_true(turns > 1);
	assert_int_equal(browse.browse.count, 100);
	assert_true(browse.browse.has_more);
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(w.deliveries[i].handle.seq, 21 + i);
		queue_delivery_done(w.engine, &w.deliveries[i]);
	}
}

/* Of queue 3. */
static void make_unordered_queue(void)
{
	for (uint64_t group = 1; group <= 10; group++)
		world_send_many(&w, 3, group, "m", 100);
	/* In memory, but no longer in order. */
	world_restart(&w);
	world_send_group(&w, 3, 1, "last");
	engine_free(&w.engine);
	w.options.window = 4;
	world_open(&w);
}

static void test_a_page_of_a_large_queue_is_gathered_in_several_turns(void **state)
{
	(void)state;
	make_unordered_queue();
	browse_in_several_turns();
}

static void test_a_deleted_page_has_the_start_of_the_next(void **state)
{
	struct queue_command browse = {.type = QUEUE_BROWSE, .queue = 3};
	struct queue_delivery deliveries[3];
	struct queue_handle handles[100];
	struct queue_change gone[100] = {0};
	struct queue_command delete = {
		.type = QUEUE_DELETE, .queue = 3, .change = {.changes = gone}};
	bool is_answered = false;

	(void)state;
	make_unordered_queue();
	size_t received = 0, count;
	while (received < 100 && (count = world_receive(&w, 3, 10)) > 0)
		for (size_t i = 0; i < count; i++)
			handles[received++] = w.deliveries[i].handle;
	browse.browse.max = 3;
	browse.browse.deliveries = deliveries;
	world_submit(&w, &browse, &is_answered);
	for (int i = 0; i < 5; i++)
		engine_step(w.engine, w.now_ms, w.now_ms);
	assert_false(is_answered);
	for (size_t i = 0; i < received; i++)
		if (handles[i].seq <= 3)
			gone[delete.change.count++].handle = handles[i];
	assert_int_equal(delete.change.count, 3);
	assert_int_equal(world_run(&w, &delete), QUEUE_OK);
	world_turns(&w, 50);
	assert_true(is_answered);
	assert_int_equal(browse.browse.count, 0);
	assert_true(browse.browse.has_more);
	assert_int_equal(browse.browse.last_seq, 3);
}

static void test_a_page_ends_when_its_queue_is_purged(void **state)
{
	struct queue_command browse = {.type = QUEUE_BROWSE, .queue = 1};
	bool is_answered = false;

	(void)state;
	for (int i = 0; i < 10; i++)
		world_send_many(&w, 1, 0, "m", ITEMS);
	browse.browse.max = 100;
	browse.browse.deliveries = w.deliveries;
	world_submit(&w, &browse, &is_answered);
	engine_step(w.engine, w.now_ms, w.now_ms);
	assert_int_equal(world_simple(&w, QUEUE_PURGE, 1), QUEUE_OK);
	world_turns(&w, 3);
	assert_true(is_answered);
	assert_int_equal(browse.result, QUEUE_OK);
	for (size_t i = 0; i < browse.browse.count; i++)
		queue_delivery_done(w.engine, &w.deliveries[i]);
	world_turns(&w, 50);
	assert_int_equal(engine_journal_stats(w.engine).live_bytes, 0);
}

static void test_expired_messages_of_mixed_ages_go_in_several_turns(void **state)
{
	(void)state;
	engine_free(&w.engine);
	w.options.window = 4096; /* all stay in memory */
	world_open(&w);
	world_define(&w, 1, (struct queue_settings){.dead_letter = 2, .max_receive_count = 1});
	world_define(&w, 2, (struct queue_settings){.retention_ms = 100000});
	world_send_many(&w, 1, 0, "old", 10);
	assert_int_equal(world_receive(&w, 1, 10), 10);
	world_pass(&w, WORLD_VISIBILITY_MS);
	world_send_many(&w, 2, 0, "m", 3000);
	/* The old ones move behind the younger ones. */
	assert_int_equal(world_receive(&w, 1, 10), 0);
	world_turns(&w, 5);
	assert_int_equal(w.counters[2].visible, 3010);
	world_pass(&w, 75000);
	world_turns(&w, 20);
	assert_int_equal(w.counters[2].expired, 10);
	world_pass(&w, 30000);
	world_turns(&w, 200);
	assert_int_equal(w.counters[2].expired, 3010);
}

static void test_nothing_is_due_while_nothing_expires_in_many_groups(void **state)
{
	(void)state;
	engine_free(&w.engine);
	w.options.window = 1;
	world_open(&w);
	for (uint64_t group = 1; group <= 1200; group++)
		world_send_many(&w, 3, group, "m", 4);
	/* Then it is looked through. */
	world_define(&w, 3, w.settings[3]);
	world_turns(&w, 20);
	assert_true(engine_due_ms(w.engine) > w.now_ms);
	/* But expired messages are removed, in any group. */
	w.now_ms += w.settings[3].retention_ms;
	for (int i = 0; i < 500 && w.counters[3].expired < 1200 * 4; i++)
		world_pass(&w, 1000);
	assert_int_equal(w.counters[3].expired, 1200 * 4);
}
