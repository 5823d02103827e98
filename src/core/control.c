/* SPDX-License-Identifier: MIT */
/*
 * control: a mailbox, two heaps of timers, lanes of tasks that may run, and a condition to sleep
 * on.
 *
 * A lane holds the tasks of one account and one kind of work. Before each task the mailbox and the
 * timers are emptied into the lanes; then the next kind that has any lane gives a turn to its first
 * lane, which moves to the end. So a flood of one account's calls delays another account's by one
 * task, and all background work together by one call.
 *
 * One heap is of the time base, the other of dates. The machine's clock may be set, so a sleep
 * lasts at most POLL_MS while a timer is set; the caller of clock_shift wakes the thread, as a
 * posted task does.
 */
#include "core/control.h"

#include <pthread.h>
#include <time.h>

#include "base/sleep.h"
#include "core/group.h"

#define POLL_MS 1000

struct lane {
	struct list link; /* in its works' lanes */
	struct list tasks;
	uint64_t account;
};

struct works {
	struct list lanes; /* none is empty; the first has the next turn */
	struct map by_account;
};

#define CONTROL_MAGIC 0x4c525443u
struct control {
	uint32_t magic;
	struct core *core;
	pthread_t thread;
	struct mailbox mailbox;
	struct timer_heap timers, dates;
	struct works works[CORE_WORKS];
	int next_work;
	pthread_mutex_t mutex;
	pthread_cond_t condition;
	bool is_awake, is_stopping; /* under the mutex */
	bool is_started;
};

static void wake(void *context)
{
	struct control *control = context;

	check(control->magic == CONTROL_MAGIC);
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
	check(task->run);
	task->at_ms = at_ms;
	task->is_date = is_date;
	mailbox_push(&core->control->mailbox, &task->message);
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

void core_set_control_on(struct core *core, struct core_task *task, int64_t wall_ms)
{
	struct timer_heap *dates = &core->control->dates;

	if (list_is_linked(&task->link))
		return;
	task->at_ms = wall_ms;
	task->is_date = true;
	timer_clear(dates, &task->timer);
	timer_set(dates, &task->timer, wall_ms);
}

void core_task_assign(struct core_task *task, enum core_work work, struct str account)
{
	task->work = work;
	task->account = str_hash(account);
}

/* ---- lanes ---- */

static bool is_lane_of(const void *value, const void *key)
{
	return ((const struct lane *)value)->account == *(const uint64_t *)key;
}

static void enqueue(struct control *control, struct core_task *task)
{
	struct works *works = &control->works[task->work];
	struct lane *lane = map_find(&works->by_account, task->account, is_lane_of, &task->account);

	if (!lane) {
		lane = heap_alloc(sizeof(*lane));
		lane->account = task->account;
		list_init(&lane->tasks);
		list_push_back(&works->lanes, &lane->link);
		map_insert(&works->by_account, lane->account, lane);
	}
	list_push_back(&lane->tasks, &task->link);
}

/* The first task of the next lane; the lane moves to the end, or is removed if it is empty. */
static struct core_task *dequeue(struct works *works)
{
	struct lane *lane = container_of(works->lanes.next, struct lane, link);
	struct core_task *task = container_of(lane->tasks.next, struct core_task, link);

	list_remove(&task->link);
	list_remove(&lane->link);
	if (!list_is_empty(&lane->tasks)) {
		list_push_back(&works->lanes, &lane->link);
	} else {
		map_remove(&works->by_account, lane->account, lane);
		heap_free(lane);
	}
	return task;
}

/* The kind of work with the next turn; CORE_WORKS: no task may run. */
static int choose_work(const struct control *control)
{
	/* An open group with changes takes the waiting calls, so that they share its sync. */
	if (group_has_changes(control->core) && !group_is_full(control->core) &&
	    !list_is_empty(&control->works[CORE_CALLS].lanes))
		return CORE_CALLS;
	for (int i = 0; i < CORE_WORKS; i++) {
		int work = (control->next_work + i) % CORE_WORKS;
		if (!list_is_empty(&control->works[work].lanes))
			return work;
	}
	return CORE_WORKS;
}

/* False if no task may run. */
static bool run_next(struct control *control)
{
	struct core *core = control->core;
	int work = choose_work(control);

	if (work != CORE_CALLS || group_is_full(core)) {
		enum err ignored; /* the answers have it */
		/* More calls may have arrived during the sync, and answers make clients send
		 * more. */
		if (group_end(core, &ignored))
			return true;
	}
	if (work == CORE_WORKS)
		return false;
	if (work == CORE_CALLS)
		group_begin(core);
	struct core_task *task = dequeue(&control->works[work]);
	control->next_work = (work + 1) % CORE_WORKS;
	task->run(core, task);
	return true;
}

static void take_mail(struct control *control)
{
	struct mailbox_message *message = mailbox_take(&control->mailbox);

	while (message) {
		struct core_task *task = container_of(message, struct core_task, message);
		message = message->next;
		if (task->at_ms == INT64_MIN)
			enqueue(control, task);
		else
			timer_set(task->is_date ? &control->dates : &control->timers, &task->timer,
				  task->at_ms);
	}
}

static void take_due(struct control *control, struct timer_heap *timers, int64_t (*now_ms)(void))
{
	struct timer *timer = timer_first(timers);

	if (!timer)
		return;
	int64_t until_ms = now_ms();
	for (; timer && timer->at_ms <= until_ms; timer = timer_first(timers)) {
		timer_clear(timers, timer);
		enqueue(control, container_of(timer, struct core_task, timer));
	}
}

/* ---- the thread ---- */

/* Time until the first timer of the heap, at most POLL_MS. */
static int64_t wait_of(const struct timer_heap *timers, int64_t now_ms)
{
	const struct timer *timer = timer_first(timers);
	int64_t wait_ms = timer ? timer->at_ms - now_ms : POLL_MS;

	if (wait_ms < 0)
		return 0;
	return wait_ms < POLL_MS ? wait_ms : POLL_MS;
}

/* Wake-up time for the first timer, on the condition's clock. */
static struct timespec time_to_look(const struct control *control)
{
	int64_t wait_ms = wait_of(&control->timers, clock_base_ms());
	int64_t date_wait_ms = wait_of(&control->dates, clock_now_ms());

	return sleep_deadline(date_wait_ms < wait_ms ? date_wait_ms : wait_ms);
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

	check(control->magic == CONTROL_MAGIC);
	check(pthread_setname_np(pthread_self(), "control") == 0);
	do {
		do {
			take_mail(control);
			take_due(control, &control->timers, clock_base_ms);
			take_due(control, &control->dates, clock_now_ms);
		} while (run_next(control));
	} while (sleep_until_needed(control));
	(void)control_drain(control->core); /* tasks posted before the stop */
	return NULL;
}

bool control_drain(struct core *core)
{
	struct control *control = core->control;
	bool has_run = false;

	for (take_mail(control); run_next(control); take_mail(control))
		has_run = true;
	return has_run;
}

void control_new(struct core *core)
{
	struct control *control = heap_alloc(sizeof(*control));
	pthread_condattr_t attributes;

	control->magic = CONTROL_MAGIC;
	control->core = core;
	core->group = group_new();
	core->control = control;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&control->condition, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&control->mutex, NULL);
	mailbox_init(&control->mailbox, wake, control);
	for (int i = 0; i < CORE_WORKS; i++)
		list_init(&control->works[i].lanes);
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

	if (!control || !control->is_started)
		return;
	pthread_mutex_lock(&control->mutex);
	control->is_stopping = true;
	pthread_cond_signal(&control->condition);
	pthread_mutex_unlock(&control->mutex);
	pthread_join(control->thread, NULL);
	control->is_started = false;
}

void control_free(struct core *core)
{
	struct control *control = core->control;

	if (!control)
		return;
	/* No thread runs; the posters free the tasks. */
	for (int i = 0; i < CORE_WORKS; i++) {
		struct works *works = &control->works[i];
		while (!list_is_empty(&works->lanes))
			(void)dequeue(works);
		map_done(&works->by_account);
	}
	group_free(&core->group);
	timer_heap_done(&control->timers);
	timer_heap_done(&control->dates);
	pthread_cond_destroy(&control->condition);
	pthread_mutex_destroy(&control->mutex);
	check(control->magic == CONTROL_MAGIC);
	control->magic = 0;
	heap_free(control);
	core->control = NULL;
}
