/* SPDX-License-Identifier: MIT */
/*
 * connection: bytes in, one request at a time, bytes out.
 *
 * A read goes into the thread's buffer. A message that came whole is parsed there and copied into
 * its request; only one that came in part gets memory and a parser of its own, so an idle
 * connection holds neither. While a request runs, what else arrives waits in `in`; past a bound the
 * socket is not read any more. Answers gather in `out` and go out at the end of the turn.
 */
#include <string.h>

#include "net/net_private.h"

#define SECOND_NS INT64_C(1000000000)
#define LINGER_NS (2 * SECOND_NS)
#define AHEAD_SIZE ((size_t)NET_READ_SIZE) /* bytes of requests that wait for their turn */

static void on_closed(uv_handle_t *handle)
{
	struct net_connection *connection = container_of(handle, struct net_connection, handle);
	struct net_thread *thread = connection->thread;

	list_remove(&connection->link);
	if (list_is_linked(&connection->flush_link))
		list_remove(&connection->flush_link);
	thread->connection_count--;
	net_count(&thread->counts.connections_open, -1);
	buf_done(&connection->in);
	buf_done(&connection->out);
	buf_done(&connection->writing);
	heap_free(connection->parser);
	heap_free(connection);
}

void net_connection_close(struct net_connection *connection)
{
	if (connection->is_closing)
		return;
	connection->is_closing = true;
	uv_close(&connection->handle, on_closed);
}

void net_connection_abort(struct net_connection *connection)
{
	struct net_request *request = connection->request;

	net_connection_close(connection);
	if (!request)
		return;
	connection->request = NULL;
	request->connection = NULL;
	request->is_aborted = true;
	net_count(&connection->thread->counts.requests_aborted, 1);
	connection->thread->has_work = true;
	connection->thread->server->options.on_abort(request);
}

static void set_phase(struct net_connection *connection, enum net_phase phase)
{
	const struct net_options *options = &connection->thread->server->options;
	int64_t now_ns = clock_steady_ns();

	connection->phase = phase;
	switch (phase) {
	case NET_IDLE:
		connection->deadline_ns = now_ns + (int64_t)options->idle_ms * 1000000;
		break;
	case NET_HEAD:
		connection->deadline_ns = now_ns + (int64_t)options->head_ms * 1000000;
		break;
	case NET_BODY:
		connection->deadline_ns = now_ns + (int64_t)options->body_ms * 1000000;
		break;
	case NET_REQUEST:
		connection->deadline_ns = INT64_MAX;
		break;
	case NET_LINGERING:
		connection->deadline_ns = now_ns + LINGER_NS;
		break;
	}
}

static void push_flush(struct net_connection *connection)
{
	if (!list_is_linked(&connection->flush_link))
		list_push_back(&connection->thread->flush, &connection->flush_link);
	connection->thread->has_work = true;
}

/* Answers a message that never became a request; nothing after it can be understood. */
static void refuse(struct net_connection *connection, int status, const char *reason)
{
	struct net_thread *thread = connection->thread;
	struct http_header type = {STR("Content-Type"), STR("text/plain; charset=utf-8")};

	if (connection->out.capacity == 0)
		net_thread_new_buf(thread, &connection->out);
	http_date_update(&thread->date, clock_now_ms());
	http_response_write(&connection->out,
			    &(struct http_response){.status = status,
						    .version_minor = 1,
						    .headers = &type,
						    .header_count = 1,
						    .body = str_from(reason)},
			    &thread->date);
	net_count(&thread->counts.requests_refused, 1);
	connection->is_last = true;
	set_phase(connection, NET_LINGERING);
	buf_done(&connection->in);
	push_flush(connection);
}

static void send_continue(struct net_connection *connection, struct http_parser *parser)
{
	parser->wants_continue = false;
	if (connection->out.capacity == 0)
		net_thread_new_buf(connection->thread, &connection->out);
	buf_append(&connection->out, STR("HTTP/1.1 100 Continue\r\n\r\n"));
	push_flush(connection);
}

/* Hands over the message, whose bytes are at `data` and will stay there or in the request. */
static void begin_request(struct net_connection *connection, const struct http_parser *parser,
			  const char *data, char *storage)
{
	struct net_thread *thread = connection->thread;
	struct net_request *request = net_request_new(connection);

	request->storage = storage;
	if (!storage)
		data = arena_copy(&request->arena, str_of(data, parser->message_size)).data;
	struct http_header *headers =
		arena_array(&request->arena, struct http_header, http_parser_header_count(parser));
	http_request_bind(parser, data, headers, &request->http);
	connection->request = request;
	set_phase(connection, NET_REQUEST);
	net_count(&thread->counts.requests, 1);
	thread->has_work = true;
	thread->server->options.on_request(request);
}

/* Parses what came whole, in the thread's buffer. Keeps the rest. */
static void take_fresh(struct net_connection *connection, char *data, size_t size)
{
	struct http_parser *parser = &connection->thread->parser;

	http_parser_init(parser);
	switch (http_parser_feed(parser, data, &size)) {
	case HTTP_COMPLETE:
		buf_append(&connection->in,
			   str_slice(str_of(data, size), parser->message_size, SIZE_MAX));
		begin_request(connection, parser, data, NULL);
		break;
	case HTTP_REFUSED:
		refuse(connection, parser->status, parser->reason);
		break;
	case HTTP_MORE:
		if (parser->has_head)
			buf_reserve(&connection->in, parser->head_size + parser->body_size);
		buf_append(&connection->in, str_of(data, size));
		connection->parser = heap_alloc(sizeof(*parser));
		*connection->parser = *parser;
		set_phase(connection, parser->has_head ? NET_BODY : NET_HEAD);
		if (parser->wants_continue)
			send_continue(connection, connection->parser);
		break;
	}
}

/* Goes on with `in`, which begins with the message that connection->parser reads. */
static void take_partial(struct net_connection *connection)
{
	struct http_parser *parser = connection->parser;
	struct buf *in = &connection->in;
	bool had_head = parser->has_head;

	switch (http_parser_feed(parser, in->data, &in->size)) {
	case HTTP_COMPLETE: {
		char *storage = in->data;
		struct str rest = str_slice(buf_str(in), parser->message_size, SIZE_MAX);
		*in = (struct buf){0};
		buf_append(in, rest);
		connection->parser = NULL;
		begin_request(connection, parser, storage, storage);
		heap_free(parser);
		break;
	}
	case HTTP_REFUSED:
		refuse(connection, parser->status, parser->reason);
		break;
	case HTTP_MORE:
		if (parser->has_head && !had_head) {
			set_phase(connection, NET_BODY);
			if (parser->head_size + parser->body_size > in->size)
				buf_reserve(in, parser->head_size + parser->body_size - in->size);
		}
		if (parser->wants_continue)
			send_continue(connection, parser);
		break;
	}
}

/* Begins the next request if one waits and nothing stands before it. */
static void take_waiting(struct net_connection *connection)
{
	while (!connection->is_closing && !connection->request && !connection->is_last &&
	       !connection->is_writing && !connection->parser && connection->in.size > 0) {
		struct buf waiting = connection->in;
		connection->in = (struct buf){0};
		take_fresh(connection, waiting.data, waiting.size);
		buf_done(&waiting);
	}
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct net_connection *connection = container_of(handle, struct net_connection, handle);

	(void)suggested;
	*out = uv_buf_init(connection->thread->read_buffer, NET_READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *bytes);

static void read_start(struct net_connection *connection)
{
	if (connection->is_reading || connection->is_closing)
		return;
	connection->is_reading = true;
	uv_read_start(&connection->stream, on_alloc, on_read);
}

static void read_stop(struct net_connection *connection)
{
	connection->is_reading = false;
	uv_read_stop(&connection->stream);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *bytes)
{
	struct net_connection *connection = container_of(stream, struct net_connection, stream);

	if (size == 0 || connection->is_closing)
		return;
	if (size < 0) {
		net_connection_abort(connection);
		return;
	}
	net_count(&connection->thread->counts.bytes_in, size);
	if (connection->phase == NET_LINGERING)
		return;
	if (connection->in.size == 0 && !connection->request && !connection->parser &&
	    !connection->is_writing && !connection->is_last) {
		take_fresh(connection, bytes->base, (size_t)size);
		take_waiting(connection);
		return;
	}
	buf_append(&connection->in, str_of(bytes->base, (size_t)size));
	if (connection->parser) {
		take_partial(connection);
		take_waiting(connection);
	} else if (connection->in.size > AHEAD_SIZE) {
		read_stop(connection);
	}
}

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
	(void)shutdown, (void)status; /* the peer's end of file or the sweep closes it */
}

static void write_done(struct net_connection *connection)
{
	if (!connection->is_last || connection->request)
		return;
	if (connection->phase != NET_LINGERING) {
		net_connection_close(connection);
		return;
	}
	/* Closing with unread bytes would reset the connection and destroy the answer. */
	read_start(connection);
	if (uv_shutdown(&connection->shutdown, &connection->stream, on_shutdown) != 0)
		net_connection_close(connection);
}

static void on_written(uv_write_t *write, int status)
{
	struct net_connection *connection = container_of(write, struct net_connection, write);

	connection->is_writing = false;
	net_thread_spare_buf(connection->thread, &connection->writing);
	if (connection->is_closing)
		return;
	if (status != 0) {
		net_connection_abort(connection);
		return;
	}
	if (connection->phase == NET_IDLE)
		set_phase(connection, NET_IDLE);
	push_flush(connection);
}

static void write_rest(struct net_connection *connection, size_t written)
{
	uv_buf_t rest = uv_buf_init(connection->out.data + written,
				    (unsigned)(connection->out.size - written));

	connection->writing = connection->out;
	connection->out = (struct buf){0};
	connection->is_writing = true;
	/* A peer that does not read its answer has the time of a body for each piece. */
	if (connection->phase == NET_IDLE)
		connection->deadline_ns =
			clock_steady_ns() +
			(int64_t)connection->thread->server->options.body_ms * 1000000;
	if (uv_write(&connection->write, &connection->stream, &rest, 1, on_written) != 0) {
		connection->is_writing = false;
		net_connection_abort(connection);
	}
}

void net_connection_flush(struct net_connection *connection)
{
	if (connection->is_closing || connection->is_writing)
		return;
	if (connection->out.size > 0) {
		uv_buf_t bytes = uv_buf_init(connection->out.data, (unsigned)connection->out.size);
		int written = uv_try_write(&connection->stream, &bytes, 1);
		if (written < 0 && written != UV_EAGAIN) {
			net_connection_abort(connection);
			return;
		}
		net_count(&connection->thread->counts.bytes_out, (int64_t)bytes.len);
		size_t done = written < 0 ? 0 : (size_t)written;
		if (done < connection->out.size) {
			write_rest(connection, done);
			return;
		}
		net_thread_spare_buf(connection->thread, &connection->out);
	}
	write_done(connection);
	take_waiting(connection);
	if (connection->in.size <= AHEAD_SIZE && !connection->is_closing)
		read_start(connection);
}

void net_connection_sweep(struct net_connection *connection, int64_t now_ns)
{
	if (connection->is_closing || now_ns < connection->deadline_ns)
		return;
	if (connection->parser) {
		heap_free(connection->parser);
		connection->parser = NULL;
		refuse(connection, 408, "The request took too long to arrive.");
		return;
	}
	net_connection_abort(connection);
}

void net_connection_drain(struct net_connection *connection)
{
	if (connection->request || connection->is_writing || connection->out.size > 0)
		connection->is_last = true;
	else
		net_connection_close(connection);
}

void net_connection_accept(struct net_listener *listener)
{
	struct net_thread *thread = listener->thread;
	struct net_connection *connection = heap_alloc(sizeof(*connection));

	connection->thread = thread;
	connection->listener = listener->number;
	if (listener->is_unix)
		uv_pipe_init(&thread->loop, &connection->pipe, 0);
	else
		uv_tcp_init(&thread->loop, &connection->tcp);
	list_push_back(&thread->connections, &connection->link);
	thread->connection_count++;
	net_count(&thread->counts.connections_open, 1);
	if (uv_accept(&listener->stream, &connection->stream) != 0) {
		net_connection_close(connection);
		return;
	}
	uint32_t most = thread->server->options.connections_max / thread->server->options.threads;
	if (thread->connection_count > most || thread->is_draining) {
		net_count(&thread->counts.connections_refused, 1);
		net_connection_close(connection);
		return;
	}
	net_count(&thread->counts.connections_accepted, 1);
	if (!listener->is_unix)
		uv_tcp_nodelay(&connection->tcp, 1);
	set_phase(connection, NET_IDLE);
	read_start(connection);
}
