/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

#include "base/fixture.h"
#include "core/worker.h"

/* A work that records when it began, then waits for its gate if it has one. */
struct job {
	struct work work;
	sem_t *gate;
	sem_t begun, ended;
	int place; /* in the order of beginnings; 0: it has not run */
	bool was_allowed;
	pthread_t thread;
};

enum { JOBS = LIMIT_WORKER_ACCOUNT_ITEMS + 8 };

static struct workers *workers;
static struct job jobs[JOBS];
static sem_t gate;
static _Atomic int begun_count;

static void run_job(struct work *work, bool may_run)
{
	struct job *job = container_of(work, struct job, work);

	job->place = ++begun_count;
	job->was_allowed = may_run;
	job->thread = pthread_self();
	sem_post(&job->begun);
	if (job->gate)
		sem_wait(job->gate);
	sem_post(&job->ended);
}

static int setup(void **state)
{
	(void)state;
	begun_count = 0;
	sem_init(&gate, 0, 0);
	for (int i = 0; i < JOBS; i++) {
		jobs[i] = (struct job){.work.run = run_job};
		sem_init(&jobs[i].begun, 0, 0);
		sem_init(&jobs[i].ended, 0, 0);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	workers_free(&workers);
	for (int i = 0; i < JOBS; i++) {
		sem_destroy(&jobs[i].begun);
		sem_destroy(&jobs[i].ended);
	}
	sem_destroy(&gate);
	return 0;
}

static bool submit(int job, const char *account)
{
	jobs[job].work.account = str_from(account);
	return worker_submit(workers, &jobs[job].work);
}

/* Occupies a thread until the gate is opened. */
static void submit_gated(int job, const char *account)
{
	jobs[job].gate = &gate;
	assert_true(submit(job, account));
	sem_wait(&jobs[job].begun);
}

static void wait_for(int job)
{
	sem_wait(&jobs[job].ended);
}

static void test_work_runs_on_another_thread(void **state)
{
	(void)state;
	workers = workers_new(2);
	assert_true(submit(0, "a"));
	wait_for(0);
	assert_true(jobs[0].was_allowed);
	assert_false(pthread_equal(jobs[0].thread, pthread_self()));
}

static void test_accounts_take_turns(void **state)
{
	(void)state;
	workers = workers_new(1);
	submit_gated(0, "x");
	for (int i = 1; i <= 3; i++)
		assert_true(submit(i, "a"));
	assert_true(submit(4, "b"));
	sem_post(&gate);
	wait_for(3);
	wait_for(4);
	assert_int_equal(jobs[1].place, 2);
	assert_int_equal(jobs[4].place, 3);
	assert_int_equal(jobs[2].place, 4);
	assert_int_equal(jobs[3].place, 5);
}

static void test_no_account_occupies_all_threads(void **state)
{
	(void)state;
	workers = workers_new(3);
	submit_gated(0, "a");
	submit_gated(1, "a");
	assert_true(submit(2, "a"));
	assert_true(submit(3, "b"));
	wait_for(3);
	assert_int_equal(jobs[2].place, 0);
	sem_post(&gate);
	sem_post(&gate);
	wait_for(2);
}

/* The thread that the first work wakes is not the second one's, too. */
static void test_works_submitted_together_run_together(void **state)
{
	enum { ROUNDS = 50 };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct job *first = &jobs[round * 2], *second = first + 1;
		workers = workers_new(2);
		assert_true(submit(JOBS - 1, "c"));
		wait_for(JOBS - 1);
		while (worker_stats_read(workers).running > 0)
			sched_yield(); /* then the thread is idle */
		first->gate = second->gate = &gate;
		assert_true(submit(round * 2, "a"));
		assert_true(submit(round * 2 + 1, "b"));
		sem_wait(&first->begun);
		sem_wait(&second->begun);
		sem_post(&gate);
		sem_post(&gate);
		workers_free(&workers);
	}
}

static void test_waiting_items_of_an_account_are_bounded(void **state)
{
	(void)state;
	workers = workers_new(1);
	submit_gated(0, "x");
	for (int i = 1; i <= LIMIT_WORKER_ACCOUNT_ITEMS; i++)
		assert_true(submit(i, "a"));
	assert_false(submit(LIMIT_WORKER_ACCOUNT_ITEMS + 1, "a"));
	assert_true(submit(LIMIT_WORKER_ACCOUNT_ITEMS + 2, "b"));
	assert_int_equal(worker_stats_read(workers).refused, 1);
	sem_post(&gate);
	wait_for(LIMIT_WORKER_ACCOUNT_ITEMS);
}

static void test_waiting_bytes_of_an_account_are_bounded(void **state)
{
	(void)state;
	workers = workers_new(1);
	submit_gated(0, "x");
	jobs[1].work.size = LIMIT_WORKER_ACCOUNT_SIZE - 1;
	jobs[2].work.size = jobs[4].work.size = 2;
	jobs[3].work.size = 1;
	assert_true(submit(1, "a"));
	assert_false(submit(2, "a"));
	assert_true(submit(3, "a"));
	assert_true(submit(4, "b"));
	assert_int_equal(worker_stats_read(workers).waiting_size, LIMIT_WORKER_ACCOUNT_SIZE + 2);
	sem_post(&gate);
}

static void test_waiting_items_of_all_accounts_are_bounded(void **state)
{
	struct job *many = arena_array(&arena, struct job, LIMIT_WORKER_ITEMS + 1);

	(void)state;
	workers = workers_new(1);
	submit_gated(0, "x");
	for (int i = 0; i <= LIMIT_WORKER_ITEMS; i++) {
		many[i].work.run = run_job;
		many[i].work.account = arena_format(&arena, "%d", i);
		sem_init(&many[i].begun, 0, 0);
		sem_init(&many[i].ended, 0, 0);
		assert_int_equal(worker_submit(workers, &many[i].work), i < LIMIT_WORKER_ITEMS);
	}
	sem_post(&gate);
	workers_free(&workers);
	assert_int_equal(many[0].place > 0, 1);
}

static void test_cancelled_work_does_not_run(void **state)
{
	(void)state;
	workers = workers_new(1);
	submit_gated(0, "a");
	assert_true(submit(1, "a"));
	assert_true(submit(2, "a"));
	assert_true(worker_cancel(workers, &jobs[1].work));
	assert_false(worker_cancel(workers, &jobs[1].work));
	assert_false(worker_cancel(workers, &jobs[0].work)); /* it runs */
	sem_post(&gate);
	wait_for(2);
	assert_int_equal(jobs[1].place, 0);
	assert_true(submit(1, "a"));
	wait_for(1);
}

static void test_stop_runs_waiting_work(void **state)
{
	(void)state;
	workers = workers_new(1);
	submit_gated(0, "a");
	assert_true(submit(1, "a"));
	workers_stop(workers, 600000);
	sem_post(&gate);
	wait_for(1);
	assert_true(jobs[1].was_allowed);
}

static void test_stop_hands_back_work_that_waits_too_long(void **state)
{
	(void)state;
	workers = workers_new(1);
	submit_gated(0, "a");
	assert_true(submit(1, "a"));
	workers_stop(workers, 0);
	sem_post(&gate);
	wait_for(1);
	assert_true(jobs[0].was_allowed);
	assert_false(jobs[1].was_allowed);
}

static void test_work_after_the_end_is_handed_back(void **state)
{
	(void)state;
	workers = workers_new(2);
	assert_true(submit(0, "a"));
	workers_join(workers);
	assert_true(jobs[0].place > 0);
	assert_true(submit(1, "a"));
	assert_int_equal(jobs[1].place, 2);
	assert_false(jobs[1].was_allowed);
	assert_true(pthread_equal(jobs[1].thread, pthread_self()));
}

static void *submit_many(void *context)
{
	struct job *mine = context;

	for (int i = 0; i < 32; i++) {
		mine[i].work.account = i % 2 ? STR("a") : STR("b");
		assert_true(worker_submit(workers, &mine[i].work));
		(void)worker_cancel(workers, &mine[(i * 7) % 32].work);
	}
	return NULL;
}

/* For ThreadSanitizer: each work either runs once or is cancelled. */
static void test_many_threads_submit_and_cancel(void **state)
{
	pthread_t threads[4];

	(void)state;
	workers = workers_new(3);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, submit_many, &jobs[i * 32]), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	workers_join(workers);
	struct worker_stats stats = worker_stats_read(workers);
	assert_int_equal(stats.cancelled + (uint64_t)begun_count, 128);
	assert_in_range(stats.done, 0, (uint64_t)begun_count);
	assert_int_equal(stats.waiting, 0);
	assert_int_equal(stats.waiting_size, 0);
}
