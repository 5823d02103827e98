/* SPDX-License-Identifier: MIT */
/*
 * ring: one write at a time through io_uring, so that no thread waits for the disk.
 *
 * The ring takes writes and nothing else, whatever file they are for: the kernel holds it to that
 * from its first day, since what goes through a ring passes by seccomp filters. One thread at a
 * time.
 */
#ifndef TERN_JOURNAL_RING_H
#define TERN_JOURNAL_RING_H

#include "base/base.h"

struct ring;

/* NULL if the kernel is too old or forbids it, as containers often do: errno. */
struct ring *ring_new(void);
void ring_free(struct ring **ring); /* nothing is under way; accepts NULL, leaves NULL */
/* Becomes readable when a write has ended. */
int ring_descriptor(const struct ring *ring);
/*
 * Starts a write with the flags of pwritev2 (RWF_...); `data` stays as it is until the end.
 * False: it was not started, errno says why; then the ring is not used any more.
 */
must_check bool ring_write(struct ring *ring, int descriptor, uint64_t offset, struct str data,
			   int flags);
/* True once the write has ended; *out_result: bytes written, or -errno. Never waits. */
must_check bool ring_poll(struct ring *ring, int *out_result);

#endif
