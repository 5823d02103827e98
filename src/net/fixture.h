/* SPDX-License-Identifier: MIT */
/*
 * fixture: a server in this process and raw sockets, for tests.
 *
 * A test sets `options` as it likes, calls start() and then talks as a peer. prepare and clean_up
 * are for its file's setup and teardown.
 */
#ifndef TERN_NET_FIXTURE_H
#define TERN_NET_FIXTURE_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fixture.h"
#include "net/server.h"

#define PATIENCE_S 20 /* how long a test waits for what must happen */
#define BIG_SIZE ((size_t)32 << 20)
#define REQUEST(target) "GET " target " HTTP/1.1\r\nHost: h\r\n\r\n"

static struct net_options options;
static struct net_server *server;
static uint16_t port;
static struct net_request *parked; /* net thread */
static sem_t has_parked, has_half_closed, has_aborted;

static inline void answer(struct net_request *request)
{
	struct str text = arena_format(&request->arena, "%.*s %.*s %zu:%.*s",
				       STR_ARG(request->http.method_text),
				       STR_ARG(request->http.target), request->http.body.size,
				       STR_ARG(str_slice(request->http.body, 0, 64)));

	net_respond(request, 200, NULL, 0, text);
}

/*
 * "/park" waits for a "/release" on another connection; "/big" is more than sockets hold; the
 * answer to "/hold" is held for 50 ms, that to "/hold-long" for a minute.
 */
static inline void on_request(struct net_request *request)
{
	if (str_equal(request->http.target, STR("/park"))) {
		parked = request;
		sem_post(&has_parked);
		return;
	}
	if (str_starts(request->http.target, STR("/hold"))) {
		net_request_hold(request, str_ends(request->http.target, STR("long")) ? 60000 : 50);
		answer(request);
		return;
	}
	if (str_equal(request->http.target, STR("/listener"))) {
		net_respond(request, 200, NULL, 0,
			    arena_format(&request->arena, "listener %u", request->listener));
		return;
	}
	if (str_equal(request->http.target, STR("/big"))) {
		struct str body = str_of(arena_bytes(&request->arena, BIG_SIZE), BIG_SIZE);
		memset((char *)body.data, 'b', BIG_SIZE);
		net_respond(request, 200, NULL, 0, body);
		return;
	}
	if (str_equal(request->http.target, STR("/release")) && parked) {
		answer(parked);
		parked = NULL;
	}
	answer(request);
}

static inline void on_abort(struct net_request *request)
{
	parked = NULL;
	net_request_end(request);
	sem_post(&has_aborted);
}

static inline void on_half_close(struct net_request *request)
{
	(void)request;
	sem_post(&has_half_closed);
}

static inline int prepare(void)
{
	options = (struct net_options){
		.on_request = on_request, .on_abort = on_abort, .on_half_close = on_half_close};
	sem_init(&has_parked, 0, 0);
	sem_init(&has_half_closed, 0, 0);
	sem_init(&has_aborted, 0, 0);
	return 0;
}

static inline int clean_up(void)
{
	if (server)
		net_server_stop(server, 0);
	net_server_free(&server);
	return 0;
}

static inline void start(void)
{
	struct net_listening listening;

	server = net_server_new(&options);
	assert_int_equal(net_listen(server, STR("127.0.0.1:0"), &listening), ERR_OK);
	port = listening.port;
	net_server_start(server);
}

static inline void await(sem_t *event)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	assert_int_equal(sem_timedwait(event, &until), 0);
}

/* ---- a peer ---- */

static inline int peer_at(uint16_t place_port)
{
	struct sockaddr_in place = {.sin_family = AF_INET,
				    .sin_port = htons(place_port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {.tv_sec = PATIENCE_S};
	int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(peer >= 0);
	setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(peer, (struct sockaddr *)&place, sizeof(place)), 0);
	return peer;
}

static inline int peer(void)
{
	return peer_at(port);
}

static inline void say_all(int peer, struct str text)
{
	while (text.size > 0) {
		ssize_t sent = send(peer, text.data, text.size, MSG_NOSIGNAL);
		assert_true(sent > 0);
		text = str_slice(text, (size_t)sent, SIZE_MAX);
	}
}
#define say(peer, literal) say_all((peer), STR(literal))

static inline void hear_exactly(int peer, char *out, size_t size)
{
	while (size > 0) {
		ssize_t got = recv(peer, out, size, 0);
		assert_true(got > 0);
		out += got;
		size -= (size_t)got;
	}
}

/* One answer: its status, and its body in `body` if it is not NULL. */
static inline int hear(int peer, char body[256])
{
	char head[2048], unused[256];
	int status;
	size_t size = 0, length = 0;

	do {
		assert_true(size < sizeof(head) - 1);
		hear_exactly(peer, head + size++, 1);
		head[size] = '\0';
	} while (size < 4 || strcmp(head + size - 4, "\r\n\r\n") != 0);
	assert_int_equal(sscanf(head, "HTTP/1.1 %d ", &status), 1);
	const char *field = strstr(head, "Content-Length: ");
	if (field)
		sscanf(field, "Content-Length: %zu", &length);
	assert_true(length < sizeof(unused));
	body = body ? body : unused;
	hear_exactly(peer, body, length);
	body[length] = '\0';
	return status;
}

static inline void assert_answer(int peer, const char *text)
{
	char body[256];

	assert_int_equal(hear(peer, body), 200);
	assert_string_equal(body, text);
}

/* An end of file, not a reset, and nothing before it. */
static inline void assert_end(int peer)
{
	char byte;

	assert_int_equal(recv(peer, &byte, 1, 0), 0);
	close(peer);
}

static inline void release(void)
{
	int other = peer();

	say(other, REQUEST("/release"));
	assert_answer(other, "GET /release 0:");
	close(other);
}

#endif
