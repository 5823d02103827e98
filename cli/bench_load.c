/* SPDX-License-Identifier: MIT */
/*
 * A lane is one connection with at most one request under way. When its answer is there, the lane
 * is asked for its next request (lane_choose) and writes it at once, so a turn of the loop costs
 * one epoll_wait, and each request one recv and one send. Registration is edge-triggered and never
 * changes. With a rate, lanes that may send wait in a stack until the next moment is due, and a
 * request that finds no free lane counts its waiting as part of its time.
 */
#include "bench_load.h"

#include "bench_dialect.h"
#include "bench_response.h"
#include "bench_socket.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#define READ_SIZE ((size_t)32768)
#define EVENTS_MAX 256
#define EMPTY_MAX 3		      /* receives in a row without a message: the queue is empty */
#define REFUSED_MAX 50		      /* connections in a row that could not be opened */
#define STALL_NS INT64_C(30000000000) /* without any answer: give up */

#define GRACE_NS INT64_C(3000000000) /* for answers that are under way at the end */

/* Receipt handles, each behind its size. */
struct handles {
	struct buf bytes;
	size_t used; /* bytes at the front that were taken */
	size_t count;
};

struct lane {
	struct bench_socket socket;
	bool can_send, can_receive;
	bool is_busy, is_waiting, is_done;
	bool has_received; /* cycle in turns: a receive follows each send */
	enum bench_action action;
	uint32_t message_count; /* of the request under way */
	uint32_t empty_count;
	int64_t begin_ns;
	size_t written;
	struct buf out, in;
	struct handles handles;
};

struct bench_load {
	const struct bench_options *options;
	struct bench_dialer *dialer;
	struct bench_signer signer;
	struct bench_head heads[BENCH_DELETE + 1];
	struct bench_body bodies[BENCH_DELETE + 1];
	char queue_url[1024];
	size_t queue_url_size;
	int epoll;
	struct lane *lanes;
	uint32_t *waiting; /* stack of lanes */
	uint32_t waiting_count;
	struct handles pool;
	uint64_t sequence;

	/* The phase that runs. */
	const struct bench_plan *plan;
	struct bench_results *results;
	bool is_warming, is_ending;
	uint64_t claimed; /* messages in requests to send or receive, begun since the warm-up */
	uint64_t sent, deleted, sending;
	uint32_t refused_count;
	int64_t begin_ns, progress_ns, due_ns, period_ns;
};

static void handles_put(struct handles *handles, struct str handle)
{
	uint32_t size = (uint32_t)handle.size;

	buf_append(&handles->bytes, str_of(&size, sizeof(size)));
	buf_append(&handles->bytes, handle);
	handles->count++;
}

/* Borrowed until the next put. */
static struct str handles_take(struct handles *handles)
{
	uint32_t size;

	check(handles->count > 0);
	memcpy(&size, handles->bytes.data + handles->used, sizeof(size));
	struct str handle = str_of(handles->bytes.data + handles->used + sizeof(size), size);
	handles->used += sizeof(size) + size;
	handles->count--;
	return handle;
}

static void handles_reset(struct handles *handles)
{
	buf_reset(&handles->bytes);
	handles->used = 0;
	handles->count = 0;
}

static void error_note(struct bench_load *load, uint64_t count, enum bench_action action,
		       const char *what, struct str detail)
{
	struct bench_results *results = load->results;

	results->counts[action].errors += count;
	if (results->error[0] == '\0')
		snprintf(results->error, sizeof(results->error), "%s: %s %.*s",
			 bench_action_text(action), what,
			 (int)(detail.size < 200 ? detail.size : 200),
			 detail.size ? detail.data : "");
}

static void lane_disconnect(struct lane *lane)
{
	bench_socket_close(&lane->socket);
	buf_reset(&lane->out);
	buf_reset(&lane->in);
	lane->written = 0;
}

static enum err lane_connect(struct bench_load *load, struct lane *lane)
{
	if (lane->socket.fd >= 0)
		return ERR_OK;
	enum err err = bench_socket_open(load->dialer, &lane->socket);
	if (err)
		return err;
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP,
				    .data.ptr = lane};
	check(epoll_ctl(load->epoll, EPOLL_CTL_ADD, lane->socket.fd, &event) == 0);
	return ERR_OK;
}

static bool may_send(const struct bench_load *load)
{
	const struct bench_plan *plan = load->plan;

	return load->is_warming || plan->message_count == 0 || load->claimed < plan->message_count;
}

static bool is_drained(const struct bench_load *load)
{
	return !may_send(load) && load->sending == 0 && load->deleted >= load->sent;
}

/* The next request of the lane; false: none now. */
static bool lane_choose(struct bench_load *load, struct lane *lane, enum bench_action *out_action)
{
	if (load->is_ending)
		return false;
	*out_action = BENCH_DELETE;
	if (lane->handles.count > 0)
		return true;
	switch (load->plan->mode) {
	case BENCH_MODE_SEND:
	case BENCH_MODE_RAW:
		*out_action = BENCH_SEND;
		return may_send(load);
	case BENCH_MODE_RECEIVE:
		*out_action = BENCH_RECEIVE;
		return may_send(load) && lane->empty_count < EMPTY_MAX;
	case BENCH_MODE_DELETE:
		return may_send(load) && load->pool.count > 0;
	case BENCH_MODE_CYCLE:
		*out_action = BENCH_SEND;
		if (lane->can_send && may_send(load) && (lane->has_received || !lane->can_receive))
			return true;
		*out_action = BENCH_RECEIVE;
		return lane->can_receive && !is_drained(load);
	}
	return false;
}

static void lane_write(struct lane *lane);

static void delete_prepare(struct bench_load *load, struct lane *lane)
{
	struct str handles[BENCH_BATCH_MAX] = {0};
	struct handles *from = lane->handles.count > 0 ? &lane->handles : &load->pool;
	uint32_t count = 0;

	while (count < load->options->batch && from->count > 0)
		handles[count++] = handles_take(from);
	bench_body_delete(load->options, str_of(load->queue_url, load->queue_url_size), handles,
			  count, &load->bodies[BENCH_DELETE]);
	if (from == &lane->handles && from->count == 0)
		handles_reset(from);
	lane->message_count = count;
	load->claimed += load->plan->mode == BENCH_MODE_DELETE ? count : 0;
}

/* `begin_ns` is when the request should have begun. */
static void lane_begin(struct bench_load *load, struct lane *lane, enum bench_action action,
		       int64_t begin_ns)
{
	lane->action = action;
	lane->begin_ns = begin_ns;
	lane->is_busy = true;
	lane->message_count = load->options->batch;
	if (action == BENCH_DELETE) {
		delete_prepare(load, lane);
	} else if (action == BENCH_SEND) {
		load->claimed += lane->message_count;
		load->sending += lane->message_count;
		lane->has_received = false;
	} else if (load->plan->mode == BENCH_MODE_RECEIVE) {
		load->claimed += lane->message_count;
	}
	bench_request_write(&load->signer, &load->heads[action], &load->bodies[action],
			    load->sequence, clock_steady_ns(), &lane->out);
	if (action == BENCH_SEND)
		load->sequence += lane->message_count;
	lane_write(lane);
}

/* Begins the lane's next request, or puts it to rest. */
static void lane_continue(struct bench_load *load, struct lane *lane)
{
	enum bench_action action;

	if (!lane_choose(load, lane, &action)) {
		lane->is_done = true;
		return;
	}
	if (lane_connect(load, lane)) {
		load->refused_count++;
		error_note(load, 1, action, "the connection is refused", STR(""));
		lane->is_done = load->refused_count > REFUSED_MAX;
		lane->is_waiting = !lane->is_done;
	} else if (action == BENCH_SEND && load->period_ns > 0) {
		lane->is_waiting = true;
	} else {
		lane_begin(load, lane, action, clock_steady_ns());
	}
	if (lane->is_waiting)
		load->waiting[load->waiting_count++] = (uint32_t)(lane - load->lanes);
}

static void lane_fail(struct bench_load *load, struct lane *lane, const char *what)
{
	lane_disconnect(lane);
	if (!lane->is_busy)
		return;
	lane->is_busy = false;
	if (lane->action == BENCH_SEND)
		load->sending -= lane->message_count;
	lane->has_received = lane->action != BENCH_SEND;
	error_note(load, 1, lane->action, what, STR(""));
	lane_continue(load, lane);
}

static void lane_write(struct lane *lane)
{
	while (lane->written < lane->out.size) {
		size_t moved;
		struct str rest = str_slice(buf_str(&lane->out), lane->written, SIZE_MAX);
		if (bench_socket_write(&lane->socket, rest, &moved)) {
			/* Bytes that the peer sent before it closed are still to be read. */
			return;
		}
		if (moved == 0)
			return;
		lane->written += moved;
	}
}

static void messages_collect(struct bench_load *load, struct lane *lane, struct str answer,
			     int64_t now_ns)
{
	size_t position = 0;
	struct bench_message message;
	bool is_cycle = load->plan->mode == BENCH_MODE_CYCLE;

	lane->message_count = 0;
	while (bench_answer_message(load->options, answer, &position, &message)) {
		lane->message_count++;
		if (is_cycle)
			handles_put(&lane->handles, message.handle);
		else if (load->plan->keeps_handles)
			handles_put(&load->pool, message.handle);
		if (is_cycle && message.sent_ns > 0 && (int64_t)message.sent_ns < now_ns)
			bench_histogram_add(&load->results->delivery,
					    (uint64_t)(now_ns - (int64_t)message.sent_ns));
	}
	if (load->plan->mode == BENCH_MODE_RECEIVE)
		load->claimed -= load->options->batch - lane->message_count;
	lane->has_received = true;
	lane->empty_count = lane->message_count > 0 ? 0 : lane->empty_count + 1;
	if (lane->message_count == 0)
		load->results->counts[BENCH_RECEIVE].empty++;
}

/* Counts an answer of success; `failed` of its entries failed. */
static void answer_count(struct bench_load *load, struct lane *lane, size_t failed, int64_t now_ns)
{
	struct bench_counts *counts = &load->results->counts[lane->action];
	uint64_t done = lane->message_count > failed ? lane->message_count - failed : 0;

	counts->requests++;
	counts->messages += done;
	bench_histogram_add(&counts->latency, (uint64_t)(now_ns - lane->begin_ns));
	if (lane->action == BENCH_SEND)
		load->sent += done;
	if (lane->action == BENCH_DELETE)
		load->deleted += done;
}

static void lane_answered(struct bench_load *load, struct lane *lane,
			  const struct bench_response *response)
{
	int64_t now_ns = clock_steady_ns();
	uint32_t sending = lane->action == BENCH_SEND ? lane->message_count : 0;

	load->progress_ns = now_ns;
	load->refused_count = 0;
	lane->is_busy = false;
	lane->has_received = lane->action != BENCH_SEND;
	if (response->status != 200) {
		char text[32];
		snprintf(text, sizeof(text), "status %d", response->status);
		error_note(load, 1, lane->action, text, response->body);
	} else {
		size_t failed = 0;
		if (load->options->batch > 1 && lane->action != BENCH_RECEIVE &&
		    load->plan->mode != BENCH_MODE_RAW)
			failed = bench_answer_failed(load->options, response->body);
		if (lane->action == BENCH_RECEIVE)
			messages_collect(load, lane, response->body, now_ns);
		if (failed > 0)
			error_note(load, failed, lane->action, "entries failed", response->body);
		answer_count(load, lane, failed, now_ns);
	}
	load->sending -= sending;
}

/* Takes the answer off the front; false if it is not whole. */
static bool lane_parse(struct bench_load *load, struct lane *lane, bool at_end)
{
	struct bench_response response;

	if (lane->in.size == 0)
		return false;
	enum bench_progress progress =
		bench_response_parse(lane->in.data, lane->in.size, at_end, &response);
	if (progress == BENCH_MORE)
		return false;
	if (progress == BENCH_MALFORMED || !lane->is_busy ||
	    response.message_size != lane->in.size) {
		lane_fail(load, lane, "the answer is malformed");
		return true;
	}
	lane_answered(load, lane, &response);
	buf_reset(&lane->in);
	buf_reset(&lane->out);
	lane->written = 0;
	if (!response.is_keep_alive)
		lane_disconnect(lane);
	lane_continue(load, lane);
	return true;
}

static void lane_event(struct bench_load *load, struct lane *lane)
{
	if (lane->socket.fd < 0)
		return;
	lane_write(lane);
	for (;;) {
		size_t moved;
		buf_reserve(&lane->in, READ_SIZE);
		size_t room = lane->in.capacity - lane->in.size;
		if (bench_socket_read(&lane->socket, lane->in.data + lane->in.size, room, &moved)) {
			if (!lane_parse(load, lane, true))
				lane_fail(load, lane, "the connection was closed");
			return;
		}
		if (moved == 0)
			return;
		lane->in.size += moved;
		if (lane_parse(load, lane, false) && lane->socket.fd < 0)
			return;
		if (moved < room && !lane->socket.tls)
			return;
	}
}

static void due_begin(struct bench_load *load, int64_t now_ns)
{
	if (load->period_ns == 0) {
		/* Without a rate only lanes wait that could not connect. */
		for (uint32_t left = load->waiting_count; left > 0; left--) {
			struct lane *lane = &load->lanes[load->waiting[--load->waiting_count]];
			lane->is_waiting = false;
			lane_continue(load, lane);
		}
		return;
	}
	while (load->due_ns <= now_ns && load->waiting_count > 0 && may_send(load)) {
		struct lane *lane = &load->lanes[load->waiting[--load->waiting_count]];
		lane->is_waiting = false;
		if (lane_connect(load, lane)) {
			lane_continue(load, lane);
			return;
		}
		lane_begin(load, lane, BENCH_SEND, load->due_ns);
		load->due_ns += load->period_ns;
	}
}

static void measuring_begin(struct bench_load *load, int64_t now_ns)
{
	const struct bench_options *options = load->options;
	struct bench_results *results = load->results;

	memset(results, 0, sizeof(*results));
	load->is_warming = false;
	load->claimed = 0;
	load->begin_ns = now_ns;
	results->client_cpu_ns = clock_cpu_ns();
	results->has_server = options->server_pid_count > 0 &&
			      bench_usage_read(options->server_pids, options->server_pid_count,
					       &results->server_begin) == ERR_OK;
}

static void measuring_end(struct bench_load *load)
{
	const struct bench_options *options = load->options;
	struct bench_results *results = load->results;

	results->elapsed_ns = clock_steady_ns() - load->begin_ns;
	results->client_cpu_ns = clock_cpu_ns() - results->client_cpu_ns;
	if (results->has_server &&
	    bench_usage_read(options->server_pids, options->server_pid_count, &results->server_end))
		results->has_server = false;
}

static bool is_over(const struct bench_load *load, int64_t now_ns)
{
	const struct bench_plan *plan = load->plan;

	if (load->is_warming)
		return false;
	if (plan->message_count == 0 && now_ns - load->begin_ns >= plan->duration_ns)
		return true;
	if (plan->mode == BENCH_MODE_CYCLE && is_drained(load))
		return true;
	for (uint32_t i = 0; i < load->options->connections; i++) {
		const struct lane *lane = &load->lanes[i];
		bool rests = lane->is_done || (lane->is_waiting && !may_send(load));
		if (lane->is_busy || !rests)
			return false;
	}
	return true;
}

static struct timespec turn_wait(const struct bench_load *load, int64_t now_ns)
{
	int64_t until = now_ns + INT64_C(100000000);
	int64_t end = load->begin_ns + load->plan->duration_ns;

	if (load->is_warming)
		end = load->begin_ns;
	if ((load->is_warming || load->plan->message_count == 0) && end < until)
		until = end;
	if (load->period_ns > 0 && load->waiting_count > 0 && load->due_ns < until)
		until = load->due_ns;
	else if (load->period_ns == 0 && load->waiting_count > 0)
		until = now_ns + INT64_C(10000000);
	int64_t wait = until > now_ns ? until - now_ns : 0;
	return (struct timespec){.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
}

static void phase_begin(struct bench_load *load, const struct bench_plan *plan,
			struct bench_results *results)
{
	const struct bench_options *options = load->options;
	int64_t now_ns = clock_steady_ns();

	load->plan = plan;
	load->results = results;
	load->sent = load->deleted = load->sending = 0;
	load->waiting_count = 0;
	load->refused_count = 0;
	load->period_ns = plan->rate > 0 ? (int64_t)(1e9 * options->batch / plan->rate) : 0;
	load->due_ns = load->progress_ns = now_ns;
	measuring_begin(load, now_ns);
	load->is_warming = plan->warmup_ns > 0;
	load->begin_ns = now_ns + plan->warmup_ns;
	for (uint32_t i = 0; i < options->connections; i++) {
		struct lane *lane = &load->lanes[i];
		lane->is_done = lane->is_waiting = lane->is_busy = false;
		lane->empty_count = 0;
		lane->has_received = true;
		lane->can_send = options->consumers == 0 || i < options->producers;
		lane->can_receive = options->consumers == 0 || i >= options->producers;
	}
	for (uint32_t i = 0; i < options->connections; i++)
		lane_continue(load, &load->lanes[i]);
}

static void turn(struct bench_load *load, int64_t now_ns)
{
	struct epoll_event events[EVENTS_MAX];
	struct timespec wait = turn_wait(load, now_ns);
	int count = epoll_pwait2(load->epoll, events, EVENTS_MAX, &wait, NULL);

	for (int i = 0; i < count; i++)
		lane_event(load, events[i].data.ptr);
}

/* A long poll may take its whole time, so nobody waits for it. */
static bool awaits_answer(const struct bench_load *load)
{
	for (uint32_t i = 0; i < load->options->connections; i++)
		if (load->lanes[i].is_busy &&
		    (load->lanes[i].action != BENCH_RECEIVE || load->options->wait_seconds == 0))
			return true;
	return false;
}

/*
 * Waits for the answers under way, uncounted: the queue is deleted next, and not every server
 * bears that while it works on a request for the queue.
 */
static void phase_end(struct bench_load *load)
{
	int64_t end_ns = clock_steady_ns() + GRACE_NS;

	load->is_ending = true;
	load->results = heap_alloc(sizeof(*load->results));
	while (awaits_answer(load) && clock_steady_ns() < end_ns)
		turn(load, clock_steady_ns());
	heap_free(load->results);
	load->is_ending = false;
	for (uint32_t i = 0; i < load->options->connections; i++) {
		if (load->lanes[i].is_busy)
			lane_disconnect(&load->lanes[i]);
		handles_reset(&load->lanes[i].handles);
	}
}

enum err bench_load_run(struct bench_load *load, const struct bench_plan *plan,
			struct bench_results *results)
{
	phase_begin(load, plan, results);
	for (;;) {
		int64_t now_ns = clock_steady_ns();
		if (load->is_warming && now_ns >= load->begin_ns)
			measuring_begin(load, now_ns);
		if (is_over(load, now_ns))
			break;
		if (now_ns - load->progress_ns > STALL_NS) {
			error_note(load, 1, BENCH_RECEIVE, "no answer for 30 seconds", STR(""));
			break;
		}
		due_begin(load, now_ns);
		turn(load, now_ns);
	}
	measuring_end(load);
	bool is_refused = load->refused_count > REFUSED_MAX;
	phase_end(load);
	return is_refused ? ERR_CLOSED : ERR_OK;
}

static void templates_init(struct bench_load *load)
{
	const struct bench_options *options = load->options;
	struct str url = str_of(load->queue_url, load->queue_url_size);
	struct str path = str_from(options->endpoint.path);

	/* Old SDKs post Query to the queue's URL. */
	if (options->is_query && url.size > 0) {
		size_t host = str_find(url, STR("//"), 0);
		size_t slash = host == SIZE_MAX ? SIZE_MAX : str_find_char(url, '/', host + 2);
		if (slash != SIZE_MAX)
			path = str_slice(url, slash, SIZE_MAX);
	}
	for (enum bench_action action = BENCH_SEND; action <= BENCH_DELETE; action++)
		bench_head_init(&load->heads[action], options, bench_operation(options, action),
				path);
	if (options->request.data)
		buf_append(&load->bodies[BENCH_SEND].bytes, options->request);
	else
		bench_body_send(options, url, &load->bodies[BENCH_SEND]);
	bench_body_receive(options, url, options->wait_seconds, &load->bodies[BENCH_RECEIVE]);
}

struct bench_load *bench_load_new(const struct bench_options *options, struct str queue_url)
{
	struct bench_dialer *dialer;

	if (bench_dialer_new(&options->endpoint, &dialer))
		return NULL;
	struct bench_load *load = heap_alloc(sizeof(*load));
	load->options = options;
	load->dialer = dialer;
	check(queue_url.size < sizeof(load->queue_url));
	memcpy(load->queue_url, queue_url.data, queue_url.size);
	load->queue_url_size = queue_url.size;
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	check(load->epoll >= 0);
	load->lanes = heap_alloc(options->connections * sizeof(struct lane));
	load->waiting = heap_alloc(options->connections * sizeof(uint32_t));
	for (uint32_t i = 0; i < options->connections; i++)
		load->lanes[i].socket.fd = -1;
	/* Intended moments should be met to the microsecond, not to the default 50. */
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* coarser times are no failure */
	bench_signer_init(&load->signer, options);
	templates_init(load);
	return load;
}

void bench_load_free(struct bench_load **load)
{
	if (!*load)
		return;
	for (uint32_t i = 0; i < (*load)->options->connections; i++) {
		struct lane *lane = &(*load)->lanes[i];
		bench_socket_close(&lane->socket);
		buf_done(&lane->in);
		buf_done(&lane->out);
		buf_done(&lane->handles.bytes);
	}
	for (enum bench_action action = BENCH_SEND; action <= BENCH_DELETE; action++) {
		bench_head_done(&(*load)->heads[action]);
		bench_body_done(&(*load)->bodies[action]);
	}
	buf_done(&(*load)->pool.bytes);
	bench_signer_done(&(*load)->signer);
	bench_dialer_free(&(*load)->dialer);
	close((*load)->epoll);
	heap_free((*load)->lanes);
	heap_free((*load)->waiting);
	heap_free(*load);
	*load = NULL;
}
