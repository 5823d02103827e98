/* SPDX-License-Identifier: MIT */
/*
 * disk: the only way the journal touches files, as a table of functions.
 *
 * Two implementations: disk_file (a directory of the file system) and disk_memory (a fake with
 * volatile and durable halves, injected faults and crashes, also used for --durability memory).
 * Files are named relative to the directory. All calls block. read, write, sync, allocate and size
 * may be called from any thread, at the same time for different files; the rest one at a time.
 * read may also run beside a write of the same file; it then sees the old or the new bytes.
 */
#ifndef TERN_JOURNAL_DISK_H
#define TERN_JOURNAL_DISK_H

#include "base/base.h"

/* Commits begin and end at multiples of this, in the file and in memory, so that no block holds
 * anything that was committed before. */
enum { DISK_BLOCK_SIZE = 4096 };

struct disk_file; /* an open file */

struct disk;
struct disk_ops {
	/* Opens for reading and writing; `create` creates a missing file. ERR_NOTFOUND, ERR_IO,
	 * ERR_FULL. */
	enum err (*open)(struct disk *disk, const char *name, bool create,
			 struct disk_file **out_file);
	void (*close)(struct disk *disk, struct disk_file *file);
	/* Reserves `size` bytes so that later writes within them cannot run out of space. ERR_FULL,
	 * ERR_IO. */
	enum err (*allocate)(struct disk *disk, struct disk_file *file, uint64_t size);
	enum err (*size)(struct disk *disk, struct disk_file *file, uint64_t *out_size);
	/*
	 * Writes zeros over allocated space, so that later writes there overwrite blocks: an
	 * allocated extent that was never written costs a change of the file system's metadata at
	 * each sync. Durable after sync.
	 */
	enum err (*zero)(struct disk *disk, struct disk_file *file, uint64_t offset, size_t size);
	/* Bytes from the start that were written or zeroed before, as far as the file system can
	 * report. */
	enum err (*written_size)(struct disk *disk, struct disk_file *file, uint64_t *out_size);
	/* Reads all of size bytes; ERR_DAMAGED if the file ends before. */
	enum err (*read)(struct disk *disk, struct disk_file *file, uint64_t offset, void *out,
			 size_t size);
	/*
	 * The same, but ERR_BUSY if the bytes are not in memory. Starts no read-ahead. May be NULL:
	 * read never waits.
	 */
	enum err (*read_cached)(struct disk *disk, struct disk_file *file, uint64_t offset,
				void *out, size_t size);
	enum err (*write)(struct disk *disk, struct disk_file *file, uint64_t offset,
			  struct str data);
	/*
	 * Writes whole blocks durably: ERR_OK: the bytes, and the metadata to read them back, are
	 * on the device. One at a time. ERR_IO: final.
	 */
	enum err (*commit)(struct disk *disk, struct disk_file *file, uint64_t offset,
			   struct str data);
	/*
	 * The same without waiting: starts the commit; ERR_BUSY: `commit` must do it. `data` must
	 * not change until commit_has_ended is true, which then returns the result. One thread at a
	 * time. NULL: not supported.
	 */
	enum err (*commit_start)(struct disk *disk, struct disk_file *file, uint64_t offset,
				 struct str data);
	bool (*commit_has_ended)(struct disk *disk, enum err *out_err);
	/* Becomes readable when a started commit has ended. -1: no commit can be started. NULL: the
	 * same. */
	int (*commit_descriptor)(struct disk *disk);
	/* Releases the resources of that file's commits; none is in progress. Later commits are
	 * allowed. */
	void (*end_commits)(struct disk *disk, struct disk_file *file);
	enum err (*sync)(struct disk *disk,
			 struct disk_file *file); /* data and size, as fdatasync; ERR_IO: final */
	/* Names: durable after sync_dir. */
	enum err (*rename)(struct disk *disk, const char *from, const char *to);
	enum err (*unlink)(struct disk *disk, const char *name);
	enum err (*sync_dir)(struct disk *disk);
	/* Calls visit for each file; order is by name. */
	enum err (*list)(struct disk *disk, void (*visit)(void *context, const char *name),
			 void *context);
	void (*free)(struct disk *disk);
	/* Steady nanoseconds, to measure syncs: the journal has no clock. Any thread. May be
	 * NULL. */
	int64_t (*now_ns)(struct disk *disk);
};

struct disk {
	const struct disk_ops *ops;
};

/*
 * Opens a directory, making it (0700) if needed, and locks it against a second process.
 * ERR_BUSY when another process holds it. Errors of the system are logged with their errno. The
 * caller frees with disk->ops->free.
 */
must_check enum err disk_file_open(const char *path, struct disk **out_disk);

enum disk_commits {
	DISK_COMMITS_BUFFERED, /* through the page cache, then fdatasync */
	DISK_COMMITS_DIRECT,   /* past it (O_DIRECT), each write with RWF_DSYNC */
	DISK_COMMITS_RING,     /* the same through io_uring, so that no thread waits for it */
};
/*
 * Chooses how the disk of disk_file_open commits; buffered if it is never called. Before any file
 * is open. A test file, removed afterwards, shows whether they work. ERR_INVALID: the file system
 * or the kernel does not support them, and nothing changes.
 */
must_check enum err disk_file_set_commits(struct disk *disk, enum disk_commits commits);

#endif
