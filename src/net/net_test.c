/* SPDX-License-Identifier: MIT */
/* Peers of a server, correct and malicious ones. */
#include "net/fixture.h"

static int setup(void **state)
{
	(void)state;
	return prepare();
}

static int teardown(void **state)
{
	(void)state;
	return clean_up();
}

/* ---- messages ---- */

static void test_requests_of_one_write_are_answered_in_order(void **state)
{
	(void)state;
	start();
	int client = peer();

	say(client, REQUEST("/a") REQUEST("/park") REQUEST("/b") REQUEST("/c"));
	assert_answer(client, "GET /a 0:");
	await(&has_parked);
	release();
	assert_answer(client, "GET /park 0:");
	assert_answer(client, "GET /b 0:");
	assert_answer(client, "GET /c 0:");
	close(client);
}

static void test_a_thousand_requests_ahead_are_answered(void **state)
{
	(void)state;
	struct buf text = {0};
	char expected[64];

	start();
	int client = peer();
	for (int i = 0; i < 1000; i++)
		buf_format(&text, "POST /%d HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi", i);
	say_all(client, buf_str(&text));
	for (int i = 0; i < 1000; i++) {
		snprintf(expected, sizeof(expected), "POST /%d 2:hi", i);
		assert_answer(client, expected);
	}
	close(client);
	buf_done(&text);
}

static void test_a_request_may_come_byte_by_byte(void **state)
{
	(void)state;
	static const struct str text =
		STR_INIT("POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
			 "2\r\nbo\r\n2;a=b\r\ndy\r\n0\r\nTrailer: t\r\n\r\n" REQUEST("/next"));

	start();
	int client = peer();
	int on = 1;
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (size_t i = 0; i < text.size; i++)
		say_all(client, str_slice(text, i, 1));
	assert_answer(client, "POST /x 4:body");
	assert_answer(client, "GET /next 0:");
	close(client);
}

static void test_a_large_body_and_what_follows_it(void **state)
{
	(void)state;
	struct buf text = {0};

	start();
	int client = peer();
	buf_append(&text, STR("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n"));
	memset(buf_extend(&text, 1000000), 'a', 1000000);
	buf_append(&text, STR(REQUEST("/next")));
	say_all(client, buf_str(&text));
	assert_answer(client, "POST /x 1000000:"
			      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	assert_answer(client, "GET /next 0:");
	close(client);
	buf_done(&text);
}

static void test_continue_is_said_once_and_before_the_body(void **state)
{
	(void)state;
	start();
	int client = peer();

	say(client, "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n"
		    "Expect: 100-continue\r\n\r\n");
	assert_int_equal(hear(client, NULL), 100);
	say(client, "bo");
	say(client, "dy");
	assert_answer(client, "POST /x 4:body");
	say(client, "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n"
		    "Expect: 100-continue\r\n\r\nbody");
	assert_answer(client, "POST /x 4:body");
	close(client);
}

static void test_head_is_answered_without_a_body(void **state)
{
	(void)state;
	char text[512];

	start();
	int client = peer();
	say(client, "HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	ssize_t size = recv(client, text, sizeof(text) - 1, MSG_WAITALL);
	assert_true(size > 0);
	text[size] = '\0';
	assert_non_null(strstr(text, "Content-Length: 10\r\n"));
	assert_string_equal(text + size - 4, "\r\n\r\n");
	close(client);
}

/* ---- refusals ---- */

static void assert_refused(struct str text, int status)
{
	int client = peer();

	say_all(client, text);
	assert_int_equal(hear(client, NULL), status);
	assert_end(client);
}

static void test_what_cannot_be_understood_is_refused_and_closed(void **state)
{
	(void)state;
	start();

	assert_refused(STR("hello\r\n\r\n"), 400);
	assert_refused(STR("GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n" REQUEST("/b")), 400);
	assert_refused(STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
			   "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" REQUEST("/b")),
		       400);
	assert_refused(STR("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
			   "0\r\n\r\n"),
		       501);
	assert_refused(STR("GET / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\n\r\n"), 417);
}

static void test_a_refusal_reaches_a_peer_that_still_sends(void **state)
{
	(void)state;
	struct buf text = {0};

	start();
	buf_append(&text, STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n"));
	memset(buf_extend(&text, 1000000), 'a', 1000000);
	assert_refused(buf_str(&text), 413);
	buf_reset(&text);
	buf_append(&text, STR("GET / HTTP/1.1\r\nHost: h\r\nA: "));
	memset(buf_extend(&text, 1000000), 'a', 1000000);
	assert_refused(buf_str(&text), 431);
	buf_reset(&text);
	buf_append(&text, STR("GET /"));
	memset(buf_extend(&text, 1000000), 'a', 1000000);
	assert_refused(buf_str(&text), 414);
	buf_done(&text);
}

static void refuse_in_words(struct net_thread *thread, struct net_refusal *refusal)
{
	(void)thread;
	refusal->headers[refusal->header_count++] =
		(struct http_header){STR("Content-Type"), STR("text/words")};
	buf_format(&refusal->body, "%d %.*s", refusal->status,
		   STR_ARG(refusal->request->fields[HTTP_FIELD_X_AMZ_TARGET]));
}

static void test_the_owner_may_word_a_refusal(void **state)
{
	(void)state;
	char body[256];

	options.on_refusal = refuse_in_words;
	start();
	int client = peer();
	say(client, "POST / HTTP/1.1\r\nHost: h\r\nX-Amz-Target: A.B\r\n"
		    "Content-Length: 99999999\r\n\r\n");
	assert_int_equal(hear(client, body), 413);
	assert_string_equal(body, "413 A.B");
	assert_end(client);
}

static void test_slow_requests_are_refused(void **state)
{
	(void)state;
	options.head_ms = options.body_ms = 50;
	start();
	int slow_head = peer(), slow_body = peer();

	say(slow_head, "GET / HTTP/1.1\r\nHost:");
	say(slow_body, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n1");
	assert_int_equal(hear(slow_head, NULL), 408);
	assert_int_equal(hear(slow_body, NULL), 408);
	assert_end(slow_head);
	assert_end(slow_body);
}

static void test_idle_connections_are_closed_without_a_word(void **state)
{
	(void)state;
	options.head_ms = options.idle_ms = 50;
	start();
	int fresh = peer(), used = peer();

	say(used, REQUEST("/a"));
	assert_answer(used, "GET /a 0:");
	assert_end(fresh);
	assert_end(used);
}

static void test_too_many_connections_are_closed(void **state)
{
	(void)state;
	struct net_stats stats;

	options.connections_max = 1;
	options.threads = 1;
	start();
	int first = peer();
	say(first, REQUEST("/a"));
	assert_answer(first, "GET /a 0:");
	assert_end(peer());
	say(first, REQUEST("/a"));
	assert_answer(first, "GET /a 0:");
	net_server_stats(server, &stats);
	assert_int_equal(stats.connections_refused, 1);
	close(first);
}

static void test_what_is_held_for_strangers_is_bounded(void **state)
{
	(void)state;
	struct buf text = {0};

	options.held_max = 6 << 20;
	start();
	int first = peer(), second = peer();
	buf_append(&text, STR("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\n"));
	memset(buf_extend(&text, 700000), 'a', 700000);
	say_all(first, buf_str(&text));
	say_all(second, buf_str(&text));
	struct pollfd both[2] = {{.fd = first, .events = POLLIN}, {.fd = second, .events = POLLIN}};
	assert_true(poll(both, 2, PATIENCE_S * 1000) > 0);
	int refused = both[0].revents ? first : second;
	assert_int_equal(hear(refused, NULL), 503);
	assert_end(refused);
	int small = peer();
	say(small, REQUEST("/a"));
	assert_answer(small, "GET /a 0:");
	close(small);
	close(refused == first ? second : first);
	buf_done(&text);
}

/* Sends again and again what there is until both ends' socket buffers are full; how often. */
static size_t flood(int peer, struct str request)
{
	size_t sent = 0;

	fcntl(peer, F_SETFL, O_NONBLOCK);
	do {
		struct str rest = str_slice(request, sent % request.size, SIZE_MAX);
		struct pollfd writable = {.fd = peer, .events = POLLOUT};
		ssize_t part = send(peer, rest.data, rest.size, MSG_NOSIGNAL);
		sent += part > 0 ? (size_t)part : 0;
		if (part < 0)
			assert_int_equal(errno, EAGAIN);
		if (part < 0 && poll(&writable, 1, 300) == 0)
			break;
	} while (sent < 64 << 20);
	fcntl(peer, F_SETFL, 0);
	assert_true(sent < 64 << 20);
	return sent / request.size;
}

static void test_answers_that_are_not_read_count_as_held(void **state)
{
	(void)state;
	char byte, part[65536];
	size_t heard = 0;

	options.held_max = BIG_SIZE / 2;
	start();
	int lazy = peer(), small = peer();
	say(lazy, REQUEST("/big"));
	assert_int_equal(recv(lazy, &byte, 1, MSG_PEEK), 1);
	say(small, REQUEST("/a"));
	assert_int_equal(hear(small, NULL), 503);
	assert_end(small);
	while (heard < BIG_SIZE) {
		ssize_t got = recv(lazy, part, sizeof(part), 0);
		assert_true(got > 0);
		heard += (size_t)got;
	}
	say(lazy, REQUEST("/a"));
	do { /* the end of the large answer is still before it */
		ssize_t got = recv(lazy, part, sizeof(part), 0);
		assert_true(got > 0);
		heard = (size_t)got;
	} while (str_find(str_of(part, heard), STR("GET /a 0:"), 0) == SIZE_MAX);
	close(lazy);
}

static void test_reading_ahead_is_bounded(void **state)
{
	(void)state;
	struct buf request = {0};

	start();
	int client = peer();
	say(client, REQUEST("/park"));
	await(&has_parked);
	buf_append(&request, STR("GET /a HTTP/1.1\r\nHost: h\r\nA: "));
	memset(buf_extend(&request, 20000), 'a', 20000);
	buf_append(&request, STR("\r\n\r\n"));
	size_t count = flood(client, buf_str(&request));
	release();
	assert_answer(client, "GET /park 0:");
	for (size_t i = 0; i < count; i++)
		assert_answer(client, "GET /a 0:");
	close(client);
	buf_done(&request);
}

/* ---- ends ---- */

static void test_a_held_answer_goes_out_later_and_in_order(void **state)
{
	(void)state;
	start();
	int held = peer(), other = peer();
	int64_t begin_ns = clock_steady_ns();
	say(held, REQUEST("/before") REQUEST("/hold") REQUEST("/after"));
	say(other, REQUEST("/other"));
	assert_answer(other, "GET /other 0:");
	assert_answer(held, "GET /before 0:");
	assert_answer(held, "GET /hold 0:");
	assert_true(clock_steady_ns() - begin_ns >= 50000000);
	assert_answer(held, "GET /after 0:");
	close(held);
	close(other);
}

static void test_nothing_is_taken_while_an_answer_is_held(void **state)
{
	int held, other;

	(void)state;
	start();
	held = peer();
	say(held, REQUEST("/hold-long"));
	other = peer();
	say(held, REQUEST("/park"));
	say(other, REQUEST("/other"));
	assert_answer(other, "GET /other 0:");
	assert_null(parked);
	close(held);
	close(other);
}

static void test_a_stop_lets_held_answers_go(void **state)
{
	(void)state;
	start();
	int held = peer();
	struct net_stats stats;
	say(held, REQUEST("/hold-long"));
	do
		net_server_stats(server, &stats);
	while (stats.requests == 0);
	net_server_stop(server, PATIENCE_S * 1000);
	assert_answer(held, "GET /hold-long 0:");
	assert_end(held);
	net_server_free(&server);
}

static void test_a_half_closed_peer_gets_its_answers(void **state)
{
	(void)state;
	start();
	int client = peer();

	say(client, REQUEST("/a") REQUEST("/park") REQUEST("/b") "GET /cut");
	shutdown(client, SHUT_WR);
	await(&has_half_closed);
	release();
	assert_answer(client, "GET /a 0:");
	assert_answer(client, "GET /park 0:");
	assert_answer(client, "GET /b 0:");
	assert_end(client);
}

static void test_a_peer_that_vanishes_aborts_its_request(void **state)
{
	(void)state;
	struct linger reset = {.l_onoff = 1};

	start();
	int client = peer();
	say(client, REQUEST("/park"));
	await(&has_parked);
	setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(client);
	await(&has_aborted);
	release();
}

static void test_close_is_said_and_kept(void **state)
{
	(void)state;
	start();
	int client = peer();

	say(client, "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" REQUEST("/b"));
	assert_answer(client, "GET /a 0:");
	assert_end(client);
	client = peer();
	say(client, "GET /a HTTP/1.0\r\n\r\n");
	assert_answer(client, "GET /a 0:");
	assert_end(client);
	client = peer();
	say(client, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	assert_answer(client, "GET /a 0:");
	say(client, REQUEST("/b"));
	assert_answer(client, "GET /b 0:");
	close(client);
}

static void test_stop_lets_requests_end_and_aborts_the_rest(void **state)
{
	(void)state;
	start();
	int idle = peer(), busy = peer();

	say(idle, REQUEST("/a"));
	assert_answer(idle, "GET /a 0:");
	say(busy, REQUEST("/park"));
	await(&has_parked);
	net_server_stop(server, 10);
	await(&has_aborted);
	assert_end(idle);
	close(busy);
	net_server_free(&server);
}

static void test_an_address_in_use_is_refused(void **state)
{
	(void)state;
	char address[32];
	struct net_listening same;

	options.threads = 2;
	start();
	snprintf(address, sizeof(address), "127.0.0.1:%u", port);
	struct net_server *other = net_server_new(&options);
	assert_int_equal(net_listen(other, str_from(address), &same), ERR_BUSY);
	assert_int_equal(net_listen(other, STR("nowhere"), &same), ERR_INVALID);
	assert_int_equal(net_listen(other, STR("127.0.0.1:65536"), &same), ERR_INVALID);
	net_server_free(&other);
}

static bool is_refused(uint16_t place_port)
{
	struct sockaddr_in place = {.sin_family = AF_INET,
				    .sin_port = htons(place_port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	bool is = connect(client, (struct sockaddr *)&place, sizeof(place)) != 0 &&
		  errno == ECONNREFUSED;
	close(client);
	return is;
}

static void test_addresses_come_and_go_while_the_server_runs(void **state)
{
	(void)state;
	struct net_listening more, last;

	options.threads = 2;
	start();
	assert_int_equal(net_listen(server, STR("127.0.0.1:0"), &more), ERR_OK);
	net_serve(server, more.listener);
	int client = peer_at(more.port), first = peer();
	say(client, REQUEST("/listener"));
	assert_answer(client, "listener 1");
	say(first, REQUEST("/listener"));
	assert_answer(first, "listener 0");

	net_unlisten(server, more.listener);
	assert_end(client);
	assert_true(is_refused(more.port));
	say(first, REQUEST("/a"));
	assert_answer(first, "GET /a 0:");
	close(first);

	/* The number is never used again, the port may be. */
	char address[32];
	snprintf(address, sizeof(address), "127.0.0.1:%u", more.port);
	assert_int_equal(net_listen(server, str_from(address), &last), ERR_OK);
	assert_int_equal(last.port, more.port);
	assert_int_equal(last.listener, 2);
	net_unlisten(server, last.listener);
	assert_true(is_refused(more.port));
}

static void test_requests_end_when_their_address_goes(void **state)
{
	(void)state;
	struct net_listening more;

	start();
	assert_int_equal(net_listen(server, STR("127.0.0.1:0"), &more), ERR_OK);
	net_serve(server, more.listener);
	int busy = peer_at(more.port);
	say(busy, REQUEST("/park"));
	await(&has_parked);
	net_unlisten(server, more.listener);
	await(&has_half_closed);
	int other = peer();
	say(other, REQUEST("/release"));
	assert_answer(other, "GET /release 0:");
	assert_answer(busy, "GET /park 0:");
	assert_end(busy);
	close(other);
}

static void test_addresses_may_come_and_go_around_the_end(void **state)
{
	(void)state;
	struct net_listening before, served, taken;

	start();
	assert_int_equal(net_listen(server, STR("127.0.0.1:0"), &served), ERR_OK);
	net_serve(server, served.listener);
	assert_int_equal(net_listen(server, STR("127.0.0.1:0"), &taken), ERR_OK);
	net_server_stop(server, 0);
	assert_int_equal(net_listen(server, STR("127.0.0.1:0"), &before), ERR_OK);
	net_serve(server, before.listener);
	assert_true(is_refused(before.port));
	net_unlisten(server, served.listener);
	net_unlisten(server, before.listener);
	net_server_free(&server);
	assert_true(is_refused(taken.port));
}
