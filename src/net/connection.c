/* SPDX-License-Identifier: MIT */
/*
 * connection: bytes in, one request at a time, bytes out.
 *
 * A read goes into the thread's buffer. A message that came whole is parsed there and copied into
 * its request; only one that came in part gets memory and a parser of its own, so an idle
 * connection holds neither. While a request runs, what else arrives waits in `in`, of which
 * `in_from` bytes are done with; past a bound the socket is not read any more. Answers gather in
 * `out` and go out at the end of the turn.
 *
 * A peer that has sent its last byte may still want its answers: the connection stays until they
 * are written. After our own last answer we read on for a while, because closing a socket with
 * unread bytes resets the connection and destroys the answer on its way.
 *
 * Memory is bounded by two counts, of half of held_max each. thread->held has the messages of
 * running requests and answers that the peer does not read. server->partial has what waits:
 * messages that came in part, which get memory for bytes that came, not for bytes that were
 * announced, and bytes of later requests. One source has half of that room at most. So whoever
 * sends halves of messages shuts out neither complete requests nor, from one address, the large
 * messages of others.
 */
#include "net/connection.h"

#include <string.h>

#include "net/spare.h"
#include "net/state.h"

#define SECOND_NS INT64_C(1000000000)
#define LINGER_NS (2 * SECOND_NS)
#define AHEAD_SIZE ((size_t)NET_READ_SIZE) /* bytes of requests that wait for their turn */
#define TOO_MUCH "Too much is held for others just now."

/* Checks a connection that was found by a handle or request of libuv. */
static struct net_connection *checked(struct net_connection *connection)
{
	check(connection->magic == NET_CONNECTION_MAGIC);
	return connection;
}

static void count_partial(struct net_connection *connection, size_t partial)
{
	size_t change = partial - connection->partial; /* may wrap, and so does the sum */

	if (change == 0)
		return;
	atomic_fetch_add(&connection->thread->server->partial, change);
	if (connection->source)
		atomic_fetch_add(&connection->source->partial, change);
	connection->partial = partial;
}

static void count_held(struct net_connection *connection)
{
	size_t held = connection->writing.capacity;
	size_t parser = connection->parser ? sizeof(*connection->parser) : 0;

	connection->thread->held += held - connection->held;
	connection->held = held;
	count_partial(connection, connection->in.capacity + parser);
}

/* Lets go of the bytes that came; of those in `in` no view may be left. */
static void drop_input(struct net_connection *connection)
{
	net_spare_give(connection->thread, &connection->in);
	connection->in_from = 0;
	heap_free(connection->parser);
	connection->parser = NULL;
	count_held(connection);
}

static void on_closed(uv_handle_t *handle)
{
	struct net_connection *connection =
		checked(container_of(handle, struct net_connection, handle));
	struct net_thread *thread = connection->thread;

	list_remove(&connection->link);
	timer_clear(&thread->holds, &connection->hold);
	if (list_is_linked(&connection->flush_link))
		list_remove(&connection->flush_link);
	thread->connection_count--;
	net_count(&thread->counts.connections_open, -1);
	buf_done(&connection->writing); /* of a write that could not begin */
	drop_input(connection);
	if (connection->source)
		net_sources_leave(&thread->server->sources, connection->source);
	tls_session_free(&connection->tls);
	buf_done(&connection->wire);
	buf_done(&connection->out);
	connection->magic = 0;
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
	int64_t now_ns = net_turn_ns(connection->thread);

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

/*
 * Answers a message that never became a request; nothing after it can be understood. `data` is
 * where the parser saw its bytes.
 */
static void refuse(struct net_connection *connection, const struct http_parser *parser,
		   const char *data, int status, const char *reason)
{
	struct net_thread *thread = connection->thread;
	const struct net_options *options = &thread->server->options;
	struct http_header headers[LIMIT_HTTP_HEADERS];
	struct net_refusal refusal = {.status = status, .reason = reason};
	struct http_request request;

	http_request_bind(parser, data, headers, &request);
	request.body = (struct str){0};
	refusal.request = &request;
	if (options->on_refusal) {
		options->on_refusal(thread, &refusal);
	} else {
		refusal.headers[refusal.header_count++] =
			(struct http_header){STR("Content-Type"), STR("text/plain; charset=utf-8")};
		buf_append(&refusal.body, str_from(reason));
	}
	if (connection->out.capacity == 0)
		net_spare_take(thread, &connection->out);
	http_date_update(&thread->date, clock_now_ms());
	http_response_write(&connection->out,
			    &(struct http_response){.status = status,
						    .version_minor = 1,
						    .headers = refusal.headers,
						    .header_count = refusal.header_count,
						    .body = buf_str(&refusal.body)},
			    &thread->date);
	buf_done(&refusal.body);
	net_count(&thread->counts.requests_refused, 1);
	connection->is_last = true;
	set_phase(connection, NET_LINGERING);
	push_flush(connection);
}

/* Answers must be written before more requests are taken. */
static bool must_write(const struct net_connection *connection)
{
	return connection->is_writing || connection->is_held;
}

void net_connection_release(struct net_connection *connection)
{
	connection->is_held = false;
	push_flush(connection);
}

/* Large messages leave half of the room to small ones, so that they cannot shut those out. */
static bool is_over_budget(const struct net_thread *thread, size_t message_size)
{
	const struct net_options *options = &thread->server->options;
	size_t most = options->held_max / 2 / options->threads;

	return thread->held > (message_size > NET_READ_SIZE ? most / 2 : most);
}

/* The same for a message of which a part has come. */
static bool is_partial_over_budget(const struct net_connection *connection)
{
	struct net_server *server = connection->thread->server;
	size_t most = server->options.held_max / 2;

	return atomic_load(&server->partial) > most ||
	       (connection->source && atomic_load(&connection->source->partial) > most / 2);
}

static bool is_vital(const struct net_connection *connection, const struct http_parser *parser,
		     const char *data)
{
	const struct net_options *options = &connection->thread->server->options;
	struct http_header headers[LIMIT_HTTP_HEADERS];
	struct http_request request;

	if (!options->is_vital)
		return false;
	http_request_bind(parser, data, headers, &request);
	return options->is_vital(&request);
}

static void send_continue(struct net_connection *connection, struct http_parser *parser)
{
	parser->wants_continue = false;
	if (connection->out.capacity == 0)
		net_spare_take(connection->thread, &connection->out);
	buf_append(&connection->out, STR("HTTP/1.1 100 Continue\r\n\r\n"));
	push_flush(connection);
}

static void begin_request(struct net_connection *connection, const struct http_parser *parser,
			  const char *data, char *storage)
{
	struct net_thread *thread = connection->thread;
	const struct net_options *options = &thread->server->options;
	struct net_request *request = net_spare_take_request(connection);

	request->storage = storage;
	request->held = parser->message_size;
	thread->held += request->held;
	if (!storage)
		data = arena_copy(&request->arena, str_of(data, parser->message_size)).data;
	struct http_header *headers =
		arena_array(&request->arena, struct http_header, http_parser_header_count(parser));
	http_request_bind(parser, data, headers, &request->http);
	connection->request = request;
	set_phase(connection, NET_REQUEST);
	net_count(&thread->counts.requests, 1);
	thread->has_work = true;
	options->on_request(request);
	if (connection->has_eof && connection->request == request && options->on_half_close)
		options->on_half_close(request);
}

/* A message that came in part gets a parser of its own; its bytes are at the start of `in`. */
static void keep_partial(struct net_connection *connection, const struct http_parser *parser)
{
	connection->parser = heap_alloc(sizeof(*parser));
	*connection->parser = *parser;
	count_held(connection);
	if (is_partial_over_budget(connection)) {
		refuse(connection, connection->parser, connection->in.data, 503, TOO_MUCH);
		drop_input(connection);
		return;
	}
	set_phase(connection, parser->has_head ? NET_BODY : NET_HEAD);
	if (parser->wants_continue)
		send_continue(connection, connection->parser);
}

/* Hands over the message at the start of `data`, if it came whole; the bytes are copied. */
static enum http_progress take_message(struct net_connection *connection, char *data, size_t *size)
{
	struct http_parser *parser = &connection->thread->parser;

	http_parser_init(parser);
	enum http_progress progress = http_parser_feed(parser, data, size);
	if (progress == HTTP_COMPLETE && is_over_budget(connection->thread, parser->message_size) &&
	    !is_vital(connection, parser, data)) {
		refuse(connection, parser, data, 503, TOO_MUCH);
		return HTTP_REFUSED;
	}
	if (progress == HTTP_COMPLETE)
		begin_request(connection, parser, data, NULL);
	else if (progress == HTTP_REFUSED)
		refuse(connection, parser, data, parser->status, parser->reason);
	return progress;
}

/* Takes what the thread's buffer holds and keeps the rest. */
static void take_fresh(struct net_connection *connection, char *data, size_t size)
{
	struct http_parser *parser = &connection->thread->parser;

	switch (take_message(connection, data, &size)) {
	case HTTP_COMPLETE:
		buf_append(&connection->in,
			   str_slice(str_of(data, size), parser->message_size, SIZE_MAX));
		break;
	case HTTP_MORE:
		buf_append(&connection->in, str_of(data, size));
		keep_partial(connection, parser);
		break;
	case HTTP_REFUSED:
		break;
	}
	count_held(connection);
}

/* Goes on with `in`, which begins with the message that connection->parser reads. */
static void take_partial(struct net_connection *connection)
{
	struct http_parser *parser = connection->parser;
	struct buf *in = &connection->in;
	bool had_head = parser->has_head;
	enum http_progress progress = http_parser_feed(parser, in->data, &in->size);

	count_held(connection);
	bool is_refused = progress == HTTP_COMPLETE
				  ? is_over_budget(connection->thread, parser->message_size) &&
					    !is_vital(connection, parser, in->data)
				  : is_partial_over_budget(connection);
	if (progress != HTTP_REFUSED && is_refused) {
		parser->status = 503;
		parser->reason = TOO_MUCH;
		progress = HTTP_REFUSED;
	}
	if (progress == HTTP_COMPLETE) {
		char *storage = in->data;
		struct str rest = str_slice(buf_str(in), parser->message_size, SIZE_MAX);
		*in = (struct buf){0};
		buf_append(in, rest);
		connection->parser = NULL;
		count_held(connection);
		begin_request(connection, parser, storage, storage);
		heap_free(parser);
	} else if (progress == HTTP_REFUSED) {
		refuse(connection, parser, in->data, parser->status, parser->reason);
		drop_input(connection);
	} else {
		if (parser->has_head && !had_head)
			set_phase(connection, NET_BODY);
		if (parser->wants_continue)
			send_continue(connection, parser);
	}
}

/* Moves what waits to the start of `in`. */
static void compact(struct net_connection *connection)
{
	struct buf *in = &connection->in;

	if (connection->in_from == 0)
		return;
	memmove(in->data, in->data + connection->in_from, in->size - connection->in_from);
	in->size -= connection->in_from;
	connection->in_from = 0;
}

/* Begins the next request if one waits and nothing stands before it. */
static void take_waiting(struct net_connection *connection)
{
	struct buf *in = &connection->in;

	while (!connection->is_closing && !connection->request && !connection->is_last &&
	       !must_write(connection) && !connection->parser && connection->in_from < in->size) {
		size_t size = in->size - connection->in_from;
		enum http_progress progress =
			take_message(connection, in->data + connection->in_from, &size);
		in->size = connection->in_from + size;
		if (progress == HTTP_COMPLETE)
			connection->in_from += connection->thread->parser.message_size;
		if (progress == HTTP_MORE) {
			compact(connection);
			keep_partial(connection, &connection->thread->parser);
		}
	}
	if (connection->in_from == in->size && !connection->parser)
		drop_input(connection);
	count_held(connection);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct net_connection *connection =
		checked(container_of(handle, struct net_connection, handle));

	(void)suggested;
	*out = uv_buf_init(connection->thread->read_buffer, NET_READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *bytes);

static void read_start(struct net_connection *connection)
{
	if (connection->is_reading || connection->is_closing || connection->has_eof)
		return;
	connection->is_reading = true;
	uv_read_start(&connection->stream, on_alloc, on_read);
}

static void read_stop(struct net_connection *connection)
{
	connection->is_reading = false;
	uv_read_stop(&connection->stream);
}

/* The peer sends no more: what it asked for is answered, what it began is not. */
static void on_end_of_file(struct net_connection *connection)
{
	const struct net_options *options = &connection->thread->server->options;

	connection->has_eof = true;
	connection->is_reading = false;
	if (connection->phase == NET_LINGERING) {
		net_connection_close(connection);
		return;
	}
	if (connection->parser)
		drop_input(connection);
	if (connection->request && options->on_half_close)
		options->on_half_close(connection->request);
	push_flush(connection);
}

/*
 * If there is no room for requests that wait behind a running one, they are dropped and the
 * connection ends with the running one's answer: its peer sends them again on another.
 */
static void shed_waiting(struct net_connection *connection)
{
	if (!connection->request || connection->in.size == 0 || !is_partial_over_budget(connection))
		return;
	connection->is_last = true;
	drop_input(connection);
}

/* Takes bytes of HTTP; those at `data` may be changed. */
static void take_bytes(struct net_connection *connection, char *data, size_t size)
{
	if (connection->phase == NET_LINGERING)
		return;
	if (connection->in.size == 0 && !connection->request && !connection->parser &&
	    !must_write(connection) && !connection->is_last) {
		take_fresh(connection, data, size);
		take_waiting(connection);
		shed_waiting(connection);
		return;
	}
	compact(connection);
	buf_append(&connection->in, str_of(data, size));
	if (connection->parser) {
		take_partial(connection);
		take_waiting(connection);
	} else {
		count_held(connection);
		shed_waiting(connection);
		if (connection->in.size > AHEAD_SIZE)
			read_stop(connection);
	}
}

/* TLS's own records are sent with the turn, before the answers. */
static void take_tls(struct net_connection *connection, struct str bytes)
{
	struct buf *plain = &connection->thread->plain;

	buf_reset(plain);
	enum err err = tls_session_receive(connection->tls, bytes, plain, &connection->wire);
	/* A peer may ask for new keys again and again without reading what it is sent. */
	if (connection->wire.size > NET_READ_SIZE)
		err = ERR_INVALID;
	if (err == ERR_INVALID) {
		uv_buf_t alert =
			uv_buf_init(connection->wire.data, (unsigned)connection->wire.size);
		if (alert.len > 0)
			(void)uv_try_write(&connection->stream, &alert, 1);
		net_connection_abort(connection);
		return;
	}
	if (connection->wire.size > 0)
		push_flush(connection);
	if (connection->phase == NET_HEAD && !connection->parser &&
	    tls_session_is_ready(connection->tls))
		set_phase(connection, NET_IDLE);
	if (plain->size > 0)
		take_bytes(connection, plain->data, plain->size);
	if (err == ERR_CLOSED && !connection->is_closing)
		on_end_of_file(connection);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *bytes)
{
	struct net_connection *connection =
		checked(container_of(stream, struct net_connection, stream));

	if (size == 0 || connection->is_closing)
		return;
	if (size == UV_EOF) {
		on_end_of_file(connection);
		return;
	}
	if (size < 0) {
		net_connection_abort(connection);
		return;
	}
	net_count(&connection->thread->counts.bytes_in, size);
	if (connection->tls)
		take_tls(connection, str_of(bytes->base, (size_t)size));
	else
		take_bytes(connection, bytes->base, (size_t)size);
}

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
	(void)shutdown, (void)status; /* the peer's end of file or the sweep closes it */
}

/* Everything is written, no request runs, and none waits that came whole. */
static void write_done(struct net_connection *connection)
{
	if (!connection->is_last && !connection->has_eof)
		return;
	if (connection->has_eof || connection->thread->is_draining) {
		net_connection_close(connection);
		return;
	}
	set_phase(connection, NET_LINGERING);
	drop_input(connection);
	read_start(connection);
	if (uv_shutdown(&connection->shutdown, &connection->stream, on_shutdown) != 0)
		net_connection_close(connection);
}

static void on_written(uv_write_t *write, int status)
{
	struct net_connection *connection =
		checked(container_of(write, struct net_connection, write));

	connection->is_writing = false;
	net_spare_give(connection->thread, &connection->writing);
	count_held(connection);
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
	count_held(connection);
	/* A peer that does not read its answer has the time of a body for each piece. */
	if (connection->phase == NET_IDLE)
		connection->deadline_ns =
			net_turn_ns(connection->thread) +
			(int64_t)connection->thread->server->options.body_ms * 1000000;
	if (uv_write(&connection->write, &connection->stream, &rest, 1, on_written) != 0) {
		connection->is_writing = false;
		net_connection_abort(connection);
	}
}

/* Makes `out` what goes over the wire. */
static void seal_output(struct net_connection *connection)
{
	struct buf plain = connection->out;

	connection->out = connection->wire;
	connection->wire = (struct buf){0};
	tls_session_send(connection->tls, buf_str(&plain), &connection->out);
	net_spare_give(connection->thread, &plain);
	if (connection->is_last && !connection->request && !connection->has_ended_tls) {
		connection->has_ended_tls = true;
		tls_session_end(connection->tls, &connection->out);
	}
}

void net_connection_flush(struct net_connection *connection)
{
	if (connection->is_closing || must_write(connection))
		return;
	if (connection->tls)
		seal_output(connection);
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
		net_spare_give(connection->thread, &connection->out);
	}
	take_waiting(connection);
	if (connection->is_closing)
		return;
	if (!connection->request && connection->out.size == 0)
		write_done(connection);
	if (connection->in.size - connection->in_from <= AHEAD_SIZE)
		read_start(connection);
}

void net_connection_sweep(struct net_connection *connection, int64_t now_ns)
{
	if (connection->is_closing || connection->is_held || now_ns < connection->deadline_ns)
		return;
	if (connection->parser) {
		refuse(connection, connection->parser, connection->in.data, 408,
		       "The request took too long to arrive.");
		drop_input(connection);
		return;
	}
	net_connection_abort(connection);
}

void net_connection_drain(struct net_connection *connection)
{
	if (connection->is_held) {
		timer_clear(&connection->thread->holds, &connection->hold);
		net_connection_release(connection);
	}
	if (connection->request || connection->is_writing || connection->out.size > 0)
		connection->is_last = true;
	else
		net_connection_close(connection);
}

/* False: its source has too many connections, or it has gone already. */
static bool enter_source(struct net_connection *connection)
{
	struct sockaddr_storage address;
	int size = sizeof(address);

	uv_tcp_nodelay(&connection->tcp, 1);
	if (uv_tcp_getpeername(&connection->tcp, (struct sockaddr *)&address, &size) != 0)
		return false;
	connection->source = net_sources_enter(&connection->thread->server->sources, &address);
	return connection->source != NULL;
}

/* A session under the newest certificate. */
static struct tls_session *new_tls(struct net_server *server)
{
	pthread_mutex_lock(&server->tls_lock);
	struct tls_session *session = tls_session_new(server->tls);
	pthread_mutex_unlock(&server->tls_lock);
	return session;
}

void net_connection_accept(struct net_listener *listener)
{
	struct net_thread *thread = listener->thread;
	struct net_connection *connection = heap_alloc(sizeof(*connection));

	connection->magic = NET_CONNECTION_MAGIC;
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
	if (thread->connection_count > thread->connections_max || thread->is_draining ||
	    (!listener->is_unix && !enter_source(connection))) {
		net_count(&thread->counts.connections_refused, 1);
		net_connection_close(connection);
		return;
	}
	net_count(&thread->counts.connections_accepted, 1);
	if (listener->is_tls)
		connection->tls = new_tls(thread->server);
	/* A handshake has the time of a head. */
	set_phase(connection, listener->is_tls ? NET_HEAD : NET_IDLE);
	read_start(connection);
}
