/* SPDX-License-Identifier: MIT */
/*
 * resolve: a queue of look-ups and a few detached threads, for the whole process, since a thread
 * that hangs in getaddrinfo cannot be ended. A look-up belongs to its caller and to the thread that
 * runs it; the last of the two frees it.
 */
#include "net/resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/base.h"
#include "base/heap.h"
#include "base/sleep.h"

enum { IDLE_SECONDS = 10, SERVICE_SIZE = 8 };

struct resolve {
	struct list link; /* in `waiting` */
	resolve_done_fn done;
	void *context;
	bool is_given_up, has_run;
	uint32_t owners; /* the caller, and the module */
	char service[SERVICE_SIZE];
	char host[];
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* of all below, and of look-ups */
static pthread_cond_t has_work = PTHREAD_COND_INITIALIZER;
static struct list waiting = {&waiting, &waiting};
static uint32_t waiting_count, threads, idle;

/* Under the mutex. */
static void release(struct resolve *resolve)
{
	if (--resolve->owners == 0)
		heap_free(resolve);
}

/* ---- addresses ---- */

static bool is_used(const struct addrinfo *found)
{
	return found->ai_family == AF_INET || found->ai_family == AF_INET6;
}

/* The next address from `at` on that is of that family, or of any (AF_UNSPEC); NULL: none. */
static struct addrinfo *next_of(struct addrinfo *at, int family)
{
	while (at && (!is_used(at) || (family != AF_UNSPEC && at->ai_family != family)))
		at = at->ai_next;
	return at;
}

static void take(struct resolved *out, const struct addrinfo *found)
{
	union resolve_address *address = &out->addresses[out->count++];

	memcpy(address, found->ai_addr,
	       found->ai_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6));
}

/* The families take turns, beginning with that of the first address. */
static void interleave(struct addrinfo *found, struct resolved *out)
{
	struct addrinfo *first = next_of(found, AF_UNSPEC);
	struct addrinfo *turns[2] = {first, NULL};

	if (!first)
		return;
	int other = first->ai_family == AF_INET ? AF_INET6 : AF_INET;
	turns[1] = next_of(found, other);
	for (int turn = 0; (turns[0] || turns[1]) && out->count < RESOLVE_ADDRESSES; turn = !turn) {
		if (!turns[turn])
			continue;
		take(out, turns[turn]);
		turns[turn] = next_of(turns[turn]->ai_next, turns[turn]->ai_family);
	}
}

static void look_up(const struct resolve *resolve, struct resolved *out)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *found;

	*out = (struct resolved){0};
	if (getaddrinfo(resolve->host, resolve->service, &hints, &found) != 0)
		return;
	interleave(found, out);
	freeaddrinfo(found);
}

/* ---- threads ---- */

/* Under the mutex, which is released meanwhile. */
static void run_one(struct resolve *resolve)
{
	struct resolved resolved;

	list_remove(&resolve->link);
	waiting_count--;
	if (!resolve->is_given_up) {
		pthread_mutex_unlock(&mutex);
		look_up(resolve, &resolved);
		pthread_mutex_lock(&mutex);
	}
	if (!resolve->is_given_up) {
		resolve->done(resolve->context, &resolved);
		resolve->has_run = true;
	}
	release(resolve);
}

/* Under the mutex. False: there was no work for a while. */
static bool await_work(void)
{
	struct timespec until;
	int result = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += IDLE_SECONDS;
	idle++;
	while (list_is_empty(&waiting) && result == 0)
		result = pthread_cond_timedwait(&has_work, &mutex, &until);
	idle--;
	return !list_is_empty(&waiting);
}

static void *run(void *context)
{
	(void)context;
	pthread_mutex_lock(&mutex);
	while (await_work())
		while (!list_is_empty(&waiting))
			run_one(container_of(waiting.next, struct resolve, link));
	threads--;
	pthread_mutex_unlock(&mutex);
	return NULL;
}

/* Under the mutex. Without any thread look-ups wait until the next one starts. */
static void start_thread(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attributes, run, NULL) == 0)
		threads++;
	pthread_attr_destroy(&attributes);
}

/* ---- callers ---- */

struct resolve *resolve_begin(const char *host, const char *service, resolve_done_fn done,
			      void *context)
{
	size_t size = strlen(host) + 1;
	struct resolve *resolve = heap_alloc(sizeof(*resolve) + size);

	check(strlen(service) < SERVICE_SIZE);
	memcpy(resolve->host, host, size);
	memcpy(resolve->service, service, strlen(service) + 1);
	resolve->done = done;
	resolve->context = context;
	resolve->owners = 2;
	pthread_mutex_lock(&mutex);
	list_push_back(&waiting, &resolve->link);
	waiting_count++;
	/* Each waiting look-up has an idle thread that wakes for it. */
	if (waiting_count <= idle)
		pthread_cond_signal(&has_work);
	else if (threads < LIMIT_LOOKUPS)
		start_thread();
	pthread_mutex_unlock(&mutex);
	return resolve;
}

bool resolve_end(struct resolve **resolve)
{
	struct resolve *mine = *resolve;

	*resolve = NULL;
	pthread_mutex_lock(&mutex);
	bool has_run = mine->has_run;
	mine->is_given_up = true;
	if (list_is_linked(&mine->link)) {
		list_remove(&mine->link);
		waiting_count--;
		release(mine);
	}
	release(mine);
	pthread_mutex_unlock(&mutex);
	return !has_run;
}

struct waiter {
	pthread_cond_t condition;
	struct resolved *resolved;
	bool is_done; /* under the mutex */
};

static void on_done(void *context, const struct resolved *resolved)
{
	struct waiter *waiter = context;

	*waiter->resolved = *resolved;
	waiter->is_done = true;
	pthread_cond_signal(&waiter->condition);
}

bool resolve_wait(const char *host, const char *service, int64_t wait_ms,
		  struct resolved *out_resolved)
{
	struct waiter waiter = {.resolved = out_resolved};
	pthread_condattr_t attributes;
	int result = 0;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&waiter.condition, &attributes);
	pthread_condattr_destroy(&attributes);
	const struct timespec until = sleep_deadline(wait_ms);
	struct resolve *resolve = resolve_begin(host, service, on_done, &waiter);
	pthread_mutex_lock(&mutex);
	while (!waiter.is_done && result == 0)
		result = pthread_cond_timedwait(&waiter.condition, &mutex, &until);
	pthread_mutex_unlock(&mutex);
	bool is_late = resolve_end(&resolve);
	pthread_cond_destroy(&waiter.condition);
	return !is_late;
}
