/* SPDX-License-Identifier: MIT */
/*
 * outbound_link: one connection to an endpoint.
 *
 * Links race for a request that waits for a connection; the first one that is connected carries it,
 * and is kept idle for the next one if the peer lets
 * it. A kept connection may have been closed by the peer at the moment at which it is used again:
 * if it ends before a byte of the response came, the request goes over a new one, once.
 */
#include <string.h>

#include "base/crypto.h"
#include "net/outbound_private.h"

/* RFC 8305, 5: Connection Attempt Delay. */
enum { ATTEMPT_DELAY_MS = 250 };

/* ---- the end of a link, and of a request ---- */

static void on_closed(uv_handle_t *handle)
{
	struct outbound_link *link = container_of(handle, struct outbound_link, handle);

	tls_session_free(&link->tls);
	buf_done(&link->out);
	buf_done(&link->writing);
	heap_free(link);
}

static void drop_reply(struct outbound_link *link)
{
	if (link->has_reply)
		http_reply_done(&link->reply);
	link->has_reply = false;
}

static void leave_idle(struct outbound_link *link)
{
	if (!list_is_linked(&link->idle))
		return;
	list_remove(&link->idle);
	list_remove(&link->age);
}

void outbound_link_close(struct outbound_link *link)
{
	struct outbound *outbound = link->lane->outbound;

	check(!link->request);
	check(link->phase != LINK_CLOSING);
	link->phase = LINK_CLOSING;
	leave_idle(link);
	list_remove(&link->all);
	timer_clear(&outbound->timers, &link->timer);
	link->lane->links--;
	outbound->link_count--;
	outbound_count(&outbound->links_now, -1);
	drop_reply(link);
	outbound_lane_count(link->lane);
	uv_close(&link->handle, on_closed);
}

/* The link has no request any more. */
static struct outbound_request *take_request(struct outbound_link *link)
{
	struct outbound_request *request = link->request;

	link->request = NULL;
	link->lane->busy--;
	outbound_count(&link->lane->outbound->busy_now, -1);
	return request;
}

static void lose(struct outbound_link *link, enum outbound_outcome outcome, const char *problem);

void outbound_link_fail(struct outbound_link *link, enum outbound_outcome outcome,
			const char *problem)
{
	struct outbound_lane *lane = link->lane;
	struct outbound_request *request = NULL;

	if (link->race) {
		lose(link, outcome, problem);
		return;
	}
	if (link->request)
		request = take_request(link);
	/* `problem` may be the reply's or the session's: static texts both. */
	outbound_link_close(link);
	if (!request)
		return;
	if (link->is_reused && !link->has_bytes && outcome == OUTBOUND_BROKEN &&
	    !request->was_reused) {
		request->was_reused = true;
		outbound_lane_retry(lane, request);
		return;
	}
	outbound_finish(lane->outbound, request, outcome, problem);
	outbound_lane_complete(lane, outcome, 0);
}

static void set_timer(struct outbound_link *link, uint32_t ms)
{
	struct outbound *outbound = link->lane->outbound;

	timer_set(&outbound->timers, &link->timer, outbound_now_ms(outbound) + ms);
	if (timer_first(&outbound->timers) == &link->timer)
		outbound_set_clock(outbound);
}

static void expire_connecting(struct outbound_link *link);

void outbound_link_expire(struct outbound_link *link)
{
	switch (link->phase) {
	case LINK_IDLE:
		outbound_link_close(link);
		break;
	case LINK_CONNECTING:
		expire_connecting(link);
		break;
	case LINK_HANDSHAKE:
		outbound_link_fail(link, OUTBOUND_TIMEOUT, "no TLS handshake in time");
		break;
	case LINK_BUSY:
		outbound_link_fail(link, OUTBOUND_TIMEOUT, "no response in time");
		break;
	case LINK_CLOSING:
		break;
	}
}

/* ---- bytes out ---- */

static bool flush(struct outbound_link *link);

static void on_written(uv_write_t *write, int status)
{
	struct outbound_link *link = container_of(write, struct outbound_link, write);

	buf_reset(&link->writing);
	if (link->phase == LINK_CLOSING)
		return;
	if (status != 0)
		outbound_link_fail(link, OUTBOUND_BROKEN, "the connection broke");
	else
		(void)flush(link); /* what TLS had to say in between */
}

/* Writes `out`. False: the link has failed. */
static bool flush(struct outbound_link *link)
{
	uv_buf_t bytes = uv_buf_init(link->out.data, (unsigned)link->out.size);

	if (link->out.size == 0 || link->writing.size > 0)
		return true;
	outbound_count(&link->lane->outbound->bytes_out, (int64_t)link->out.size);
	int written = uv_try_write(&link->stream, &bytes, 1);
	if (written == (int)link->out.size) {
		buf_reset(&link->out);
		return true;
	}
	if (written < 0 && written != UV_EAGAIN) {
		outbound_link_fail(link, OUTBOUND_BROKEN, "the connection broke");
		return false;
	}
	size_t done = written < 0 ? 0 : (size_t)written;
	struct buf rest = link->writing;
	link->writing = link->out;
	link->out = rest;
	bytes = uv_buf_init(link->writing.data + done, (unsigned)(link->writing.size - done));
	if (uv_write(&link->write, &link->stream, &bytes, 1, on_written) == 0)
		return true;
	outbound_link_fail(link, OUTBOUND_BROKEN, "the connection broke");
	return false;
}

static void append_user(struct buf *out, struct str user)
{
	struct str plain;
	struct arena arena;

	arena_init(&arena);
	if (http_url_decode(&arena, user, &plain) != ERR_OK)
		plain = user;
	buf_append(out, STR("Authorization: Basic "));
	char *text = buf_extend(out, base64_size(plain.size));
	base64_format(plain, text);
	buf_append(out, STR("\r\n"));
	arena_done(&arena);
}

static void append_head(struct buf *out, const struct outbound_request *request,
			const struct http_endpoint *endpoint)
{
	bool has_slash = endpoint->target.size > 0 && endpoint->target.data[0] == '/';

	buf_append(out, request->method);
	buf_append(out, has_slash ? STR(" ") : STR(" /"));
	buf_append(out, endpoint->target);
	buf_append(out, STR(" HTTP/1.1\r\nHost: "));
	buf_format(out, endpoint->is_v6 ? "[%.*s]" : "%.*s", STR_ARG(endpoint->host));
	if (endpoint->has_port)
		buf_format(out, ":%u", (unsigned)endpoint->port);
	buf_append(out, STR("\r\n"));
	if (endpoint->has_user)
		append_user(out, endpoint->user);
	for (size_t i = 0; i < request->header_count; i++) {
		buf_append(out, request->headers[i].name);
		buf_append(out, STR(": "));
		buf_append(out, request->headers[i].value);
		buf_append(out, STR("\r\n"));
	}
	buf_format(out, "Content-Length: %zu\r\n\r\n", request->body.size);
}

/* The link is connected, and its TLS session is ready if it has one. */
static void send_request(struct outbound_link *link)
{
	struct outbound_request *request = link->request;
	struct http_endpoint endpoint;
	struct buf *plain = &link->lane->outbound->plain;

	/* It was parsed before the request came here. */
	check(http_endpoint_parse(request->url, &endpoint) == ERR_OK);
	link->phase = LINK_BUSY;
	link->has_bytes = false;
	link->has_reply = true;
	http_reply_init(&link->reply, request->body_size_max,
			str_equal(request->method, STR("HEAD")));
	if (!link->is_reused)
		request->connect_ns = clock_steady_ns() - request->sent_ns;
	set_timer(link, request->answer_ms);
	if (link->tls) {
		buf_reset(plain);
		append_head(plain, request, &endpoint);
		tls_session_send(link->tls, buf_str(plain), &link->out);
		tls_session_send(link->tls, request->body, &link->out);
	} else {
		append_head(&link->out, request, &endpoint);
		buf_append(&link->out, request->body);
	}
	(void)flush(link); /* a failure has ended the request */
}

/* ---- bytes in ---- */

static void keep_session(struct outbound_link *link)
{
	struct tls_resumption *kept = link->tls ? tls_session_keep(link->tls) : NULL;

	if (!kept)
		return;
	tls_resumption_free(&link->lane->resumption);
	link->lane->resumption = kept;
}

static void set_idle(struct outbound_link *link)
{
	struct outbound *outbound = link->lane->outbound;

	link->phase = LINK_IDLE;
	list_push_front(&link->lane->idle, &link->idle);
	list_push_back(&outbound->idle, &link->age);
	set_timer(link, outbound->idle_ms);
}

/* `has_more`: bytes came that nobody asked for. */
static void complete(struct outbound_link *link, bool has_more)
{
	struct outbound_lane *lane = link->lane;
	struct outbound_request *request = take_request(link);
	struct http_reply reply = link->reply;
	int status = reply.status;

	link->has_reply = false;
	keep_session(link);
	bool is_kept = reply.is_keep_alive && !has_more && link->writing.size == 0 &&
		       link->out.size == 0 && !lane->outbound->is_emptied;
	if (is_kept)
		set_idle(link);
	else
		outbound_link_close(link);
	request->status = status;
	request->answer = buf_str(&reply.body);
	outbound_finish(lane->outbound, request, OUTBOUND_ANSWERED, "");
	http_reply_done(&reply);
	outbound_lane_complete(lane, OUTBOUND_ANSWERED, status);
}

static void take_plain(struct outbound_link *link, struct str bytes)
{
	size_t taken = 0;

	if (link->phase == LINK_IDLE) {
		outbound_link_close(link);
		return;
	}
	if (link->phase != LINK_BUSY)
		return;
	link->has_bytes = true;
	switch (http_reply_feed(&link->reply, bytes, &taken)) {
	case HTTP_COMPLETE:
		complete(link, taken < bytes.size);
		break;
	case HTTP_REFUSED:
		outbound_link_fail(link, OUTBOUND_BROKEN, link->reply.reason);
		break;
	case HTTP_MORE:
		break;
	}
}

static void on_end(struct outbound_link *link)
{
	if (link->phase == LINK_BUSY && http_reply_end(&link->reply) == HTTP_COMPLETE)
		complete(link, false);
	else if (link->phase == LINK_BUSY)
		outbound_link_fail(link, OUTBOUND_BROKEN, link->reply.reason);
	else if (link->phase == LINK_HANDSHAKE)
		outbound_link_fail(link, OUTBOUND_TLS, "the peer ended the handshake");
	else if (link->phase == LINK_IDLE)
		outbound_link_close(link);
}

static void take_wire(struct outbound_link *link, struct str bytes)
{
	struct outbound *outbound = link->lane->outbound;
	struct buf *plain = &outbound->plain;

	buf_reset(plain);
	enum err err = tls_session_receive(link->tls, bytes, plain, &link->out);
	if (err == ERR_INVALID) {
		const char *problem = tls_session_problem(link->tls);
		bool is_handshake = link->phase == LINK_HANDSHAKE;
		outbound_link_fail(link, is_handshake ? OUTBOUND_TLS : OUTBOUND_BROKEN, problem);
		return;
	}
	if (!flush(link))
		return;
	if (link->phase == LINK_HANDSHAKE && plain->size > 0) {
		outbound_link_fail(link, OUTBOUND_BROKEN, "the peer sent data before the request");
		return;
	}
	if (link->phase == LINK_HANDSHAKE && tls_session_is_ready(link->tls)) {
		if (tls_session_is_resumed(link->tls))
			outbound_count(&outbound->handshakes_resumed, 1);
		send_request(link); /* it uses the same buf */
	} else if (plain->size > 0) {
		take_plain(link, buf_str(plain));
	}
	if (err == ERR_CLOSED && link->phase != LINK_CLOSING)
		on_end(link);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct outbound_link *link = container_of(handle, struct outbound_link, handle);

	(void)suggested;
	*out = uv_buf_init(link->lane->outbound->read_buffer, OUTBOUND_READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *bytes)
{
	struct outbound_link *link = container_of(stream, struct outbound_link, stream);

	if (size == 0 || link->phase == LINK_CLOSING)
		return;
	if (size == UV_EOF) {
		on_end(link);
		return;
	}
	if (size < 0) {
		outbound_link_fail(link,
				   link->phase == LINK_HANDSHAKE ? OUTBOUND_TLS : OUTBOUND_BROKEN,
				   "the connection broke");
		return;
	}
	outbound_count(&link->lane->outbound->bytes_in, size);
	if (link->tls)
		take_wire(link, str_of(bytes->base, (size_t)size));
	else
		take_plain(link, str_of(bytes->base, (size_t)size));
}

/* ---- beginning ---- */

static uint32_t at_least_zero(int64_t ms)
{
	return ms > 0 ? (uint32_t)ms : 0;
}

/* The link has the request; the others of the race are given up. */
static void win(struct outbound_link *link)
{
	struct outbound_race *race = link->race;

	link->request = race->request;
	link->deadline_ms = race->deadline_ms;
	while (!list_is_empty(&race->links)) {
		struct outbound_link *other =
			container_of(race->links.next, struct outbound_link, rival);
		list_remove(&other->rival);
		other->race = NULL;
		if (other != link)
			outbound_link_close(other);
	}
	heap_free(race);
}

static void on_connected(uv_connect_t *connect, int status)
{
	struct outbound_link *link = container_of(connect, struct outbound_link, connect);
	struct outbound_lane *lane = link->lane;

	if (link->phase == LINK_CLOSING)
		return;
	if (status != 0) {
		lose(link, OUTBOUND_REFUSED, uv_strerror(status));
		return;
	}
	win(link);
	outbound_count(&lane->outbound->connections_made, 1);
	uv_tcp_nodelay(&link->tcp, 1);
	check(uv_read_start(&link->stream, on_alloc, on_read) == 0);
	if (!lane->is_tls) {
		send_request(link);
		return;
	}
	link->phase = LINK_HANDSHAKE;
	set_timer(link, at_least_zero(link->deadline_ms - outbound_now_ms(lane->outbound)));
	link->tls = tls_session_new_client(lane->outbound->tls, lane->host, lane->resumption);
	tls_session_begin(link->tls, &link->out);
	(void)flush(link); /* a failure has ended the request */
}

/* To the next of the lane's addresses. */
static void open_next(struct outbound_race *race)
{
	struct outbound_lane *lane = race->lane;
	struct outbound *outbound = lane->outbound;
	struct outbound_link *link = heap_alloc(sizeof(*link));
	const union resolve_address *address = &lane->addresses[race->next++];
	int64_t left_ms = race->deadline_ms - outbound_now_ms(outbound);

	link->lane = lane;
	link->race = race;
	link->phase = LINK_CONNECTING;
	list_push_back(&race->links, &link->rival);
	list_push_back(&outbound->links, &link->all);
	lane->links++;
	outbound->link_count++;
	outbound_count(&outbound->links_now, 1);
	outbound_lane_count(lane);
	check(uv_tcp_init(&outbound->loop, &link->tcp) == 0);
	if (race->next < lane->address_count && left_ms > ATTEMPT_DELAY_MS)
		left_ms = ATTEMPT_DELAY_MS;
	set_timer(link, at_least_zero(left_ms));
	int failed = uv_tcp_connect(&link->connect, &link->tcp, &address->any, on_connected);
	if (!failed)
		return;
	/* Not now: whoever opens a link is in the middle of something. */
	link->failure = uv_strerror(failed);
	set_timer(link, 0);
}

static bool is_newest(const struct outbound_link *link)
{
	return link->race->links.prev == &link->rival;
}

static bool may_open_next(const struct outbound_race *race)
{
	const struct outbound *outbound = race->lane->outbound;

	return race->next < race->lane->address_count &&
	       race->deadline_ms > outbound_now_ms(outbound) && !outbound->is_emptied;
}

/* The link could not be connected. */
static void lose(struct outbound_link *link, enum outbound_outcome outcome, const char *problem)
{
	struct outbound_race *race = link->race;
	struct outbound_lane *lane = race->lane;
	bool was_newest = is_newest(link);

	list_remove(&link->rival);
	link->race = NULL;
	outbound_link_close(link);
	if (!was_newest)
		return; /* the newest one's timer opens the next */
	if (may_open_next(race)) {
		open_next(race);
		return;
	}
	if (!list_is_empty(&race->links))
		return;
	struct outbound_request *request = race->request;
	heap_free(race);
	lane->busy--;
	outbound_count(&lane->outbound->busy_now, -1);
	outbound_finish(lane->outbound, request, outcome, problem);
	outbound_lane_complete(lane, outcome, 0);
}

/* The link was not connected within a moment, or in time. */
static void expire_connecting(struct outbound_link *link)
{
	struct outbound_race *race = link->race;
	struct outbound *outbound = race->lane->outbound;
	int64_t left_ms = race->deadline_ms - outbound_now_ms(outbound);

	if (link->failure) {
		lose(link, OUTBOUND_REFUSED, link->failure);
		return;
	}
	if (left_ms <= 0) {
		lose(link, OUTBOUND_TIMEOUT, "no connection in time");
		return;
	}
	bool may_open = is_newest(link) && may_open_next(race);
	if (may_open && !outbound_make_room(outbound)) {
		set_timer(link, left_ms < ATTEMPT_DELAY_MS ? (uint32_t)left_ms : ATTEMPT_DELAY_MS);
		return;
	}
	set_timer(link, at_least_zero(left_ms));
	if (may_open)
		open_next(race);
}

void outbound_link_open(struct outbound_lane *lane, struct outbound_request *request)
{
	struct outbound_race *race = heap_alloc(sizeof(*race));

	*race = (struct outbound_race){
		.lane = lane,
		.request = request,
		.deadline_ms = outbound_now_ms(lane->outbound) + request->connect_ms,
	};
	list_init(&race->links);
	lane->busy++;
	outbound_count(&lane->outbound->busy_now, 1);
	open_next(race);
}

void outbound_link_reuse(struct outbound_link *link, struct outbound_request *request)
{
	check(link->phase == LINK_IDLE);
	leave_idle(link);
	link->request = request;
	link->is_reused = true;
	link->lane->busy++;
	outbound_count(&link->lane->outbound->busy_now, 1);
	send_request(link);
}
