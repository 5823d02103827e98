/* SPDX-License-Identifier: MIT */
/*
 * worker: start-time fair queueing under one mutex.
 *
 * Each account with work has a counter of the nanoseconds that it has used. An account that returns
 * begins at the counter of the account that was served last, so that idle time earns no credit.
 * Accounts without work are forgotten; their number is bounded by the number of works.
 */
#include "core/worker.h"

#include <pthread.h>
#include <string.h>

struct worker_account {
	struct list link; /* in workers->accounts */
	struct list works;
	struct str name;
	size_t waiting, waiting_size, running;
	int64_t used_ns;
};

#define WORKERS_MAGIC 0x534b5257u
struct workers {
	uint32_t magic;
	pthread_mutex_t mutex;
	pthread_cond_t condition;
	struct list accounts; /* under the mutex, as all below */
	int64_t served_ns;    /* used_ns of the account that was served last */
	int64_t stop_ns;      /* 0: not stopping; work is done until then */
	bool is_joined;
	struct worker_stats stats;
	uint32_t thread_count, started_count, idle_count;
	pthread_t threads[];
};

/* ---- accounts; under the mutex ---- */

static struct worker_account *find_account(struct workers *workers, struct str name)
{
	struct list *head = &workers->accounts;

	for (struct list *link = head->next; link != head; link = link->next) {
		struct worker_account *account = container_of(link, struct worker_account, link);
		if (str_equal(account->name, name))
			return account;
	}
	return NULL;
}

static struct worker_account *make_account(struct workers *workers, struct str name)
{
	struct worker_account *account = heap_alloc(sizeof(*account) + name.size);
	char *text = (char *)(account + 1);

	memcpy(text, name.data ? name.data : "", name.size);
	account->name = str_of(text, name.size);
	account->used_ns = workers->served_ns;
	list_init(&account->works);
	list_push_back(&workers->accounts, &account->link);
	return account;
}

static void drop_if_idle(struct worker_account *account)
{
	if (account->waiting > 0 || account->running > 0)
		return;
	check(list_is_empty(&account->works));
	list_remove(&account->link);
	heap_free(account);
}

/* Takes the work out of its queue, which stays even if it is empty now. */
static struct worker_account *take_out(struct workers *workers, struct work *work)
{
	struct worker_account *account = work->queue;

	check(work->state == WORK_WAITS);
	list_remove(&work->link);
	account->waiting--;
	account->waiting_size -= work->size;
	workers->stats.waiting--;
	workers->stats.waiting_size -= work->size;
	return account;
}

/* The account to serve next, or NULL. One thread is left for the others, if there are two. */
static struct worker_account *choose(const struct workers *workers)
{
	const struct list *head = &workers->accounts;
	size_t running_max = workers->thread_count > 1 ? workers->thread_count - 1 : 1;
	struct worker_account *best = NULL;

	for (struct list *link = head->next; link != head; link = link->next) {
		struct worker_account *account = container_of(link, struct worker_account, link);
		if (account->waiting == 0 || account->running >= running_max)
			continue;
		if (!best || account->used_ns < best->used_ns)
			best = account;
	}
	return best;
}

static bool has_room(const struct workers *workers, const struct worker_account *account,
		     size_t size)
{
	const struct worker_stats *all = &workers->stats;

	if (all->waiting >= LIMIT_WORKER_ITEMS ||
	    all->waiting_size + size > LIMIT_WORKER_ITEMS_SIZE)
		return false;
	return !account || (account->waiting < LIMIT_WORKER_ACCOUNT_ITEMS &&
			    account->waiting_size + size <= LIMIT_WORKER_ACCOUNT_SIZE);
}

/* ---- threads ---- */

static bool is_over(const struct workers *workers)
{
	return workers->stop_ns != 0 && clock_steady_ns() >= workers->stop_ns;
}

/* Runs the work with the mutex released; the work may be freed afterwards. */
static void serve(struct workers *workers, struct worker_account *account)
{
	struct work *work = container_of(account->works.next, struct work, link);

	take_out(workers, work);
	work->state = WORK_RUNS;
	account->running++;
	workers->stats.running++;
	workers->served_ns = account->used_ns;
	bool may_run = !is_over(workers);
	pthread_mutex_unlock(&workers->mutex);
	int64_t begin_ns = clock_steady_ns();
	work->run(work, may_run);
	int64_t took_ns =
		clock_steady_ns() - begin_ns + 1; /* work without measurable time counts too */
	pthread_mutex_lock(&workers->mutex);
	account->running--;
	account->used_ns += took_ns;
	drop_if_idle(account);
	workers->stats.running--;
	workers->stats.done += may_run;
	workers->stats.busy_ns += (uint64_t)took_ns;
	/* The account may be served again. */
	pthread_cond_signal(&workers->condition);
}

static void *worker_main(void *context)
{
	struct workers *workers = context;
	struct worker_account *account;

	check(workers->magic == WORKERS_MAGIC);
	check(pthread_setname_np(pthread_self(), "worker") == 0);
	pthread_mutex_lock(&workers->mutex);
	for (;;) {
		account = choose(workers);
		if (account)
			serve(workers, account);
		if (account)
			continue;
		if (workers->is_joined)
			break;
		workers->idle_count++;
		pthread_cond_wait(&workers->condition, &workers->mutex);
		workers->idle_count--;
	}
	pthread_mutex_unlock(&workers->mutex);
	return NULL;
}

/*
 * Under the mutex: starts another thread if the limit allows it and there are fewer idle threads
 * than waiting works. A thread that was woken counts as idle until it runs.
 */
static void start_thread(struct workers *workers)
{
	pthread_t *thread = &workers->threads[workers->started_count];

	if (workers->idle_count >= workers->stats.waiting ||
	    workers->started_count == workers->thread_count)
		return;
	if (pthread_create(thread, NULL, worker_main, workers) == 0)
		workers->started_count++;
	/* At a limit of the system the existing threads take the work; without a thread it would
	 * never run. */
	check(workers->started_count > 0);
}

struct workers *workers_new(uint32_t threads)
{
	struct workers *workers = heap_alloc(sizeof(*workers) + threads * sizeof(pthread_t));

	check(threads > 0);
	workers->magic = WORKERS_MAGIC;
	workers->thread_count = threads;
	pthread_mutex_init(&workers->mutex, NULL);
	pthread_cond_init(&workers->condition, NULL);
	list_init(&workers->accounts);
	return workers;
}

void workers_stop(struct workers *workers, uint32_t grace_ms)
{
	pthread_mutex_lock(&workers->mutex);
	if (workers->stop_ns == 0)
		workers->stop_ns = clock_steady_ns() + (int64_t)grace_ms * 1000000;
	pthread_mutex_unlock(&workers->mutex);
}

void workers_join(struct workers *workers)
{
	pthread_mutex_lock(&workers->mutex);
	workers->stop_ns = clock_steady_ns();
	workers->is_joined = true;
	pthread_cond_broadcast(&workers->condition);
	uint32_t count = workers->started_count;
	workers->started_count = 0;
	pthread_mutex_unlock(&workers->mutex);
	for (uint32_t i = 0; i < count; i++)
		pthread_join(workers->threads[i], NULL);
}

void workers_free(struct workers **workers)
{
	struct workers *old = *workers;

	if (!old)
		return;
	workers_join(old);
	check(list_is_empty(&old->accounts));
	check(old->magic == WORKERS_MAGIC);
	old->magic = 0;
	pthread_cond_destroy(&old->condition);
	pthread_mutex_destroy(&old->mutex);
	heap_free(old);
	*workers = NULL;
}

/* ---- work ---- */

bool worker_submit(struct workers *workers, struct work *work)
{
	pthread_mutex_lock(&workers->mutex);
	check(work->state != WORK_WAITS);
	if (workers->is_joined) {
		pthread_mutex_unlock(&workers->mutex);
		work->run(work, false);
		return true;
	}
	struct worker_account *account = find_account(workers, work->account);
	bool is_taken = has_room(workers, account, work->size);
	if (is_taken) {
		if (!account)
			account = make_account(workers, work->account);
		work->queue = account;
		work->state = WORK_WAITS;
		list_push_back(&account->works, &work->link);
		account->waiting++;
		account->waiting_size += work->size;
		workers->stats.waiting++;
		workers->stats.waiting_size += work->size;
		start_thread(workers);
		pthread_cond_signal(&workers->condition);
	} else {
		workers->stats.refused++;
	}
	pthread_mutex_unlock(&workers->mutex);
	return is_taken;
}

bool worker_cancel(struct workers *workers, struct work *work)
{
	pthread_mutex_lock(&workers->mutex);
	bool was_waiting = work->state == WORK_WAITS;
	if (was_waiting) {
		drop_if_idle(take_out(workers, work));
		work->state = WORK_IDLE;
		workers->stats.cancelled++;
	}
	pthread_mutex_unlock(&workers->mutex);
	return was_waiting;
}

struct worker_stats worker_stats_read(struct workers *workers)
{
	pthread_mutex_lock(&workers->mutex);
	struct worker_stats stats = workers->stats;
	pthread_mutex_unlock(&workers->mutex);
	return stats;
}
