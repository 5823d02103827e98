/* SPDX-License-Identifier: MIT */
/*
 * disk_memory: a disk that lives in memory and can be made to fail.
 *
 * Written bytes are volatile until synced; a crash keeps synced bytes and, of each unsynced write
 * since, by the seed: all, none, a torn part of it, in any order across writes. Unsynced renames
 * and unlinks are lost or kept likewise: the first so many of them, in their order. Thread-safe.
 */
#ifndef TERN_JOURNAL_DISK_MEMORY_H
#define TERN_JOURNAL_DISK_MEMORY_H

#include "journal/disk.h"

struct disk *disk_memory_new(void);
/* From now on commits can be started; a commit ends at the next call of commit_has_ended. */
void disk_memory_start_commits(struct disk *disk);
/* Keeps no history, so it cannot crash: the disk of --durability memory. */
struct disk *disk_memory_new_plain(void);

/* Faults of the next calls. Zero is no fault. */
struct disk_faults {
	uint64_t fail_write_after; /* the n-th write from now fails with ERR_IO, 0: none */
	uint64_t fail_sync_after;
	uint64_t crash_after; /* the n-th write, sync, rename or unlink from now stops the disk: it
				 and all later calls give ERR_CLOSED */
	uint64_t capacity;    /* bytes that may be allocated; 0: no limit */
	bool syncs_lie;	      /* canary: sync says yes and does nothing */
};
void disk_memory_set_faults(struct disk *disk, struct disk_faults faults);
bool disk_memory_has_crashed(const struct disk *disk);
/* Applies the crash: unsynced state is resolved by `seed`, faults are cleared, open files are
 * stale. */
void disk_memory_crash(struct disk *disk, uint64_t seed);
/* Flips bits of a file, for damage tests. False if there is no such place. */
bool disk_memory_damage(struct disk *disk, const char *name, uint64_t offset, uint8_t mask);

#endif
