/* SPDX-License-Identifier: MIT */
/*
 * ring: one write at a time through io_uring, so that no thread waits for the disk.
 *
 * The ring accepts only writes, to any file. The kernel enforces this restriction from the ring's
 * creation, since requests of a ring bypass seccomp filters. One thread at a time.
 */
#ifndef TERN_JOURNAL_RING_H
#define TERN_JOURNAL_RING_H

#include "base/base.h"

struct ring;

/* NULL if the kernel is too old or forbids it, as containers often do: errno. */
struct ring *ring_new(void);
void ring_free(struct ring **ring); /* no write is in progress; accepts NULL, leaves NULL */
/* Becomes readable when a write has ended. */
int ring_descriptor(const struct ring *ring);
/*
 * Starts a write with the flags of pwritev2 (RWF_...); `data` must not change until the end. False:
 * the write was not started, with the reason in errno; the ring must not be used again.
 */
must_check bool ring_write(struct ring *ring, int descriptor, uint64_t offset, struct str data,
			   int flags);
/* True once the write has ended; *out_result: bytes written, or -errno. Never waits. */
must_check bool ring_poll(struct ring *ring, int *out_result);

#endif
