/* SPDX-License-Identifier: MIT */
/* Queues 3 and 4 are FIFO; queue 1 is standard and fair as soon as messages carry groups. */
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

static bool is_duplicate(uint64_t group, const char *key)
{
	struct queue_send send = {.group = group, .has_dedup = true};

	(void)snprintf((char *)send.dedup, sizeof send.dedup, "%s", key);
	send = world_send_as(&w, 3, "text", send);
	assert_int_equal(send.result, QUEUE_OK);
	return send.is_duplicate;
}

static void scope(bool per_group)
{
	world_define(&w, 3, (struct queue_settings){.is_fifo = true, .dedup_per_group = per_group});
}

static void test_the_scope_of_deduplication_counts_at_once(void **state)
{
	(void)state;
	assert_false(is_duplicate(1, "key"));
	assert_true(is_duplicate(2, "key"));
	scope(true);
	assert_true(is_duplicate(1, "key"));
	assert_false(is_duplicate(2, "key"));
	assert_true(is_duplicate(2, "key"));
	scope(false);
	assert_true(is_duplicate(3, "key"));
	world_restart(&w);
	world_checkpoint(&w);
	world_restart(&w);
	scope(true);
	assert_true(is_duplicate(1, "key"));
	assert_true(is_duplicate(2, "key"));
	assert_false(is_duplicate(3, "key"));
	world_pass(&w, LIMIT_DEDUPLICATION_MS);
	assert_false(is_duplicate(1, "key"));
}

static void test_no_message_is_swallowed_when_the_clock_is_set_back(void **state)
{
	(void)state;
	assert_false(world_send_dedup(&w, 3, "first", "a").is_duplicate);
	w.wall_offset_ms -= 3600000;
	assert_false(world_send_dedup(&w, 3, "second", "b").is_duplicate);
	world_pass(&w, LIMIT_DEDUPLICATION_MS);
	w.wall_offset_ms += 1800000;
	assert_false(world_send_dedup(&w, 3, "second", "c").is_duplicate);
	world_restart(&w);
	assert_true(world_send_dedup(&w, 3, "second", "d").is_duplicate);
}

static void test_a_group_is_locked_while_one_of_its_messages_is_in_flight(void **state)
{
	(void)state;
	world_send_many(&w, 3, 1, "a", 2);
	world_send_many(&w, 3, 2, "b", 1);
	struct queue_handle handle = world_expect(&w, 3, "a0");
	(void)world_expect(&w, 3, "b0");
	assert_int_equal(world_receive(&w, 3, 10), 0);
	assert_int_equal(world_delete(&w, handle), QUEUE_OK);
	(void)world_expect(&w, 3, "a1");
}

static void test_one_receive_takes_several_of_a_group_in_order(void **state)
{
	(void)state;
	world_send_many(&w, 3, 1, "a", 12);
	assert_int_equal(world_receive(&w, 3, 10), 10);
	for (size_t i = 0; i < 10; i++) {
		char expected[8];
		(void)snprintf(expected, sizeof expected, "a%zu", i);
		assert_string_equal(world_text(&w, i), expected);
	}
	assert_int_equal(world_receive(&w, 3, 10), 0);
}

static void test_a_returned_message_is_received_before_its_successors(void **state)
{
	(void)state;
	world_send_many(&w, 3, 1, "a", 3);
	struct queue_handle handle = world_expect(&w, 3, "a0");
	assert_int_equal(world_visibility(&w, handle, 0), QUEUE_OK);
	(void)world_expect(&w, 3, "a0");
	world_pass(&w, WORLD_VISIBILITY_MS);
	assert_int_equal(world_receive(&w, 3, 10), 3);
	assert_string_equal(world_text(&w, 0), "a0");
}

static void test_only_messages_before_an_extended_one_return(void **state)
{
	(void)state;
	world_send_many(&w, 3, 1, "a", 3);
	assert_int_equal(world_receive(&w, 3, 10), 3);
	assert_int_equal(world_visibility(&w, w.deliveries[1].handle, 600000), QUEUE_OK);
	world_pass(&w, WORLD_VISIBILITY_MS);
	assert_int_equal(world_receive(&w, 3, 10), 1);
	assert_string_equal(world_text(&w, 0), "a0");
}

static void test_a_fifo_handle_expires_with_its_visibility(void **state)
{
	(void)state;
	world_send_group(&w, 3, 1, "a");
	struct queue_handle handle = world_expect(&w, 3, "a");
	world_pass(&w, WORLD_VISIBILITY_MS);
	assert_int_equal(world_delete(&w, handle), QUEUE_HANDLE_EXPIRED);
	assert_int_equal(world_visibility(&w, handle, 0), QUEUE_HANDLE_EXPIRED);
	struct queue_handle current = world_expect(&w, 3, "a");
	assert_int_equal(world_delete(&w, handle), QUEUE_HANDLE_EXPIRED);
	assert_int_equal(world_visibility(&w, handle, 0), QUEUE_HANDLE_EXPIRED);
	assert_int_equal(world_delete(&w, current), QUEUE_OK);
	assert_int_equal(world_delete(&w, handle), QUEUE_MESSAGE_GONE);
}

static void delay(int64_t delay_ms)
{
	world_define(&w, 3, (struct queue_settings){.is_fifo = true, .delay_ms = delay_ms});
}

static void test_a_delayed_fifo_queue_keeps_its_order(void **state)
{
	(void)state;
	delay(5000);
	world_send_group(&w, 3, 1, "first");
	world_pass(&w, 1000);
	world_send_group(&w, 3, 1, "second");
	assert_int_equal(world_receive(&w, 3, 10), 0);
	world_pass(&w, 4000);
	assert_int_equal(world_receive(&w, 3, 10), 1);
	assert_string_equal(world_text(&w, 0), "first");
}

static void test_a_changed_delay_counts_for_messages_of_a_fifo_queue(void **state)
{
	(void)state;
	world_send_group(&w, 3, 1, "a");
	world_send_group(&w, 3, 2, "b");
	world_pass(&w, 1000);
	delay(5000);
	assert_int_equal(world_receive(&w, 3, 10), 0);
	world_turn(&w);
	assert_int_equal(atomic_load(&w.counters[3].delayed), 2);
	world_pass(&w, 3999);
	assert_int_equal(world_receive(&w, 3, 10), 0);
	delay(4000);
	world_turn(&w);
	assert_int_equal(world_receive(&w, 3, 10), 2);
	world_pass(&w, WORLD_VISIBILITY_MS);
	delay(900000); /* they were received already */
	assert_int_equal(world_receive(&w, 3, 10), 2);
}

static void test_a_waiting_receive_gets_messages_of_a_shorter_delay(void **state)
{
	struct world_wait wait = {.command = {.type = QUEUE_RECEIVE, .queue = 3}};

	(void)state;
	delay(900000);
	world_send_group(&w, 3, 1, "a");
	wait.command.receive.max = 1;
	wait.command.receive.wait_ms = 20000;
	wait.command.receive.deliveries = wait.deliveries;
	world_submit(&w, &wait.command, &wait.is_answered);
	world_turn(&w);
	assert_false(wait.is_answered);
	delay(0);
	world_turns(&w, 2);
	assert_true(wait.is_answered);
	assert_int_equal(wait.command.receive.count, 1);
	queue_delivery_done(w.engine, &wait.deliveries[0]);
}

static void test_the_delay_of_a_fifo_queue_holds_after_a_restart(void **state)
{
	(void)state;
	delay(5000);
	world_send_group(&w, 3, 1, "a");
	for (int i = 0; i < 2; i++) {
		world_restart(&w);
		assert_int_equal(world_receive(&w, 3, 1), 0);
		world_turn(&w);
		assert_int_equal(atomic_load(&w.counters[3].delayed), 1);
		world_checkpoint(&w);
	}
	world_pass(&w, 5000);
	(void)world_expect(&w, 3, "a");
}

/* More than a turn goes through, and more than are kept in memory. */
static void test_a_changed_delay_counts_for_a_long_backlog(void **state)
{
	(void)state;
	for (uint64_t group = 1; group <= 4; group++)
		world_send_many(&w, 3, group, "m", 1500);
	world_pass(&w, 1000);
	delay(5000);
	assert_int_equal(world_receive(&w, 3, 10), 0);
	world_turns(&w, 10);
	assert_true(engine_stats_read(w.engine).messages_in_memory < 6000);
	assert_int_equal(world_browse(&w, 3, 5990, 10), 10);
	assert_int_equal(w.deliveries[9].state, QUEUE_IS_DELAYED);
	world_pass(&w, 3999);
	assert_int_equal(world_receive(&w, 3, 10), 0);
	delay(0);
	assert_int_equal(world_drain(&w, 3), 6000);
}

static void test_a_changed_delay_leaves_messages_of_a_standard_queue(void **state)
{
	(void)state;
	world_send(&w, 1, "a");
	world_define(&w, 1, (struct queue_settings){.delay_ms = 5000});
	world_send(&w, 1, "b");
	(void)world_expect(&w, 1, "a");
	world_define(&w, 1, (struct queue_settings){.delay_ms = 0});
	assert_int_equal(world_receive(&w, 1, 1), 0);
	world_pass(&w, 5000);
	(void)world_expect(&w, 1, "b");
}

static void test_groups_in_flight_are_counted(void **state)
{
	(void)state;
	world_send_many(&w, 3, 1, "a", 2);
	world_send_many(&w, 3, 2, "b", 1);
	assert_int_equal(world_receive(&w, 3, 10), 3);
	assert_int_equal(w.counters[3].groups_in_flight, 2);
	assert_int_equal(world_delete(&w, w.deliveries[2].handle), QUEUE_OK);
	assert_int_equal(w.counters[3].groups_in_flight, 1);
	world_pass(&w, WORLD_VISIBILITY_MS);
	assert_int_equal(w.counters[3].groups_in_flight, 0);
}

static void test_a_duplicate_gets_the_identity_of_the_first(void **state)
{
	(void)state;
	struct queue_send first = world_send_dedup(&w, 3, "key", "a");
	struct queue_send second = world_send_dedup(&w, 3, "key", "b");
	assert_false(first.is_duplicate);
	assert_true(second.is_duplicate);
	assert_int_equal(second.seq, first.seq);
	assert_memory_equal(second.id, first.id, 16);
	assert_int_equal(w.counters[3].visible, 1);
	assert_int_equal(w.counters[3].deduplicated, 1);
}

static void test_deduplication_ends_after_five_minutes(void **state)
{
	(void)state;
	(void)world_send_dedup(&w, 3, "key", "a");
	world_pass(&w, LIMIT_DEDUPLICATION_MS - 1);
	assert_true(world_send_dedup(&w, 3, "key", "b").is_duplicate);
	world_pass(&w, 1);
	assert_false(world_send_dedup(&w, 3, "key", "c").is_duplicate);
}

static void test_deduplication_outlives_the_message_and_a_restart(void **state)
{
	(void)state;
	struct queue_send first = world_send_dedup(&w, 3, "key", "a");
	assert_int_equal(world_delete(&w, world_expect(&w, 3, "a")), QUEUE_OK);
	world_restart(&w);
	assert_int_equal(world_send_dedup(&w, 3, "key", "b").seq, first.seq);
	world_checkpoint(&w);
	world_restart(&w);
	assert_true(world_send_dedup(&w, 3, "key", "b").is_duplicate);
}

static void test_purge_clears_deduplication(void **state)
{
	(void)state;
	(void)world_send_dedup(&w, 3, "key", "a");
	assert_int_equal(world_simple(&w, QUEUE_PURGE, 3), QUEUE_OK);
	assert_false(world_send_dedup(&w, 3, "key", "b").is_duplicate);
	world_restart(&w);
	(void)world_expect(&w, 3, "b");
	assert_int_equal(world_receive(&w, 3, 10), 0);
}

static void test_order_lock_and_sequence_survive_a_restart(void **state)
{
	(void)state;
	world_send_many(&w, 3, 1, "a", 3);
	struct queue_handle handle = world_expect(&w, 3, "a0");
	world_restart(&w);
	assert_int_equal(world_receive(&w, 3, 10), 0);
	assert_int_equal(world_delete(&w, handle), QUEUE_OK);
	world_checkpoint(&w);
	world_restart(&w);
	uint64_t seq = world_send_group(&w, 3, 1, "a3").seq;
	assert_int_equal(world_receive(&w, 3, 10), 3);
	assert_string_equal(world_text(&w, 0), "a1");
	assert_string_equal(world_text(&w, 2), "a3");
	assert_int_equal(w.deliveries[2].handle.seq, seq);
	assert_true(seq > handle.seq);
}

static void dead_letters(void)
{
	world_define(&w, 3,
		     (struct queue_settings){.is_fifo = true,
					     .dead_letter = 4,
					     .max_receive_count = 1,
					     .label = STR("three")});
}

static void test_dead_letters_keep_their_order(void **state)
{
	(void)state;
	dead_letters();
	world_send_many(&w, 3, 1, "a", 3);
	assert_int_equal(world_receive(&w, 3, 10), 3);
	world_pass(&w, WORLD_VISIBILITY_MS);
	assert_int_equal(world_receive(&w, 3, 10), 0);
	world_restart(&w);
	assert_int_equal(world_receive(&w, 4, 10), 3);
	assert_string_equal(world_text(&w, 0), "a0");
	assert_string_equal(world_text(&w, 2), "a2");
	assert_int_equal(world_read(&w, 0).sent_ms, 1000000 + WORLD_VISIBILITY_MS);
}

static void test_a_dead_letter_unblocks_its_successors(void **state)
{
	(void)state;
	dead_letters();
	world_send_many(&w, 3, 1, "a", 2);
	(void)world_expect(&w, 3, "a0");
	world_pass(&w, WORLD_VISIBILITY_MS);
	(void)world_expect(&w, 3, "a1");
	assert_int_equal(w.counters[4].visible, 1);
}

static void test_a_dead_letter_that_cannot_move_is_not_overtaken(void **state)
{
	(void)state;
	dead_letters();
	world_send_many(&w, 3, 1, "a", 2);
	(void)world_expect(&w, 3, "a0");
	uint32_t segment = w.deliveries[0].location.segment;
	uint32_t offset = w.deliveries[0].location.offset;
	char name[32];
	(void)snprintf(name, sizeof name, "segment-%010u.log", segment);
	assert_true(disk_memory_damage(w.disk, name, offset + 40, 1));
	world_pass(&w, WORLD_VISIBILITY_MS);
	assert_int_equal(world_receive(&w, 3, 1), 1);
	/* It is delivered like any other: its bytes are unreadable, and it blocks its group. */
	assert_int_equal(w.deliveries[0].location.offset, offset);
	assert_int_equal(world_delete(&w, w.deliveries[0].handle), QUEUE_OK);
	(void)world_expect(&w, 3, "a1");
}

static enum queue_result repeat_attempt(const char *key)
{
	struct queue_command command = {.receive = {.max = 10, .has_attempt = true}};

	(void)snprintf((char *)command.receive.attempt, 16, "%s", key);
	return world_receive_as(&w, 3, command);
}

static size_t receive_attempt(const char *key, uint32_t max)
{
	struct queue_command command = {.receive = {.max = max, .has_attempt = true}};

	(void)snprintf((char *)command.receive.attempt, 16, "%s", key);
	assert_int_equal(world_receive_as(&w, 3, command), QUEUE_OK);
	return w.delivery_count;
}

static void test_a_repeated_attempt_gives_the_same_messages_and_handles(void **state)
{
	(void)state;
	world_send_many(&w, 3, 1, "a", 2);
	assert_int_equal(receive_attempt("try", 10), 2);
	struct queue_handle handle = w.deliveries[1].handle;
	world_pass(&w, 20000);
	assert_int_equal(receive_attempt("try", 10), 2);
	assert_memory_equal(&w.deliveries[1].handle, &handle, sizeof handle);
	assert_int_equal(w.deliveries[1].receive_count, 1);
	/* Their visibility began anew. */
	world_pass(&w, 20000);
	assert_int_equal(world_receive(&w, 3, 10), 0);
}

static void test_another_attempt_gives_nothing_of_a_locked_group(void **state)
{
	(void)state;
	world_send_many(&w, 3, 1, "a", 2);
	assert_int_equal(receive_attempt("try", 1), 1);
	assert_int_equal(receive_attempt("other", 1), 0);
}

/* Its messages are in flight already, so the repeat does not wait. */
static void test_an_attempt_is_repeated_while_others_wait(void **state)
{
	struct world_wait wait = {.command = {.type = QUEUE_RECEIVE, .queue = 3}};

	(void)state;
	world_send_many(&w, 3, 1, "a", 2);
	assert_int_equal(receive_attempt("try", 10), 2);
	wait.command.receive.max = 1;
	wait.command.receive.wait_ms = 20000;
	wait.command.receive.deliveries = wait.deliveries;
	world_submit(&w, &wait.command, &wait.is_answered);
	world_turn(&w);
	assert_int_equal(receive_attempt("try", 10), 2);
	assert_false(wait.is_answered);
	world_delete(&w, w.deliveries[0].handle);
	assert_int_equal(repeat_attempt("try"), QUEUE_ATTEMPT_OVER);
	world_pass(&w, 20000);
	world_turn(&w);
	assert_true(wait.is_answered);
}

static void test_an_attempt_is_not_repeated_after_a_delete(void **state)
{
	(void)state;
	world_send_many(&w, 3, 1, "a", 2);
	assert_int_equal(receive_attempt("try", 10), 2);
	assert_int_equal(world_delete(&w, w.deliveries[0].handle), QUEUE_OK);
	assert_int_equal(repeat_attempt("try"), QUEUE_ATTEMPT_OVER);
	assert_int_equal(repeat_attempt("other"), QUEUE_OK);
}

static void test_an_attempt_is_not_repeated_after_a_change_of_visibility(void **state)
{
	(void)state;
	world_send_many(&w, 3, 1, "a", 2);
	assert_int_equal(receive_attempt("try", 10), 2);
	assert_int_equal(world_visibility(&w, w.deliveries[0].handle, 60000), QUEUE_OK);
	assert_int_equal(repeat_attempt("try"), QUEUE_ATTEMPT_OVER);
}

static void test_an_attempt_whose_timeout_is_over_is_an_ordinary_receive(void **state)
{
	(void)state;
	world_send_many(&w, 3, 1, "a", 1);
	assert_int_equal(receive_attempt("try", 10), 1);
	world_pass(&w, WORLD_VISIBILITY_MS);
	assert_int_equal(receive_attempt("try", 10), 1);
	assert_int_equal(w.deliveries[0].receive_count, 2);
	world_pass(&w, WORLD_VISIBILITY_MS);
	assert_int_equal(world_receive(&w, 3, 1), 1);
	assert_int_equal(repeat_attempt("try"), QUEUE_ATTEMPT_OVER);
}

static void test_a_purge_forgets_attempts(void **state)
{
	(void)state;
	world_send_many(&w, 3, 1, "a", 1);
	assert_int_equal(receive_attempt("try", 10), 1);
	assert_int_equal(world_simple(&w, QUEUE_PURGE, 3), QUEUE_OK);
	assert_int_equal(receive_attempt("try", 10), 0);
}

static void test_an_attempt_for_fewer_messages_is_another_one(void **state)
{
	(void)state;
	world_send_many(&w, 3, 1, "a", 5);
	assert_int_equal(receive_attempt("try", 10), 5);
	assert_int_equal(receive_attempt("try", 2), 0);
}

/* More groups than a receive checks have only messages that a new delay hides, and the receive has
 * not checked all groups yet. */
static void test_a_receive_that_met_a_new_delay_is_served_once_it_is_applied(void **state)
{
	struct queue_settings settings = w.settings[3];
	struct queue_command define = {.type = QUEUE_DEFINE, .queue = 3};
	struct world_wait wait = {.command = {.type = QUEUE_RECEIVE, .queue = 3}};
	bool is_defined = false;

	(void)state;
	world_send_many(&w, 3, 1000, "old", 1);
	(void)world_receive(&w, 3, 1);
	for (uint64_t group = 1; group <= 300; group++)
		world_send_many(&w, 3, group, "new", 1);
	struct queue_change change = {.handle = w.deliveries[0].handle};
	struct queue_command visible = {
		.type = QUEUE_VISIBILITY, .queue = 3, .change = {.changes = &change, .count = 1}};
	assert_int_equal(world_run(&w, &visible), QUEUE_OK);
	settings.delay_ms = 60000;
	define.define.settings = settings;
	define.define.counters = &w.counters[3];
	wait.command.receive.max = 1;
	wait.command.receive.wait_ms = 20000;
	wait.command.receive.deliveries = wait.deliveries;
	world_submit(&w, &define, &is_defined);
	world_submit(&w, &wait.command, &wait.is_answered);
	world_turns(&w, 4);
	assert_true(is_defined);
	assert_true(wait.is_answered);
	assert_int_equal(wait.command.receive.count, 1);
	queue_delivery_done(w.engine, &wait.deliveries[0]);
}

static void test_an_attempt_is_forgotten_after_five_minutes(void **state)
{
	struct queue_command command = {.receive = {.max = 1,
						    .has_attempt = true,
						    .has_visibility = true,
						    .visibility_ms = 3600000}};

	(void)state;
	world_send_group(&w, 3, 1, "a");
	assert_int_equal(world_receive_as(&w, 3, command), QUEUE_OK);
	assert_int_equal(w.delivery_count, 1);
	world_pass(&w, LIMIT_DEDUPLICATION_MS);
	assert_int_equal(world_receive_as(&w, 3, command), QUEUE_OK);
	assert_int_equal(w.delivery_count, 0);
}

/* ---- fair queues ---- */

static void test_a_noisy_group_waits_behind_a_quiet_one(void **state)
{
	(void)state;
	world_send_many(&w, 1, 1, "noisy", 100);
	for (int i = 0; i < 4; i++)
		assert_int_equal(world_receive(&w, 1, 10), 10);
	world_send_many(&w, 1, 2, "quiet", 3);
	assert_int_equal(world_receive(&w, 1, 10), 3);
	assert_string_equal(world_text(&w, 0), "quiet0");
	assert_int_equal(world_receive(&w, 1, 10), 10);
	assert_string_equal(world_text(&w, 0), "noisy40");
}

static void test_groups_take_turns(void **state)
{
	(void)state;
	world_send_many(&w, 1, 1, "a", 3);
	world_send_many(&w, 1, 2, "b", 3);
	(void)world_expect(&w, 1, "a0");
	(void)world_expect(&w, 1, "b0");
	(void)world_expect(&w, 1, "a1");
}

static void test_the_noisy_group_with_fewest_in_flight_is_served_first(void **state)
{
	(void)state;
	world_send_many(&w, 1, 1, "a", 60);
	for (int i = 0; i < 5; i++)
		assert_int_equal(world_receive(&w, 1, 10), 10);
	world_send_many(&w, 1, 2, "b", 60);
	for (int i = 0; i < 3; i++)
		assert_int_equal(world_receive(&w, 1, 10), 10);
	(void)world_expect(&w, 1, "b30");
}

static void test_messages_without_a_group_are_never_noisy(void **state)
{
	(void)state;
	world_send_many(&w, 1, 0, "plain", 100);
	for (int i = 0; i < 4; i++)
		assert_int_equal(world_receive(&w, 1, 10), 10);
	world_send_many(&w, 1, 2, "b", 1);
	(void)world_expect(&w, 1, "plain40");
}
