/* SPDX-License-Identifier: MIT */
/* What comes after the threads of a server have ended. */
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

static void end_parked(struct net_thread *thread, struct letter *letter)
{
	assert_ptr_equal(thread, parked->thread);
	assert_true(parked->is_aborted);
	(void)letter;
	net_request_end(parked);
	parked = NULL;
}

static void test_a_request_that_was_given_up_ends_when_the_server_settles(void **state)
{
	(void)state;
	struct letter late;

	options.on_abort = keep;
	options.on_letter = end_parked;
	options.give_up_ms = 1;
	start();
	int client = peer();
	say(client, REQUEST("/park"));
	await(&has_parked);
	net_server_stop(server, 0);
	assert_false(net_server_settle(server));
	net_thread_post(parked->thread, &late);
	assert_true(net_server_settle(server));
	assert_null(parked);
	assert_false(net_server_settle(server));
	close(client);
	net_server_free(&server);
}

static _Atomic bool has_enough;
static _Atomic uint32_t letters_taken;

static void count_letter(struct net_thread *thread, struct letter *letter)
{
	(void)thread;
	heap_free(letter);
	atomic_fetch_add(&letters_taken, 1);
}

/* Posts and wakes until it is told to stop; gives the number of letters. */
static void *post_on_and_on(void *context)
{
	uintptr_t count = 0;

	for (; !atomic_load(&has_enough); count++) {
		net_thread_post(context, heap_alloc(sizeof(struct letter)));
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

	options.on_letter = count_letter;
	options.thread_init = get_thread;
	options.context = &thread;
	atomic_store(&has_enough, false);
	atomic_store(&letters_taken, 0);
	start();
	assert_int_equal(pthread_create(&poster, NULL, post_on_and_on, thread), 0);
	net_server_stop(server, 0);
	uint32_t before = atomic_load(&letters_taken);
	/* Some more come once the loop is gone. */
	while (atomic_load(&letters_taken) < before + 100)
		(void)net_server_settle(server);
	atomic_store(&has_enough, true);
	assert_int_equal(pthread_join(poster, &count), 0);
	(void)net_server_settle(server);
	assert_int_equal(atomic_load(&letters_taken), (uintptr_t)count);
	net_server_free(&server);
}
