/* SPDX-License-Identifier: MIT */
/*
 * thread: one event loop. A turn is what one poll brought: reads and messages first, then the
 * owner's on_turn, then all answers, one write a connection.
 *
 * uv_check runs after each poll, so that the turn ends there; a timer that fires outside of a poll
 * ends a turn of its own.
 */
#include "net/thread.h"

#include <unistd.h>

#include "net/connection.h"
#include "net/hold.h"
#include "net/spare.h"
#include "net/state.h"

#define SWEEP_MS 1000

/* Checks the pointer of a uv handle or a pthread. */
static struct net_thread *thread_of(void *data)
{
	struct net_thread *thread = data;

	check(thread);
	check(thread->magic == NET_THREAD_MAGIC);
	return thread;
}

bool net_thread_take_messages(struct net_thread *thread)
{
	struct mailbox_message *message = mailbox_take(&thread->mailbox);
	bool has_taken = message != NULL;

	while (message) {
		struct mailbox_message *next = message->next;
		thread->has_work = true;
		thread->server->options.on_message(thread, message);
		message = next;
	}
	return has_taken;
}

static void flush_answers(struct net_thread *thread)
{
	while (!list_is_empty(&thread->flush)) {
		struct list *link = thread->flush.next;
		list_remove(link);
		net_connection_flush(container_of(link, struct net_connection, flush_link));
	}
}

static void turn(struct net_thread *thread)
{
	const struct net_options *options = &thread->server->options;

	/* Flushing may begin requests that waited: those are a turn of their own. */
	while (thread->has_work) {
		thread->has_work = false;
		if (options->on_turn)
			options->on_turn(thread);
		flush_answers(thread);
	}
}

static void end_if_done(struct net_thread *thread)
{
	int64_t give_up_ns = (int64_t)thread->server->options.give_up_ms * 1000000;
	bool is_late =
		thread->is_aborting && clock_steady_ns() > thread->drain_deadline_ns + give_up_ns;

	if (thread->is_draining && thread->connection_count == 0 &&
	    (thread->request_count == 0 || is_late))
		uv_stop(&thread->loop);
}

static void for_connections(struct net_thread *thread, void (*visit)(struct net_connection *))
{
	struct list *next;

	for (struct list *link = thread->connections.next; link != &thread->connections;
	     link = next) {
		next = link->next;
		visit(container_of(link, struct net_connection, link));
	}
}

static void on_listener_closed(uv_handle_t *handle)
{
	struct net_listener *listener = container_of(handle, struct net_listener, handle);

	check(thread_of(listener->thread)->listeners.next); /* its thread outlives it */
	heap_free(listener);
}

static void close_listener(struct net_listener *listener)
{
	list_remove(&listener->link);
	uv_close(&listener->handle, on_listener_closed);
}

static void begin_drain(struct net_thread *thread)
{
	struct net_server *server = thread->server;

	thread->is_draining = true;
	thread->drain_deadline_ns =
		clock_steady_ns() + (int64_t)atomic_load(&server->grace_ms) * 1000000;
	while (!list_is_empty(&thread->listeners))
		close_listener(container_of(thread->listeners.next, struct net_listener, link));
	uv_timer_start(&thread->sweep, thread->sweep.timer_cb, 10, 10);
	thread->has_work = true;
	if (server->options.on_drain)
		server->options.on_drain(thread);
	turn(thread);
	for_connections(thread, net_connection_drain);
}

static void on_check(uv_check_t *check)
{
	struct net_thread *thread = thread_of(check->data);

	turn(thread);
	end_if_done(thread);
}

static void close_place(struct net_thread *thread, uint32_t number)
{
	const struct net_options *options = &thread->server->options;
	struct list *next;

	for (struct list *link = thread->listeners.next; link != &thread->listeners; link = next) {
		struct net_listener *listener = container_of(link, struct net_listener, link);
		next = link->next;
		if (listener->number == number)
			close_listener(listener);
	}
	for (struct list *link = thread->connections.next; link != &thread->connections;
	     link = next) {
		struct net_connection *connection = container_of(link, struct net_connection, link);
		next = link->next;
		if (connection->listener != number || connection->is_closing)
			continue;
		net_connection_drain(connection);
		if (connection->request && options->on_half_close)
			options->on_half_close(connection->request);
	}
}

static void take_orders(struct net_thread *thread)
{
	struct mailbox_message *message = mailbox_take(&thread->orders);

	while (message) {
		struct net_order *order = container_of(message, struct net_order, message);
		check(order->done);
		message = message->next;
		if (order->closes)
			close_place(thread, order->place->number);
		else
			net_thread_open(thread, order->place);
		uv_sem_post(order->done);
	}
}

static void on_wake(uv_async_t *async)
{
	struct net_thread *thread = thread_of(async->data);

	thread->has_work = true;
	take_orders(thread);
	(void)net_thread_take_messages(thread);
	if (atomic_load(&thread->server->is_stopping) && !thread->is_draining)
		begin_drain(thread);
}

static void on_sweep(uv_timer_t *timer)
{
	struct net_thread *thread = thread_of(timer->data);
	int64_t now_ns = clock_steady_ns();
	struct list *next;

	for (struct list *link = thread->connections.next; link != &thread->connections;
	     link = next) {
		next = link->next;
		net_connection_sweep(container_of(link, struct net_connection, link), now_ns);
	}
	if (thread->is_draining && !thread->is_aborting && now_ns >= thread->drain_deadline_ns) {
		thread->is_aborting = true;
		for_connections(thread, net_connection_abort);
	}
	turn(thread);
	end_if_done(thread);
}

static void on_timer(uv_timer_t *timer)
{
	struct net_thread *thread = thread_of(timer->data);
	int64_t at_ms = thread->timer_at_ms;

	thread->timer_at_ms = INT64_MAX;
	if (clock_base_ms() < at_ms) {
		net_thread_set_timer(thread, at_ms);
		return;
	}
	thread->has_work = true;
	if (thread->server->options.on_timer)
		thread->server->options.on_timer(thread);
	turn(thread);
}

void net_thread_set_timer(struct net_thread *thread, int64_t at_ms)
{
	uint64_t shift_count = clock_shift_count();

	if (at_ms == thread->timer_at_ms && shift_count == thread->timer_shift_count)
		return;
	thread->timer_at_ms = at_ms;
	thread->timer_shift_count = shift_count;
	if (at_ms == INT64_MAX) {
		uv_timer_stop(&thread->timer);
		return;
	}
	int64_t wait_ms = at_ms - clock_base_ms();
	uv_update_time(&thread->loop);
	uv_timer_start(&thread->timer, on_timer, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0);
}

static void on_readable(uv_poll_t *watch, int status, int events)
{
	struct net_thread *thread = watch->data;

	(void)status, (void)events; /* on_turn looks for itself */
	thread->has_work = true;
}

void net_thread_watch(struct net_thread *thread, int descriptor)
{
	check(uv_poll_init(&thread->loop, &thread->watch, descriptor) == 0);
	thread->watch.data = thread;
	check(uv_poll_start(&thread->watch, UV_READABLE, on_readable) == 0);
}

static void on_release(uv_timer_t *release)
{
	struct net_thread *thread = thread_of(release->data);
	struct net_connection *connection;

	while ((connection = net_hold_due(thread)) != NULL)
		net_connection_release(connection);
	turn(thread);
}

void net_thread_post(struct net_thread *thread, struct mailbox_message *message)
{
	mailbox_push(&thread->mailbox, message);
}

/* The lock is free but for the moment at which the loop comes or goes. */
void net_thread_wake(struct net_thread *thread)
{
	pthread_mutex_lock(&thread->wake_lock);
	if (thread->is_awake)
		uv_async_send(&thread->wake);
	pthread_mutex_unlock(&thread->wake_lock);
}

static void set_awake(struct net_thread *thread, bool is_awake)
{
	pthread_mutex_lock(&thread->wake_lock);
	thread->is_awake = is_awake;
	pthread_mutex_unlock(&thread->wake_lock);
}

static void on_connection(uv_stream_t *stream, int status)
{
	if (status == 0)
		net_connection_accept(container_of(stream, struct net_listener, stream));
}

void net_thread_open(struct net_thread *thread, const struct net_place *place)
{
	int descriptor = place->descriptors[thread->index];
	int failed;

	if (thread->is_draining || thread->has_ended) {
		close(descriptor);
		return;
	}
	struct net_listener *listener = heap_alloc(sizeof(*listener));
	listener->thread = thread;
	listener->number = place->number;
	listener->is_unix = place->is_unix;
	listener->is_tls = place->is_tls;
	if (listener->is_unix) {
		uv_pipe_init(&thread->loop, &listener->pipe, 0);
		failed = uv_pipe_open(&listener->pipe, descriptor);
	} else {
		uv_tcp_init(&thread->loop, &listener->tcp);
		failed = uv_tcp_open(&listener->tcp, descriptor);
	}
	check(failed == 0);
	check(uv_listen(&listener->stream, 4096, on_connection) == 0);
	list_push_back(&thread->listeners, &listener->link);
}

static void listen_all(struct net_thread *thread)
{
	struct list *places = &thread->server->places;

	for (struct list *link = places->next; link != places; link = link->next)
		net_thread_open(thread, container_of(link, struct net_place, link));
}

void net_thread_order(struct net_thread *thread, const struct net_place *place, bool closes)
{
	uv_sem_t done;
	struct net_order order = {.place = place, .closes = closes, .done = &done};

	uv_sem_init(&done, 0);
	pthread_mutex_lock(&thread->orders_lock);
	bool has_ended = thread->has_ended;
	if (!has_ended)
		mailbox_push(&thread->orders, &order.message);
	pthread_mutex_unlock(&thread->orders_lock);
	if (!has_ended)
		uv_sem_wait(&done);
	else if (!closes)
		close(place->descriptors[thread->index]);
	uv_sem_destroy(&done);
}

/* No order is left unanswered. */
static void end_orders(struct net_thread *thread)
{
	pthread_mutex_lock(&thread->orders_lock);
	thread->has_ended = true;
	pthread_mutex_unlock(&thread->orders_lock);
	take_orders(thread);
}

static void wake_thread(void *context)
{
	net_thread_wake(thread_of(context));
}

void net_thread_init(struct net_thread *thread, struct net_server *server, uint32_t index)
{
	check(thread->magic == 0); /* once */
	thread->magic = NET_THREAD_MAGIC;
	thread->server = server;
	thread->index = index;
	thread->on_release = on_release;
	pthread_mutex_init(&thread->orders_lock, NULL);
	pthread_mutex_init(&thread->wake_lock, NULL);
	mailbox_init(&thread->mailbox, wake_thread, thread);
	mailbox_init(&thread->orders, wake_thread, thread);
}

void net_thread_done(struct net_thread *thread)
{
	/* Requests that were given up come here after the thread has ended. */
	while (thread->spare_requests) {
		struct net_request *request = thread->spare_requests;
		thread->spare_requests = request->next_free;
		arena_done(&request->arena);
		heap_free(request);
	}
	pthread_mutex_destroy(&thread->orders_lock);
	pthread_mutex_destroy(&thread->wake_lock);
}

static void init(struct net_thread *thread)
{
	uint32_t sweep_ms = SWEEP_MS;

	check(uv_loop_init(&thread->loop) == 0);
	uv_async_init(&thread->loop, &thread->wake, on_wake);
	uv_check_init(&thread->loop, &thread->check);
	uv_timer_init(&thread->loop, &thread->sweep);
	uv_timer_init(&thread->loop, &thread->timer);
	uv_timer_init(&thread->loop, &thread->release);
	thread->wake.data = thread->check.data = thread;
	thread->sweep.data = thread->timer.data = thread->release.data = thread;
	thread->timer_at_ms = INT64_MAX;
	list_init(&thread->connections);
	list_init(&thread->flush);
	list_init(&thread->listeners);
	uv_check_start(&thread->check, on_check);
	if (thread->server->options.head_ms < sweep_ms)
		sweep_ms = thread->server->options.head_ms;
	uv_timer_start(&thread->sweep, on_sweep, sweep_ms, sweep_ms);
	set_awake(thread, true);
	net_thread_wake(thread); /* for what was posted before */
}

static void close_handle(uv_handle_t *handle, void *context)
{
	(void)context;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void done(struct net_thread *thread)
{
	set_awake(thread, false);
	uv_walk(&thread->loop, close_handle, NULL);
	uv_run(&thread->loop, UV_RUN_DEFAULT);
	uv_loop_close(&thread->loop);
	timer_heap_done(&thread->holds);
	buf_done(&thread->plain);
	net_spare_done(thread);
}

void *net_thread_main(void *context)
{
	struct net_thread *thread = thread_of(context);
	const struct net_options *options = &thread->server->options;

	check(pthread_setname_np(pthread_self(), "net") == 0);
	init(thread);
	if (options->thread_init)
		thread->context = options->thread_init(thread, options->context);
	listen_all(thread);
	uv_sem_post(&thread->server->started);
	uv_run(&thread->loop, UV_RUN_DEFAULT);
	if (thread->request_count > 0)
		log_event(LOG_WARN, "the stop does not wait longer for requests",
			  log_i64("count", thread->request_count));
	end_orders(thread);
	if (options->thread_done)
		options->thread_done(thread);
	done(thread);
	return NULL;
}

void *net_thread_context(struct net_thread *thread)
{
	return thread->context;
}

uint32_t net_thread_index(struct net_thread *thread)
{
	return thread->index;
}
