/* SPDX-License-Identifier: MIT */
/*
 * faults: loaded before libc, makes calls on the server's files fail as the file $FAULTS_FILE says.
 *
 * It holds lines of a call's name and an errno: "fdatasync 5" is for files of the log,
 * "catalog.fdatasync 5" for those of the catalog. Errno -1 makes the call wait as long as the line
 * is there. "ring" is a write that is
 * started with io_uring_submit. Without the file nothing fails.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* Puts what a call on that file is called in $FAULTS_FILE in front of the call's name. */
static bool find_prefix(int descriptor, const char **out_prefix)
{
	char link[64], path[PATH_MAX + 1];

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
	ssize_t size = readlink(link, path, sizeof path - 1);
	path[size < 0 ? 0 : size] = '\0';
	*out_prefix = strstr(path, "/log/") ? "" : "catalog.";
	return strstr(path, "/log/") || strstr(path, "/catalog/");
}

/* The errno that the call is to fail with, or 0. */
static int find_fault(const char *call, int descriptor)
{
	const char *path = getenv("FAULTS_FILE");
	const char *prefix = "";
	char name[32], wanted[32];
	int number, found = 0;

	if (!path || (descriptor >= 0 && !find_prefix(descriptor, &prefix)))
		return 0;
	(void)snprintf(wanted, sizeof wanted, "%s%s", prefix, call);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	while (fscanf(file, "%31s %d", name, &number) == 2)
		if (strcmp(name, wanted) == 0)
			found = number;
	(void)fclose(file);
	return found;
}

static bool fails(const char *call, int descriptor)
{
	int saved = errno;
	int number;

	while ((number = find_fault(call, descriptor)) == -1)
		(void)poll(NULL, 0, 2);
	errno = number ? number : saved;
	return number != 0;
}

int fdatasync(int descriptor)
{
	static int (*next)(int);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "fdatasync");
	return fails("fdatasync", descriptor) ? -1 : next(descriptor);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t size, off64_t offset)
{
	static ssize_t (*next)(int, const void *, size_t, off64_t);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "pwrite64");
	return fails("pwrite", descriptor) ? -1 : next(descriptor, bytes, size, offset);
}

/* A write that syncs what it writes fails with either. */
ssize_t pwritev64v2(int descriptor, const struct iovec *parts, int count, off64_t offset, int flags)
{
	static ssize_t (*next)(int, const struct iovec *, int, off64_t, int);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "pwritev64v2");
	if (fails("pwrite", descriptor) || ((flags & RWF_DSYNC) && fails("fdatasync", descriptor)))
		return -1;
	return next(descriptor, parts, count, offset, flags);
}

/* ---- writes through io_uring ---- */

/* A pipe that takes nothing more until the line "ring -1" is gone; then it takes everything. */
static void *drain_pipe(void *context)
{
	int end = *(int *)context;
	char bytes[4096];

	while (find_fault("ring", -1) == -1)
		(void)poll(NULL, 0, 2);
	while (read(end, bytes, sizeof bytes) > 0)
		;
	return NULL;
}

static int full_pipe(void)
{
	static int ends[2];
	static const char bytes[4096];
	pthread_t thread;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return -1;
	while (write(ends[1], bytes, sizeof bytes) > 0)
		;
	for (int i = 0; i < 2; i++)
		(void)fcntl(ends[i], F_SETFL, 0);
	return pthread_create(&thread, NULL, drain_pipe, &ends[0]) ? -1 : ends[1];
}

/* "ring 1": the write fails, with EBADF; "ring -1": it goes on as long as the line is there. */
int io_uring_submit(struct io_uring *ring)
{
	static int (*next)(struct io_uring *);
	int fault = find_fault("ring", -1);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "io_uring_submit");
	for (unsigned i = ring->sq.sqe_head; fault && i != ring->sq.sqe_tail; i++)
		ring->sq.sqes[i & (ring->sq.ring_entries - 1)].fd = fault == -1 ? full_pipe() : -1;
	return next(ring);
}

/* LMDB calls the function for small files, which has the other name in this file's headers. */
ssize_t small_pwrite(int descriptor, const void *bytes, size_t size,
		     off_t offset) __asm__("pwrite");
ssize_t small_pwrite(int descriptor, const void *bytes, size_t size, off_t offset)
{
	static ssize_t (*next)(int, const void *, size_t, off_t);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "pwrite");
	return fails("pwrite", descriptor) ? -1 : next(descriptor, bytes, size, offset);
}

int fallocate64(int descriptor, int mode, off64_t offset, off64_t size)
{
	static int (*next)(int, int, off64_t, off64_t);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "fallocate64");
	return fails("fallocate", descriptor) ? -1 : next(descriptor, mode, offset, size);
}
