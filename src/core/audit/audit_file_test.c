/* SPDX-License-Identifier: MIT */
/* Tests of the audit file: order, rotation, a disk that refuses, and the end. */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fixture.h"
#include "core/audit/audit_file.h"

enum { DIRECTORY_SIZE = 64, PATH_SIZE = 160, HOUR_MS = 3600000 };

struct fixture {
	char directory[DIRECTORY_SIZE], path[PATH_SIZE];
	struct audit_file_options options;
	struct audit_file *file;
};

static void begin(struct fixture *fixture)
{
	snprintf(fixture->directory, DIRECTORY_SIZE, "/tmp/tern-audit-XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	snprintf(fixture->path, PATH_SIZE, "%s/audit.jsonl", fixture->directory);
	fixture->options = (struct audit_file_options){
		.path = fixture->path,
		.size_max = 1 << 20,
		.age_max_ms = HOUR_MS,
		.kept_max = 100,
		.waiting_max = 1 << 20,
	};
}

static void open_file(struct fixture *fixture)
{
	assert_int_equal(audit_file_open(&fixture->options, &fixture->file), ERR_OK);
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *place)
{
	(void)status;
	(void)flag;
	(void)place;
	return remove(path);
}

static void end(struct fixture *fixture)
{
	audit_file_close(&fixture->file);
	assert_int_equal(nftw(fixture->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void read_path(const char *path, struct buf *out)
{
	char bytes[4096];
	size_t size;
	FILE *stream = fopen(path, "re");

	assert_non_null(stream);
	while ((size = fread(bytes, 1, sizeof(bytes), stream)) > 0)
		buf_append(out, str_of(bytes, size));
	fclose(stream);
}

/* All files of the directory, in the order of their names, the current one last. */
static size_t read_all(const struct fixture *fixture, struct buf *out)
{
	struct dirent **names;
	char path[PATH_SIZE + 300];
	size_t count = 0;
	int found = scandir(fixture->directory, &names, NULL, alphasort);

	assert_true(found >= 2);
	for (int i = 0; i < found; i++) {
		bool is_rotated = strncmp(names[i]->d_name, "audit.jsonl.", 12) == 0;
		snprintf(path, sizeof(path), "%s/%s", fixture->directory, names[i]->d_name);
		if (is_rotated)
			read_path(path, out);
		count += is_rotated;
		free(names[i]);
	}
	free(names);
	read_path(fixture->path, out);
	return count;
}

static void append_number(struct audit_file *file, int number)
{
	char line[32];
	int size = snprintf(line, sizeof(line), "line %06d", number);

	audit_file_append(file, str_of(line, (size_t)size));
}

static void expect_numbers(const struct buf *text, int count)
{
	struct str rest = buf_str(text);

	for (int i = 0; i < count; i++) {
		char line[32];
		int size = snprintf(line, sizeof(line), "line %06d", i);
		assert_true(str_equal(str_cut(&rest, '\n'), str_of(line, (size_t)size)));
	}
	assert_int_equal(rest.size, 0);
}

static void test_lines_arrive_in_order(void **state)
{
	struct fixture fixture = {0};
	struct stat status;
	struct buf text = {0};

	(void)state;
	begin(&fixture);
	open_file(&fixture);
	for (int i = 0; i < 10000; i++)
		append_number(fixture.file, i);
	audit_file_close(&fixture.file);
	assert_null(fixture.file);
	assert_int_equal(read_all(&fixture, &text), 0);
	expect_numbers(&text, 10000);
	assert_int_equal(stat(fixture.path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	buf_done(&text);
	end(&fixture);
}

static void test_open_continues_behind_a_torn_line(void **state)
{
	struct fixture fixture = {0};
	struct stat status;
	struct buf text = {0};

	(void)state;
	begin(&fixture);
	FILE *stream = fopen(fixture.path, "we");
	assert_non_null(stream);
	fputs("whole\nto", stream);
	fclose(stream);
	assert_int_equal(chmod(fixture.path, 0644), 0);
	open_file(&fixture);
	audit_file_append(fixture.file, STR("next"));
	audit_file_close(&fixture.file);
	read_all(&fixture, &text);
	assert_true(str_equal(buf_str(&text), STR("whole\nto\nnext\n")));
	assert_int_equal(stat(fixture.path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	buf_done(&text);
	end(&fixture);
}

static void test_a_long_file_is_rotated(void **state)
{
	struct fixture fixture = {0};
	struct buf text = {0};

	(void)state;
	begin(&fixture);
	fixture.options.size_max = 120; /* ten lines of twelve bytes */
	open_file(&fixture);
	for (int i = 0; i < 100; i++)
		append_number(fixture.file, i);
	audit_file_close(&fixture.file);
	assert_int_equal(read_all(&fixture, &text), 9);
	expect_numbers(&text, 100);
	buf_done(&text);
	end(&fixture);
}

static void test_old_rotated_files_are_removed(void **state)
{
	struct fixture fixture = {0};
	struct buf text = {0};
	char other[PATH_SIZE + 16];

	(void)state;
	begin(&fixture);
	snprintf(other, sizeof(other), "%s.20200101", fixture.path);
	FILE *stream = fopen(other, "we");
	assert_non_null(stream);
	fclose(stream);
	fixture.options.size_max = 120;
	fixture.options.kept_max = 3;
	open_file(&fixture);
	for (int i = 0; i < 100; i++)
		append_number(fixture.file, i);
	audit_file_close(&fixture.file);
	/* Three, and one that is not ours. */
	assert_int_equal(read_all(&fixture, &text), 4);
	assert_true(str_starts(buf_str(&text), STR("line 000060\n")));
	assert_true(str_ends(buf_str(&text), STR("line 000099\n")));
	buf_done(&text);
	end(&fixture);
}

static void test_an_old_file_is_rotated(void **state)
{
	struct fixture fixture = {0};
	struct buf text = {0};

	(void)state;
	begin(&fixture);
	open_file(&fixture);
	append_number(fixture.file, 0);
	audit_file_close(&fixture.file);
	clock_shift(HOUR_MS);
	open_file(&fixture);
	append_number(fixture.file, 1);
	audit_file_close(&fixture.file);
	clock_shift(-HOUR_MS);
	assert_int_equal(read_all(&fixture, &text), 1);
	expect_numbers(&text, 2);
	buf_done(&text);
	end(&fixture);
}

static void wait_until_failing(const struct audit_file *file, bool is_failing)
{
	while (audit_file_stats(file).is_failing != is_failing)
		poll(NULL, 0, 1);
}

/* The limit of a file's size simulates a full disk. */
static void set_room(rlim_t size)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_a_full_disk_loses_nothing_that_fits_the_queue(void **state)
{
	struct fixture fixture = {0};
	struct buf text = {0};

	(void)state;
	begin(&fixture);
	open_file(&fixture);
	set_room(100);
	for (int i = 0; i < 50; i++)
		append_number(fixture.file, i);
	wait_until_failing(fixture.file, true);
	set_room(RLIM_INFINITY);
	wait_until_failing(fixture.file, false);
	append_number(fixture.file, 50);
	assert_int_equal(audit_file_stats(fixture.file).dropped, 0);
	audit_file_close(&fixture.file);
	read_all(&fixture, &text);
	expect_numbers(&text, 51);
	buf_done(&text);
	end(&fixture);
}

static void test_lines_beyond_the_bound_are_dropped_and_counted(void **state)
{
	struct fixture fixture = {.directory = ""};

	(void)state;
	begin(&fixture);
	fixture.options.path = "/dev/full";
	fixture.options.waiting_max = 120;
	open_file(&fixture);
	for (int i = 0; i < 15; i++)
		append_number(fixture.file, i);
	assert_int_equal(audit_file_stats(fixture.file).dropped, 5);
	assert_true(audit_file_stats(fixture.file).is_failing);
	end(&fixture);
}

static void test_a_path_that_cannot_be_opened_is_an_error(void **state)
{
	struct audit_file_options options = {.path = "/dev/null/audit.jsonl"};
	struct audit_file *file = NULL;

	(void)state;
	assert_int_equal(audit_file_open(&options, &file), ERR_IO);
	options.path = "";
	assert_int_equal(audit_file_open(&options, &file), ERR_INVALID);
	assert_null(file);
}

static void test_a_file_that_was_moved_away_is_made_anew(void **state)
{
	struct fixture fixture = {0};
	struct buf text = {0};
	char moved[PATH_SIZE + 16];

	(void)state;
	begin(&fixture);
	open_file(&fixture);
	append_number(fixture.file, 0);
	while (audit_file_stats(fixture.file).written < 1)
		poll(NULL, 0, 1);
	snprintf(moved, sizeof(moved), "%s.1", fixture.path);
	assert_int_equal(rename(fixture.path, moved), 0);
	audit_file_reopen(fixture.file);
	append_number(fixture.file, 1);
	audit_file_close(&fixture.file);
	assert_int_equal(read_all(&fixture, &text), 1);
	expect_numbers(&text, 2);
	buf_done(&text);
	end(&fixture);
}

static void *append_many(void *context)
{
	for (int i = 0; i < 2000; i++)
		append_number(context, i);
	return NULL;
}

static void test_many_threads_may_append(void **state)
{
	enum { THREADS = 4 };
	struct fixture fixture = {0};
	pthread_t threads[THREADS];
	struct buf text = {0};

	(void)state;
	begin(&fixture);
	fixture.options.size_max = 12000;
	open_file(&fixture);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, append_many, fixture.file), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	audit_file_close(&fixture.file);
	read_all(&fixture, &text);
	assert_int_equal(text.size, THREADS * 2000 * 12);
	buf_done(&text);
	end(&fixture);
}
