/* SPDX-License-Identifier: MIT */
/*
 * echo: a server of the kitchen's services, for clients that others wrote: what an operation gets
 * it answers. Prints its port on the first line; a process serves each connection.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/coding.h"
#include "http/response.h"
#include "kitchen.h"
#include "wire/faults.h"

enum { ROOM = 1 << 20 };

struct connection {
	int socket;
	char data[ROOM];
	size_t size;
	struct http_parser parser;
	struct http_header headers[LIMIT_HTTP_HEADERS];
};

/* The text of why, if the request is one for a fault. */
static const struct fault_type *fault_of(const struct operation *operation, const void *in)
{
	if (!str_equal(operation->name, STR("Fail")))
		return NULL;
	return kitchen_fault(*(const struct str *)in);
}

static void answer_request(struct arena *arena, struct http_request *request,
			   struct wire_message *answer)
{
	const struct fault_type *fault;
	struct str problem = {0};
	struct route route;

	if (http_body_decode(arena, request, &request->body) != ERR_OK)
		request->body = (struct str){0};
	route_request(&kitchen_table, arena, request, &route);
	fault = route.fault;
	problem = route.problem;
	if (route.operation) {
		void *in = arena_alloc(arena, route.operation->in->size);
		void *out = arena_alloc(arena, route.operation->out->size);
		enum err err = route.dialect->decode(arena, request, &route, in, &problem);
		fault = err ? &common_faults[FAULT_SERIALIZATION] : fault_of(route.operation, in);
		if (!fault) {
			kitchen_echo(route.operation, in, out);
			route.dialect->encode(answer, route.operation, out);
			return;
		}
	}
	if (!problem.data)
		problem = STR("the <kitchen> burns");
	route.dialect->encode_fault(answer, route.service, fault, problem);
}

static bool send_all(int socket, struct str bytes)
{
	while (bytes.size > 0) {
		ssize_t sent = send(socket, bytes.data, bytes.size, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		bytes = str_slice(bytes, (size_t)sent, SIZE_MAX);
	}
	return true;
}

static bool answer(struct connection *connection)
{
	struct http_request request;
	struct buf body = {0}, out = {0};
	struct http_date date = {0};
	struct arena arena;

	arena_init(&arena);
	http_request_bind(&connection->parser, connection->data, connection->headers, &request);
	struct wire_message message = {.arena = &arena, .body = &body, .request_id = STR("id-1")};
	wire_message_header(&message, STR("x-amzn-RequestId"), message.request_id);
	answer_request(&arena, &request, &message);
	struct http_response response = {
		.status = message.status,
		.version_minor = 1,
		.is_keep_alive = true,
		.is_head_only = request.method == HTTP_METHOD_HEAD,
		.headers = message.headers,
		.header_count = message.header_count,
		.body = buf_str(&body),
	};
	http_date_update(&date, clock_now_ms());
	http_response_write(&out, &response, &date);
	bool is_sent = send_all(connection->socket, buf_str(&out));
	size_t taken = connection->parser.message_size;
	memmove(connection->data, connection->data + taken, connection->size - taken);
	connection->size -= taken;
	buf_done(&body);
	buf_done(&out);
	arena_done(&arena);
	return is_sent;
}

/* Answers what has come completely; false: the connection is to be closed. */
static bool answer_all(struct connection *connection)
{
	while (connection->size > 0) {
		enum http_progress progress =
			http_parser_feed(&connection->parser, connection->data, &connection->size);
		if (progress == HTTP_REFUSED)
			return false;
		if (connection->parser.wants_continue) {
			connection->parser.wants_continue = false;
			if (!send_all(connection->socket, STR("HTTP/1.1 100 Continue\r\n\r\n")))
				return false;
		}
		if (progress == HTTP_MORE)
			return true;
		if (!answer(connection))
			return false;
		http_parser_init(&connection->parser);
	}
	return true;
}

static void serve(struct connection *connection)
{
	http_parser_init(&connection->parser);
	connection->size = 0;
	do {
		ssize_t size = recv(connection->socket, connection->data + connection->size,
				    ROOM - connection->size, 0);
		if (size <= 0)
			return;
		connection->size += (size_t)size;
	} while (answer_all(connection));
}

int main(void)
{
	static struct connection connection;
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 ||
	    listen(listener, 16) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) != 0)
		return 1;
	signal(SIGCHLD, SIG_IGN); /* no zombies */
	if (dprintf(STDOUT_FILENO, "%d\n", ntohs(address.sin_port)) < 0)
		return 1;
	for (;;) {
		connection.socket = accept(listener, NULL, NULL);
		if (connection.socket < 0)
			return 1;
		if (fork() == 0) {
			serve(&connection);
			return 0;
		}
		close(connection.socket);
	}
}
