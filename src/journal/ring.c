/* SPDX-License-Identifier: MIT */
/*
 * The ring is made disabled, restricted to IORING_OP_WRITE without flags, and then enabled: after
 * that the kernel refuses other operations, registrations included. Cooperative task work saves an
 * interrupt for each completion where the kernel knows it.
 */
#include "journal/ring.h"

#include <errno.h>
#include <liburing.h>

struct ring {
	struct io_uring uring;
	bool is_under_way;
};

static int restrict_to_writes(struct io_uring *uring)
{
	struct io_uring_restriction allowed[] = {
		{.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_WRITE},
	};

	/* The library of Debian 12 lacks the functions of these names. */
	int result = io_uring_register((unsigned)uring->ring_fd, IORING_REGISTER_RESTRICTIONS,
				       allowed, 1);
	if (result < 0)
		return result;
	return io_uring_register((unsigned)uring->ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}

struct ring *ring_new(void)
{
	struct ring *ring = heap_alloc(sizeof *ring);
	unsigned flags = IORING_SETUP_R_DISABLED | IORING_SETUP_COOP_TASKRUN;

	int result = io_uring_queue_init(2, &ring->uring, flags);
	if (result == -EINVAL)
		result = io_uring_queue_init(2, &ring->uring, IORING_SETUP_R_DISABLED);
	if (result == 0) {
		result = restrict_to_writes(&ring->uring);
		if (result < 0)
			io_uring_queue_exit(&ring->uring);
	}
	if (result < 0) {
		heap_free(ring);
		errno = -result;
		return NULL;
	}
	return ring;
}

void ring_free(struct ring **place)
{
	struct ring *ring = *place;

	if (!ring)
		return;
	check(!ring->is_under_way);
	io_uring_queue_exit(&ring->uring);
	heap_free(ring);
	*place = NULL;
}

int ring_descriptor(const struct ring *ring)
{
	return ring->uring.ring_fd;
}

bool ring_write(struct ring *ring, int descriptor, uint64_t offset, struct str data, int flags)
{
	int result;

	check(!ring->is_under_way);
	check(data.size <= INT32_MAX);
	struct io_uring_sqe *entry = io_uring_get_sqe(&ring->uring);
	check(entry != NULL);
	io_uring_prep_write(entry, descriptor, data.data, (unsigned)data.size, offset);
	entry->rw_flags = flags;
	do {
		result = io_uring_submit(&ring->uring);
	} while (result == -EINTR);
	if (result != 1) {
		errno = result < 0 ? -result : EAGAIN;
		return false;
	}
	ring->is_under_way = true;
	return true;
}

bool ring_poll(struct ring *ring, int *out_result)
{
	struct io_uring_cqe *entry;

	check(ring->is_under_way);
	if (io_uring_peek_cqe(&ring->uring, &entry) != 0)
		return false;
	*out_result = entry->res;
	io_uring_cqe_seen(&ring->uring, entry);
	ring->is_under_way = false;
	return true;
}
