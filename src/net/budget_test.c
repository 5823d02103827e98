/* SPDX-License-Identifier: MIT */
/* Limits of a peer's share of memory and connections, and the share kept for others. */
#include "base/network.h"
#include "net/fixture.h"

enum { MANY = 200 };
#define ANNOUNCED "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 16000000\r\n\r\n"

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

static uint64_t bytes_in(void)
{
	struct net_stats stats;

	net_server_stats(server, &stats);
	return stats.bytes_in;
}

static void await_bytes(uint64_t count)
{
	int64_t until_ns = clock_steady_ns() + PATIENCE_S * INT64_C(1000000000);

	while (bytes_in() < count)
		assert_true(clock_steady_ns() < until_ns);
}

static void say_part(int peer, size_t size)
{
	struct buf text = {0};

	buf_append(&text, STR(ANNOUNCED));
	memset(buf_extend(&text, size), 'a', size);
	say_all(peer, buf_str(&text));
	buf_done(&text);
}

static void assert_served(const char *target)
{
	int client = peer();
	char expected[64];

	say_all(client, arena_format(&arena, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", target));
	snprintf(expected, sizeof(expected), "GET %s 0:", target);
	assert_answer(client, expected);
	close(client);
}

/* In two writes, so that its first half has to be kept. */
static void assert_served_in_parts(void)
{
	int client = peer();

	say(client, "POST /parts HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n"
		    "Expect: 100-continue\r\n\r\n");
	assert_int_equal(hear(client, NULL), 100);
	say(client, "body");
	assert_answer(client, "POST /parts 4:body");
	close(client);
}

static void test_announced_bytes_take_no_room(void **state)
{
	(void)state;
	int many[MANY];

	options.held_max = 4 << 20; /* a part of 64 KiB of each would be three times that */
	start();
	for (int i = 0; i < MANY; i++) {
		many[i] = peer();
		say_part(many[i], 1);
	}
	await_bytes(MANY * sizeof(ANNOUNCED));
	assert_served("/a");
	assert_served_in_parts();
	for (int i = 0; i < MANY; i++)
		close(many[i]);
}

static void test_parts_of_one_source_leave_room(void **state)
{
	(void)state;
	int many[MANY];
	int refused = 0;

	options.held_max = 4 << 20;
	start();
	for (int i = 0; i < MANY; i++) {
		many[i] = peer();
		say_part(many[i], 15000);
	}
	/* A quarter of the room is 64 messages of 16 KiB; some fewer, for each has a parser. */
	for (int i = 0; i < MANY; i++) {
		struct pollfd events = {.fd = many[i], .events = POLLIN};
		if (i < 50)
			assert_int_equal(poll(&events, 1, 0), 0);
		if (i < 70)
			continue;
		assert_int_equal(hear(many[i], NULL), 503);
		refused++;
	}
	assert_int_equal(refused, MANY - 70);
	assert_served("/a");
	for (int i = 0; i < MANY; i++)
		close(many[i]);
}

static void test_requests_ahead_of_one_source_leave_room(void **state)
{
	(void)state;
	struct buf text = {0};
	int many[MANY];

	options.held_max = 4 << 20;
	start();
	buf_append(&text, STR(REQUEST("/hold-long")));
	while (text.size < 30000)
		buf_append(&text, STR(REQUEST("/ahead")));
	for (int i = 0; i < MANY; i++) {
		many[i] = peer();
		say_all(many[i], buf_str(&text));
	}
	await_bytes(MANY * text.size);
	assert_served("/a");
	for (int i = 0; i < MANY; i++)
		close(many[i]);
	buf_done(&text);
}

static bool is_health(const struct http_request *request)
{
	return str_equal(request->target, STR("/health"));
}

static void test_what_is_vital_is_always_served(void **state)
{
	(void)state;
	char byte;

	options.held_max = BIG_SIZE / 2;
	options.is_vital = is_health;
	start();
	int lazy = peer(), small = peer();
	say(lazy, REQUEST("/big"));
	assert_int_equal(recv(lazy, &byte, 1, MSG_PEEK), 1);
	say(small, REQUEST("/a"));
	assert_int_equal(hear(small, NULL), 503);
	assert_end(small);
	assert_served("/health");
	close(lazy);
}

static void test_connections_of_a_source_are_bounded(void **state)
{
	(void)state;
	struct net_stats stats;

	options.connections_per_source = 2;
	start();
	int first = peer(), second = peer();
	say(first, REQUEST("/a"));
	assert_answer(first, "GET /a 0:");
	say(second, REQUEST("/a"));
	assert_answer(second, "GET /a 0:");
	assert_end(peer());
	net_server_stats(server, &stats);
	assert_int_equal(stats.connections_refused, 1);
	shutdown(first, SHUT_WR);
	assert_end(first);
	/* The place is free once the server has closed its end too. */
	int64_t until_ns = clock_steady_ns() + PATIENCE_S * INT64_C(1000000000);
	do {
		assert_true(clock_steady_ns() < until_ns);
		net_server_stats(server, &stats);
	} while (stats.connections_open > 1);
	assert_served("/b");
	close(second);
}

static void test_exempt_sources_have_as_many_as_they_like(void **state)
{
	(void)state;
	struct network exempt;

	assert_true(network_parse(STR("127.0.0.0/8"), &exempt));
	options.connections_per_source = 1;
	options.exempt = &exempt;
	options.exempt_count = 1;
	start();
	int first = peer();
	say(first, REQUEST("/a"));
	assert_answer(first, "GET /a 0:");
	assert_served("/b");
	close(first);
}
