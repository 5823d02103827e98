/* SPDX-License-Identifier: MIT */
/*
 * disk_file: the disk as a directory.
 *
 * All names are opened relative to one descriptor, so the directory may be moved while it is in
 * use. The lock is flock on the file `lock`, which the kernel drops with the process, so a crash
 * leaves nothing to clear away. Errors of the system are logged here with their errno, as the
 * callers see an enum err only.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "journal/disk.h"
#include "journal/ring.h"

struct disk_file {
	int descriptor;
	int direct; /* the same file, opened with O_DIRECT; -1: not yet */
	char name[64];
};

struct disk_directory {
	struct disk disk;
	int descriptor;
	int lock;
	bool is_in_memory; /* tmpfs */
	enum disk_commits commits;
	struct ring *ring;  /* NULL: none */
	bool has_lost_ring; /* it refused a write */
	/* The commit that was started. */
	struct disk_file *started;
	uint64_t started_offset;
	struct str started_data;
};

static struct disk_directory *directory_of(struct disk *disk)
{
	return container_of(disk, struct disk_directory, disk);
}

/* A call that the system refused. */
static enum err refused(const char *call, const char *name)
{
	int error = errno;

	if (error == ENOENT)
		return ERR_NOTFOUND;
	if (error == ENOSPC || error == EDQUOT)
		return ERR_FULL;
	log_event(LOG_ERROR, "the disk refuses", log_str("call", str_from(call)),
		  log_str("file", str_from(name)), log_i64("errno", error),
		  log_str("error", str_from(strerrordesc_np(error))));
	return ERR_IO;
}

/* A sync that the system refused. The space was allocated before; if it is missing now, data is
 * lost. */
static enum err lost(const char *call, const char *name)
{
	int error = errno;

	if (refused(call, name) != ERR_FULL)
		return ERR_IO;
	log_event(LOG_ERROR, "the disk has lost what it had room for",
		  log_str("call", str_from(call)), log_str("file", str_from(name)),
		  log_str("error", str_from(strerrordesc_np(error))));
	return ERR_IO;
}

static enum err file_write(struct disk *disk, struct disk_file *file, uint64_t offset,
			   struct str data);
static enum err file_sync(struct disk *disk, struct disk_file *file);

static enum err file_open(struct disk *disk, const char *name, bool create,
			  struct disk_file **out_file)
{
	int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0);
	int descriptor = openat(directory_of(disk)->descriptor, name, flags, 0600);

	if (descriptor < 0)
		return refused("open", name);
	struct disk_file *file = heap_alloc(sizeof *file);
	file->descriptor = descriptor;
	file->direct = -1;
	(void)snprintf(file->name, sizeof file->name, "%s", name);
	*out_file = file;
	return ERR_OK;
}

static void file_close(struct disk *disk, struct disk_file *file)
{
	(void)disk;
	/* All important data was synced; close adds nothing. */
	(void)close(file->descriptor);
	if (file->direct >= 0)
		(void)close(file->direct);
	heap_free(file);
}

static enum err file_allocate(struct disk *disk, struct disk_file *file, uint64_t size)
{
	int result;

	(void)disk;
	if (size == 0)
		return ERR_OK;
	do {
		result = fallocate(file->descriptor, 0, 0, (off_t)size);
	} while (result < 0 && errno == EINTR);
	if (result < 0 && (errno == EOPNOTSUPP || errno == ENOSYS)) {
		/* posix_fallocate writes zeros if the file system cannot reserve. It returns its
		 * errno. */
		errno = posix_fallocate(file->descriptor, 0, (off_t)size);
		result = errno ? -1 : 0;
	}
	return result < 0 ? refused("fallocate", file->name) : ERR_OK;
}

static enum err file_size(struct disk *disk, struct disk_file *file, uint64_t *out_size)
{
	struct stat status;

	(void)disk;
	if (fstat(file->descriptor, &status) < 0)
		return refused("fstat", file->name);
	*out_size = (uint64_t)status.st_size;
	return ERR_OK;
}

/* Opens the file by its original name, as no file is renamed while it is written. */
static enum err open_direct(struct disk *disk, struct disk_file *file)
{
	if (file->direct >= 0)
		return ERR_OK;
	file->direct = openat(directory_of(disk)->descriptor, file->name,
			      O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_DIRECT);
	return file->direct < 0 ? refused("open", file->name) : ERR_OK;
}

/*
 * Whole blocks past the page cache. The kernel drops the pages that it has of them, so reads
 * through the page cache see what was written. A failure leaves no dirty pages; still, ERR_IO is
 * final, as the device's contents are unknown.
 */
static enum err write_direct(struct disk_file *file, uint64_t offset, struct str data, int flags)
{
	while (data.size > 0) {
		struct iovec rest = {.iov_base = (void *)(uintptr_t)data.data,
				     .iov_len = data.size};
		ssize_t count = pwritev2(file->direct, &rest, 1, (off_t)offset, flags);
		if (count < 0 && errno == EINTR)
			continue;
		if (count >= 0 && count % DISK_BLOCK_SIZE != 0) {
			errno = EIO;
			count = -1;
		}
		if (count < 0)
			return flags & RWF_DSYNC ? lost("write", file->name)
						 : refused("write", file->name);
		offset += (uint64_t)count;
		data = str_slice(data, (size_t)count, data.size);
	}
	return ERR_OK;
}

static bool is_blocks(uint64_t offset, struct str data)
{
	return (offset | data.size | (uintptr_t)data.data) % DISK_BLOCK_SIZE == 0;
}

static enum err file_commit(struct disk *disk, struct disk_file *file, uint64_t offset,
			    struct str data)
{
	if (directory_of(disk)->commits != DISK_COMMITS_BUFFERED && is_blocks(offset, data)) {
		enum err err = open_direct(disk, file);
		return err ? err : write_direct(file, offset, data, RWF_DSYNC);
	}
	enum err err = file_write(disk, file, offset, data);
	return err ? err : file_sync(disk, file);
}

static enum err file_commit_start(struct disk *disk, struct disk_file *file, uint64_t offset,
				  struct str data)
{
	struct disk_directory *directory = directory_of(disk);

	check(!directory->started);
	if (!directory->ring || directory->has_lost_ring || !is_blocks(offset, data))
		return ERR_BUSY;
	enum err err = open_direct(disk, file);
	if (err)
		return err;
	if (!ring_write(directory->ring, file->direct, offset, data, RWF_DSYNC)) {
		log_event(LOG_WARN, "io_uring takes no more writes; commits go on without it",
			  log_str("error", str_from(strerrordesc_np(errno))));
		directory->has_lost_ring = true;
		return ERR_BUSY;
	}
	directory->started = file;
	directory->started_offset = offset;
	directory->started_data = data;
	return ERR_OK;
}

/*
 * Finishes a short, deferred or canceled write here, which is rare enough to wait for. The kernel
 * cancels a write that it has not begun when the thread that started it ends.
 */
static enum err finish_started(const struct disk_directory *directory, int result)
{
	struct disk_file *file = directory->started;
	struct str data = directory->started_data;

	if (result == -EAGAIN || result == -EINTR || result == -ECANCELED)
		result = 0;
	if (result < 0 || result % DISK_BLOCK_SIZE != 0) {
		errno = result < 0 ? -result : EIO;
		return lost("write", file->name);
	}
	return write_direct(file, directory->started_offset + (uint64_t)result,
			    str_slice(data, (size_t)result, data.size), RWF_DSYNC);
}

static bool file_commit_has_ended(struct disk *disk, enum err *out_err)
{
	struct disk_directory *directory = directory_of(disk);
	int result;

	check(directory->started != NULL);
	if (!ring_poll(directory->ring, &result))
		return false;
	*out_err = finish_started(directory, result);
	directory->started = NULL;
	return true;
}

static int file_commit_descriptor(struct disk *disk)
{
	const struct ring *ring = directory_of(disk)->ring;

	return ring ? ring_descriptor(ring) : -1;
}

static void file_end_commits(struct disk *disk, struct disk_file *file)
{
	(void)disk;
	if (file->direct >= 0)
		(void)close(file->direct);
	file->direct = -1;
}

static enum err file_zero(struct disk *disk, struct disk_file *file, uint64_t offset, size_t size)
{
	/* Never written, so it takes one page of zeros. */
	static char zeros[256 << 10] __attribute__((aligned(DISK_BLOCK_SIZE)));
	bool is_direct = directory_of(disk)->commits != DISK_COMMITS_BUFFERED &&
			 is_blocks(offset, str_of(zeros, size));

	if (is_direct && open_direct(disk, file))
		return ERR_IO;
	while (size > 0) {
		size_t part = size < sizeof zeros ? size : sizeof zeros;
		struct str data = str_of(zeros, part);
		enum err err = is_direct ? write_direct(file, offset, data, 0)
					 : file_write(disk, file, offset, data);
		if (err)
			return err;
		offset += part;
		size -= part;
	}
	return ERR_OK;
}

/* ext4, XFS and others count extents that were allocated and never written as holes. */
static enum err file_written_size(struct disk *disk, struct disk_file *file, uint64_t *out_size)
{
	off_t hole = lseek(file->descriptor, 0, SEEK_HOLE);

	if (hole < 0 && errno != ENXIO)
		return file_size(disk, file, out_size);
	*out_size = hole < 0 ? 0 : (uint64_t)hole;
	return ERR_OK;
}

static enum err file_read(struct disk *disk, struct disk_file *file, uint64_t offset, void *out,
			  size_t size)
{
	char *at = out;

	(void)disk;
	while (size > 0) {
		ssize_t count = pread(file->descriptor, at, size, (off_t)offset);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return refused("read", file->name);
		if (count == 0)
			return ERR_DAMAGED;
		at += count;
		offset += (uint64_t)count;
		size -= (size_t)count;
	}
	return ERR_OK;
}

/*
 * A read from a file system in memory never waits. A file system that does not know RWF_NOWAIT
 * may wait, so its reads count as waiting.
 */
static enum err file_read_cached(struct disk *disk, struct disk_file *file, uint64_t offset,
				 void *out, size_t size)
{
	struct iovec rest = {.iov_base = out, .iov_len = size};

	if (directory_of(disk)->is_in_memory)
		return file_read(disk, file, offset, out, size);
	while (rest.iov_len > 0) {
		ssize_t count = preadv2(file->descriptor, &rest, 1, (off_t)offset, RWF_NOWAIT);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0 &&
		    (errno == EAGAIN || errno == EOPNOTSUPP || errno == ENOSYS || errno == EPERM))
			return ERR_BUSY;
		if (count < 0)
			return refused("read", file->name);
		if (count == 0)
			return ERR_DAMAGED;
		rest.iov_base = (char *)rest.iov_base + count;
		rest.iov_len -= (size_t)count;
		offset += (uint64_t)count;
	}
	return ERR_OK;
}

static enum err file_write(struct disk *disk, struct disk_file *file, uint64_t offset,
			   struct str data)
{
	(void)disk;
	while (data.size > 0) {
		ssize_t count = pwrite(file->descriptor, data.data, data.size, (off_t)offset);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return refused("write", file->name);
		offset += (uint64_t)count;
		data = str_slice(data, (size_t)count, data.size);
	}
	return ERR_OK;
}

static enum err file_sync(struct disk *disk, struct disk_file *file)
{
	(void)disk;
	/* No retry after a failure: the kernel may have dropped the pages it could not write. */
	return fdatasync(file->descriptor) < 0 ? lost("fdatasync", file->name) : ERR_OK;
}

static enum err file_rename(struct disk *disk, const char *from, const char *to)
{
	int directory = directory_of(disk)->descriptor;

	if (renameat(directory, from, directory, to) < 0)
		return refused("rename", from);
	return ERR_OK;
}

static enum err file_unlink(struct disk *disk, const char *name)
{
	if (unlinkat(directory_of(disk)->descriptor, name, 0) < 0)
		return refused("unlink", name);
	return ERR_OK;
}

static enum err directory_sync(struct disk *disk)
{
	return fsync(directory_of(disk)->descriptor) < 0 ? lost("fsync", ".") : ERR_OK;
}

static int is_file(const struct dirent *entry)
{
	return strcmp(entry->d_name, "lock") != 0 &&
	       (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN);
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static enum err directory_list(struct disk *disk, void (*visit)(void *context, const char *name),
			       void *context)
{
	struct dirent **entries;
	int count =
		scandirat(directory_of(disk)->descriptor, ".", &entries, is_file, compare_names);

	if (count < 0)
		return refused("scandir", ".");
	for (int i = 0; i < count; i++) {
		visit(context, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return ERR_OK;
}

static void directory_free(struct disk *disk)
{
	struct disk_directory *directory = directory_of(disk);

	ring_free(&directory->ring);
	(void)close(directory->lock);
	(void)close(directory->descriptor);
	heap_free(directory);
}

static int64_t now_ns(struct disk *disk)
{
	(void)disk;
	return clock_steady_ns();
}

static const struct disk_ops file_ops = {
	.open = file_open,
	.close = file_close,
	.allocate = file_allocate,
	.size = file_size,
	.zero = file_zero,
	.written_size = file_written_size,
	.read = file_read,
	.read_cached = file_read_cached,
	.write = file_write,
	.commit = file_commit,
	.commit_start = file_commit_start,
	.commit_has_ended = file_commit_has_ended,
	.commit_descriptor = file_commit_descriptor,
	.end_commits = file_end_commits,
	.sync = file_sync,
	.rename = file_rename,
	.unlink = file_unlink,
	.sync_dir = directory_sync,
	.list = directory_list,
	.free = directory_free,
	.now_ns = now_ns,
};

/* The lock file stays after the unlock: unlinking it would let two processes lock two files. */
static enum err take_lock(int directory, int *out_lock)
{
	int lock = openat(directory, "lock", O_RDWR | O_CLOEXEC | O_CREAT, 0600);

	if (lock < 0)
		return refused("open", "lock");
	if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
		enum err err = errno == EWOULDBLOCK ? ERR_BUSY : refused("flock", "lock");
		(void)close(lock);
		return err;
	}
	*out_lock = lock;
	return ERR_OK;
}

must_check enum err disk_file_open(const char *path, struct disk **out_disk)
{
	struct statfs system;
	int lock = -1;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return refused("mkdir", path);
	int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (descriptor < 0)
		return refused("open", path);
	enum err err = take_lock(descriptor, &lock);
	if (err) {
		(void)close(descriptor);
		return err;
	}
	struct disk_directory *directory = heap_alloc(sizeof *directory);
	directory->disk.ops = &file_ops;
	directory->descriptor = descriptor;
	directory->lock = lock;
	directory->is_in_memory = fstatfs(descriptor, &system) == 0 && system.f_type == TMPFS_MAGIC;
	*out_disk = &directory->disk;
	return ERR_OK;
}

#define PROBE_NAME "probe.new" /* recovery deletes it if a crash leaves it */

/* Writes a block to the probe: through the ring, if there is one. */
static bool write_probe(int descriptor, struct ring *ring, const char *block)
{
	int result;

	if (!ring)
		return pwrite(descriptor, block, DISK_BLOCK_SIZE, 0) == DISK_BLOCK_SIZE;
	if (!ring_write(ring, descriptor, 0, str_of(block, DISK_BLOCK_SIZE), RWF_DSYNC))
		return false;
	while (!ring_poll(ring, &result)) {
		struct pollfd ended = {.fd = ring_descriptor(ring), .events = POLLIN};
		(void)poll(&ended, 1, -1);
	}
	return result == DISK_BLOCK_SIZE;
}

/* True if the file system accepts writes with O_DIRECT in blocks of DISK_BLOCK_SIZE. */
static bool takes_direct(struct disk *disk, struct ring *ring)
{
	int directory = directory_of(disk)->descriptor;
	int descriptor = openat(directory, PROBE_NAME,
				O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_DIRECT, 0600);

	if (descriptor < 0)
		return false;
	char *block = heap_alloc_aligned(DISK_BLOCK_SIZE, DISK_BLOCK_SIZE);
	memset(block, 0, DISK_BLOCK_SIZE);
	bool is_taken = write_probe(descriptor, ring, block);
	heap_free(block);
	(void)close(descriptor);
	(void)unlinkat(directory, PROBE_NAME, 0);
	return is_taken;
}

must_check enum err disk_file_set_commits(struct disk *disk, enum disk_commits commits)
{
	struct disk_directory *directory = directory_of(disk);
	struct ring *ring = NULL;

	/* tmpfs accepts O_DIRECT, but has the page cache only. */
	if (commits != DISK_COMMITS_BUFFERED && directory->is_in_memory)
		return ERR_INVALID;
	if (commits == DISK_COMMITS_RING) {
		ring = ring_new();
		if (!ring)
			return ERR_INVALID;
	}
	if (commits != DISK_COMMITS_BUFFERED && !takes_direct(disk, ring)) {
		ring_free(&ring);
		return ERR_INVALID;
	}
	ring_free(&directory->ring);
	directory->ring = ring;
	directory->commits = commits;
	return ERR_OK;
}
