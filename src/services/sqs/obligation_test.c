/* SPDX-License-Identifier: MIT */
/*
 * Obligations of a test service beside queues, on a disk in memory: what is stored with a delivery,
 * and how attempts end. Endpoints are a server of this process.
 */
#include "core/obligation_list.h"

#include <poll.h>
#include <pthread.h>

#include "queue/numbers.h"
#include "services/sqs/endpoint_fixture.h"
#include "services/sqs/target_fixture.h"

enum { PATIENCE_MS = 20000, ENDS_MAX = 64 };

/* ---- the kind: its bytes say what to do ---- */

static enum obligation_end ends[ENDS_MAX];
static uint32_t end_attempts[ENDS_MAX];
static _Atomic size_t end_count;
static _Atomic int held, parked;
static _Atomic bool may_go_on;
static const char *dead_letter_arn;
static int64_t age_ms_max, wait_ms;
static uint32_t rate_milli;

static enum obligation_step fill(struct obligation_attempt *attempt)
{
	attempt->age_ms_max = age_ms_max;
	attempt->rate_milli = rate_milli;
	if (str_starts(attempt->bytes, STR("arn:"))) {
		attempt->is_to_target = true;
		attempt->target = (struct obligation_target){
			.arn = attempt->bytes,
			.caller = {.identity = INTERNAL_AS_SERVICE,
				   .service = STR("sns.amazonaws.com"),
				   .source_arn = STR("arn:aws:sns:us-east-1:" ACCOUNT ":news"),
				   .source_account = STR(ACCOUNT)},
			.payload = {.body = attempt->shared},
		};
		return OBLIGATION_READY;
	}
	attempt->http = (struct obligation_http){
		.url = arena_format(attempt->arena, "http://127.0.0.1:%d/", endpoint_port),
		.method = STR("POST"),
		.body = attempt->shared,
	};
	return OBLIGATION_READY;
}

static void go_on_at_home(struct obligation_attempt *attempt)
{
	assert_null(obligation_home(attempt)); /* main */
	atomic_fetch_add(&parked, 1);
	obligation_continue(attempt, fill(attempt));
}

static enum obligation_step prepare(struct obligation_attempt *attempt)
{
	if (str_equal(attempt->bytes, STR("drop")))
		return OBLIGATION_DROP;
	if (str_equal(attempt->bytes, STR("fail"))) {
		attempt->failure = (struct obligation_failure){.code = STR("Gone"),
							       .text = STR("It is gone.")};
		return OBLIGATION_FAIL;
	}
	if (str_equal(attempt->bytes, STR("hold")) && !atomic_load(&may_go_on)) {
		atomic_fetch_add(&held, 1);
		attempt->hold_ms = 5;
		attempt->failure = (struct obligation_failure){.code = STR("Disabled"),
							       .text = STR("The key is disabled.")};
		return OBLIGATION_HOLD;
	}
	if (str_equal(attempt->bytes, STR("park"))) {
		obligation_on_home(attempt, go_on_at_home);
		return OBLIGATION_PARKED;
	}
	return fill(attempt);
}

static int64_t retry_ms(struct obligation_attempt *attempt)
{
	return attempt->attempts < 4 ? wait_ms : -1;
}

static bool dead_letter(struct obligation_attempt *attempt, struct obligation_target *out)
{
	struct target_attribute *attribute = arena_new(attempt->arena, struct target_attribute);

	if (!dead_letter_arn)
		return false;
	*attribute =
		(struct target_attribute){STR("ErrorCode"), STR("String"), attempt->failure.code};
	*out = (struct obligation_target){
		.arn = str_from(dead_letter_arn),
		.caller = {.identity = INTERNAL_AS_SERVICE,
			   .service = STR("sns.amazonaws.com"),
			   .source_arn = STR("arn:aws:sns:us-east-1:" ACCOUNT ":news"),
			   .source_account = STR(ACCOUNT)},
		.payload = {.body = attempt->shared, .attributes = attribute, .attribute_count = 1},
	};
	return true;
}

static void ended(struct obligation_attempt *attempt, enum obligation_end end)
{
	size_t place = atomic_load(&end_count);

	if (place < ENDS_MAX) {
		ends[place] = end;
		end_attempts[place] = attempt->attempts;
	}
	atomic_store(&end_count, place + 1);
}

static const struct obligation_kind kind = {
	.number = OBLIGATION_TEST,
	.name = "test",
	.prepare = prepare,
	.retry_ms = retry_ms,
	.dead_letter = dead_letter,
	.ended = ended,
};

static const struct obligation_kind *const kinds[] = {&kind};
static const struct service test_service = {.name = STR_INIT("test")};
static const struct service_module test_module = {
	.service = &test_service,
	.bind = bind_nothing,
	.stage = SERVICE_AFTER_ENGINE,
	.obligations = kinds,
	.obligation_count = 1,
};

/* ---- the server ---- */

static struct outbound *outbound;

static int setup(void **state)
{
	other_module = &test_module;
	atomic_store(&end_count, 0);
	atomic_store(&held, 0);
	atomic_store(&parked, 0);
	atomic_store(&may_go_on, false);
	dead_letter_arn = NULL;
	age_ms_max = 0;
	wait_ms = 10;
	rate_milli = 0;
	return open_server(state);
}

static void turn(void)
{
	(void)control_drain(&core);
	runner_turn(core.runners[0]);
}

static void start_delivering(void)
{
	struct outbound_options options = {0};
	char problem[256];

	assert_int_equal(outbound_new(&options, &outbound, problem, sizeof(problem)), ERR_OK);
	obligations_start(&core, outbound, NULL, 0);
}

static void *stop_delivering_beside(void *is_done)
{
	obligations_stop(&core, 1000);
	atomic_store((_Atomic bool *)is_done, true);
	return NULL;
}

/* Main steps the engine while the threads of deliver end. */
static void stop_delivering(void)
{
	_Atomic bool is_done = false;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, stop_delivering_beside, (void *)&is_done),
			 0);
	while (!atomic_load(&is_done))
		turn();
	pthread_join(thread, NULL);
	outbound_free(&outbound);
}

static int teardown(void **state)
{
	if (outbound)
		stop_delivering();
	return close_server(state);
}

/* Stored obligations, and the record of the last. */
static size_t owed(struct obligation_record *out_last)
{
	struct queue_delivery deliveries[100];
	size_t count = 0;

	for (int ordered = 0; ordered < 2; ordered++) {
		struct queue_command command = {.type = QUEUE_BROWSE,
						.queue = obligation_queue(&core, 0, ordered)};
		command.browse.max = 100;
		command.browse.deliveries = deliveries;
		core_submit_and_wait(&core, &command);
		assert_int_equal(command.result, QUEUE_OK);
		for (size_t i = 0; i < command.browse.count; i++) {
			struct queue_message message;
			struct buf buffer = {0};
			struct str plain;
			assert_int_equal(queue_read_message(core.engines[0], deliveries[i].location,
							    &buffer, &message),
					 ERR_OK);
			queue_delivery_done(core.engines[0], &deliveries[i]);
			struct str sealed = arena_copy(&arena, message.payload);
			buf_done(&buffer);
			assert_int_equal(seal_open(core.seal, (char *)(uintptr_t)sealed.data,
						   sealed.size, &plain),
					 ERR_OK);
			struct obligation_record record;
			assert_int_equal(obligation_record_decode(plain, &record), ERR_OK);
			if (out_last)
				*out_last = record;
		}
		count += command.browse.count;
	}
	return count;
}

static void deliver_all(void)
{
	int64_t end_ms = clock_steady_ns() / 1000000 + PATIENCE_MS;

	do {
		for (int i = 0; i < 20; i++)
			turn();
		poll(NULL, 0, 1);
	} while (owed(NULL) > 0 && clock_steady_ns() / 1000000 < end_ms);
	assert_int_equal(owed(NULL), 0);
}

static void wait_for_ends(size_t count)
{
	int64_t end_ms = clock_steady_ns() / 1000000 + PATIENCE_MS;

	while (atomic_load(&end_count) < count && clock_steady_ns() / 1000000 < end_ms)
		turn();
	assert_true(atomic_load(&end_count) >= count);
}

static void on_done(void *context)
{
	(*(int *)context)++;
}

static void run(struct target_send *send)
{
	static const struct internal_caller sns = {
		.identity = INTERNAL_AS_SERVICE,
		.service = STR_INIT("sns.amazonaws.com"),
		.source_arn = STR_INIT("arn:aws:sns:us-east-1:" ACCOUNT ":news"),
		.source_account = STR_INIT(ACCOUNT),
	};
	int done = 0;

	send->caller = &sns;
	target_deliver(&core, NULL, send, on_done, &done);
	while (done == 0)
		turn();
	assert_int_equal(done, 1);
}

static struct obligation obligation_of(const char *bytes)
{
	return (struct obligation){
		.kind = OBLIGATION_TEST,
		.account = STR(ACCOUNT),
		.source = STR("arn:aws:sns:us-east-1:" ACCOUNT ":news:1"),
		.endpoint = STR("http://127.0.0.1"),
		.bytes = str_from(bytes),
		.shared = STR("hello"),
	};
}

static void oblige(const char *bytes)
{
	struct obligation obligation = obligation_of(bytes);
	struct target_send send = {.obligations = &obligation, .obligation_count = 1};

	run(&send);
	assert_true(obligation.is_stored);
}

static int64_t visible(const char *arn)
{
	const struct sqs_queue *queue =
		sqs_registry_find_arn(sqs_of(&core)->registry, str_from(arn));
	int64_t count = atomic_load(&queue->life->counters.visible);

	sqs_queue_release(queue);
	return count;
}

/* ---- storing ---- */

static void test_obligations_are_stored_without_and_beside_queues(void **state)
{
	struct obligation obligations[3];
	struct target_payload payloads[2] = {{.body = STR("a")}, {.body = STR("b")}};
	struct target_result results[2];
	struct target_delivery delivery = {STR(ARN("plain")), payloads, 2, results, NULL, 0};
	struct target_send send = {.deliveries = &delivery,
				   .count = 1,
				   .obligations = obligations,
				   .obligation_count = 3};
	struct obligation_record record;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		obligations[i] = obligation_of("any");
		obligations[i].index = i;
	}
	run(&send);
	for (size_t i = 0; i < 3; i++)
		assert_true(obligations[i].is_stored);
	assert_int_equal(results[1].outcome, TARGET_DELIVERED);
	assert_int_equal(visible(ARN("plain")), 2);
	assert_int_equal(owed(&record), 3);
	assert_true(str_equal(record.source, obligations[0].source));
	assert_true(str_equal(record.bytes, STR("any")));
	assert_true(str_equal(record.shared, STR("hello")));
	assert_int_equal(record.kind, OBLIGATION_TEST);
	assert_int_equal(record.attempts, 0);
	oblige("any");
	assert_int_equal(owed(NULL), 4);
}

static bool owe_instead(void *context, const struct target_delivery *delivery, size_t index,
			struct arena *memory, struct obligation *out)
{
	size_t *calls = context;

	(*calls)++;
	assert_int_not_equal(delivery->results[index].outcome, TARGET_DELIVERED);
	if (str_ends(delivery->arn, STR("gone")))
		return false;
	*out = obligation_of("any");
	out->endpoint = arena_copy(memory, delivery->arn);
	return true;
}

static void test_what_is_not_delivered_is_owed_instead(void **state)
{
	static const char *const arns[] = {ARN("plain"), ARN("closed"), ARN("gone"),
					   "arn:aws:s3:::bucket"};
	struct target_payload payload = {.body = STR("a")};
	struct target_result results[4];
	struct target_delivery deliveries[4];
	size_t calls = 0;
	struct target_send send = {.deliveries = deliveries,
				   .count = 4,
				   .instead = owe_instead,
				   .instead_context = &calls};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		deliveries[i] = (struct target_delivery){str_from(arns[i]), &payload, 1,
							 &results[i],	    NULL,     0};
	run(&send);
	assert_int_equal(calls, 3);
	assert_false(results[0].is_owed);
	assert_true(results[1].is_owed);
	assert_false(results[2].is_owed);
	assert_true(results[3].is_owed);
	assert_int_equal(visible(ARN("plain")), 1);
	assert_int_equal(owed(NULL), 2);
}

/* From the second time on without requests; the third time, a queue has left the engine. */
static void test_deliveries_without_requests_may_be_owed_instead(void **state)
{
	static const char *const arns[] = {ARN("open"), ARN("plain"), "arn:aws:s3:::bucket"};
	const struct internal_caller caller = {
		.service = STR("sns.amazonaws.com"),
		.source_arn = STR("arn:aws:sns:us-east-1:" ACCOUNT ":news"),
		.source_account = STR(ACCOUNT)};
	struct target_payload payload = {.body = STR("a")};
	struct target_result results[3];
	struct target_delivery deliveries[3];
	size_t calls = 0;
	struct target_send send = {&caller, .deliveries = deliveries, .count = 3};

	(void)state;
	send.instead = owe_instead;
	send.instead_context = &calls;
	for (size_t i = 0; i < 3; i++)
		deliveries[i] = (struct target_delivery){
			str_from(arns[i]), &payload, 1, &results[i], NULL, target_seat_new()};
	for (size_t round = 1; round <= 3; round++) {
		uint64_t before = internal_stats_read(&core).requests;
		if (round == 3)
			drop_in_engine(ARN("plain"));
		run(&send);
		before = internal_stats_read(&core).requests - before;
		assert_int_equal(before, round == 1 ? 2 : 0);
		assert_int_equal(results[1].is_owed, round == 3);
		assert_true(results[2].is_owed);
		assert_int_equal(visible(ARN("open")), round);
		assert_int_equal(calls, round == 3 ? 4 : round);
	}
	assert_int_equal(owed(NULL), 4);
}

static void test_after_a_crash_queues_and_obligations_have_it_or_none(void **state)
{
	size_t all = 0, none = 0;

	(void)state;
	for (uint64_t point = 0; point <= 6; point++) {
		for (uint64_t seed = 1; seed <= 4; seed++) {
			struct obligation obligation = obligation_of("any");
			struct target_payload payload = {.body = STR("a")};
			struct target_result results[2];
			struct target_delivery deliveries[2] = {
				{STR(ARN("plain")), &payload, 1, &results[0], NULL, 0},
				{STR(ARN("open")), &payload, 1, &results[1], NULL, 0}};
			struct target_send send = {.deliveries = deliveries,
						   .count = 2,
						   .obligations = &obligation,
						   .obligation_count = 1};
			int64_t before = visible(ARN("plain"));
			disk_memory_set_faults(disk, (struct disk_faults){.crash_after = point});
			run(&send);
			stop_server();
			disk_memory_crash(disk, seed);
			assert_int_equal(start_server(), 0);
			int64_t after = visible(ARN("plain"));
			assert_int_equal(visible(ARN("open")), after);
			assert_int_equal(owed(NULL), after);
			if (obligation.is_stored)
				assert_int_equal(after, before + 1);
			*(after > before ? &all : &none) += 1;
		}
	}
	assert_true(all > 0);
	assert_true(none > 0);
}

/* A publish of a FIFO topic to `arn` (NULL: to no queue) and to an obligation. */
static enum queue_result publish_gated(const char *arn, uint8_t dedup, uint64_t number,
				       struct queue_gate *out_gate)
{
	static uint8_t id[16];
	enum queue_result gated = QUEUE_FAILED;
	struct obligation obligation = obligation_of("any");
	struct target_payload payload = {.body = STR("a"), .group = STR("g"), .dedup = STR("d")};
	struct target_result result = {.outcome = TARGET_FAILED};
	struct target_delivery delivery = {
		arn ? str_from(arn) : STR(""), &payload, 1, &result, NULL, 0};
	struct queue_gate gate = {.queue = queue_number(QUEUE_KIND_TOPICS, 0),
				  .group = 1,
				  .dedup = {dedup},
				  .number = number};
	struct queue_target archive = {
		.queue = gate.queue, .own = STR("kept"), .is_whole = true, .group = 1};
	struct target_send send = {.deliveries = &delivery,
				   .count = arn ? 1 : 0,
				   .obligations = &obligation,
				   .obligation_count = 1,
				   .gate = &gate,
				   .id = id,
				   .archives = &archive,
				   .archive_count = 1,
				   .out_gated = &gated};

	id[0]++;
	run(&send);
	assert_int_equal(obligation.is_stored, gated == QUEUE_OK);
	*out_gate = gate;
	return gated;
}

static void test_a_gate_decides_for_queues_and_obligations(void **state)
{
	static struct queue_counters counters;
	static const char *const arns[] = {ARN("plain"), NULL, ARN("gone")};
	struct queue_command command = {.type = QUEUE_DEFINE,
					.queue = queue_number(QUEUE_KIND_TOPICS, 0)};
	struct queue_gate gate;
	uint64_t number = 1;

	(void)state;
	command.define.settings =
		(struct queue_settings){.is_fifo = true, .retention_ms = 86400000};
	command.define.counters = &counters;
	core_submit_and_wait(&core, &command);
	assert_int_equal(command.result, QUEUE_OK);
	for (size_t i = 0; i < 3; i++) {
		size_t before = owed(NULL);
		assert_int_equal(publish_gated(arns[i], (uint8_t)i, number, &gate), QUEUE_OK);
		assert_false(gate.is_duplicate);
		assert_int_equal(owed(NULL), before + 1);
		assert_int_equal(publish_gated(arns[i], (uint8_t)i, number + 1, &gate), QUEUE_OK);
		assert_true(gate.is_duplicate);
		assert_int_equal(publish_gated(arns[i], (uint8_t)(100 + i), number, &gate),
				 QUEUE_OUT_OF_ORDER);
		assert_int_equal(owed(NULL), before + 1);
		assert_int_equal(visible(ARN("plain")), 1);
		number += 10;
	}
	assert_int_equal(atomic_load(&counters.sent), 3);
}

/* ---- attempts ---- */

static void test_http_is_retried_until_it_is_accepted(void **state)
{
	static const int statuses[8] = {503, 0, 429, 204, 204};

	(void)state;
	serve_script(statuses);
	start_delivering();
	oblige("http");
	deliver_all();
	wait_for_ends(4);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(ends[i],
				 i < 3 ? OBLIGATION_END_RETRIED : OBLIGATION_END_DELIVERED);
		assert_int_equal(end_attempts[i], i + 1);
	}
	assert_int_equal(atomic_load(&requests), 4);
	stop_delivering();
}

static void test_a_stored_obligation_says_why_it_waits(void **state)
{
	static const int statuses[8] = {503, 200};
	struct obligation_record record;

	(void)state;
	serve_script(statuses);
	start_delivering();
	oblige("http");
	wait_for_ends(1);
	stop_delivering();
	if (owed(&record) > 0) {
		assert_true(str_equal(record.failure.code, STR("HTTP503")));
		assert_int_equal(record.failure.status, 503);
		assert_int_equal(record.attempts, 1);
	}
}

static void test_what_is_refused_becomes_a_dead_letter(void **state)
{
	static const int statuses[8] = {404};

	(void)state;
	dead_letter_arn = ARN("plain");
	serve_script(statuses);
	start_delivering();
	oblige("http");
	deliver_all();
	wait_for_ends(1);
	assert_int_equal(ends[0], OBLIGATION_END_DEAD_LETTER);
	assert_int_equal(visible(ARN("plain")), 1);
	oblige("fail");
	deliver_all();
	assert_int_equal(visible(ARN("plain")), 2);
	stop_delivering();
}

static void test_attempts_end_with_the_schedule(void **state)
{
	static const int statuses[8] = {500, 500, 500, 500, 500, 500, 500, 500};

	(void)state;
	serve_script(statuses);
	start_delivering();
	oblige("http");
	deliver_all();
	wait_for_ends(4);
	assert_int_equal(atomic_load(&requests), 4);
	assert_int_equal(ends[3], OBLIGATION_END_GIVEN_UP);
	stop_delivering();
}

static void test_a_dead_letter_waits_until_its_target_takes_it(void **state)
{
	static const int statuses[8] = {404};
	struct obligation_record record = {0};

	(void)state;
	dead_letter_arn = ARN("closed");
	serve_script(statuses);
	start_delivering();
	oblige("http");
	int64_t end_ms = clock_steady_ns() / 1000000 + PATIENCE_MS;
	while (!record.is_dead_letter && clock_steady_ns() / 1000000 < end_ms) {
		for (int i = 0; i < 20; i++)
			turn();
		assert_int_equal(owed(&record), 1);
	}
	assert_true(record.is_dead_letter);
	assert_true(record.failure.code.size > 0);
	dead_letter_arn = ARN("plain");
	clock_shift(2000);
	deliver_all();
	assert_int_equal(visible(ARN("plain")), 1);
	wait_for_ends(1);
	assert_int_equal(ends[0], OBLIGATION_END_DEAD_LETTER);
	stop_delivering();
	clock_shift(-clock_offset_ms());
}

static void test_a_hold_does_not_count_and_a_drop_ends(void **state)
{
	static const int statuses[8] = {200};
	struct obligation_record record;

	(void)state;
	serve_script(statuses);
	start_delivering();
	oblige("hold");
	int64_t end_ms = clock_steady_ns() / 1000000 + PATIENCE_MS;
	while (atomic_load(&held) < 6 && clock_steady_ns() / 1000000 < end_ms)
		turn();
	assert_int_equal(owed(&record), 1);
	assert_true(str_equal(record.failure.code, STR("Disabled")));
	atomic_store(&may_go_on, true);
	deliver_all();
	assert_int_equal(ends[0], OBLIGATION_END_DELIVERED);
	assert_int_equal(end_attempts[0], 1);
	oblige("drop");
	deliver_all();
	assert_int_equal(ends[1], OBLIGATION_END_DROPPED);
	stop_delivering();
}

static void test_a_parked_attempt_goes_on_from_its_home(void **state)
{
	static const int statuses[8] = {200};

	(void)state;
	serve_script(statuses);
	start_delivering();
	oblige("park");
	deliver_all();
	assert_int_equal(atomic_load(&parked), 1);
	assert_int_equal(ends[0], OBLIGATION_END_DELIVERED);
	stop_delivering();
}

static void test_age_ends_attempts(void **state)
{
	static const int statuses[8] = {500, 500, 500, 500, 500, 500, 500, 500};

	(void)state;
	age_ms_max = 1;
	serve_script(statuses);
	start_delivering();
	oblige("http");
	deliver_all();
	assert_true(atomic_load(&requests) <= 2);
	assert_int_equal(ends[atomic_load(&end_count) - 1], OBLIGATION_END_GIVEN_UP);
	stop_delivering();
}

static struct obligation_view first_listed(void)
{
	struct obligation_page page;

	assert_int_equal(obligations_read(&core, &arena, (struct obligation_place){0}, 100, &page),
			 ERR_OK);
	assert_int_equal(page.count, 1);
	assert_true(page.has_more); /* the ordered ones */
	assert_int_equal(page.next.queue, 1);
	return page.items[0];
}

static struct obligation_view wait_for_state(enum obligation_state wanted)
{
	int64_t end_ms = clock_steady_ns() / 1000000 + PATIENCE_MS;
	struct obligation_view view;

	do {
		for (int i = 0; i < 20; i++)
			turn();
		view = first_listed();
	} while (view.state != wanted && clock_steady_ns() / 1000000 < end_ms);
	assert_int_equal(view.state, wanted);
	return view;
}

/* The second failure is the same as the first: a visibility timeout, not a delayed copy. */
static void test_the_list_shows_why_it_waits_and_lets_it_be_retried(void **state)
{
	static const int statuses[8] = {503, 503, 200};

	(void)state;
	wait_ms = 600000;
	serve_script(statuses);
	start_delivering();
	oblige("http");
	for (uint32_t i = 1; i <= 2; i++) {
		wait_for_ends(i);
		struct obligation_view view = wait_for_state(OBLIGATION_IS_WAITING);
		assert_int_equal(view.attempts, i);
		assert_string_equal(view.kind, "test");
		assert_true(str_equal(view.record.failure.code, STR("HTTP503")));
		assert_true(view.next_ms > clock_now_ms() + 500000);
		assert_true(view.next_ms < clock_now_ms() + 700000);
		obligations_forgive(&core, view.record.endpoint);
		assert_true(obligations_retry(&core, &arena, &view));
	}
	deliver_all();
	assert_int_equal(atomic_load(&requests), 3);
	stop_delivering();
}

static void test_a_rate_spreads_attempts_that_do_not_count(void **state)
{
	static const int statuses[8] = {200, 200, 200, 200, 200, 200, 200, 200};
	struct obligation_record record;

	(void)state;
	rate_milli = 2000;
	serve_script(statuses);
	start_delivering();
	for (int i = 0; i < 6; i++)
		oblige("http");
	wait_for_ends(2);
	assert_true(owed(&record) > 0);
	for (int i = 0; i < 4; i++) {
		clock_shift(600);
		wait_for_ends((size_t)(3 + i));
	}
	deliver_all();
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(end_attempts[i], 1);
	stop_delivering();
	clock_shift(-clock_offset_ms());
}

/* ---- targets ---- */

/* The message and the end of its obligation are one batch: a crash leaves one of both. */
static void test_a_queue_gets_an_obligation_exactly_once(void **state)
{
	size_t crashed = 0;

	(void)state;
	for (uint64_t point = 0; point <= 8; point++) {
		int64_t before = visible(ARN("plain"));
		oblige(ARN("plain"));
		disk_memory_set_faults(disk, (struct disk_faults){.crash_after = point});
		start_delivering();
		int64_t end_ms = clock_steady_ns() / 1000000 + 200;
		while (visible(ARN("plain")) == before && clock_steady_ns() / 1000000 < end_ms)
			turn();
		stop_delivering();
		stop_server();
		disk_memory_crash(disk, point + 1);
		assert_int_equal(start_server(), 0);
		crashed += owed(NULL) > 0;
		assert_int_equal(visible(ARN("plain")) + (int64_t)owed(NULL), before + 1);
		clock_shift(400000); /* a receive that was durable ends */
		start_delivering();
		deliver_all();
		stop_delivering();
		assert_int_equal(visible(ARN("plain")), before + 1);
		/* A server begins to deliver once. */
		stop_server();
		assert_int_equal(start_server(), 0);
	}
	assert_true(crashed > 0);
	clock_shift(-clock_offset_ms());
}

static void test_ordered_obligations_are_delivered_one_after_the_other(void **state)
{
	struct obligation obligations[10];
	struct target_send send = {.obligations = obligations, .obligation_count = 10};

	(void)state;
	for (size_t i = 0; i < 10; i++) {
		obligations[i] = obligation_of(ARN("plain"));
		obligations[i].order = 7;
		obligations[i].index = i;
	}
	run(&send);
	assert_int_equal(owed(NULL), 10);
	start_delivering();
	deliver_all();
	assert_int_equal(visible(ARN("plain")), 10);
	stop_delivering();
}
