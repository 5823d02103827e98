/* SPDX-License-Identifier: MIT */
/*
 * Obligations of an engine on a real disk, delivered to HTTP servers of this process on addresses
 * of 127.0.0.0/8, of which some answer and others hang, reset, lie or are not there.
 */
#include "deliver/deliver.h"

#include <arpa/inet.h>
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fixture.h"

enum {
	ENDPOINTS = 100,
	DEAD = 30,
	OBLIGATIONS = 10000,
	KILLED_OBLIGATIONS = 1000,
	ITEMS_MAX = 400,
	PATIENCE_MS = 90000,
	ATTEMPTS = 4,
	GRACE_MS = 2000,
	ENDPOINT_MAX = 8,
};
#define QUEUE (DELIVER_QUEUE_FIRST)
#define DEAD_LETTERS UINT64_C(7)

/* ---- servers ---- */

/* How many requests with that number came; shared with processes that are killed. */
static _Atomic uint32_t received[OBLIGATIONS];
static int living_port, hostile_port, closed_port;

static int listen_at(int *out_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	address.sin_addr.s_addr = INADDR_ANY;
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 512), 0);
	getsockname(listener, (struct sockaddr *)&address, &size);
	*out_port = ntohs(address.sin_port);
	return listener;
}

/* Reads a request; its body is the number of the obligation. False: the connection has ended. */
static bool read_request(int peer, unsigned *out_number)
{
	char text[4096];
	size_t size = 0;

	for (;;) {
		ssize_t more = read(peer, text + size, sizeof(text) - 1 - size);
		if (more <= 0)
			return false;
		size += (size_t)more;
		text[size] = '\0';
		char *body = strstr(text, "\r\n\r\n");
		if (body && strchr(body + 4, '\n'))
			return sscanf(body + 4, "%u", out_number) == 1;
	}
}

static void send_text(int peer, const char *text)
{
	(void)send(peer, text, strlen(text), MSG_NOSIGNAL);
}

static void *serve_living(void *context)
{
	int peer = (int)(intptr_t)context;
	unsigned number;

	while (read_request(peer, &number)) {
		if (number < OBLIGATIONS)
			atomic_fetch_add(&received[number], 1);
		send_text(peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	}
	close(peer);
	return NULL;
}

static void drip(int peer)
{

	for (const char *c = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"; *c; c++) {
		if (send(peer, c, 1, MSG_NOSIGNAL) < 0)
			return;
		poll(NULL, 0, 50);
	}
}

/* The address that the client connected to chooses the trick. */
static void *serve_hostile(void *context)
{
	static const struct linger at_once = {1, 0};
	int peer = (int)(intptr_t)context;
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	unsigned number;
	char ignored;

	getsockname(peer, (struct sockaddr *)&address, &size);
	(void)read_request(peer, &number);
	switch (ntohl(address.sin_addr.s_addr) % 6) {
	case 0: /* hangs until the client gives up */
		(void)!read(peer, &ignored, 1);
		break;
	case 1: /* resets */
		setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		break;
	case 2: /* lies about its length */
		send_text(peer, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort");
		break;
	case 3:
		drip(peer);
		break;
	case 4:
		send_text(peer, "this is no HTTP\r\n\r\n");
		break;
	case 5:
		send_text(peer,
			  "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
		break;
	}
	close(peer);
	return NULL;
}

struct acceptor {
	int listener;
	void *(*serve)(void *);
};

static void *accept_all(void *context)
{
	const struct acceptor *acceptor = context;
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, 256 << 10);
	for (;;) {
		int peer = accept(acceptor->listener, NULL, NULL);
		if (peer < 0)
			continue;
		if (pthread_create(&thread, &attributes, acceptor->serve, (void *)(intptr_t)peer))
			close(peer);
	}
	return NULL;
}

/* Once a process; the threads live as long as it. */
static void serve(void)
{
	static struct acceptor living = {.serve = serve_living}, hostile = {.serve = serve_hostile};
	pthread_t thread;

	if (living_port)
		return;
	living.listener = listen_at(&living_port);
	hostile.listener = listen_at(&hostile_port);
	close(listen_at(&closed_port));
	assert_int_equal(pthread_create(&thread, NULL, accept_all, &living), 0);
	assert_int_equal(pthread_create(&thread, NULL, accept_all, &hostile), 0);
}

/* ---- the kind ---- */

enum { HTTP, SILENT };

/* Bytes of an obligation: its number, its endpoint, what it is. */
static bool read_bytes(struct str bytes, unsigned *number, unsigned *endpoint, unsigned *what)
{
	char text[32];
	size_t size = bytes.size < 31 ? bytes.size : 31;

	memcpy(text, bytes.data, size);
	text[size] = '\0';
	return sscanf(text, "%u %u %u", number, endpoint, what) == 3;
}

/* Attempts that were prepared and not released. */
static _Atomic int held_count;

static enum deliver_step prepare(void *context, struct deliver_attempt *attempt)
{
	unsigned number, endpoint, what;

	(void)context;
	if (!attempt->user)
		atomic_fetch_add(&held_count, 1);
	attempt->user = &held_count;
	if (!read_bytes(attempt->bytes, &number, &endpoint, &what)) {
		attempt->verdict.action = DELIVER_DROP;
		return DELIVER_DECIDED;
	}
	int port = endpoint >= DEAD ? living_port : endpoint % 7 == 6 ? closed_port : hostile_port;
	attempt->endpoint = arena_format(attempt->arena, "127.0.1.%u:%d", endpoint + 1, port);
	attempt->url = arena_format(attempt->arena, "http://%.*s/hook", STR_ARG(attempt->endpoint));
	attempt->method = STR("POST");
	attempt->body = arena_format(attempt->arena, "%u\n", number);
	attempt->connect_ms = attempt->answer_ms = 400;
	attempt->answer_size = 1024;
	attempt->is_local = what == SILENT;
	return DELIVER_BEGIN;
}

/* A dead letter after ATTEMPTS, which count also if the circuit is open. */
static void conclude(void *context, struct deliver_attempt *attempt)
{
	const struct deliver_answer *answer = &attempt->answer;
	struct deliver_verdict *verdict = &attempt->verdict;

	(void)context;
	if (answer->outcome == OUTBOUND_ANSWERED && answer->status < 300) {
		verdict->action = DELIVER_DONE;
		return;
	}
	verdict->has_failed = true;
	verdict->action = DELIVER_RETRY;
	verdict->wait_ms = 100 * (int64_t)attempt->receives;
	if (attempt->receives < ATTEMPTS)
		return;
	verdict->action = DELIVER_REPLACE;
	verdict->target = (struct queue_target){
		.queue = DEAD_LETTERS,
		.own = arena_format(attempt->arena, "%.*s %u", STR_ARG(attempt->bytes),
				    attempt->receives),
		.is_whole = true,
	};
}

/* Its attempts never end. */
static _Atomic size_t silent_count;

static void start_silently(void *context, struct deliver_attempt *attempt)
{
	(void)context, (void)attempt;
	atomic_fetch_add(&silent_count, 1);
}

static void release(void *context, struct deliver_attempt *attempt)
{
	(void)context;
	if (attempt->user) /* NULL: it was given back before prepare */
		atomic_fetch_add(&held_count, -1);
}

static const struct deliver_handler handler = {prepare, start_silently, conclude, release};

/* ---- the engine ---- */

static char path[64];
static struct disk *disk;
static struct engine *engine;
static struct seal *seal;
static struct outbound *outbound;
static struct deliver *deliver;
static struct queue_counters counters[2];
static pthread_t engine_thread;
static _Atomic bool ends_engine;
static _Atomic size_t engine_wakes;

static void count_wake(void *unused)
{
	(void)unused;
	atomic_fetch_add(&engine_wakes, 1);
}

static bool work(enum journal_lane lane)
{
	struct journal_work *given = engine_work_begin(engine, lane);

	if (!given)
		return false;
	journal_work_run(given);
	engine_work_end(engine, given);
	return true;
}

static void *engine_main(void *unused)
{

	(void)unused;
	while (!atomic_load(&ends_engine)) {
		engine_step(engine, clock_base_ms(), clock_now_ms());
		bool has_worked = work(JOURNAL_COMMIT);
		has_worked |= work(JOURNAL_HOUSEKEEPING);
		if (!has_worked)
			poll(NULL, 0, 1);
	}
	return NULL;
}

static void on_done(struct queue_command *command)
{
	atomic_store((_Atomic bool *)command->context, true);
}

static void submit_and_wait(struct queue_command *command)
{
	_Atomic bool is_done = false;

	command->done = on_done;
	command->context = (void *)&is_done;
	command->now_ms = clock_now_ms();
	queue_submit(engine, command);
	while (!atomic_load(&is_done))
		poll(NULL, 0, 1);
	assert_int_equal(command->result, QUEUE_OK);
}

static void define(uint64_t queue, struct queue_settings settings, int which)
{
	struct queue_command command = {.type = QUEUE_DEFINE, .queue = queue};

	command.define.settings = settings;
	command.define.counters = &counters[which];
	submit_and_wait(&command);
}

static void run_engine(void)
{
	atomic_store(&ends_engine, false);
	assert_int_equal(pthread_create(&engine_thread, NULL, engine_main, NULL), 0);
}

static void pause_engine(void)
{
	atomic_store(&ends_engine, true);
	pthread_join(engine_thread, NULL);
}

static void define_dead_letters(void)
{
	define(DEAD_LETTERS,
	       (struct queue_settings){.visibility_ms = 30000, .retention_ms = 86400000}, 1);
}

static void open_engine(bool is_durable)
{
	static const uint8_t master[SEAL_KEY_SIZE] = {5};
	struct engine_options options = {
		.journal = {.durability = is_durable ? JOURNAL_FSYNC : JOURNAL_OS,
			    .segment_size = 1 << 20,
			    .spare_segments = 2},
		.hot_messages_max = 1 << 16,
		.window = 512,
		.wake = count_wake};
	struct journal_report report;

	assert_int_equal(disk_file_open(path, &disk), ERR_OK);
	assert_int_equal(engine_open(disk, &options, &engine, &report), ERR_OK);
	clock_resume(engine_clock(engine));
	seal = seal_new(master);
	run_engine();
	define(QUEUE, deliver_queue_settings(false), 0);
	define_dead_letters();
}

static void close_engine(void)
{
	pause_engine();
	engine_stop(engine);
	while (!engine_is_idle(engine)) {
		engine_step(engine, clock_base_ms(), clock_now_ms());
		(void)work(JOURNAL_COMMIT);
		(void)work(JOURNAL_HOUSEKEEPING);
	}
	engine_free(&engine);
	disk->ops->free(disk);
	seal_free(&seal);
}

static void start(void)
{
	struct deliver_options options = {.queue = QUEUE, .handler = &handler};
	struct outbound_options none = {0};
	char problem[256];

	assert_int_equal(outbound_new(&none, &outbound, problem, sizeof(problem)), ERR_OK);
	options.engine = engine;
	options.seal = seal;
	options.outbound = outbound;
	options.items_max = ITEMS_MAX;
	options.endpoint_max = ENDPOINT_MAX;
	deliver = deliver_new(&options);
}

static void stop_within(int64_t grace_ms)
{
	deliver_stop(deliver, grace_ms);
	outbound_stop(outbound);
	/* The engine goes on. Once it has answered this, it has taken all commands of deliver, such
	 * as a cancel of a receive that was answered before. */
	define_dead_letters();
	deliver_free(&deliver);
	outbound_free(&outbound);
	assert_int_equal(atomic_load(&held_count), 0);
}

static void stop(void)
{
	stop_within(GRACE_MS);
}

/* As a publish does: many obligations in one batch. */
/* At all endpoints in turn, or at one. */
enum { ALL_ENDPOINTS = ENDPOINTS };
static void oblige(unsigned count, unsigned endpoint)
{
	enum { AT_ONCE = 500 };

	for (unsigned from = 0; from < count; from += AT_ONCE) {
		struct queue_target targets[AT_ONCE];
		struct queue_command command = {.type = QUEUE_FANOUT};
		struct arena memory;
		arena_init(&memory);
		for (unsigned i = 0; i < AT_ONCE; i++) {
			unsigned number = from + i;
			struct str bytes = arena_format(
				&memory, "%u %u %u", number,
				endpoint == ALL_ENDPOINTS ? number % ENDPOINTS : endpoint, HTTP);
			deliver_target(seal, &memory, QUEUE, 1 + number % 10, bytes, &targets[i]);
		}
		command.fanout.targets = targets;
		command.fanout.count = AT_ONCE;
		random_bytes(command.fanout.id, sizeof(command.fanout.id));
		submit_and_wait(&command);
		arena_done(&memory);
	}
}

static int64_t steady_ms(void)
{
	return clock_steady_ns() / 1000000;
}

/* All numbers that the dead-letter queue has. A kill may have cost each an attempt more. */
static size_t read_dead_letters(bool *is_dead, unsigned kills)
{
	struct queue_delivery deliveries[10];
	size_t found = 0;

	for (;;) {
		struct queue_command command = {.type = QUEUE_RECEIVE, .queue = DEAD_LETTERS};
		struct queue_message message;
		struct buf buffer = {0};
		command.receive.max = 10;
		command.receive.deliveries = deliveries;
		submit_and_wait(&command);
		for (size_t i = 0; i < command.receive.count; i++) {
			unsigned number, endpoint, what, attempts;
			buf_reset(&buffer);
			assert_int_equal(queue_read_message(engine, deliveries[i].location, &buffer,
							    &message),
					 ERR_OK);
			queue_delivery_done(engine, &deliveries[i]);
			char text[64] = "";
			memcpy(text, message.payload.data, message.payload.size);
			assert_int_equal(
				sscanf(text, "%u %u %u %u", &number, &endpoint, &what, &attempts),
				4);
			assert_true(endpoint < DEAD);
			assert_in_range(attempts, ATTEMPTS, ATTEMPTS + kills);
			is_dead[number] = true;
			found++;
		}
		buf_done(&buffer);
		if (command.receive.count == 0)
			return found;
	}
}

static int setup(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/tern-deliver-XXXXXX");
	memset(received, 0, sizeof(received));
	memset(counters, 0, sizeof(counters));
	return mkdtemp(path) ? 0 : -1;
}

static int remove_one(const char *name, const struct stat *status, int type, struct FTW *place)
{
	(void)status, (void)type, (void)place;
	return remove(name);
}

static int teardown(void **state)
{
	(void)state;
	return nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void test_the_living_get_all_and_the_dead_end_in_their_queue(void **state)
{
	static bool is_dead[OBLIGATIONS];
	struct deliver_stats stats;
	uint64_t items_most = 0;
	size_t dead = OBLIGATIONS / ENDPOINTS * DEAD;

	(void)state;
	serve();
	open_engine(false);
	oblige(OBLIGATIONS, ALL_ENDPOINTS);
	start();
	int64_t end_ms = steady_ms() + PATIENCE_MS;
	do {
		poll(NULL, 0, 20);
		deliver_stats_read(deliver, &stats);
		if (stats.items > items_most)
			items_most = stats.items;
	} while (stats.done + stats.replaced < OBLIGATIONS && steady_ms() < end_ms);
	print_message("attempts %llu done %llu given up %llu by circuit %llu items %llu\n",
		      (unsigned long long)stats.attempts, (unsigned long long)stats.done,
		      (unsigned long long)stats.replaced,
		      (unsigned long long)stats.refused_by_circuit, (unsigned long long)items_most);
	assert_int_equal(stats.done, OBLIGATIONS - dead);
	assert_int_equal(stats.replaced, dead);
	assert_int_equal(stats.dropped, 0);
	assert_true(items_most <= ITEMS_MAX);
	/* Most attempts at the dead were not made: their circuits were open. */
	assert_true(stats.refused_by_circuit > dead * ATTEMPTS / 2);
	stop();
	assert_int_equal(read_dead_letters(is_dead, 0), dead);
	uint64_t deliveries = 0;
	for (unsigned i = 0; i < OBLIGATIONS; i++) {
		bool is_for_dead = i % ENDPOINTS < DEAD;
		assert_int_equal(is_dead[i], is_for_dead);
		/* An attempt may end for lack of time when its request has arrived. */
		if (!is_for_dead)
			assert_true(atomic_load(&received[i]) >= 1);
		deliveries += is_for_dead ? 0 : (uint64_t)atomic_load(&received[i]);
	}
	assert_true(deliveries <= stats.attempts);
	close_engine();
}

/* The circuit is for endpoints that are not there: each attempt at this one is made. */
static void test_an_endpoint_that_answers_with_a_fault_has_no_open_circuit(void **state)
{
	enum { BUSY = 2, COUNT = 500 }; /* serve_hostile answers 503 there */
	struct deliver_stats stats;

	(void)state;
	serve();
	open_engine(false);
	oblige(COUNT, BUSY);
	start();
	int64_t end_ms = steady_ms() + PATIENCE_MS;
	do {
		poll(NULL, 0, 20);
		deliver_stats_read(deliver, &stats);
	} while (stats.replaced < COUNT && steady_ms() < end_ms);
	assert_int_equal(stats.replaced, COUNT);
	assert_int_equal(stats.refused_by_circuit, 0);
	assert_int_equal(stats.attempts, COUNT * ATTEMPTS);
	stop();
	close_engine();
}

/* Delivers in a process that is killed. */
static void deliver_until_killed(int64_t delay_ms)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		open_engine(true);
		start();
		for (;;)
			pause();
	}
	poll(NULL, 0, (int)delay_ms);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

enum { KILLS = 6 };

static void test_obligations_survive_kills(void **state)
{
	static bool is_dead[OBLIGATIONS];
	struct prng prng;

	(void)state;
	serve();
	open_engine(true);
	oblige(KILLED_OBLIGATIONS, ALL_ENDPOINTS);
	close_engine();
	prng_init(&prng, 9);
	for (int i = 0; i < KILLS; i++)
		deliver_until_killed(30 + (int64_t)(prng_next(&prng) % 250));
	open_engine(true);
	/* Messages of deliveries in progress become visible. */
	clock_shift(deliver_queue_settings(false).visibility_ms + 1000);
	start();
	int64_t end_ms = steady_ms() + PATIENCE_MS;
	do {
		poll(NULL, 0, 20);
	} while (atomic_load(&counters[0].visible) + atomic_load(&counters[0].in_flight) +
				 atomic_load(&counters[0].delayed) >
			 0 &&
		 steady_ms() < end_ms);
	stop();
	(void)read_dead_letters(is_dead, KILLS);
	for (unsigned i = 0; i < KILLED_OBLIGATIONS; i++) {
		bool is_for_dead = i % ENDPOINTS < DEAD;
		assert_int_equal(is_dead[i], is_for_dead);
		assert_int_equal(atomic_load(&received[i]) > 0, !is_for_dead);
	}
	close_engine();
	clock_shift(-clock_offset_ms());
}

static void test_a_stop_in_the_middle_loses_nothing(void **state)
{

	(void)state;
	serve();
	open_engine(false);
	oblige(500, ALL_ENDPOINTS);
	start();
	poll(NULL, 0, 50);
	stop();
	start();
	int64_t end_ms = steady_ms() + PATIENCE_MS;
	for (unsigned i = 0; i < 500 && steady_ms() < end_ms;) {
		if (i % ENDPOINTS < DEAD || atomic_load(&received[i]) > 0)
			i++;
		else
			poll(NULL, 0, 50);
	}
	assert_true(steady_ms() < end_ms);
	stop();
	close_engine();
}

enum { SILENT_OBLIGATIONS = ENDPOINT_MAX + 2 };

/* Obligations of one endpoint, whose attempts never end. */
struct silent {
	struct queue_command command;
	struct queue_target targets[SILENT_OBLIGATIONS];
	struct arena memory;
};

static void silent_init(struct silent *silent)
{
	*silent = (struct silent){.command = {.type = QUEUE_FANOUT}};
	arena_init(&silent->memory);
	for (size_t i = 0; i < SILENT_OBLIGATIONS; i++)
		deliver_target(seal, &silent->memory, QUEUE, 1, STR("1 50 1"), &silent->targets[i]);
	silent->command.fanout.targets = silent->targets;
	silent->command.fanout.count = SILENT_OBLIGATIONS;
	atomic_store(&silent_count, 0);
}

static void test_a_stop_gives_back_what_waits_for_its_endpoint(void **state)
{
	struct deliver_stats stats;
	struct silent silent;

	(void)state;
	open_engine(false);
	silent_init(&silent);
	submit_and_wait(&silent.command);
	start();
	do {
		poll(NULL, 0, 1);
		deliver_stats_read(deliver, &stats);
	} while (stats.items < SILENT_OBLIGATIONS || atomic_load(&silent_count) < ENDPOINT_MAX);
	stop_within(0);
	assert_int_equal(atomic_load(&counters[0].in_flight), ENDPOINT_MAX);
	assert_int_equal(atomic_load(&counters[0].visible), SILENT_OBLIGATIONS - ENDPOINT_MAX);
	arena_done(&silent.memory);
	close_engine();
}

static void *stop_at_once(void *unused)
{
	(void)unused;
	stop_within(0);
	return NULL;
}

static void test_no_attempt_begins_after_the_stop(void **state)
{
	struct silent silent;
	_Atomic bool is_done = false;
	pthread_t thread;

	(void)state;
	open_engine(false);
	silent_init(&silent);
	pause_engine();
	start();
	while (engine_stats_read(engine).waiting_receives < 2)
		engine_step(engine, clock_base_ms(), clock_now_ms());
	/* A waiting receive leases the messages, but is not answered yet: they are not durable. */
	silent.command.done = on_done;
	silent.command.context = (void *)&is_done;
	silent.command.now_ms = clock_now_ms();
	queue_submit(engine, &silent.command);
	while (atomic_load(&counters[0].in_flight) < SILENT_OBLIGATIONS)
		engine_step(engine, clock_base_ms(), clock_now_ms());
	/* Deliver cancels its other receive. */
	atomic_store(&engine_wakes, 0);
	assert_int_equal(pthread_create(&thread, NULL, stop_at_once, NULL), 0);
	while (atomic_load(&engine_wakes) == 0)
		poll(NULL, 0, 1);
	run_engine();
	pthread_join(thread, NULL);
	assert_true(atomic_load(&is_done));
	assert_int_equal(atomic_load(&silent_count), 0);
	assert_int_equal(atomic_load(&counters[0].visible), SILENT_OBLIGATIONS);
	arena_done(&silent.memory);
	close_engine();
}
