/* SPDX-License-Identifier: MIT */
/* The order of tasks on the control thread. */
#include "core/control.h"

#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include "base/fixture.h"

enum { PATIENCE_S = 20, FLOOD = 200 };

static struct core core;
static sem_t may_go, has_begun, has_ended;

/* A task that records its character. */
struct noted {
	struct core_task task;
	char letter;
};
static char order[FLOOD * 2 + 1];
static size_t order_size;
static _Atomic bool is_over;

static void note(struct core *unused, struct core_task *task)
{
	(void)unused;
	order[order_size++] = container_of(task, struct noted, task)->letter;
}

static void wait_for_go(struct core *unused, struct core_task *task)
{
	(void)unused, (void)task;
	sem_post(&has_begun);
	sem_wait(&may_go);
}

static void end(struct core *unused, struct core_task *task)
{
	(void)unused, (void)task;
	sem_post(&has_ended);
}

static struct core_task gate = {.run = wait_for_go};

static int setup(void **state)
{
	(void)state;
	sem_init(&may_go, 0, 0);
	sem_init(&has_begun, 0, 0);
	sem_init(&has_ended, 0, 0);
	order_size = 0;
	atomic_store(&is_over, false);
	core = (struct core){0};
	control_new(&core);
	control_start(&core);
	/* Tasks posted before may_go wait together. */
	core_post_control(&core, &gate);
	sem_wait(&has_begun);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	control_stop(&core);
	control_free(&core);
	return 0;
}

static void await(sem_t *event)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	assert_int_equal(sem_timedwait(event, &until), 0);
}

static void post(struct noted *noted, enum core_work work, const char *account, char letter)
{
	noted->task.run = note;
	noted->letter = letter;
	core_task_assign(&noted->task, work, str_from(account));
	core_post_control(&core, &noted->task);
}

static void run_all(void)
{
	sem_post(&may_go);
	control_stop(&core);
	order[order_size] = '\0';
}

static void test_accounts_take_turns(void **state)
{
	(void)state;
	struct noted many[FLOOD] = {0}, few[3] = {0};

	for (int i = 0; i < FLOOD; i++)
		post(&many[i], CORE_CALLS, "111111111111", 'a');
	post(&few[0], CORE_CALLS, "222222222222", '1');
	post(&few[1], CORE_CALLS, "222222222222", '2');
	post(&few[2], CORE_CALLS, "333333333333", 'c');
	run_all();
	order[8] = '\0';
	assert_string_equal(order, "a1ca2aaa");
	assert_int_equal(order_size, FLOOD + 3);
}

static void test_kinds_of_work_take_turns(void **state)
{
	(void)state;
	struct noted many[FLOOD] = {0}, background[2] = {0}, admin = {0};

	for (int i = 0; i < FLOOD; i++)
		post(&many[i], CORE_CALLS, i % 2 ? "111111111111" : "222222222222", 'c');
	post(&background[0], CORE_BACKGROUND, "111111111111", 'b');
	post(&background[1], CORE_BACKGROUND, "111111111111", 'b');
	post(&admin, CORE_ADMIN, "", 'a');
	run_all();
	order[6] = '\0';
	/* The first turn depends on earlier tasks. */
	assert_string_equal(order, "cabcbc");
}

static void test_due_tasks_do_not_wait_for_an_empty_mailbox(void **state)
{
	(void)state;
	struct noted many[FLOOD] = {0}, due = {.task.run = note, .letter = 'd'};

	for (int i = 0; i < FLOOD; i++)
		post(&many[i], CORE_CALLS, "111111111111", 'c');
	core_post_control_at(&core, &due.task, clock_base_ms());
	run_all();
	order[3] = '\0';
	assert_non_null(strchr(order, 'd'));
}

/* A task that posts itself again, as a client without pauses does. */
static void come_again(struct core *same, struct core_task *task)
{
	if (!atomic_load(&is_over))
		core_post_control(same, task);
}

static void test_endless_calls_leave_time_for_others(void **state)
{
	(void)state;
	struct core_task endless[3] = {
		{.run = come_again}, {.run = come_again}, {.run = come_again}};
	struct core_task due = {.run = end}, call = {.run = end};

	for (int i = 0; i < 3; i++) {
		core_task_assign(&endless[i], CORE_CALLS, STR("111111111111"));
		core_post_control(&core, &endless[i]);
	}
	sem_post(&may_go);
	core_post_control_at(&core, &due, clock_base_ms() + 1);
	await(&has_ended);
	core_task_assign(&call, CORE_CALLS, STR("222222222222"));
	core_post_control(&core, &call);
	await(&has_ended);
	atomic_store(&is_over, true);
	control_stop(&core);
}

static void test_tasks_after_the_stop_run_at_the_end(void **state)
{
	(void)state;
	struct noted late = {0}, waiting = {.task.run = note, .letter = 'w'};

	core_post_control_at(&core, &waiting.task, INT64_MAX);
	run_all();
	assert_false(control_drain(&core));
	post(&late, CORE_CALLS, "111111111111", 'l');
	assert_true(control_drain(&core));
	assert_false(control_drain(&core));
	assert_int_equal(order_size, 1);
	assert_int_equal(order[0], 'l');
}
