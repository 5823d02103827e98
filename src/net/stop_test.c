/* SPDX-License-Identifier: MIT */
/* Messages and answers that arrive after the threads of a server have ended. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

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

static void keep(struct net_request *request)
{
	(void)request; /* its owner waits for something that does not come */
}

static void end_parked(struct net_thread *thread, struct mailbox_message *message)
{
	assert_ptr_equal(thread, parked->thread);
	assert_true(parked->is_aborted);
	(void)message;
	net_request_end(parked);
	parked = NULL;
}

static void test_a_request_that_was_given_up_ends_when_the_server_settles(void **state)
{
	(void)state;
	struct mailbox_message late;

	options.on_abort = keep;
	options.on_message = end_parked;
	options.give_up_ms = 1;
	start();
	int client = peer();
	say(client, REQUEST("/park"));
	await(&has_parked);
	net_server_stop(server, 0);
	assert_false(net_server_drain(server));
	net_thread_post(parked->thread, &late);
	assert_true(net_server_drain(server));
	assert_null(parked);
	assert_false(net_server_drain(server));
	close(client);
	net_server_free(&server);
}

static _Atomic bool has_enough;
static _Atomic uint32_t messages_taken;

static void count_message(struct net_thread *thread, struct mailbox_message *message)
{
	(void)thread;
	heap_free(message);
	atomic_fetch_add(&messages_taken, 1);
}

/* Posts and wakes until it is told to stop; gives the number of messages. */
static void *post_on_and_on(void *context)
{
	uintptr_t count = 0;

	for (; !atomic_load(&has_enough); count++) {
		net_thread_post(context, heap_alloc(sizeof(struct mailbox_message)));
		net_thread_wake(context);
		sched_yield();
	}
	return (void *)count;
}

static void *get_thread(struct net_thread *thread, void *context)
{
	*(struct net_thread **)context = thread;
	return NULL;
}

static void test_posting_is_safe_until_the_server_is_freed(void **state)
{
	(void)state;
	struct net_thread *thread;
	pthread_t poster;
	void *count;

	options.on_message = count_message;
	options.thread_init = get_thread;
	options.context = &thread;
	atomic_store(&has_enough, false);
	atomic_store(&messages_taken, 0);
	start();
	assert_int_equal(pthread_create(&poster, NULL, post_on_and_on, thread), 0);
	net_server_stop(server, 0);
	uint32_t before = atomic_load(&messages_taken);
	/* Some more come once the loop is gone. */
	while (atomic_load(&messages_taken) < before + 100)
		(void)net_server_drain(server);
	atomic_store(&has_enough, true);
	assert_int_equal(pthread_join(poster, &count), 0);
	(void)net_server_drain(server);
	assert_int_equal(atomic_load(&messages_taken), (uintptr_t)count);
	net_server_free(&server);
}
