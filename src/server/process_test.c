/* SPDX-License-Identifier: MIT */
/* Each filter is put on a child, since nothing takes it off again. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fixture.h"
#include "server/process.h"

enum { FILTERED = 0, NOT_FILTERED = 1, NO_FILTER = 2 };

typedef bool (*attempt_fn)(void);

static int try_filtered_with(attempt_fn attempt, bool has_ring)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !process_filter_calls(has_ring))
			_exit(NO_FILTER);
		_exit(attempt() ? FILTERED : NOT_FILTERED);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int try_filtered(attempt_fn attempt)
{
	return try_filtered_with(attempt, false);
}

/* The arguments are wrong on purpose: without the filter another error comes first. */
static bool is_refused(long result)
{
	return result == -1 && errno == EPERM;
}

static bool reads_others(void)
{
	return is_refused(syscall(SYS_process_vm_readv, -1, NULL, 0, NULL, 0, -1));
}

static bool enters_namespaces(void)
{
	return is_refused(syscall(SYS_setns, -1, -1)) &&
	       is_refused(syscall(SYS_mount, "", "/nowhere", "", 0, NULL));
}

static bool asks_the_kernel(void)
{
	return is_refused(syscall(SYS_bpf, -1, NULL, 0)) &&
	       is_refused(syscall(SYS_keyctl, -1, 0, 0, 0, 0)) &&
	       is_refused(syscall(SYS_perf_event_open, NULL, 0, 0, -1, 0));
}

static bool makes_rings(void)
{
	return is_refused(syscall(SYS_io_uring_setup, 0, NULL)) &&
	       is_refused(syscall(SYS_io_uring_register, -1, 0, NULL, 0));
}

static bool uses_rings(void)
{
	return is_refused(syscall(SYS_io_uring_enter, -1, 0, 0, 0, NULL, 0));
}

static void test_a_ring_is_used_but_none_is_made(void **state)
{
	(void)state;
	assert_int_equal(try_filtered_with(makes_rings, true), FILTERED);
	assert_int_equal(try_filtered_with(uses_rings, true), NOT_FILTERED);
	assert_int_equal(try_filtered_with(makes_rings, false), FILTERED);
	assert_int_equal(try_filtered_with(uses_rings, false), FILTERED);
}

static void test_no_link_leads_out_of_the_data(void **state)
{
	char path[] = "/tmp/tern-process-XXXXXX";
	struct stat found, sought;

	(void)state;
	assert_non_null(mkdtemp(path));
	int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(root >= 0);
	assert_int_equal(mkdirat(root, "a", 0700), 0);
	assert_int_equal(mkdirat(root, "a/b", 0700), 0);
	assert_int_equal(symlinkat("/etc", root, "out"), 0);
	int below = process_open_beneath(root, "a/b");
	assert_true(below >= 0);
	assert_int_equal(fstat(below, &found), 0);
	assert_int_equal(fstatat(root, "a/b", &sought, 0), 0);
	assert_int_equal(found.st_ino, sought.st_ino);
	close(below);
	assert_int_equal(process_open_beneath(root, "out/passwd"), -1);
	assert_int_equal(errno, ENOTDIR);
	below = process_open_beneath(root, "");
	assert_int_equal(fstat(below, &found), 0);
	assert_int_equal(fstat(root, &sought), 0);
	assert_int_equal(found.st_ino, sought.st_ino);
	close(below);
	assert_int_equal(unlinkat(root, "out", 0), 0);
	assert_int_equal(unlinkat(root, "a/b", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(root, "a", AT_REMOVEDIR), 0);
	close(root);
	assert_int_equal(rmdir(path), 0);
}

static void test_filter_refuses_what_is_never_needed(void **state)
{
	(void)state;
	assert_int_equal(try_filtered(reads_others), FILTERED);
	assert_int_equal(try_filtered(enters_namespaces), FILTERED);
	assert_int_equal(try_filtered(asks_the_kernel), FILTERED);
}

/* Sanitizers need both themselves. */
static bool runs_programs(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return true;
#else
	return is_refused(execl("/nowhere", "nowhere", (char *)NULL)) &&
	       is_refused(ptrace(PTRACE_ATTACH, -1, NULL, NULL));
#endif
}

static void test_filter_refuses_programs_and_debugging(void **state)
{
	(void)state;
	assert_int_equal(try_filtered(runs_programs), FILTERED);
}

static bool lives_on(void)
{
	int ends[2];
	char byte = 'x';

	return pipe(ends) == 0 && write(ends[1], &byte, 1) == 1 && read(ends[0], &byte, 1) == 1 &&
	       clock_now_ms() > 0;
}

static void test_filter_lets_other_calls_pass(void **state)
{
	(void)state;
	assert_int_equal(try_filtered(lives_on), FILTERED);
}

/* Other ABIs have other numbers: here is one whose number is of the x32 ABI. */
static bool calls_by_other_numbers(void)
{
#ifdef __x86_64__
	return is_refused(syscall(0x40000000 + SYS_getpid));
#else
	return true;
#endif
}

static void test_filter_refuses_other_abis(void **state)
{
	(void)state;
	assert_int_equal(try_filtered(calls_by_other_numbers), FILTERED);
}
