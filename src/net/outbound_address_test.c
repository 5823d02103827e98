/* SPDX-License-Identifier: MIT */
/*
 * A host with two addresses, of which the first takes no connection. The file's own getaddrinfo
 * takes the place of the C library's.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fixture.h"
#include "net/outbound.h"
#include "net/resolve.h"

enum { CONNECT_MS = 4000, FILLERS = 4 };

/* ---- names ---- */

struct found {
	struct addrinfo info;
	struct sockaddr_in address;
};

static sem_t may_resolve; /* of slow.example */
static const char *const host_addresses[] = {"127.0.0.2", "127.0.0.3"};

int getaddrinfo(const char *restrict name, const char *restrict service,
		const struct addrinfo *restrict hints, struct addrinfo **restrict out)
{
	struct addrinfo *first = NULL;
	int64_t port;

	(void)hints;
	if (strcmp(name, "slow.example") == 0)
		sem_wait(&may_resolve);
	assert_true(str_to_i64(str_from(service), &port));
	for (size_t i = 2; i-- > 0;) {
		struct found *found = heap_alloc(sizeof(*found));
		found->address.sin_family = AF_INET;
		found->address.sin_port = htons((uint16_t)port);
		inet_pton(AF_INET, host_addresses[i], &found->address.sin_addr);
		found->info = (struct addrinfo){.ai_family = AF_INET,
						.ai_socktype = SOCK_STREAM,
						.ai_addrlen = sizeof(found->address),
						.ai_addr = (struct sockaddr *)&found->address,
						.ai_next = first};
		first = &found->info;
	}
	*out = first;
	return 0;
}

void freeaddrinfo(struct addrinfo *info)
{
	while (info) {
		struct addrinfo *next = info->ai_next;
		heap_free(container_of(info, struct found, info));
		info = next;
	}
}

/* ---- addresses ---- */

static int listen_at(const char *text, int port, int backlog, int *out_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	socklen_t size = sizeof(address);
	int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	inet_pton(AF_INET, text, &address.sin_addr);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listener, backlog), 0);
	getsockname(listener, (struct sockaddr *)&address, &size);
	*out_port = ntohs(address.sin_port);
	return listener;
}

/* The listener's queue is full from now on: the kernel answers no further connection. */
static void fill(const char *text, int port, int fillers[FILLERS])
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	inet_pton(AF_INET, text, &address.sin_addr);
	for (int i = 0; i < FILLERS; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(fillers[i], (struct sockaddr *)&address, sizeof(address));
	}
	poll(NULL, 0, 20);
}

static void *answer_one(void *context)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	char text[1024];
	int peer = accept(*(int *)context, NULL, NULL);

	if (peer >= 0 && read(peer, text, sizeof(text)) > 0)
		(void)send(peer, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
	if (peer >= 0)
		close(peer);
	return NULL;
}

static void on_done(struct outbound_request *request)
{
	sem_post(request->context);
}

static void test_a_second_address_is_tried_beside_one_that_hangs(void **state)
{
	struct outbound_options options = {0};
	struct outbound *outbound;
	char problem[256], url[64];
	int port, fillers[FILLERS];
	pthread_t thread;
	sem_t has_ended;

	(void)state;
	int hanging = listen_at(host_addresses[0], 0, 0, &port);
	int living = listen_at(host_addresses[1], port, 8, &port);
	fill(host_addresses[0], port, fillers);
	assert_int_equal(pthread_create(&thread, NULL, answer_one, &living), 0);
	sem_init(&has_ended, 0, 0);
	assert_int_equal(outbound_new(&options, &outbound, problem, sizeof(problem)), ERR_OK);
	snprintf(url, sizeof(url), "http://two.example:%d/", port);
	struct outbound_request request = {.url = str_from(url),
					   .method = STR("GET"),
					   .connect_ms = CONNECT_MS,
					   .answer_ms = CONNECT_MS,
					   .done = on_done,
					   .context = &has_ended};
	outbound_send(outbound, &request);
	assert_int_equal(sem_wait(&has_ended), 0);
	assert_int_equal(request.outcome, OUTBOUND_ANSWERED);
	assert_int_equal(request.status, 200);
	assert_true(request.total_ns >= INT64_C(200000000));
	assert_true(request.total_ns < (int64_t)CONNECT_MS / 2 * 1000000);
	pthread_join(thread, NULL);
	/* Both hang: the time of the whole is over once. */
	close(living);
	living = listen_at(host_addresses[1], port, 0, &port);
	int others[FILLERS];
	fill(host_addresses[1], port, others);
	request.connect_ms = 1000;
	outbound_send(outbound, &request);
	assert_int_equal(sem_wait(&has_ended), 0);
	assert_int_equal(request.outcome, OUTBOUND_TIMEOUT);
	assert_true(request.total_ns >= INT64_C(900000000));
	outbound_free(&outbound);
	for (int i = 0; i < FILLERS; i++) {
		close(fillers[i]);
		close(others[i]);
	}
	close(hanging);
	close(living);
	sem_destroy(&has_ended);
}

/* Look-ups have threads of their own, and the request does not wait for them longer than it says.
 */
static void test_a_look_up_has_a_deadline(void **state)
{
	struct outbound_options options = {0};
	struct outbound *outbound;
	char problem[256], url[64];
	pthread_t thread;
	sem_t has_ended;
	int port;

	(void)state;
	int living = listen_at(host_addresses[0], 0, 8, &port);
	assert_int_equal(pthread_create(&thread, NULL, answer_one, &living), 0);
	sem_init(&has_ended, 0, 0);
	sem_init(&may_resolve, 0, 0);
	assert_int_equal(outbound_new(&options, &outbound, problem, sizeof(problem)), ERR_OK);
	struct outbound_request slow = {.url = STR("http://slow.example/"),
					.method = STR("GET"),
					.connect_ms = 300,
					.answer_ms = CONNECT_MS,
					.done = on_done,
					.context = &has_ended};
	outbound_send(outbound, &slow);
	assert_int_equal(sem_wait(&has_ended), 0);
	assert_int_equal(slow.outcome, OUTBOUND_TIMEOUT);
	assert_true(slow.total_ns >= INT64_C(250000000));
	snprintf(url, sizeof(url), "http://two.example:%d/", port);
	struct outbound_request quick = slow;
	quick.url = str_from(url);
	quick.connect_ms = CONNECT_MS;
	outbound_send(outbound, &quick);
	assert_int_equal(sem_wait(&has_ended), 0);
	assert_int_equal(quick.outcome, OUTBOUND_ANSWERED);
	/* A stop does not wait for a look-up. */
	struct outbound_request stopped = slow;
	stopped.url = STR("http://slow.example:81/");
	stopped.connect_ms = CONNECT_MS;
	outbound_send(outbound, &stopped);
	outbound_free(&outbound);
	assert_int_equal(sem_wait(&has_ended), 0);
	assert_int_equal(stopped.outcome, OUTBOUND_STOPPED);
	pthread_join(thread, NULL);
	sem_post(&may_resolve);
	sem_post(&may_resolve);
	close(living);
	sem_destroy(&has_ended);
}

static void ignore(void *context, const struct resolved *resolved)
{
	(void)context, (void)resolved;
}

/* More begin at once than there are idle threads of earlier ones. */
static void test_a_look_up_does_not_wait_for_those_that_hang(void **state)
{
	struct resolve *slow[8];
	struct resolved found;

	(void)state;
	sem_init(&may_resolve, 0, 0);
	assert_true(resolve_wait("two.example", "80", CONNECT_MS, &found));
	for (int i = 0; i < 8; i++)
		slow[i] = resolve_begin("slow.example", "80", ignore, NULL);
	assert_true(resolve_wait("two.example", "80", CONNECT_MS, &found));
	assert_int_equal(found.count, 2);
	for (int i = 0; i < 8; i++)
		assert_true(resolve_end(&slow[i]));
	for (int i = 0; i < 8; i++)
		sem_post(&may_resolve);
}
