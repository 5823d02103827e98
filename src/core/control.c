/* SPDX-License-Identifier: MIT */
/*
 * control: a mailbox, two heaps of timers, and a condition to sleep on.
 *
 * One heap is of the time base, the other of dates. Somebody may set the machine's clock, so a
 * sleep lasts at most POLL_MS when something is timed; clock_shift's caller wakes the thread, as
 * what is not timed does.
 */
#include "core/control.h"

#include <pthread.h>
#include <time.h>

#define POLL_MS 1000

struct control {
	struct core *core;
	pthread_t thread;
	struct mailbox mailbox;
	struct timer_heap timers, dates;
	pthread_mutex_t mutex;
	pthread_cond_t condition;
	bool is_awake, is_stopping; /* under the mutex */
	bool is_started;
};

static void wake(void *context)
{
	struct control *control = context;

	pthread_mutex_lock(&control->mutex);
	control->is_awake = true;
	pthread_cond_signal(&control->condition);
	pthread_mutex_unlock(&control->mutex);
}

void control_wake(struct core *core)
{
	wake(core->control);
}

static void post(struct core *core, struct core_task *task, int64_t at_ms, bool is_date)
{
	task->at_ms = at_ms;
	task->is_date = is_date;
	mailbox_push(&core->control->mailbox, &task->letter);
}

void core_post_control(struct core *core, struct core_task *task)
{
	post(core, task, INT64_MIN, false);
}

void core_post_control_at(struct core *core, struct core_task *task, int64_t at_ms)
{
	post(core, task, at_ms, false);
}

void core_post_control_on(struct core *core, struct core_task *task, int64_t wall_ms)
{
	post(core, task, wall_ms, true);
}

static bool take_tasks(struct control *control)
{
	struct letter *letter = mailbox_take(&control->mailbox);
	bool has_run = letter != NULL;

	while (letter) {
		struct letter *next = letter->next;
		struct core_task *task = container_of(letter, struct core_task, letter);
		if (task->at_ms == INT64_MIN)
			task->run(control->core, task);
		else
			timer_set(task->is_date ? &control->dates : &control->timers, &task->timer,
				  task->at_ms);
		letter = next;
	}
	return has_run;
}

static void run_due(struct control *control, struct timer_heap *timers, int64_t (*now_ms)(void))
{
	struct timer *timer;

	while ((timer = timer_first(timers)) && timer->at_ms <= now_ms()) {
		struct core_task *task = container_of(timer, struct core_task, timer);
		timer_clear(timers, timer);
		task->run(control->core, task);
	}
}

/* How long until the first timer of the heap, at most POLL_MS. */
static int64_t wait_of(const struct timer_heap *timers, int64_t now_ms)
{
	const struct timer *timer = timer_first(timers);
	int64_t wait_ms = timer ? timer->at_ms - now_ms : POLL_MS;

	if (wait_ms < 0)
		return 0;
	return wait_ms < POLL_MS ? wait_ms : POLL_MS;
}

/* When the first timer has to be looked at, on the clock that the condition goes by. */
static struct timespec time_to_look(const struct control *control)
{
	int64_t wait_ms = wait_of(&control->timers, clock_base_ms());
	int64_t date_wait_ms = wait_of(&control->dates, clock_now_ms());
	struct timespec time;

	if (date_wait_ms < wait_ms)
		wait_ms = date_wait_ms;
	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_sec += wait_ms / 1000;
	time.tv_nsec += wait_ms % 1000 * 1000000L;
	if (time.tv_nsec >= 1000000000L) {
		time.tv_nsec -= 1000000000L;
		time.tv_sec++;
	}
	return time;
}

/* False once the thread is to end. */
static bool sleep_until_needed(struct control *control)
{
	struct timespec until = time_to_look(control);
	bool goes_on;

	pthread_mutex_lock(&control->mutex);
	if (!control->is_awake && !control->is_stopping) {
		if (timer_first(&control->timers) || timer_first(&control->dates))
			pthread_cond_timedwait(&control->condition, &control->mutex, &until);
		else
			pthread_cond_wait(&control->condition, &control->mutex);
	}
	control->is_awake = false;
	goes_on = !control->is_stopping;
	pthread_mutex_unlock(&control->mutex);
	return goes_on;
}

static void *control_main(void *context)
{
	struct control *control = context;

	do {
		while (take_tasks(control))
			;
		run_due(control, &control->timers, clock_base_ms);
		run_due(control, &control->dates, clock_now_ms);
	} while (sleep_until_needed(control));
	while (take_tasks(control))
		;
	return NULL;
}

void control_new(struct core *core)
{
	struct control *control = heap_alloc(sizeof(*control));
	pthread_condattr_t attributes;

	control->core = core;
	core->control = control;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&control->condition, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&control->mutex, NULL);
	mailbox_init(&control->mailbox, wake, control);
}

void control_start(struct core *core)
{
	struct control *control = core->control;

	control->is_started = true;
	check(pthread_create(&control->thread, NULL, control_main, control) == 0);
}

void control_stop(struct core *core)
{
	struct control *control = core->control;

	if (!control)
		return;
	pthread_mutex_lock(&control->mutex);
	control->is_stopping = true;
	pthread_cond_signal(&control->condition);
	pthread_mutex_unlock(&control->mutex);
	if (control->is_started)
		pthread_join(control->thread, NULL);
	timer_heap_done(&control->timers);
	timer_heap_done(&control->dates);
	pthread_cond_destroy(&control->condition);
	pthread_mutex_destroy(&control->mutex);
	heap_free(control);
	core->control = NULL;
}
