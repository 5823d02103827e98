/* SPDX-License-Identifier: MIT */
/* Operations of the control thread that share a sync of a real catalog. */
#include "core/group.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fixture.h"
#include "core/control.h"

enum { CALLS = 20, CALLS_ROOM = LIMIT_GROUP_CALLS + CALLS };

static char path[64];
static struct core core;

/* A call that puts the record of its number, if `writes`. */
struct fake_call {
	struct core_task task;
	struct group_answer answer;
	struct core_commit commit;
	int number;
	bool writes;
	enum err finish; /* of the commit; ERR_PARKED: it has none */
	enum err result, committed;
};

static struct fake_call calls[CALLS_ROOM];
static char order[4 * CALLS_ROOM];
static size_t run_count, leave_count, background_runs;
static size_t runs_at_leave[CALLS_ROOM]; /* calls that had run when it left */

static void remove_files(void)
{
	char file[96];

	snprintf(file, sizeof(file), "%s/data.mdb", path);
	unlink(file);
	snprintf(file, sizeof(file), "%s/lock.mdb", path);
	unlink(file);
	rmdir(path);
}

static int setup(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/tern-group-XXXXXX");
	if (!mkdtemp(path))
		return -1;
	core = (struct core){0};
	memset(calls, 0, sizeof(calls));
	run_count = leave_count = background_runs = 0;
	order[0] = '\0';
	return catalog_open(path, true, &core.catalog) == ERR_OK ? (control_new(&core), 0) : -1;
}

static int teardown(void **state)
{
	(void)state;
	control_free(&core);
	catalog_free(&core.catalog);
	remove_files();
	return 0;
}

static struct str key_of(int number, char out[16])
{
	return str_of(out, (size_t)snprintf(out, 16, "call-%d", number));
}

static bool is_stored(int number)
{
	struct str value;
	char key[16];

	assert_int_equal(catalog_begin(core.catalog, false), ERR_OK);
	enum err err = catalog_get(core.catalog, CATALOG_META, key_of(number, key), &value);
	catalog_abort(core.catalog);
	return err == ERR_OK;
}

static void leave(struct group_answer *answer)
{
	struct fake_call *call = container_of(answer, struct fake_call, answer);

	runs_at_leave[leave_count++] = run_count;
	call->result = answer->result;
	snprintf(order + strlen(order), 8, "%d ", call->number);
}

static void committed(struct core *same, struct core_commit *commit, enum err result)
{
	(void)same;
	container_of(commit, struct fake_call, commit)->committed = result;
}

static enum err finished(struct core *same, struct core_commit *commit)
{
	(void)same;
	return container_of(commit, struct fake_call, commit)->finish;
}

static void run_call(struct core *same, struct core_task *task)
{
	struct fake_call *call = container_of(task, struct fake_call, task);
	struct catalog_changes changes = {0};
	enum err err = ERR_OK;
	char key[16];

	run_count++;
	/* Sees the changes of earlier calls of the group. */
	if (call->number > 0 && calls[call->number - 1].writes)
		assert_int_equal(is_stored(call->number - 1), !catalog_has_failed(core.catalog));
	if (call->writes) {
		catalog_changes_put(&changes, CATALOG_META, key_of(call->number, key), STR("x"));
		err = catalog_write(core.catalog, &changes);
	}
	if (!err && call->finish != ERR_PARKED) {
		call->commit.run = committed;
		call->commit.finish = finished;
		err = core_on_commit(same, &call->commit);
	}
	call->answer.leave = leave;
	call->answer.result = err;
	if (!group_hold(same, &call->answer, err))
		leave(&call->answer);
}

static void prepare(int number, bool writes, enum err finish)
{
	struct fake_call *call = &calls[number];

	call->number = number;
	call->writes = writes;
	call->finish = finish;
	call->committed = ERR_PARKED;
	call->task.run = run_call;
	core_task_assign(&call->task, CORE_CALLS, STR("111111111111"));
}

static void post(int number, bool writes, enum err finish)
{
	prepare(number, writes, finish);
	core_post_control(&core, &calls[number].task);
}

static void run_background(struct core *same, struct core_task *task)
{
	(void)task;
	background_runs++;
	assert_false(group_has_changes(same));
	assert_int_equal(leave_count, run_count);
}

static void test_calls_of_a_group_leave_together_and_in_order(void **state)
{
	enum err err;

	(void)state;
	group_begin(&core);
	for (int i = 0; i < CALLS; i++) {
		prepare(i, i % 5 != 3, ERR_PARKED);
		run_call(&core, &calls[i].task);
	}
	assert_int_equal(leave_count, 0);
	assert_true(group_end(&core, &err));
	assert_int_equal(err, ERR_OK);
	assert_int_equal(leave_count, CALLS);
	for (int i = 0; i < CALLS; i++) {
		assert_int_equal(calls[i].result, ERR_OK);
		assert_int_equal(is_stored(i), i % 5 != 3);
	}
	assert_int_equal(strncmp(order, "0 1 2 3 4 5 ", 12), 0);
}

static void test_the_control_thread_answers_in_order(void **state)
{
	(void)state;
	for (int i = 0; i < CALLS; i++)
		post(i, i % 5 != 3, ERR_PARKED);
	assert_true(control_drain(&core));
	assert_int_equal(leave_count, CALLS);
	for (int i = 0; i < CALLS; i++)
		assert_int_equal(is_stored(i), i % 5 != 3);
	assert_int_equal(strncmp(order, "0 1 2 3 4 5 ", 12), 0);
}

static void test_calls_without_changes_do_not_wait(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		post(i, false, ERR_PARKED);
	assert_true(control_drain(&core));
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(runs_at_leave[i], i + 1);
}

static void test_a_group_has_an_end(void **state)
{
	(void)state;
	for (int i = 0; i < CALLS_ROOM; i++)
		post(i, true, ERR_PARKED);
	assert_true(control_drain(&core));
	assert_int_equal(leave_count, CALLS_ROOM);
	assert_true(runs_at_leave[0] <= LIMIT_GROUP_CALLS);
	assert_true(is_stored(CALLS_ROOM - 1));
}

static void test_other_work_runs_without_a_group(void **state)
{
	struct core_task background[2] = {{.run = run_background}, {.run = run_background}};

	(void)state;
	for (int i = 0; i < 4; i++) {
		post(i, true, ERR_PARKED);
		if (i % 2)
			core_post_control(&core, &background[i / 2]);
	}
	assert_true(control_drain(&core));
	assert_int_equal(background_runs, 2);
	assert_int_equal(leave_count, 4);
}

static void test_an_error_after_the_sync_is_the_answer_of_its_call_only(void **state)
{
	(void)state;
	post(0, true, ERR_OK);
	post(1, true, ERR_CLOSED);
	post(2, true, ERR_OK);
	post(3, true, ERR_PARKED);
	assert_true(control_drain(&core));
	assert_int_equal(calls[0].result, ERR_OK);
	assert_int_equal(calls[1].result, ERR_CLOSED);
	assert_int_equal(calls[2].result, ERR_OK);
	assert_int_equal(calls[3].result, ERR_OK);
	assert_int_equal(calls[1].committed, ERR_OK);
}

static void test_a_failed_sync_fails_the_group_and_later_calls(void **state)
{
	struct rlimit before, none;

	(void)state;
	post(0, true, ERR_PARKED);
	assert_true(control_drain(&core));
	getrlimit(RLIMIT_FSIZE, &before);
	none = (struct rlimit){1, before.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	post(1, true, ERR_OK);
	post(2, false, ERR_PARKED); /* it has seen the dropped change */
	post(3, true, ERR_PARKED);
	setrlimit(RLIMIT_FSIZE, &none);
	assert_true(control_drain(&core));
	setrlimit(RLIMIT_FSIZE, &before);
	for (int i = 1; i < 4; i++) {
		assert_int_equal(calls[i].result, ERR_IO);
		assert_false(is_stored(i));
	}
	assert_int_equal(calls[1].committed, ERR_IO);
	post(5, true, ERR_OK);
	assert_true(control_drain(&core));
	assert_int_equal(calls[5].result, ERR_IO);
	assert_int_equal(calls[5].committed, ERR_PARKED);
	assert_true(is_stored(0));
}

static void test_a_call_that_leaves_the_group_is_durable_at_once(void **state)
{
	(void)state;
	group_begin(&core);
	prepare(0, true, ERR_PARKED);
	run_call(&core, &calls[0].task);
	assert_int_equal(leave_count, 0);
	assert_int_equal(core_leave_group(&core), ERR_OK);
	assert_int_equal(leave_count, 1);
	prepare(2, true, ERR_CLOSED);
	run_call(&core, &calls[2].task);
	assert_int_equal(leave_count, 2);
	assert_int_equal(calls[2].result, ERR_CLOSED);
	assert_true(is_stored(2));
}
