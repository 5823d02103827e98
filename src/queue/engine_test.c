/* SPDX-License-Identifier: MIT */
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

static int64_t visible(uint64_t queue)
{
	return w.counters[queue].visible;
}

static void test_messages_are_received_in_the_order_of_sending(void **state)
{
	(void)state;
	world_send_many(&w, 1, 0, "m", 12);
	assert_int_equal(world_receive(&w, 1, 10), 10);
	assert_string_equal(world_text(&w, 0), "m0");
	assert_string_equal(world_text(&w, 9), "m9");
	assert_int_equal(world_receive(&w, 1, 10), 2);
	assert_int_equal(world_receive(&w, 1, 10), 0);
}

static void test_sequence_numbers_ascend(void **state)
{
	(void)state;
	uint64_t first = world_send(&w, 1, "a").seq;
	uint64_t second = world_send(&w, 1, "b").seq;
	assert_true(second > first);
}

static void test_an_unknown_queue_is_not_found(void **state)
{
	struct queue_command receive = {.receive = {.max = 1}};

	(void)state;
	assert_int_equal(world_send_as(&w, 7, "a", (struct queue_send){.group = 0}).result,
			 QUEUE_NOT_FOUND);
	assert_int_equal(world_receive_as(&w, 7, receive), QUEUE_NOT_FOUND);
	assert_int_equal(world_simple(&w, QUEUE_PURGE, 7), QUEUE_NOT_FOUND);
	assert_int_equal(world_simple(&w, QUEUE_DROP, 7), QUEUE_NOT_FOUND);
}

static void test_a_received_message_is_hidden_until_its_visibility_is_over(void **state)
{
	(void)state;
	world_send(&w, 1, "a");
	(void)world_expect(&w, 1, "a");
	world_pass(&w, WORLD_VISIBILITY_MS - 1);
	assert_int_equal(world_receive(&w, 1, 1), 0);
	world_pass(&w, 1);
	(void)world_expect(&w, 1, "a");
}

static void test_receives_are_counted(void **state)
{
	(void)state;
	world_send(&w, 1, "a");
	for (uint32_t i = 1; i <= 3; i++) {
		(void)world_expect(&w, 1, "a");
		assert_int_equal(w.deliveries[0].receive_count, i);
		assert_int_equal(w.deliveries[0].handle.receive, i);
		assert_int_equal(w.deliveries[0].first_receive_ms, 1000000);
		world_pass(&w, WORLD_VISIBILITY_MS);
	}
}

static void test_a_receive_without_visibility_leaves_the_message_visible(void **state)
{
	struct queue_command receive = {.receive = {.max = 1, .has_visibility = true}};

	(void)state;
	world_send(&w, 1, "a");
	assert_int_equal(world_receive_as(&w, 1, receive), QUEUE_OK);
	assert_int_equal(w.delivery_count, 1);
	(void)world_expect(&w, 1, "a");
	assert_int_equal(w.deliveries[0].receive_count, 2);
}

static void test_a_deleted_message_is_not_received(void **state)
{
	(void)state;
	world_send(&w, 1, "a");
	struct queue_handle handle = world_expect(&w, 1, "a");
	assert_int_equal(world_delete(&w, handle), QUEUE_OK);
	world_pass(&w, WORLD_VISIBILITY_MS);
	assert_int_equal(world_receive(&w, 1, 1), 0);
	assert_int_equal(world_delete(&w, handle), QUEUE_MESSAGE_GONE);
}

static void test_a_handle_of_an_earlier_receive_deletes(void **state)
{
	(void)state;
	world_send(&w, 1, "a");
	struct queue_handle earlier = world_expect(&w, 1, "a");
	world_pass(&w, WORLD_VISIBILITY_MS);
	struct queue_handle current = world_expect(&w, 1, "a");
	assert_int_equal(world_delete(&w, earlier), QUEUE_OK);
	assert_int_equal(world_delete(&w, current), QUEUE_MESSAGE_GONE);
}

static void test_a_handle_of_an_earlier_receive_changes_visibility(void **state)
{
	(void)state;
	world_send(&w, 1, "a");
	struct queue_handle earlier = world_expect(&w, 1, "a");
	world_pass(&w, WORLD_VISIBILITY_MS);
	(void)world_expect(&w, 1, "a");
	assert_int_equal(world_visibility(&w, earlier, 0), QUEUE_OK);
	(void)world_expect(&w, 1, "a");
	assert_int_equal(world_visibility(&w, earlier, 60000), QUEUE_OK);
	world_pass(&w, 59999);
	assert_int_equal(world_receive(&w, 1, 1), 0);
	world_pass(&w, 1);
	(void)world_expect(&w, 1, "a");
}

static void test_no_handle_deletes_another_message_of_its_seq(void **state)
{
	(void)state;
	world_send(&w, 1, "a");
	struct queue_handle first = world_expect(&w, 1, "a");
	world_pass(&w, WORLD_VISIBILITY_MS);
	struct queue_handle second = world_expect(&w, 1, "a");
	assert_int_equal(world_simple(&w, QUEUE_DROP, 1), QUEUE_OK);
	world_define(&w, 1, (struct queue_settings){.is_fifo = false});
	world_pass(&w, 1000);
	world_send(&w, 1, "b");
	for (int i = 0; i < 2; i++) {
		struct queue_handle current = world_expect(&w, 1, "b");
		assert_int_equal(current.seq, first.seq);
		assert_int_equal(world_delete(&w, first), QUEUE_MESSAGE_GONE);
		assert_int_equal(world_delete(&w, second), QUEUE_MESSAGE_GONE);
		assert_int_equal(world_visibility(&w, second, 0), QUEUE_MESSAGE_GONE);
		world_pass(&w, WORLD_VISIBILITY_MS);
	}
	(void)world_expect(&w, 1, "b");
}

static void test_a_standard_handle_deletes_after_its_timeout(void **state)
{
	(void)state;
	world_send(&w, 1, "a");
	struct queue_handle handle = world_expect(&w, 1, "a");
	world_pass(&w, WORLD_VISIBILITY_MS);
	assert_int_equal(world_delete(&w, handle), QUEUE_OK);
	assert_int_equal(world_receive(&w, 1, 1), 0);
}

static void test_visibility_is_extended_from_now(void **state)
{
	(void)state;
	world_send(&w, 1, "a");
	struct queue_handle handle = world_expect(&w, 1, "a");
	world_pass(&w, 10000);
	assert_int_equal(world_visibility(&w, handle, 60000), QUEUE_OK);
	world_pass(&w, 59999);
	assert_int_equal(world_receive(&w, 1, 1), 0);
	world_pass(&w, 1);
	(void)world_expect(&w, 1, "a");
}

static void test_visibility_zero_returns_the_message_before_unreceived_ones(void **state)
{
	(void)state;
	world_send(&w, 1, "a");
	world_send(&w, 1, "b");
	struct queue_handle handle = world_expect(&w, 1, "a");
	assert_int_equal(world_visibility(&w, handle, 0), QUEUE_OK);
	(void)world_expect(&w, 1, "a");
}

static void test_visibility_ends_twelve_hours_after_the_receive(void **state)
{
	const int64_t half_day_ms = 12 * 3600 * 1000;

	(void)state;
	world_send(&w, 1, "a");
	struct queue_handle handle = world_expect(&w, 1, "a");
	world_pass(&w, 1000);
	assert_int_equal(world_visibility(&w, handle, half_day_ms), QUEUE_VISIBILITY_LIMIT);
	assert_int_equal(world_visibility(&w, handle, half_day_ms - 1000), QUEUE_OK);
}

static void test_visibility_of_a_deleted_message_is_refused(void **state)
{
	(void)state;
	world_send(&w, 1, "a");
	struct queue_handle handle = world_expect(&w, 1, "a");
	assert_int_equal(world_delete(&w, handle), QUEUE_OK);
	assert_int_equal(world_visibility(&w, handle, 1000), QUEUE_MESSAGE_GONE);
}

static void test_a_message_received_three_times_goes_to_the_back(void **state)
{
	(void)state;
	world_send(&w, 1, "poison");
	world_send(&w, 1, "b");
	for (int i = 0; i < 3; i++) {
		struct queue_handle handle = world_expect(&w, 1, "poison");
		assert_int_equal(world_visibility(&w, handle, 0), QUEUE_OK);
	}
	(void)world_expect(&w, 1, "b");
	(void)world_expect(&w, 1, "poison");
}

static void test_a_delayed_message_appears_at_its_time(void **state)
{
	(void)state;
	(void)world_send_as(&w, 1, "late", (struct queue_send){.has_delay = true, .delay_ms = 900});
	assert_int_equal(w.counters[1].delayed, 1);
	world_pass(&w, 899);
	assert_int_equal(world_receive(&w, 1, 1), 0);
	world_pass(&w, 1);
	(void)world_expect(&w, 1, "late");
}

static void test_a_queues_delay_holds_unless_the_message_has_its_own(void **state)
{
	(void)state;
	world_define(&w, 1, (struct queue_settings){.delay_ms = 5000});
	world_send(&w, 1, "late");
	(void)world_send_as(&w, 1, "now", (struct queue_send){.has_delay = true});
	(void)world_expect(&w, 1, "now");
	world_pass(&w, 5000);
	(void)world_expect(&w, 1, "late");
}

static void test_an_expired_message_is_never_delivered(void **state)
{
	(void)state;
	world_define(&w, 1, (struct queue_settings){.retention_ms = 60000});
	world_send(&w, 1, "a");
	world_pass(&w, 59999);
	world_send(&w, 1, "b");
	world_pass(&w, 1);
	(void)world_expect(&w, 1, "b");
	assert_int_equal(w.counters[1].expired, 1);
}

static void test_a_message_expires_in_flight_too(void **state)
{
	(void)state;
	world_define(&w, 1, (struct queue_settings){.retention_ms = 60000});
	world_send(&w, 1, "a");
	world_pass(&w, 50000);
	struct queue_handle handle = world_expect(&w, 1, "a");
	world_pass(&w, 10000);
	assert_int_equal(w.counters[1].in_flight, 0);
	assert_int_equal(world_delete(&w, handle), QUEUE_MESSAGE_GONE);
}

static void test_a_tick_expires_everything_that_is_due(void **state)
{
	(void)state;
	world_define(&w, 1, (struct queue_settings){.retention_ms = 60000});
	world_send_many(&w, 1, 0, "m", 350);
	w.now_ms += 60000;
	assert_int_equal(world_simple(&w, QUEUE_TICK, 0), QUEUE_OK);
	assert_int_equal(visible(1), 0);
}

static void test_a_shorter_retention_applies_to_present_messages(void **state)
{
	(void)state;
	world_send(&w, 1, "a");
	world_pass(&w, 120000);
	world_define(&w, 1, (struct queue_settings){.retention_ms = 60000});
	world_turns(&w, 2);
	assert_int_equal(visible(1), 0);
}

static void test_purge_removes_visible_in_flight_and_delayed(void **state)
{
	(void)state;
	world_send(&w, 1, "flies");
	struct queue_handle handle = world_expect(&w, 1, "flies");
	world_send(&w, 1, "stays");
	(void)world_send_as(&w, 1, "late", (struct queue_send){.has_delay = true, .delay_ms = 900});
	assert_int_equal(world_simple(&w, QUEUE_PURGE, 1), QUEUE_OK);
	assert_int_equal(visible(1) + w.counters[1].in_flight + w.counters[1].delayed, 0);
	assert_int_equal(world_delete(&w, handle), QUEUE_MESSAGE_GONE);
	world_send(&w, 1, "new");
	(void)world_expect(&w, 1, "new");
}

static void test_drop_ends_waiting_receives(void **state)
{
	struct world_wait wait = {.command = {.type = QUEUE_RECEIVE, .queue = 1}};

	(void)state;
	wait.command.receive.max = 1;
	wait.command.receive.wait_ms = 20000;
	wait.command.receive.deliveries = wait.deliveries;
	world_submit(&w, &wait.command, &wait.is_answered);
	world_turn(&w);
	assert_false(wait.is_answered);
	assert_int_equal(world_simple(&w, QUEUE_DROP, 1), QUEUE_OK);
	assert_true(wait.is_answered);
	assert_int_equal(wait.command.result, QUEUE_NOT_FOUND);
}

static void submit_wait(struct world_wait *wait, uint64_t queue, uint32_t max)
{
	*wait = (struct world_wait){.command = {.type = QUEUE_RECEIVE, .queue = queue}};
	wait->command.receive.max = max;
	wait->command.receive.wait_ms = 20000;
	wait->command.receive.deliveries = wait->deliveries;
	world_submit(&w, &wait->command, &wait->is_answered);
	world_turn(&w);
}

static void pins_done(struct world_wait *wait)
{
	for (size_t i = 0; i < wait->command.receive.count; i++)
		queue_delivery_done(w.engine, &wait->deliveries[i]);
}

static void test_a_waiting_receive_gets_the_next_message(void **state)
{
	struct world_wait wait;

	(void)state;
	submit_wait(&wait, 1, 10);
	assert_false(wait.is_answered);
	world_send(&w, 1, "a");
	world_turn(&w);
	assert_true(wait.is_answered);
	assert_int_equal(wait.command.receive.count, 1);
	pins_done(&wait);
}

static void test_a_waiting_receive_gets_a_returned_message(void **state)
{
	struct world_wait wait;

	(void)state;
	world_send(&w, 1, "a");
	(void)world_expect(&w, 1, "a");
	submit_wait(&wait, 1, 1);
	world_pass(&w, 19999);
	assert_false(wait.is_answered);
	world_pass(&w, 1);
	assert_true(wait.is_answered);
	assert_int_equal(wait.command.receive.count, 0);
	submit_wait(&wait, 1, 1);
	world_pass(&w, WORLD_VISIBILITY_MS - 20000);
	world_turn(&w);
	assert_int_equal(wait.command.receive.count, 1);
	pins_done(&wait);
}

static void test_the_longest_waiting_receive_is_served_first(void **state)
{
	struct world_wait first, second;

	(void)state;
	submit_wait(&first, 1, 1);
	submit_wait(&second, 1, 1);
	world_send(&w, 1, "a");
	world_turn(&w);
	assert_true(first.is_answered);
	assert_false(second.is_answered);
	world_send(&w, 1, "b");
	world_turn(&w);
	assert_true(second.is_answered);
	pins_done(&first);
	pins_done(&second);
}

static void test_a_short_receive_gets_messages_that_waiting_ones_leave(void **state)
{
	struct world_wait wait, quick;
	struct queue_send sends[2] = {{.id = {1}}, {.id = {2}}};
	struct queue_command send = {.type = QUEUE_SEND, .queue = 1};
	bool is_sent = false;

	(void)state;
	submit_wait(&wait, 1, 1);
	sends[0].payload = sends[1].payload = STR("x");
	send.send.messages = sends;
	send.send.count = 2;
	world_submit(&w, &send, &is_sent);
	/* In the same turn, before the waiting one was served. */
	quick = (struct world_wait){.command = {.type = QUEUE_RECEIVE, .queue = 1}};
	quick.command.receive.max = 1;
	quick.command.receive.deliveries = quick.deliveries;
	world_submit(&w, &quick.command, &quick.is_answered);
	world_turns(&w, 3);
	assert_int_equal(wait.command.receive.count, 1);
	assert_int_equal(quick.command.receive.count, 1);
	pins_done(&wait);
	pins_done(&quick);
}

static void test_a_cancelled_receive_ends_empty(void **state)
{
	struct world_wait wait;
	struct queue_command cancel = {.type = QUEUE_CANCEL, .queue = 1};

	(void)state;
	submit_wait(&wait, 1, 1);
	cancel.cancel = &wait.command;
	assert_int_equal(world_run(&w, &cancel), QUEUE_OK);
	assert_true(wait.is_answered);
	assert_int_equal(wait.command.receive.count, 0);
	world_send(&w, 1, "a");
	(void)world_expect(&w, 1, "a");
}

enum { HOUR_MS = 3600000 };

static void test_waiting_ends_in_time_though_the_clock_is_set_back(void **state)
{
	struct world_wait wait;

	(void)state;
	submit_wait(&wait, 2, 1);
	w.wall_offset_ms -= HOUR_MS;
	world_pass(&w, 19000);
	assert_false(wait.is_answered);
	world_pass(&w, 1000);
	assert_true(wait.is_answered);
}

static void test_a_visibility_timeout_lasts_as_long_whatever_the_clock_does(void **state)
{
	static const int64_t jumps_ms[] = {-HOUR_MS, HOUR_MS};

	(void)state;
	world_send(&w, 1, "a");
	for (size_t i = 0; i < 2; i++) {
		(void)world_expect(&w, 1, "a");
		w.wall_offset_ms += jumps_ms[i];
		world_pass(&w, WORLD_VISIBILITY_MS - 1);
		assert_int_equal(world_receive(&w, 1, 1), 0);
		world_pass(&w, 1);
	}
	assert_int_equal(visible(1), 1);
}

static void test_a_visibility_timeout_ends_after_a_restart_with_the_clock_set_back(void **state)
{
	(void)state;
	world_send(&w, 1, "a");
	(void)world_expect(&w, 1, "a");
	w.wall_offset_ms -= HOUR_MS;
	world_restart(&w);
	world_turn(&w);
	assert_int_equal(visible(1), 0);
	world_pass(&w, WORLD_VISIBILITY_MS);
	assert_int_equal(visible(1), 1);
}

static void test_time_passes_while_the_server_is_down(void **state)
{
	(void)state;
	world_send(&w, 1, "a");
	(void)world_expect(&w, 1, "a");
	w.now_ms += WORLD_VISIBILITY_MS - 1;
	world_restart(&w);
	world_turn(&w);
	assert_int_equal(visible(1), 0);
	world_pass(&w, 1);
	assert_int_equal(visible(1), 1);
}

static void test_the_clock_that_was_set_back_is_known_after_a_restart(void **state)
{
	(void)state;
	w.wall_offset_ms -= HOUR_MS;
	world_send(&w, 1, "a");
	(void)world_expect(&w, 1, "a");
	world_checkpoint(&w);
	w.now_ms += WORLD_VISIBILITY_MS - 1;
	world_restart(&w);
	world_turn(&w);
	assert_int_equal(visible(1), 0);
	world_pass(&w, 1);
	assert_int_equal(visible(1), 1);
}

static void test_times_that_are_shown_are_wall_times(void **state)
{
	(void)state;
	w.wall_offset_ms += HOUR_MS;
	world_send(&w, 1, "a");
	(void)world_expect(&w, 1, "a");
	assert_int_equal(w.deliveries[0].first_receive_ms, w.now_ms + HOUR_MS);
	assert_int_equal(world_read(&w, 0).sent_ms, w.now_ms + HOUR_MS);
}

static void test_in_flight_messages_are_limited(void **state)
{
	struct queue_command receive = {.receive = {.max = 10}};

	(void)state;
	world_send_many(&w, 1, 0, "m", LIMIT_INFLIGHT_MESSAGES + 10);
	size_t received = world_receive(&w, 1, 5);
	for (; received < LIMIT_INFLIGHT_MESSAGES; received += w.delivery_count)
		assert_true(world_receive(&w, 1, 10) > 0);
	assert_int_equal(received, LIMIT_INFLIGHT_MESSAGES);
	struct queue_handle handle = w.deliveries[0].handle;
	assert_int_equal(world_receive_as(&w, 1, receive), QUEUE_OVER_LIMIT);
	assert_int_equal(world_delete(&w, handle), QUEUE_OK);
	assert_int_equal(world_receive_as(&w, 1, receive), QUEUE_OK);
	assert_int_equal(w.delivery_count, 1);
}

static enum queue_result give_back(struct queue_handle handle)
{
	return world_change(&w, QUEUE_GIVE_BACK, handle, 0);
}

static void test_a_message_that_is_given_back_was_not_received(void **state)
{
	(void)state;
	world_send(&w, 1, "a");
	world_send(&w, 1, "b");
	struct queue_handle handle = world_expect(&w, 1, "a");
	assert_int_equal(give_back(handle), QUEUE_OK);
	assert_int_equal(visible(1), 2);
	assert_int_equal(atomic_load(&w.counters[1].received), 0);
	(void)world_expect(&w, 1, "b"); /* it is behind the others */
	world_pass(&w, 1000);
	(void)world_expect(&w, 1, "a");
	assert_int_equal(w.deliveries[0].receive_count, 1);
	assert_int_equal(w.deliveries[0].first_receive_ms, w.now_ms);
	assert_int_equal(give_back(handle), QUEUE_HANDLE_EXPIRED); /* of another receive */
	assert_int_equal(visible(1), 0);
}

static void test_given_back_messages_stay_so_after_a_restart(void **state)
{
	(void)state;
	world_define(&w, 1,
		     (struct queue_settings){
			     .dead_letter = 2, .max_receive_count = 1, .label = STR("origin")});
	world_send(&w, 1, "a");
	for (int i = 0; i < 3; i++) {
		struct queue_handle handle = world_expect(&w, 1, "a");
		assert_int_equal(give_back(handle), QUEUE_OK);
		world_restart(&w);
		world_checkpoint(&w);
		world_restart(&w);
	}
	(void)world_expect(&w, 1, "a");
	assert_int_equal(w.deliveries[0].receive_count, 1);
	world_pass(&w, WORLD_VISIBILITY_MS);
	assert_int_equal(world_receive(&w, 1, 1), 0);
	(void)world_expect(&w, 2, "a");
}

static void test_a_message_moves_to_the_dead_letter_queue(void **state)
{
	(void)state;
	world_define(&w, 1,
		     (struct queue_settings){
			     .dead_letter = 2, .max_receive_count = 2, .label = STR("origin")});
	world_send(&w, 1, "a");
	for (int i = 0; i < 2; i++) {
		struct queue_handle handle = world_expect(&w, 1, "a");
		assert_int_equal(world_visibility(&w, handle, 0), QUEUE_OK);
	}
	assert_int_equal(visible(2), 0);
	world_pass(&w, 1000);
	assert_int_equal(world_receive(&w, 1, 1), 0);
	assert_int_equal(world_receive(&w, 2, 1), 1);
	assert_int_equal(w.deliveries[0].receive_count, 3);
	assert_int_equal(w.deliveries[0].handle.receive, 1);
	assert_int_equal(w.deliveries[0].first_receive_ms, 1000000);
	struct queue_message message = world_read(&w, 0);
	assert_int_equal(message.id[0], 1);
	assert_int_equal(message.sent_ms, 1000000);
	assert_int_equal(w.counters[1].moved_out, 1);
	assert_int_equal(w.counters[2].moved_in, 1);
}

static void test_a_moved_message_names_its_origin(void **state)
{
	struct buf buffer = {0};
	struct queue_message message;

	(void)state;
	world_define(&w, 1,
		     (struct queue_settings){
			     .dead_letter = 2, .max_receive_count = 1, .label = STR("origin")});
	world_send(&w, 1, "a");
	assert_int_equal(world_visibility(&w, world_expect(&w, 1, "a"), 0), QUEUE_OK);
	assert_int_equal(world_receive(&w, 1, 1), 0);
	assert_int_equal(world_receive(&w, 2, 1), 1);
	assert_int_equal(queue_read_message(w.engine, w.deliveries[0].location, &buffer, &message),
			 ERR_OK);
	assert_true(str_equal(message.origin, STR("origin")));
	buf_done(&buffer);
}

static void test_retention_of_a_moved_message_counts_from_its_first_sending(void **state)
{
	(void)state;
	world_define(&w, 1, (struct queue_settings){.dead_letter = 2, .max_receive_count = 1});
	world_define(&w, 2, (struct queue_settings){.retention_ms = 60000});
	world_send(&w, 1, "a");
	assert_int_equal(world_visibility(&w, world_expect(&w, 1, "a"), 0), QUEUE_OK);
	world_pass(&w, 59000);
	assert_int_equal(world_receive(&w, 1, 1), 0);
	assert_int_equal(visible(2), 1);
	world_pass(&w, 1000);
	assert_int_equal(visible(2), 0);
}

static void test_an_old_message_moved_behind_a_young_one_expires_first(void **state)
{
	(void)state;
	world_define(&w, 1, (struct queue_settings){.dead_letter = 2, .max_receive_count = 1});
	world_define(&w, 2, (struct queue_settings){.retention_ms = 60000});
	world_send(&w, 1, "old");
	assert_int_equal(world_visibility(&w, world_expect(&w, 1, "old"), 0), QUEUE_OK);
	world_pass(&w, 30000);
	world_send(&w, 2, "young");
	assert_int_equal(world_receive(&w, 1, 1), 0);
	assert_int_equal(visible(2), 2);
	world_pass(&w, 30000);
	assert_int_equal(visible(2), 1);
	(void)world_expect(&w, 2, "young");
}

static void test_without_its_dead_letter_queue_a_message_stays(void **state)
{
	(void)state;
	world_define(&w, 1, (struct queue_settings){.dead_letter = 7, .max_receive_count = 1});
	world_send(&w, 1, "a");
	for (int i = 0; i < 3; i++)
		assert_int_equal(world_visibility(&w, world_expect(&w, 1, "a"), 0), QUEUE_OK);
}

static uint64_t find_label(void *context, struct str label)
{
	(void)context;
	return str_equal(label, STR("one")) ? 1 : 0;
}

static void redrive(struct queue_command *command, uint64_t from, uint64_t to)
{
	*command = (struct queue_command){.type = QUEUE_REDRIVE, .queue = from};
	command->redrive.to = to;
	command->redrive.max = 500;
	command->redrive.find_label = find_label;
	command->redrive.random = 7;
	assert_int_equal(world_run(&w, command), QUEUE_OK);
}

static void move_to_dead_letters(const char *text)
{
	world_send(&w, 1, text);
	assert_int_equal(world_visibility(&w, world_expect(&w, 1, text), 0), QUEUE_OK);
	assert_int_equal(world_receive(&w, 1, 1), 0);
}

static void test_redrive_makes_new_messages_of_old_ones(void **state)
{
	struct queue_command command;

	(void)state;
	world_define(&w, 1,
		     (struct queue_settings){
			     .dead_letter = 2, .max_receive_count = 1, .label = STR("one")});
	move_to_dead_letters("a");
	world_pass(&w, 5000);
	redrive(&command, 2, 0);
	assert_int_equal(command.redrive.moved, 1);
	assert_true(command.redrive.is_empty);
	assert_int_equal(visible(2), 0);
	(void)world_expect(&w, 1, "a");
	assert_int_equal(w.deliveries[0].receive_count, 1);
	struct queue_message message = world_read(&w, 0);
	assert_int_equal(message.sent_ms, 1005000);
	assert_true(message.id[0] != 1 || message.id[1] != 0);
}

static void test_redrive_stops_at_a_message_of_unknown_origin(void **state)
{
	struct queue_command command;

	(void)state;
	world_send(&w, 2, "straight");
	redrive(&command, 2, 0);
	assert_int_equal(command.redrive.moved, 0);
	assert_true(command.redrive.is_unknown_source);
}

static void test_redrive_leaves_messages_in_flight(void **state)
{
	struct queue_command command;

	(void)state;
	world_send_many(&w, 2, 0, "m", 3);
	(void)world_expect(&w, 2, "m0");
	redrive(&command, 2, 1);
	assert_int_equal(command.redrive.moved, 2);
	assert_int_equal(w.counters[2].in_flight, 1);
}

static void test_redrive_does_not_revive_expired_messages(void **state)
{
	struct queue_command command;

	(void)state;
	world_define(&w, 1,
		     (struct queue_settings){
			     .dead_letter = 2, .max_receive_count = 1, .label = STR("one")});
	world_define(&w, 2, (struct queue_settings){.retention_ms = 60000});
	/* A younger message in front keeps the retention timer from finding the moved one. */
	world_send(&w, 1, "old");
	assert_int_equal(world_visibility(&w, world_expect(&w, 1, "old"), 0), QUEUE_OK);
	world_pass(&w, 30000);
	world_send(&w, 2, "young");
	assert_int_equal(world_receive(&w, 1, 1), 0);
	world_pass(&w, 30000);
	redrive(&command, 2, 1);
	assert_int_equal(command.redrive.moved, 1);
	(void)world_expect(&w, 1, "young");
	assert_int_equal(world_receive(&w, 1, 1), 0);
}

static void test_browse_shows_every_state_and_receives_nothing(void **state)
{
	(void)state;
	world_send(&w, 1, "flies");
	(void)world_expect(&w, 1, "flies");
	world_send(&w, 1, "waits");
	(void)world_send_as(&w, 1, "late", (struct queue_send){.has_delay = true, .delay_ms = 900});
	assert_int_equal(world_browse(&w, 1, 0, 100), 3);
	assert_int_equal(w.deliveries[0].state, QUEUE_IS_IN_FLIGHT);
	assert_int_equal(w.deliveries[0].visible_at_ms, 1000000 + WORLD_VISIBILITY_MS);
	assert_int_equal(w.deliveries[1].state, QUEUE_IS_VISIBLE);
	assert_int_equal(w.deliveries[2].state, QUEUE_IS_DELAYED);
	assert_int_equal(w.deliveries[2].visible_at_ms, 1000900);
	assert_int_equal(w.deliveries[1].receive_count, 0);
	assert_int_equal(visible(1), 1);
}

static void test_browse_continues_at_the_end_of_the_previous_page(void **state)
{
	(void)state;
	world_send_many(&w, 1, 0, "m", 25);
	assert_int_equal(world_browse(&w, 1, 0, 10), 10);
	assert_int_equal(world_browse(&w, 1, w.deliveries[9].handle.seq, 10), 10);
	assert_string_equal(world_text(&w, 0), "m10");
	assert_int_equal(world_browse(&w, 1, w.deliveries[9].handle.seq, 10), 5);
	assert_string_equal(world_text(&w, 4), "m24");
}

static void test_a_stopped_engine_answers_waiting_receives_and_refuses_the_rest(void **state)
{
	struct world_wait wait;

	(void)state;
	submit_wait(&wait, 1, 1);
	engine_stop(w.engine);
	assert_true(wait.is_answered);
	assert_int_equal(world_send_as(&w, 1, "a", (struct queue_send){.group = 0}).result,
			 QUEUE_STOPPING);
	world_turns(&w, 10);
	assert_true(engine_is_idle(w.engine));
}
