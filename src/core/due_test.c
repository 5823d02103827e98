/* SPDX-License-Identifier: MIT */
/* Due entries run in order, once, and survive a process that is killed. */
#include "core/due.h"

#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fixture.h"
#include "core/control.h"
#include "core/group.h"

enum { PATIENCE_S = 20, RESOURCES = 300, KILLS = 25, HOUR_MS = 3600000 };

static char path[64], ran[RESOURCES * 16];
static struct core core;
static enum err outcome;
static sem_t has_run;

static enum err note(struct core *same, struct str key)
{
	(void)same;
	if (strlen(ran) + key.size + 2 < sizeof(ran))
		snprintf(ran + strlen(ran), key.size + 2, "%.*s ", STR_ARG(key));
	sem_post(&has_run);
	return outcome;
}

static void open_core(due_fn run)
{
	core = (struct core){0};
	assert_int_equal(catalog_open(path, true, &core.catalog), ERR_OK);
	control_new(&core);
	due_new(&core);
	due_register(&core, DUE_TEST, run);
}

static void close_core(void)
{
	control_stop(&core);
	due_free(&core);
	control_free(&core);
	catalog_free(&core.catalog);
}

static int setup(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/tern-due-XXXXXX");
	ran[0] = '\0';
	outcome = ERR_OK;
	sem_init(&has_run, 0, 0);
	return mkdtemp(path) ? 0 : -1;
}

static int teardown(void **state)
{
	char file[96];

	(void)state;
	clock_shift(-clock_offset_ms());
	snprintf(file, sizeof(file), "%s/data.mdb", path);
	unlink(file);
	snprintf(file, sizeof(file), "%s/lock.mdb", path);
	unlink(file);
	return rmdir(path);
}

static struct due_time in(int64_t delay_ms)
{
	return (struct due_time){.wall_ms = clock_now_ms() + delay_ms};
}

static void set(const char *key, struct due_time old, struct due_time at)
{
	struct catalog_changes changes = {0};

	due_set(&changes, DUE_TEST, str_from(key), old, at);
	assert_int_equal(catalog_write(core.catalog, &changes), ERR_OK);
	due_watch(&core, at);
}

/* Entries that ran since the last call. */
static const char *run_due(void)
{
	static char copy[sizeof(ran)];

	ran[0] = '\0';
	assert_int_equal(due_start(&core), ERR_OK);
	memcpy(copy, ran, sizeof(ran));
	return copy;
}

static void test_entries_run_in_order_when_they_are_due(void **state)
{
	(void)state;
	open_core(note);
	set("later", DUE_NEVER, in(2 * HOUR_MS));
	set("second", DUE_NEVER, in(-1000));
	set("first", DUE_NEVER, in(-2000));
	assert_string_equal(run_due(), "first second ");
	assert_string_equal(run_due(), "");
	clock_shift(2 * HOUR_MS - 60000);
	assert_string_equal(run_due(), "");
	clock_shift(60000);
	assert_string_equal(run_due(), "later ");
	assert_string_equal(run_due(), "");
	close_core();
}

/* The entry that it sets is due at once, and runs in a turn of its own. */
static enum err finish(struct core *same)
{
	bool is_first = strstr(ran, "finished") == NULL;

	snprintf(ran + strlen(ran), sizeof(ran) - strlen(ran), "finished ");
	if (is_first)
		set("third", DUE_NEVER, in(-1));
	return same == &core ? ERR_OK : ERR_IO;
}

static void test_a_kind_finishes_each_turn_after_its_entries(void **state)
{
	(void)state;
	open_core(note);
	due_register_finish(&core, DUE_TEST, finish);
	set("second", DUE_NEVER, in(-1000));
	set("first", DUE_NEVER, in(-2000));
	assert_string_equal(run_due(), "first second finished third finished ");
	close_core();
}

static void test_a_time_that_is_replaced_does_not_run(void **state)
{
	struct due_time first = in(HOUR_MS), second = in(3 * HOUR_MS);

	(void)state;
	open_core(note);
	set("moved", DUE_NEVER, first);
	set("moved", first, second);
	set("cancelled", DUE_NEVER, first);
	set("cancelled", first, DUE_NEVER);
	close_core();
	open_core(note);
	clock_shift(2 * HOUR_MS);
	assert_string_equal(run_due(), "");
	clock_shift(HOUR_MS);
	assert_string_equal(run_due(), "moved ");
	close_core();
}

static void test_a_set_clock_runs_entries_without_a_base_time(void **state)
{
	struct due_time bound = in(HOUR_MS);

	(void)state;
	open_core(note);
	bound.base_ms = clock_base_ms() + HOUR_MS;
	set("bound", DUE_NEVER, bound);
	set("free", DUE_NEVER, in(HOUR_MS));
	clock_set_wall(24 * HOUR_MS);
	assert_string_equal(run_due(), "free ");
	clock_shift(HOUR_MS - 60000);
	assert_string_equal(run_due(), "");
	clock_shift(60001);
	assert_string_equal(run_due(), "bound ");
	/* Set back: it waits until that time comes again. */
	set("again", DUE_NEVER, in(HOUR_MS));
	clock_set_wall(-24 * HOUR_MS);
	clock_shift(2 * HOUR_MS);
	assert_string_equal(run_due(), "");
	clock_shift(24 * HOUR_MS);
	assert_string_equal(run_due(), "again ");
	close_core();
}

static void test_a_failed_entry_is_retried_later(void **state)
{
	(void)state;
	open_core(note);
	outcome = ERR_CLOSED;
	set("fails", DUE_NEVER, in(-1));
	set("other", DUE_NEVER, in(-1));
	assert_string_equal(run_due(), "fails other ");
	outcome = ERR_OK;
	assert_string_equal(run_due(), "");
	clock_shift(LIMIT_DUE_RETRY_MS + 1);
	assert_string_equal(run_due(), "fails other ");
	assert_string_equal(run_due(), "");
	close_core();
}

static void await_run(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	assert_int_equal(sem_timedwait(&has_run, &until), 0);
}

static void set_soon(struct core *same, struct core_task *task)
{
	(void)same, (void)task;
	set("soon", DUE_NEVER, in(HOUR_MS));
	sem_post(&has_run);
}

static void test_the_control_thread_waits_for_the_first_entry(void **state)
{
	struct core_task task = {.run = set_soon};

	(void)state;
	open_core(note);
	set("far", DUE_NEVER, in(1000 * (int64_t)HOUR_MS));
	assert_int_equal(due_start(&core), ERR_OK);
	control_start(&core);
	core_post_control(&core, &task);
	await_run();
	clock_shift(2 * HOUR_MS);
	control_wake(&core);
	await_run();
	control_stop(&core);
	assert_string_equal(ran, "soon ");
	close_core();
}

static void test_a_resource_is_restored_once(void **state)
{
	struct due_time at = in(-1);

	(void)state;
	open_core(note);
	assert_int_equal(due_restore(&core, DUE_TEST, STR("key"), at), ERR_OK);
	assert_int_equal(due_restore(&core, DUE_TEST, STR("key"), at), ERR_OK);
	assert_int_equal(due_restore(&core, DUE_TEST, STR("none"), DUE_NEVER), ERR_OK);
	assert_string_equal(run_due(), "key ");
	close_core();
}

/* ---- kills ---- */

/* Number of times that the resource was handled, in the catalog. */
static enum err count(struct core *same, struct str key)
{
	struct catalog_changes changes = {0};
	struct str value;
	char old = '0';

	assert_int_equal(catalog_begin(same->catalog, false), ERR_OK);
	if (catalog_get(same->catalog, CATALOG_SQS_TASKS, key, &value) == ERR_OK)
		old = value.data[0];
	catalog_abort(same->catalog);
	char next = (char)(old + 1);
	catalog_changes_put(&changes, CATALOG_SQS_TASKS, key, str_of(&next, 1));
	return catalog_write(same->catalog, &changes);
}

static enum err check_count(void *context, struct str key, struct str value)
{
	(void)key;
	assert_str(value, "1");
	++*(int *)context;
	return ERR_OK;
}

static void run_until_killed(int delay_ms)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		open_core(count);
		assert_int_equal(due_start(&core), ERR_OK);
		_exit(0);
	}
	poll(NULL, 0, delay_ms);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_each_change_is_made_once_though_the_process_is_killed(void **state)
{
	struct prng prng;
	char key[16];
	int found = 0;

	(void)state;
	open_core(count);
	for (int i = 0; i < RESOURCES; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		set(key, DUE_NEVER, in(-RESOURCES + i));
	}
	close_core();
	prng_init(&prng, 3);
	for (int i = 0; i < KILLS; i++)
		run_until_killed((int)(prng_next(&prng) % 13));
	open_core(count);
	assert_int_equal(due_start(&core), ERR_OK);
	assert_int_equal(catalog_begin(core.catalog, false), ERR_OK);
	assert_int_equal(catalog_each(core.catalog, CATALOG_SQS_TASKS, check_count, &found),
			 ERR_OK);
	catalog_abort(core.catalog);
	assert_int_equal(found, RESOURCES);
	close_core();
}
