/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal/fixture.h"

static void remove_one(void *context, const char *name)
{
	struct disk *disk = context;

	assert_int_equal(disk->ops->unlink(disk, name), ERR_OK);
}

static void remove_directory(struct disk *disk, const char *path)
{
	char lock[64];

	assert_int_equal(disk->ops->list(disk, remove_one, disk), ERR_OK);
	disk->ops->free(disk);
	(void)snprintf(lock, sizeof lock, "%s/lock", path);
	assert_int_equal(unlink(lock), 0);
	assert_int_equal(rmdir(path), 0);
}

static struct disk *open_below(const char *parent, char path[static 32])
{
	struct disk *disk;

	(void)snprintf(path, 32, "%s/tern-disk-XXXXXX", parent);
	assert_non_null(mkdtemp(path));
	assert_int_equal(disk_file_open(path, &disk), ERR_OK);
	return disk;
}

static struct disk *open_directory(char path[static 32])
{
	return open_below("/tmp", path);
}

/* Commits as the journal does: without waiting where that is possible. */
static enum err commit(struct disk *disk, struct disk_file *file, uint64_t offset, struct str data)
{
	struct pollfd ended = {.fd = disk->ops->commit_descriptor(disk), .events = POLLIN};

	enum err err = disk->ops->commit_start(disk, file, offset, data);
	if (err == ERR_BUSY)
		return disk->ops->commit(disk, file, offset, data);
	assert_int_equal(err, ERR_OK);
	while (!disk->ops->commit_has_ended(disk, &err))
		assert_int_equal(poll(&ended, 1, -1) == 1 || errno == EINTR, 1);
	return err;
}

/* Commits blocks repeatedly over bytes that reads have cached in the page cache. */
static void check_commits(enum disk_commits commits)
{
	enum { BLOCKS = 8, SIZE = BLOCKS * DISK_BLOCK_SIZE };
	char path[32];
	struct disk *disk = open_directory(path);
	char *block = heap_alloc_aligned(DISK_BLOCK_SIZE, DISK_BLOCK_SIZE);
	char *out = heap_alloc(SIZE);
	struct disk_file *file;

	enum err err = disk_file_set_commits(disk, commits);
	if (commits == DISK_COMMITS_BUFFERED)
		assert_int_equal(err, ERR_OK);
	assert_int_equal(disk->ops->open(disk, "a", true, &file), ERR_OK);
	assert_int_equal(disk->ops->allocate(disk, file, SIZE), ERR_OK);
	assert_int_equal(disk->ops->zero(disk, file, 0, SIZE), ERR_OK);
	assert_int_equal(disk->ops->sync(disk, file), ERR_OK);
	for (int round = 1; round <= 20; round++) {
		for (uint64_t i = 0; i < BLOCKS; i++) {
			/* Reads beyond the committed bytes, too. */
			assert_int_equal(disk->ops->read(disk, file, 0, out, SIZE), ERR_OK);
			memset(block, round + (int)i, DISK_BLOCK_SIZE);
			assert_int_equal(commit(disk, file, i * DISK_BLOCK_SIZE,
						str_of(block, DISK_BLOCK_SIZE)),
					 ERR_OK);
			assert_int_equal(disk->ops->read(disk, file, i * DISK_BLOCK_SIZE, out,
							 DISK_BLOCK_SIZE),
					 ERR_OK);
			assert_memory_equal(out, block, DISK_BLOCK_SIZE);
			if (i % 3 == 0)
				disk->ops->end_commits(disk, file);
		}
	}
	/* Bytes that are no block go the other way. */
	assert_int_equal(commit(disk, file, 5, STR("hello")), ERR_OK);
	assert_int_equal(disk->ops->read(disk, file, 5, out, 5), ERR_OK);
	assert_memory_equal(out, "hello", 5);
	disk->ops->close(disk, file);
	heap_free(block);
	heap_free(out);
	remove_directory(disk, path);
}

static void test_disk_file_reads_recent_commits(void **state)
{
	(void)state;
	check_commits(DISK_COMMITS_BUFFERED);
	check_commits(DISK_COMMITS_DIRECT);
	check_commits(DISK_COMMITS_RING);
}

/* One block can be committed; true if it was committed without waiting. */
static bool commits_a_block(struct disk *disk)
{
	char *block = heap_alloc_aligned(DISK_BLOCK_SIZE, DISK_BLOCK_SIZE);
	char *out = heap_alloc(DISK_BLOCK_SIZE);
	struct disk_file *file;

	memset(block, 'x', DISK_BLOCK_SIZE);
	assert_int_equal(disk->ops->open(disk, "a", true, &file), ERR_OK);
	struct str data = str_of(block, DISK_BLOCK_SIZE);
	enum err err = disk->ops->commit_start(disk, file, 0, data);
	bool is_started = !err;
	if (err == ERR_BUSY)
		err = disk->ops->commit(disk, file, 0, data);
	while (is_started && !disk->ops->commit_has_ended(disk, &err))
		;
	assert_int_equal(err, ERR_OK);
	assert_int_equal(disk->ops->read(disk, file, 0, out, DISK_BLOCK_SIZE), ERR_OK);
	assert_memory_equal(out, block, DISK_BLOCK_SIZE);
	disk->ops->close(disk, file);
	heap_free(block);
	heap_free(out);
	return is_started;
}

/* tmpfs has the page cache only. */
static void test_disk_file_refuses_direct_commits_in_memory(void **state)
{
	char path[32];

	(void)state;
	if (access("/dev/shm", W_OK) != 0) {
		print_message("there is no /dev/shm here\n");
		return;
	}
	struct disk *disk = open_below("/dev/shm", path);
	assert_int_equal(disk_file_set_commits(disk, DISK_COMMITS_DIRECT), ERR_INVALID);
	assert_int_equal(disk_file_set_commits(disk, DISK_COMMITS_RING), ERR_INVALID);
	assert_int_equal(disk->ops->commit_descriptor(disk), -1);
	assert_false(commits_a_block(disk));
	assert_int_equal(disk_file_set_commits(disk, DISK_COMMITS_BUFFERED), ERR_OK);
	remove_directory(disk, path);
}

/* Refuses that call with EPERM from here on, as containers do. */
static void refuse_call(uint32_t number)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = 4, .filter = rules};

	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static void commit_without_setup(struct disk *disk)
{
	enum err direct = disk_file_set_commits(disk, DISK_COMMITS_DIRECT);

	refuse_call(SYS_io_uring_setup);
	assert_int_equal(disk_file_set_commits(disk, DISK_COMMITS_RING), ERR_INVALID);
	assert_int_equal(disk->ops->commit_descriptor(disk), -1);
	assert_int_equal(disk_file_set_commits(disk, DISK_COMMITS_DIRECT), direct);
	assert_false(commits_a_block(disk));
}

static void commit_without_enter(struct disk *disk)
{
	if (disk_file_set_commits(disk, DISK_COMMITS_RING) == ERR_OK)
		assert_true(commits_a_block(disk));
	refuse_call(SYS_io_uring_enter);
	assert_false(commits_a_block(disk));
	assert_false(commits_a_block(disk));
}

/* In another process, as a filter stays. */
static void run_filtered(void (*run)(struct disk *disk))
{
	char path[32];
	int status;
	struct disk *disk = open_directory(path);
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		run(disk);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	remove_directory(disk, path);
}

static void test_disk_file_commits_without_io_uring(void **state)
{
	(void)state;
	run_filtered(commit_without_setup);
	run_filtered(commit_without_enter);
}

static void test_disk_file_reports_zeroed_bytes(void **state)
{
	char path[32];
	struct disk *disk = open_directory(path);
	struct disk_file *file;
	uint64_t size;

	(void)state;
	assert_int_equal(disk->ops->open(disk, "a", true, &file), ERR_OK);
	assert_int_equal(disk->ops->allocate(disk, file, 4 << 20), ERR_OK);
	assert_int_equal(disk->ops->zero(disk, file, 0, 1 << 20), ERR_OK);
	assert_int_equal(disk->ops->sync(disk, file), ERR_OK);
	assert_int_equal(disk->ops->written_size(disk, file, &size), ERR_OK);
	assert_true(size >= 1 << 20);
	assert_int_equal(disk->ops->zero(disk, file, 1 << 20, 3 << 20), ERR_OK);
	assert_int_equal(disk->ops->written_size(disk, file, &size), ERR_OK);
	assert_int_equal(size, 4 << 20);
	disk->ops->close(disk, file);
	remove_directory(disk, path);
}

static void test_disk_file_reads_written_bytes(void **state)
{
	char path[32];
	struct disk *disk = open_directory(path);
	struct disk_file *file;
	uint64_t size;
	char out[5];

	(void)state;
	assert_int_equal(disk->ops->open(disk, "a", false, &file), ERR_NOTFOUND);
	assert_int_equal(disk->ops->open(disk, "a", true, &file), ERR_OK);
	assert_int_equal(disk->ops->allocate(disk, file, 10000), ERR_OK);
	assert_int_equal(disk->ops->size(disk, file, &size), ERR_OK);
	assert_int_equal(size, 10000);
	assert_int_equal(disk->ops->write(disk, file, 9995, STR("hello")), ERR_OK);
	assert_int_equal(disk->ops->sync(disk, file), ERR_OK);
	assert_int_equal(disk->ops->read(disk, file, 9995, out, 5), ERR_OK);
	assert_memory_equal(out, "hello", 5);
	assert_int_equal(disk->ops->read(disk, file, 9996, out, 5), ERR_DAMAGED);
	/* The page cache has the block, if the file system can report it. */
	memset(out, 0, sizeof(out));
	enum err err = disk->ops->read_cached(disk, file, 9995, out, 5);
	assert_true(err == ERR_BUSY || memcmp(out, "hello", 5) == 0);
	assert_int_not_equal(disk->ops->read_cached(disk, file, 9996, out, 5), ERR_OK);
	disk->ops->close(disk, file);
	assert_int_equal(disk->ops->rename(disk, "a", "b"), ERR_OK);
	assert_int_equal(disk->ops->sync_dir(disk), ERR_OK);
	assert_int_equal(disk->ops->open(disk, "a", false, &file), ERR_NOTFOUND);
	assert_int_equal(disk->ops->unlink(disk, "a"), ERR_NOTFOUND);
	remove_directory(disk, path);
}

static void note_name(void *context, const char *name)
{
	buf_append((struct buf *)context, str_from(name));
	buf_append_char((struct buf *)context, ' ');
}

static void test_disk_file_lists_files_by_name_without_the_lock(void **state)
{
	char path[32];
	struct disk *disk = open_directory(path);
	const char *names[] = {"c", "a", "b"};
	struct buf list = {0};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct disk_file *file;
		assert_int_equal(disk->ops->open(disk, names[i], true, &file), ERR_OK);
		disk->ops->close(disk, file);
	}
	assert_int_equal(disk->ops->list(disk, note_name, &list), ERR_OK);
	assert_true(str_equal(buf_str(&list), STR("a b c ")));
	buf_done(&list);
	remove_directory(disk, path);
}

static void test_second_instance_is_refused(void **state)
{
	char path[32];
	struct disk *disk = open_directory(path);
	struct disk *second;

	(void)state;
	assert_int_equal(disk_file_open(path, &second), ERR_BUSY);
	disk->ops->free(disk);
	assert_int_equal(disk_file_open(path, &second), ERR_OK);
	remove_directory(second, path);
}

static void test_journal_lives_on_files(void **state)
{
	char path[32];
	struct fixture f = {.disk = open_directory(path),
			    .options = {JOURNAL_FSYNC, FIXTURE_SEGMENT_SIZE, 2}};

	(void)state;
	assert_int_equal(fixture_open(&f), ERR_OK);
	for (int i = 0; i < 300; i++) {
		fixture_append(&f, 1000);
		if (i % 20 == 0)
			fixture_drain(&f);
		if (journal_wants_checkpoint(f.journal))
			fixture_checkpoint(&f);
	}
	fixture_drain(&f);
	assert_true(journal_stats_read(f.journal).recycled_segments > 0);
	assert_true(journal_stats_read(f.journal).sync_ns_sum > 0);
	uint64_t chain = f.chain;
	fixture_reopen(&f);
	assert_int_equal(f.chain, chain);
	assert_int_equal(f.tail, 300);
	assert_int_equal(f.gaps, 0);
	fixture_check_live(&f);
	journal_free(&f.journal);
	remove_directory(f.disk, path);
}
