/* SPDX-License-Identifier: MIT */
/*
 * runner: one lane thread for commits, one for housekeeping; each takes one piece of work at a
 * time.
 *
 * A thread that needs a turn raises has_news. On the stepping thread itself that is enough: it
 * checks has_news before it leaves. Other threads also wake the stepping thread.
 */
#include "core/runner.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/sleep.h"
#include "core/engines.h"
#include "net/server.h"

#define RUNNER_MAGIC 0x524e4e52u

/* A commit that is expected to be short runs within the turn. */
enum { QUICK_COMMIT_NS = 1000000, QUICK_COMMIT_SIZE = 1 << 20 };
/* Turns of the engine in a row; then the thread serves its connections. */
enum { TURNS_MAX = 4 };
/* A lane's signal may have come before the wait. */
enum { REST_MS = 5 };
/* Linux cuts longer names off. */
enum { THREAD_NAME_SIZE = 16 };

static const char *const lane_names[] = {
	[JOURNAL_COMMIT] = "commit",
	[JOURNAL_HOUSEKEEPING] = "housekeeping",
};

/* LANE_STARTED: the work continues without a thread. */
enum lane_state { LANE_IDLE, LANE_GIVEN, LANE_STARTED, LANE_DONE, LANE_ENDING };

struct lane {
	struct runner *runner;
	char name[THREAD_NAME_SIZE];
	pthread_t thread;
	sem_t given;
	_Atomic enum lane_state state;
	struct journal_work *work;
	int64_t begin_ns; /* of work that was started */
	int64_t work_ns;  /* duration of the work; the lane's until LANE_DONE */
};

struct runner {
	uint32_t magic;
	struct engine *engine;
	struct lane lanes[2];
	bool blocks_commits;
	int64_t commit_ns; /* duration of recent commits */
	_Atomic bool has_news, is_stopping;
	bool has_stopped_engine;
	bool is_full_logged;
	_Atomic(struct net_thread *) net; /* attached to, or NULL */
	bool has_thread;
	char name[THREAD_NAME_SIZE]; /* of the thread */
	pthread_t thread, owner;     /* owner: steps while no other thread does */
	uint32_t place;		     /* of the engine; core/engines.h */
	_Atomic bool ends_thread;
	pthread_mutex_t mutex;
	pthread_cond_t condition; /* has_news or ends_thread was raised */
};

static _Thread_local const struct runner *runner_here;

struct net_thread *runner_net_thread(const struct runner *runner)
{
	return atomic_load(&runner->net);
}

static void wake(void *context)
{
	struct runner *runner = context;

	check(runner->magic == RUNNER_MAGIC);
	atomic_store(&runner->has_news, true);
	if (runner_here == runner)
		return;
	/* Under the lock: during runner_detach either the net thread or the next one is woken. */
	pthread_mutex_lock(&runner->mutex);
	struct net_thread *net = atomic_load(&runner->net);
	if (net)
		net_thread_wake(net);
	else
		pthread_cond_signal(&runner->condition);
	pthread_mutex_unlock(&runner->mutex);
}

/* Returns the nanoseconds it took. */
static int64_t run_work(struct journal_work *work)
{
	int64_t begin_ns = clock_steady_ns();

	journal_work_run(work);
	return clock_steady_ns() - begin_ns;
}

static void *lane_main(void *context)
{
	struct lane *lane = context;

	check(lane->runner->magic == RUNNER_MAGIC);
	check(pthread_setname_np(pthread_self(), lane->name) == 0);
	for (;;) {
		while (sem_wait(&lane->given) != 0)
			;
		if (atomic_load(&lane->state) == LANE_ENDING)
			return NULL;
		check(atomic_load(&lane->state) == LANE_GIVEN);
		lane->work_ns = run_work(lane->work);
		atomic_store(&lane->state, LANE_DONE);
		wake(lane->runner);
	}
}

/* A moving average: a slow disk is noticed at the first slow commit, a quick one after some. */
static void note_commit(struct runner *runner, int64_t took_ns)
{
	runner->commit_ns += (took_ns - runner->commit_ns) / 8;
}

/* Only a net thread gets the commit's end. */
static bool start_commit(struct lane *lane, struct journal_work *work)
{
	if (!atomic_load(&lane->runner->net) || !journal_work_start(work))
		return false;
	lane->work = work;
	lane->begin_ns = clock_steady_ns();
	atomic_store(&lane->state, LANE_STARTED);
	return true;
}

/* A commit that ends after its net thread has ended is waited for. */
static void look_at_started(struct lane *lane)
{
	struct runner *runner = lane->runner;
	struct pollfd ended = {.fd = engine_commit_descriptor(runner->engine), .events = POLLIN};

	while (!journal_work_has_ended(lane->work)) {
		if (atomic_load(&runner->net))
			return;
		(void)poll(&ended, 1, -1);
	}
	lane->work_ns = clock_steady_ns() - lane->begin_ns;
	atomic_store(&lane->state, LANE_DONE);
}

/* True if the engine has news from it. */
static bool serve_lane(struct runner *runner, enum journal_lane which)
{
	struct lane *lane = &runner->lanes[which];
	bool has_ended = false;

	if (atomic_load(&lane->state) == LANE_STARTED)
		look_at_started(lane);
	if (atomic_load(&lane->state) == LANE_DONE) {
		engine_work_end(runner->engine, lane->work);
		if (which == JOURNAL_COMMIT)
			note_commit(runner, lane->work_ns);
		atomic_store(&lane->state, LANE_IDLE);
		has_ended = true;
	}
	if (atomic_load(&lane->state) != LANE_IDLE)
		return has_ended;
	struct journal_work *work = engine_work_begin(runner->engine, which);
	if (!work)
		return has_ended;
	if (which == JOURNAL_COMMIT && start_commit(lane, work))
		return has_ended;
	if (which == JOURNAL_COMMIT &&
	    (!runner->blocks_commits || (runner->commit_ns < QUICK_COMMIT_NS &&
					 journal_work_size(work) <= QUICK_COMMIT_SIZE))) {
		note_commit(runner, run_work(work));
		engine_work_end(runner->engine, work);
		return true;
	}
	lane->work = work;
	atomic_store(&lane->state, LANE_GIVEN);
	sem_post(&lane->given);
	return has_ended;
}

/* Logs the beginning and the end of a full disk once each, from any thread that steps. */
static void log_fullness(struct runner *runner)
{
	bool is_full = engine_journal_stats(runner->engine).is_full;

	if (is_full == runner->is_full_logged)
		return;
	runner->is_full_logged = is_full;
	if (is_full)
		log_event(LOG_ERROR, "the disk is full: sends are refused until there is room",
			  log_str("goes_on", STR("receives,deletes")),
			  log_i64("partition", runner->place));
	else
		log_event(LOG_WARN, "the disk has room again", log_str("goes_on", STR("sends")),
			  log_i64("partition", runner->place));
}

static void step(struct runner *runner)
{
	bool has_news = true;

	check(runner->magic == RUNNER_MAGIC);
	if (atomic_load(&runner->is_stopping) && !runner->has_stopped_engine) {
		runner->has_stopped_engine = true;
		engine_stop(runner->engine);
	}
	for (int turns = 1; has_news; turns++) {
		atomic_store(&runner->has_news, false);
		engine_step(runner->engine, clock_base_ms(), clock_now_ms());
		has_news = serve_lane(runner, JOURNAL_COMMIT);
		has_news |= serve_lane(runner, JOURNAL_HOUSEKEEPING);
		has_news |= atomic_load(&runner->has_news);
		if (has_news && turns == TURNS_MAX) {
			/* The stepping thread steps again at once. */
			atomic_store(&runner->has_news, true);
			return;
		}
	}
	log_fullness(runner);
}

void runner_turn(struct runner *runner)
{
	struct net_thread *net = atomic_load(&runner->net);

	step(runner);
	if (net)
		net_thread_set_timer(net, atomic_load(&runner->has_news)
						  ? clock_base_ms()
						  : engine_due_ms(runner->engine));
}

void runner_attach(struct runner *runner, struct net_thread *thread)
{
	check(!atomic_load(&runner->net));
	check(!runner->has_thread);
	runner_here = runner;
	atomic_store(&runner->net, thread);
	int descriptor = engine_commit_descriptor(runner->engine);
	if (descriptor >= 0)
		net_thread_watch(thread, descriptor);
}

void runner_detach(struct runner *runner)
{
	pthread_mutex_lock(&runner->mutex);
	atomic_store(&runner->net, NULL);
	pthread_mutex_unlock(&runner->mutex);
	runner_here = NULL;
}

/* Sleeps until there is news, but not past the next due time; the clock of tests may jump, hence
 * the bound. */
static void sleep_until_needed(struct runner *runner)
{
	int64_t wait_ms = engine_due_ms(runner->engine) - clock_base_ms();

	if (wait_ms > 1000)
		wait_ms = 1000;
	if (wait_ms < 0)
		return;
	struct timespec until = sleep_deadline(wait_ms);
	pthread_mutex_lock(&runner->mutex);
	if (!atomic_load(&runner->has_news) && !atomic_load(&runner->ends_thread))
		pthread_cond_timedwait(&runner->condition, &runner->mutex, &until);
	pthread_mutex_unlock(&runner->mutex);
}

static void *runner_main(void *context)
{
	struct runner *runner = context;

	check(runner->magic == RUNNER_MAGIC);
	check(pthread_setname_np(pthread_self(), runner->name) == 0);
	runner_here = runner;
	while (!atomic_load(&runner->ends_thread)) {
		step(runner);
		sleep_until_needed(runner);
	}
	runner_here = NULL;
	return NULL;
}

void runner_start_thread(struct runner *runner)
{
	check(!runner->has_thread);
	check(!atomic_load(&runner->net));
	runner->has_thread = true;
	check(pthread_create(&runner->thread, NULL, runner_main, runner) == 0);
}

void runner_stop_thread(struct runner *runner)
{
	if (!runner->has_thread)
		return;
	pthread_mutex_lock(&runner->mutex);
	atomic_store(&runner->ends_thread, true);
	pthread_cond_signal(&runner->condition);
	pthread_mutex_unlock(&runner->mutex);
	pthread_join(runner->thread, NULL);
	runner->has_thread = false;
}

void runner_rest(struct runner *runner)
{
	pthread_mutex_lock(&runner->mutex);
	for (size_t i = 0; i < sizeof(runner->lanes) / sizeof(runner->lanes[0]); i++) {
		while (atomic_load(&runner->lanes[i].state) == LANE_GIVEN) {
			struct timespec until = sleep_deadline(REST_MS);
			pthread_cond_timedwait(&runner->condition, &runner->mutex, &until);
		}
	}
	pthread_mutex_unlock(&runner->mutex);
}

void runner_stop_engine(struct runner *runner)
{
	atomic_store(&runner->is_stopping, true);
	wake(runner);
}

void runner_drain(struct runner *runner)
{
	do {
		runner_here = runner;
		step(runner);
		runner_here = NULL;
		if (engine_is_idle(runner->engine))
			return;
		sleep_until_needed(runner);
	} while (true);
}

/* The first partition's threads have the plain names. */
static void name_thread(const struct runner *runner, const char *name, char out[THREAD_NAME_SIZE])
{
	if (runner->place == 0)
		snprintf(out, THREAD_NAME_SIZE, "%s", name);
	else
		snprintf(out, THREAD_NAME_SIZE, "%s-%u", name, (unsigned)runner->place);
}

static void start_lanes(struct runner *runner)
{
	for (int i = 0; i < 2; i++) {
		struct lane *lane = &runner->lanes[i];
		name_thread(runner, lane_names[i], lane->name);
		lane->runner = runner;
		sem_init(&lane->given, 0, 0);
		check(pthread_create(&lane->thread, NULL, lane_main, lane) == 0);
	}
}

/* The time base goes on from the latest time that one of the engines has recorded. */
static void resume_clock(const struct core *core, struct clock_mark mark)
{
	if (core->engine_count == 0 || clock_resumed_ms(mark, clock_now_ms()) > clock_base_ms())
		clock_resume(mark);
}

enum err runner_new(struct core *core, const struct runner_options *options,
		    struct journal_report *out_report)
{
	struct runner *runner = heap_alloc(sizeof(*runner));
	struct engine_options engine_options = options->engine;
	pthread_condattr_t attributes;

	check(core->engine_count < LIMIT_PARTITIONS);
	runner->magic = RUNNER_MAGIC;
	runner->place = core->engine_count;
	name_thread(runner, "engine", runner->name);
	engine_options.wake = wake;
	engine_options.wake_context = runner;
	runner->owner = pthread_self();
	runner->blocks_commits = options->blocks_commits;
	pthread_mutex_init(&runner->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&runner->condition, &attributes);
	pthread_condattr_destroy(&attributes);
	enum err err = engine_open(options->disk, &engine_options, &runner->engine, out_report);
	if (err) {
		pthread_cond_destroy(&runner->condition);
		pthread_mutex_destroy(&runner->mutex);
		heap_free(runner);
		return err;
	}
	start_lanes(runner);
	resume_clock(core, engine_clock(runner->engine));
	core->engines[core->engine_count] = runner->engine;
	core->runners[core->engine_count++] = runner;
	return ERR_OK;
}

static void runner_free(struct runner *runner)
{
	check(runner->magic == RUNNER_MAGIC);
	check(!runner->has_thread);
	check(!atomic_load(&runner->net));
	for (int i = 0; i < 2; i++) {
		struct lane *lane = &runner->lanes[i];
		check(atomic_load(&lane->state) == LANE_IDLE);
		atomic_store(&lane->state, LANE_ENDING);
		sem_post(&lane->given);
		pthread_join(lane->thread, NULL);
		sem_destroy(&lane->given);
	}
	engine_free(&runner->engine);
	pthread_cond_destroy(&runner->condition);
	pthread_mutex_destroy(&runner->mutex);
	runner->magic = 0;
	heap_free(runner);
}

void runners_free(struct core *core)
{
	runners_each(core, runner_free);
	memset(core->engines, 0, sizeof(core->engines));
	memset(core->runners, 0, sizeof(core->runners));
	core->engine_count = 0;
}

void runners_each(struct core *core, void (*run)(struct runner *runner))
{
	for (uint32_t i = 0; i < core->engine_count; i++)
		run(core->runners[i]);
}

struct runner *runner_of(const struct core *core, uint64_t queue)
{
	return core->runners[engines_place(core, queue)];
}

/* ---- waiting for a command ---- */

struct core_wait {
	sem_t done;
	bool is_done;
	struct runner *runner; /* of the command */
};

static void on_waited(struct queue_command *command)
{
	struct core_wait *wait = command->context;

	wait->is_done = true;
	sem_post(&wait->done);
}

struct core_wait *core_submit(struct core *core, struct queue_command *command)
{
	struct core_wait *wait = heap_alloc(sizeof(*wait));

	sem_init(&wait->done, 0, 0);
	wait->runner = runner_of(core, command->queue);
	command->done = on_waited;
	command->context = wait;
	queue_submit(engine_of(core, command->queue), command);
	return wait;
}

void core_wait_for(struct core *core, struct core_wait *wait)
{
	struct runner *runner = wait->runner;

	(void)core;
	if (!pthread_equal(runner->owner, pthread_self()) || atomic_load(&runner->net) ||
	    runner->has_thread) {
		while (sem_wait(&wait->done) != 0)
			;
	} else {
		while (!wait->is_done) {
			runner_here = runner;
			step(runner);
			runner_here = NULL;
			if (!wait->is_done)
				sleep_until_needed(runner);
		}
	}
	sem_destroy(&wait->done);
	heap_free(wait);
}

void core_submit_and_wait(struct core *core, struct queue_command *command)
{
	core_wait_for(core, core_submit(core, command));
}
