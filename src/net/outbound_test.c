/* SPDX-License-Identifier: MIT */
/*
 * Endpoints that answer, hang, reset, lie, and are many. They are one thread of this process that
 * reads requests on 127.0.0.0/8 and does what the path says.
 */
#include "net/outbound.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fixture.h"
#include "net/server.h"
#include "net/tls.h"

#define LABEL_OF_64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

enum { PEERS_MAX = 4096, PATIENCE_S = 60, SHORT_MS = 50, LONG_MS = 60000 };

/* ---- the endpoints ---- */

struct peer {
	int socket;
	struct buf in;
	int answers;
	int64_t close_at_ns; /* 0: stays */
};

static struct {
	pthread_t thread;
	int listener, ends[2];
	uint16_t port;
	struct peer peers[PEERS_MAX];
	_Atomic int connections, requests, most_at_once, at_once;
} script;

static void say(int socket, const char *text)
{
	/* A client that has gone is part of some tests. */
	(void)!send(socket, text, strlen(text), MSG_NOSIGNAL);
}

static void say_ok(int socket, const char *headers)
{
	char text[256];

	snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\n%sContent-Length: 2\r\n\r\nok", headers);
	say(socket, text);
}

static void drop(struct peer *peer, bool resets)
{
	const struct linger at_once = {.l_onoff = 1};

	if (resets)
		setsockopt(peer->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(peer->socket);
	peer->socket = -1;
	buf_reset(&peer->in);
}

/* False: the peer is gone. */
static bool act(struct peer *peer, struct str path)
{
	char large[4096];

	peer->answers++;
	atomic_fetch_add(&script.requests, 1);
	if (str_starts(path, STR("/hang")))
		return true;
	if (str_equal(path, STR("/reset"))) {
		drop(peer, true);
		return false;
	}
	if (str_equal(path, STR("/lie"))) {
		say(peer->socket,
		    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Length: 1\r\n\r\n");
	} else if (str_equal(path, STR("/half"))) {
		say(peer->socket, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
		drop(peer, false);
		return false;
	} else if (str_equal(path, STR("/huge"))) {
		memset(large, 'x', sizeof(large) - 1);
		large[sizeof(large) - 1] = '\0';
		say(peer->socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
		for (int i = 0; i < 64; i++)
			say(peer->socket, large);
	} else if (str_equal(path, STR("/move"))) {
		say(peer->socket, "HTTP/1.1 302 Found\r\nLocation: "
				  "http://127.0.0.1/ok\r\nContent-Length: 0\r\n\r\n");
	} else if (str_equal(path, STR("/busy"))) {
		say(peer->socket, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
	} else if (str_equal(path, STR("/close"))) {
		say_ok(peer->socket, "Connection: close\r\n");
	} else if (str_equal(path, STR("/fickle")) && peer->answers > 1) {
		/* As if it had closed the kept connection just before the request came. */
		drop(peer, true);
		return false;
	} else {
		say_ok(peer->socket, "");
	}
	return true;
}

static void take(struct peer *peer)
{
	for (;;) {
		size_t end = str_find(buf_str(&peer->in), STR("\r\n\r\n"), 0);
		if (end == SIZE_MAX)
			return;
		struct str head = str_slice(buf_str(&peer->in), 0, end);
		size_t place = str_find(head, STR("Content-Length: "), 0);
		struct str length = str_slice(head, place == SIZE_MAX ? 0 : place + 16, SIZE_MAX);
		uint64_t body = 0;
		(void)str_to_u64(str_trim(str_cut(&length, '\r')), &body); /* or 0 */
		if (peer->in.size < end + 4 + body)
			return;
		struct str line = head;
		(void)str_cut(&line, ' ');
		struct str path = arena_copy(&arena, str_cut(&line, ' '));
		memmove(peer->in.data, peer->in.data + end + 4 + body,
			peer->in.size - end - 4 - body);
		peer->in.size -= end + 4 + body;
		if (!act(peer, path))
			return;
	}
}

static void read_peer(struct peer *peer)
{
	ssize_t size = recv(peer->socket, buf_extend(&peer->in, 16384), 16384, MSG_DONTWAIT);

	peer->in.size -= 16384 - (size_t)(size > 0 ? size : 0);
	if (size > 0)
		take(peer);
	else if (size == 0 || errno != EAGAIN)
		drop(peer, false);
}

static void accept_peer(void)
{
	int taken = accept(script.listener, NULL, NULL);

	if (taken < 0)
		return;
	atomic_fetch_add(&script.connections, 1);
	for (size_t i = 0; i < PEERS_MAX; i++) {
		if (script.peers[i].socket >= 0)
			continue;
		script.peers[i].socket = taken;
		script.peers[i].answers = 0;
		return;
	}
	close(taken);
}

static void *play(void *context)
{
	static struct pollfd polled[PEERS_MAX + 2];

	(void)context;
	for (;;) {
		polled[0] = (struct pollfd){script.listener, POLLIN, 0};
		polled[1] = (struct pollfd){script.ends[0], POLLIN, 0};
		int at_once = 0;
		for (size_t i = 0; i < PEERS_MAX; i++) {
			polled[i + 2] = (struct pollfd){script.peers[i].socket, POLLIN, 0};
			at_once += script.peers[i].socket >= 0;
		}
		if (at_once > script.most_at_once)
			script.most_at_once = at_once;
		if (poll(polled, PEERS_MAX + 2, -1) < 0)
			continue;
		if (polled[1].revents)
			return NULL;
		for (size_t i = 0; i < PEERS_MAX; i++)
			if (polled[i + 2].revents && script.peers[i].socket >= 0)
				read_peer(&script.peers[i]);
		if (polled[0].revents)
			accept_peer();
	}
}

static void begin_script(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
	socklen_t size = sizeof(address);

	for (size_t i = 0; i < PEERS_MAX; i++)
		script.peers[i].socket = -1;
	script.connections = script.requests = script.most_at_once = 0;
	script.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* All of 127.0.0.0/8, and nothing that is not loopback. */
	assert_int_equal(setsockopt(script.listener, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
	assert_int_equal(bind(script.listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(script.listener, 4096), 0);
	assert_int_equal(getsockname(script.listener, (struct sockaddr *)&address, &size), 0);
	script.port = ntohs(address.sin_port);
	assert_int_equal(pipe(script.ends), 0);
	assert_int_equal(pthread_create(&script.thread, NULL, play, NULL), 0);
}

static void end_script(void)
{
	assert_int_equal(write(script.ends[1], "x", 1), 1);
	pthread_join(script.thread, NULL);
	for (size_t i = 0; i < PEERS_MAX; i++) {
		if (script.peers[i].socket >= 0)
			close(script.peers[i].socket);
		buf_done(&script.peers[i].in);
	}
	close(script.listener);
	close(script.ends[0]);
	close(script.ends[1]);
}

/* ---- the client ---- */

static struct outbound *outbound;
static struct outbound_options options;
static sem_t has_ended;

static int setup(void **state)
{
	(void)state;
	options = (struct outbound_options){0};
	outbound = NULL;
	sem_init(&has_ended, 0, 0);
	begin_script();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	outbound_free(&outbound);
	end_script();
	sem_destroy(&has_ended);
	return 0;
}

static void start(void)
{
	char problem[256] = "";

	assert_int_equal(outbound_new(&options, &outbound, problem, sizeof(problem)), ERR_OK);
}

struct sent {
	struct outbound_request request;
	char url[128], answer[64];
	_Atomic bool has_ended; /* the request may be read */
};

static void on_done(struct outbound_request *request)
{
	struct sent *sent = request->context;
	struct str answer = str_slice(request->answer, 0, sizeof(sent->answer) - 1);

	memcpy(sent->answer, answer.data ? answer.data : "", answer.size);
	atomic_store(&sent->has_ended, true);
	sem_post(&has_ended);
}

static void post(struct sent *sent, const char *host, const char *path, uint32_t answer_ms)
{
	snprintf(sent->url, sizeof(sent->url), "http://%s:%u%s", host, (unsigned)script.port, path);
	sent->request = (struct outbound_request){
		.url = str_from(sent->url),
		.method = STR("POST"),
		.body = STR("message"),
		.connect_ms = LONG_MS,
		.answer_ms = answer_ms,
		.body_size_max = 1000,
		.done = on_done,
		.context = sent,
	};
	outbound_send(outbound, &sent->request);
}

static void await(int count)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	for (int i = 0; i < count; i++)
		while (sem_timedwait(&has_ended, &until) != 0)
			if (errno != EINTR)
				fail_msg("%d of %d requests ended", i, count);
}

static struct sent *run(const char *path, uint32_t answer_ms)
{
	static struct sent sent;

	sent = (struct sent){0};
	post(&sent, "127.0.0.1", path, answer_ms);
	await(1);
	return &sent;
}

static enum outbound_outcome outcome_of(const char *url)
{
	static struct sent sent;

	sent = (struct sent){.request = {.url = str_from(url),
					 .method = STR("GET"),
					 .connect_ms = LONG_MS,
					 .answer_ms = LONG_MS,
					 .done = on_done,
					 .context = &sent}};
	outbound_send(outbound, &sent.request);
	await(1);
	return sent.request.outcome;
}

/* ---- one endpoint ---- */

static void test_outbound_uses_a_connection_again(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 10; i++) {
		const struct sent *sent = run("/ok", LONG_MS);
		assert_int_equal(sent->request.outcome, OUTBOUND_ANSWERED);
		assert_int_equal(sent->request.status, 200);
		assert_string_equal(sent->answer, "ok");
	}
	assert_int_equal(script.connections, 1);
	assert_int_equal(script.requests, 10);
}

static void test_outbound_opens_another_after_connection_close(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 3; i++)
		assert_int_equal(run("/close", LONG_MS)->request.status, 200);
	assert_int_equal(script.connections, 3);
}

static void test_outbound_sends_again_when_a_kept_connection_was_gone(void **state)
{
	(void)state;
	start();
	assert_int_equal(run("/fickle", LONG_MS)->request.status, 200);
	const struct sent *sent = run("/fickle", LONG_MS);
	assert_int_equal(sent->request.outcome, OUTBOUND_ANSWERED);
	assert_int_equal(script.connections, 2);
}

static void test_outbound_follows_no_redirect(void **state)
{
	(void)state;
	start();
	assert_int_equal(run("/move", LONG_MS)->request.status, 302);
	assert_int_equal(script.requests, 1);
}

static void test_outbound_cuts_huge_answers(void **state)
{
	(void)state;
	start();
	const struct sent *sent = run("/huge", LONG_MS);
	assert_int_equal(sent->request.outcome, OUTBOUND_ANSWERED);
	assert_int_equal(sent->request.status, 200);
	assert_int_equal(run("/ok", LONG_MS)->request.status, 200);
	assert_int_equal(script.connections, 2);
}

static void test_outbound_tells_failures_apart(void **state)
{
	static const struct {
		const char *path;
		uint32_t ms;
		enum outbound_outcome outcome;
	} rows[] = {
		{"/hang", SHORT_MS, OUTBOUND_TIMEOUT},
		{"/reset", LONG_MS, OUTBOUND_BROKEN},
		{"/half", LONG_MS, OUTBOUND_BROKEN},
		{"/lie", LONG_MS, OUTBOUND_BROKEN},
	};

	(void)state;
	start();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct sent *sent = run(rows[i].path, rows[i].ms);
		assert_int_equal(sent->request.outcome, rows[i].outcome);
		assert_true(strlen(sent->request.problem) > 0);
	}
}

static void test_outbound_refuses_what_is_no_endpoint(void **state)
{
	(void)state;
	start();
	assert_int_equal(outcome_of("ftp://127.0.0.1/"), OUTBOUND_BAD_URL);
	/* A label of more than 63 letters is in no DNS, so nobody is asked. */
	assert_int_equal(outcome_of("http://" LABEL_OF_64 ".example/"), OUTBOUND_UNKNOWN);
	assert_int_equal(outcome_of("http://127.0.0.1:1/"), OUTBOUND_REFUSED);
}

static void test_outbound_connects_to_no_refused_network(void **state)
{
	static const char *const urls[] = {
		"http://169.254.169.254/latest/meta-data/",
		"http://[fe80::1]/",
		"http://[::ffff:169.254.169.254]/",
		"http://0.0.0.0/",
		"http://[fd00:ec2::254]/",
		"http://[fd00:ec2::23]/v1/credentials",
		"http://[fd20:ce::254]/",
		"http://[fd00:c1::a9fe:a9fe]/",
		"http://168.63.129.16/",
		"http://0xa9fea9fe/",
	};
	char url[64];

	(void)state;
	options.refuses_loopback = true;
	start();
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		assert_int_equal(outcome_of(urls[i]), OUTBOUND_FORBIDDEN);
	snprintf(url, sizeof(url), "http://localhost:%u/ok", (unsigned)script.port);
	assert_int_equal(outcome_of(url), OUTBOUND_FORBIDDEN);
	assert_int_equal(script.connections, 0);
}

static void test_outbound_compares_with_networks_of_the_settings(void **state)
{
	struct network refused;

	(void)state;
	assert_true(network_parse(STR("127.0.0.2/32"), &refused));
	options.refused = &refused;
	options.refused_count = 1;
	start();
	struct sent sent = {0};
	post(&sent, "127.0.0.2", "/ok", LONG_MS);
	await(1);
	assert_int_equal(sent.request.outcome, OUTBOUND_FORBIDDEN);
	assert_int_equal(run("/ok", LONG_MS)->request.outcome, OUTBOUND_ANSWERED);
}

/* ---- many ---- */

static void test_outbound_bounds_what_is_in_progress_at_an_endpoint(void **state)
{
	static struct sent sent[200];

	(void)state;
	options.lane_max = 8;
	start();
	for (size_t i = 0; i < 200; i++)
		post(&sent[i], "127.0.0.1", "/ok", LONG_MS);
	await(200);
	for (size_t i = 0; i < 200; i++)
		assert_int_equal(sent[i].request.outcome, OUTBOUND_ANSWERED);
	assert_true(script.most_at_once <= 8);
	assert_int_equal(script.requests, 200);
}

static void test_outbound_slows_down_at_an_endpoint_that_is_overloaded(void **state)
{
	static struct sent sent[64];

	(void)state;
	start();
	for (size_t i = 0; i < 64; i++)
		post(&sent[i], "127.0.0.1", "/busy", LONG_MS);
	await(64);
	/* It began with four at once, and never dared more. */
	assert_true(script.most_at_once <= 4);
}

static void test_outbound_serves_a_thousand_endpoints_while_some_hang(void **state)
{
	enum { ENDPOINTS = 1000, HANGING = 100 };
	static struct sent sent[ENDPOINTS], hanging[HANGING * 2];
	char host[32];

	(void)state;
	start();
	for (int i = 0; i < HANGING * 2; i++) {
		snprintf(host, sizeof(host), "127.1.0.%d", 1 + i % HANGING);
		post(&hanging[i], host, "/hang", LONG_MS);
	}
	for (int i = 0; i < ENDPOINTS; i++) {
		snprintf(host, sizeof(host), "127.0.%d.%d", i / 200, 1 + i % 200);
		post(&sent[i], host, "/ok", LONG_MS);
	}
	await(ENDPOINTS);
	for (int i = 0; i < ENDPOINTS; i++)
		assert_int_equal(sent[i].request.outcome, OUTBOUND_ANSWERED);
	outbound_stop(outbound);
	await(HANGING * 2);
	for (int i = 0; i < HANGING * 2; i++)
		assert_int_equal(hanging[i].request.outcome, OUTBOUND_STOPPED);
}

static void test_outbound_takes_turns_when_connections_are_few(void **state)
{
	enum { ENDPOINTS = 40, EACH = 5 };
	static struct sent sent[ENDPOINTS * EACH];
	struct outbound_stats stats;
	char host[32];

	(void)state;
	options.connections_max = 10;
	start();
	for (int i = 0; i < ENDPOINTS * EACH; i++) {
		snprintf(host, sizeof(host), "127.0.2.%d", 1 + i % ENDPOINTS);
		post(&sent[i], host, "/ok", LONG_MS);
	}
	await(ENDPOINTS * EACH);
	for (int i = 0; i < ENDPOINTS * EACH; i++)
		assert_int_equal(sent[i].request.outcome, OUTBOUND_ANSWERED);
	outbound_stats_read(outbound, &stats);
	assert_int_equal(stats.answered, ENDPOINTS * EACH);
	assert_true(stats.connections <= 10);
	assert_int_equal(stats.waiting, 0);
	assert_int_equal(stats.in_progress, 0);
}

static void test_outbound_refuses_more_than_may_wait(void **state)
{
	static struct sent sent[20];
	int refused = 0;

	(void)state;
	options.waiting_max = 10;
	options.lane_max = 1;
	start();
	for (int i = 0; i < 20; i++)
		post(&sent[i], "127.0.0.1", "/hang", LONG_MS);
	await(14);
	outbound_stop(outbound);
	await(6);
	for (int i = 0; i < 20; i++)
		refused += sent[i].request.outcome == OUTBOUND_BUSY;
	/* Five wait; one more may be in progress by then, or wait for its address still. */
	assert_in_range(refused, 14, 15);
}

static void test_outbound_keeps_room_beside_an_endpoint_that_hangs(void **state)
{
	static struct sent sent[20];
	struct sent other = {0};

	(void)state;
	options.waiting_max = 10;
	options.lane_max = 1;
	start();
	for (int i = 0; i < 20; i++)
		post(&sent[i], "127.0.0.1", "/hang", LONG_MS);
	await(14);
	post(&other, "127.0.0.2", "/ok", LONG_MS);
	/* One more of those that hang may be refused before. */
	while (!atomic_load(&other.has_ended))
		await(1);
	outbound_stop(outbound);
	assert_int_equal(other.request.status, 200);
}

static void test_outbound_answers_what_is_sent_after_the_stop(void **state)
{
	struct sent sent = {0};

	(void)state;
	start();
	outbound_stop(outbound);
	post(&sent, "127.0.0.1", "/ok", LONG_MS);
	await(1);
	assert_int_equal(sent.request.outcome, OUTBOUND_STOPPED);
}
