/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fixture.h"
#include "journal/ring.h"

static int temporary_file(void)
{
	char path[] = "/tmp/tern-ring-XXXXXX";
	int descriptor = mkstemp(path);

	assert_true(descriptor >= 0);
	assert_int_equal(unlink(path), 0);
	return descriptor;
}

static int await(struct ring *ring)
{
	struct pollfd ended = {.fd = ring_descriptor(ring), .events = POLLIN};
	int result;

	while (!ring_poll(ring, &result))
		(void)poll(&ended, 1, -1);
	return result;
}

static void test_ring_writes_and_reports_failures(void **state)
{
	struct ring *ring = ring_new();
	char out[5];

	(void)state;
	if (!ring) {
		print_message("io_uring is not to be had here: %s\n", strerror(errno));
		return;
	}
	int descriptor = temporary_file();
	for (uint64_t i = 0; i < 100; i++) {
		assert_true(ring_write(ring, descriptor, i * 5, STR("hello"), RWF_DSYNC));
		assert_int_equal(await(ring), 5);
		assert_int_equal(pread(descriptor, out, 5, (off_t)i * 5), 5);
		assert_memory_equal(out, "hello", 5);
	}
	assert_true(ring_write(ring, -1, 0, STR("hello"), 0));
	assert_int_equal(await(ring), -EBADF);
	(void)close(descriptor);
	ring_free(&ring);
	assert_null(ring);
	ring_free(&ring);
}

/* An intruder reads, opens and connects nothing by way of it. */
static void test_ring_does_nothing_but_write(void **state)
{
	struct ring *ring = ring_new();

	(void)state;
	if (!ring)
		return;
	/* The ring is the first member. */
	struct io_uring *uring = (void *)ring;
	struct io_uring_cqe *entry;
	struct io_uring_sqe *request = io_uring_get_sqe(uring);
	io_uring_prep_openat(request, AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
	assert_int_equal(io_uring_submit_and_wait(uring, 1), 1);
	assert_int_equal(io_uring_peek_cqe(uring, &entry), 0);
	assert_int_equal(entry->res, -EACCES);
	io_uring_cqe_seen(uring, entry);
	int descriptor = ring_descriptor(ring);
	assert_int_equal(io_uring_register_files(uring, &descriptor, 1), -EACCES);
	ring_free(&ring);
}
