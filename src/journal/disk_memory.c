/* SPDX-License-Identifier: MIT */
/*
 * disk_memory: files as byte arrays, with the changes that a crash may lose.
 *
 * A file has its visible bytes, the bytes as of its last sync, and the list of writes since. Names
 * have the visible table, the table as of the last sync_dir, and the list of changes since. A crash
 * starts from the synced halves and applies a random part of the lists. One mutex guards all state,
 * as speed does not matter here.
 */
#include "journal/disk_memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE_MAX = 64 };

struct pending_write {
	uint64_t offset;
	struct str data; /* owned */
};

struct inode {
	struct inode *next; /* of all that ever were; freed with the disk */
	char *seen, *synced;
	uint64_t seen_size, synced_size, allocated;
	struct pending_write *writes;
	size_t write_count, write_capacity;
};

struct disk_file {
	struct inode *inode;
};

struct name {
	char text[NAME_SIZE_MAX];
	struct inode *inode;
};

struct names {
	struct name *items;
	size_t count, capacity;
};

enum change_type { CHANGE_CREATE, CHANGE_RENAME, CHANGE_UNLINK };
struct change {
	enum change_type type;
	char from[NAME_SIZE_MAX], to[NAME_SIZE_MAX];
	struct inode *inode;
};

struct disk_memory {
	struct disk disk;
	pthread_mutex_t mutex;
	struct inode *inodes;
	struct names seen, synced;
	struct change *changes;
	size_t change_count, change_capacity;
	struct disk_faults faults;
	bool keeps_history, has_crashed, starts_commits;
	struct inode *started; /* of the commit that was started */
	size_t started_write;  /* its place among the inode's writes */
};

static struct disk_memory *memory_of(struct disk *disk)
{
	return container_of(disk, struct disk_memory, disk);
}

static struct disk_memory *lock(struct disk *disk)
{
	struct disk_memory *memory = memory_of(disk);

	pthread_mutex_lock(&memory->mutex);
	return memory;
}

static enum err unlock(struct disk_memory *memory, enum err err)
{
	pthread_mutex_unlock(&memory->mutex);
	return err;
}

/* Counts down to a fault; true when it strikes now. */
static bool strikes(uint64_t *countdown)
{
	return *countdown > 0 && --*countdown == 0;
}

/* Counts an operation that changes the disk; true if the disk stops at or has stopped before it. */
static bool stops(struct disk_memory *memory)
{
	if (!memory->has_crashed && strikes(&memory->faults.crash_after))
		memory->has_crashed = true;
	return memory->has_crashed;
}

static struct name *find_name(const struct names *names, const char *text)
{
	for (size_t i = 0; i < names->count; i++)
		if (str_equal(str_from(names->items[i].text), str_from(text)))
			return &names->items[i];
	return NULL;
}

static void copy_name(char out[NAME_SIZE_MAX], const char *text)
{
	struct str name = str_from(text);

	check(name.size < NAME_SIZE_MAX);
	memcpy(out, name.data, name.size);
	out[name.size] = '\0';
}

static void put_name(struct names *names, const char *text, struct inode *inode)
{
	struct name *name = find_name(names, text);

	if (!name) {
		if (names->count == names->capacity) {
			names->capacity = names->capacity ? names->capacity * 2 : 16;
			names->items =
				heap_resize(names->items, names->capacity * sizeof(*names->items));
		}
		name = &names->items[names->count++];
		copy_name(name->text, text);
	}
	name->inode = inode;
}

static void remove_name(struct names *names, const char *text)
{
	struct name *name = find_name(names, text);

	if (name)
		*name = names->items[--names->count];
}

static void apply_change(struct names *names, const struct change *change)
{
	if (change->type != CHANGE_CREATE)
		remove_name(names, change->from);
	if (change->type != CHANGE_UNLINK)
		put_name(names, change->to, change->inode);
}

static void make_change(struct disk_memory *memory, enum change_type type, const char *from,
			const char *to, struct inode *inode)
{
	struct change change = {.type = type, .inode = inode};

	copy_name(change.from, from);
	copy_name(change.to, to);
	apply_change(&memory->seen, &change);
	if (!memory->keeps_history)
		return;
	if (memory->change_count == memory->change_capacity) {
		memory->change_capacity =
			memory->change_capacity ? memory->change_capacity * 2 : 16;
		memory->changes = heap_resize(memory->changes,
					      memory->change_capacity * sizeof(*memory->changes));
	}
	memory->changes[memory->change_count++] = change;
}

static enum err memory_open(struct disk *disk, const char *name, bool create,
			    struct disk_file **out_file)
{
	struct disk_memory *memory = lock(disk);

	if (memory->has_crashed)
		return unlock(memory, ERR_CLOSED);
	struct name *found = find_name(&memory->seen, name);
	if (!found && !create)
		return unlock(memory, ERR_NOTFOUND);

	struct inode *inode = found ? found->inode : NULL;
	if (!inode) {
		inode = heap_alloc(sizeof(*inode));
		inode->next = memory->inodes;
		memory->inodes = inode;
		make_change(memory, CHANGE_CREATE, "", name, inode);
	}
	struct disk_file *file = heap_alloc(sizeof(*file));
	file->inode = inode;
	*out_file = file;
	return unlock(memory, ERR_OK);
}

static void memory_close(struct disk *disk, struct disk_file *file)
{
	(void)disk;
	heap_free(file);
}

static uint64_t space_of(const struct inode *inode)
{
	return inode->allocated > inode->seen_size ? inode->allocated : inode->seen_size;
}

static bool has_space(const struct disk_memory *memory, const struct inode *inode, uint64_t size)
{
	uint64_t used = 0;

	if (memory->faults.capacity == 0 || size <= space_of(inode))
		return true;
	for (size_t i = 0; i < memory->seen.count; i++)
		used += space_of(memory->seen.items[i].inode);
	return used + size - space_of(inode) <= memory->faults.capacity;
}

static void grow(struct inode *inode, uint64_t size)
{
	if (size <= inode->seen_size)
		return;
	inode->seen = heap_resize(inode->seen, size);
	memset(inode->seen + inode->seen_size, 0, size - inode->seen_size);
	inode->seen_size = size;
}

static enum err memory_allocate(struct disk *disk, struct disk_file *file, uint64_t size)
{
	struct disk_memory *memory = lock(disk);

	if (memory->has_crashed)
		return unlock(memory, ERR_CLOSED);
	if (!has_space(memory, file->inode, size))
		return unlock(memory, ERR_FULL);
	grow(file->inode, size);
	if (file->inode->allocated < size)
		file->inode->allocated = size;
	return unlock(memory, ERR_OK);
}

static enum err memory_size(struct disk *disk, struct disk_file *file, uint64_t *out_size)
{
	struct disk_memory *memory = lock(disk);

	*out_size = file->inode->seen_size;
	return unlock(memory, memory->has_crashed ? ERR_CLOSED : ERR_OK);
}

static enum err memory_read(struct disk *disk, struct disk_file *file, uint64_t offset, void *out,
			    size_t size)
{
	struct disk_memory *memory = lock(disk);
	struct inode *inode = file->inode;

	if (memory->has_crashed)
		return unlock(memory, ERR_CLOSED);
	if (offset > inode->seen_size || size > inode->seen_size - offset)
		return unlock(memory, ERR_DAMAGED);
	if (size > 0)
		memcpy(out, inode->seen + offset, size);
	return unlock(memory, ERR_OK);
}

static void remember_write(struct inode *inode, uint64_t offset, struct str data)
{
	if (inode->write_count == inode->write_capacity) {
		inode->write_capacity = inode->write_capacity ? inode->write_capacity * 2 : 8;
		inode->writes =
			heap_resize(inode->writes, inode->write_capacity * sizeof(*inode->writes));
	}
	inode->writes[inode->write_count++] = (struct pending_write){offset, heap_copy(data)};
}

static void forget_writes(struct inode *inode)
{
	for (size_t i = 0; i < inode->write_count; i++)
		heap_free((void *)(uintptr_t)inode->writes[i].data.data);
	inode->write_count = 0;
}

static enum err memory_write(struct disk *disk, struct disk_file *file, uint64_t offset,
			     struct str data)
{
	struct disk_memory *memory = lock(disk);
	bool was_stopped = memory->has_crashed;
	bool stops_now = stops(memory);

	if (was_stopped)
		return unlock(memory, ERR_CLOSED);
	if (strikes(&memory->faults.fail_write_after))
		return unlock(memory, ERR_IO);
	if (!stops_now && !has_space(memory, file->inode, offset + data.size))
		return unlock(memory, ERR_FULL);

	/* The write at which the disk stops may still have reached it. */
	if (memory->keeps_history)
		remember_write(file->inode, offset, data);
	grow(file->inode, offset + data.size);
	if (data.size > 0)
		memcpy(file->inode->seen + offset, data.data, data.size);
	return unlock(memory, stops_now ? ERR_CLOSED : ERR_OK);
}

/* Applies the faults of a sync; true if the caller only has to return *out_err. */
static bool meets_fault(struct disk_memory *memory, enum err *out_err)
{
	*out_err = ERR_OK;
	if (stops(memory))
		*out_err = ERR_CLOSED;
	else if (strikes(&memory->faults.fail_sync_after))
		*out_err = ERR_IO;
	return *out_err || memory->faults.syncs_lie || !memory->keeps_history;
}

static void sync_all(struct inode *inode)
{
	if (inode->synced_size != inode->seen_size) {
		/* The size changed: visible and durable bytes start again as equals. */
		inode->synced = heap_resize(inode->synced, inode->seen_size);
		if (inode->seen_size > 0)
			memcpy(inode->synced, inode->seen, inode->seen_size);
		inode->synced_size = inode->seen_size;
	} else {
		for (size_t i = 0; i < inode->write_count; i++)
			if (inode->writes[i].data.size > 0)
				memcpy(inode->synced + inode->writes[i].offset,
				       inode->writes[i].data.data, inode->writes[i].data.size);
	}
	forget_writes(inode);
}

static enum err memory_sync(struct disk *disk, struct disk_file *file)
{
	struct disk_memory *memory = lock(disk);
	enum err err;

	if (!meets_fault(memory, &err))
		sync_all(file->inode);
	return unlock(memory, err);
}

/* RWF_DSYNC: earlier unsynced writes stay unsynced, unless the size must become durable. */
static enum err sync_write(struct disk_memory *memory, struct inode *inode, size_t index)
{
	enum err err;

	if (meets_fault(memory, &err))
		return err;
	if (inode->synced_size != inode->seen_size || index >= inode->write_count) {
		sync_all(inode);
		return ERR_OK;
	}
	struct pending_write *write = &inode->writes[index];
	if (write->data.size > 0)
		memcpy(inode->synced + write->offset, write->data.data, write->data.size);
	heap_free((void *)(uintptr_t)write->data.data);
	inode->write_count--;
	memmove(write, write + 1, (inode->write_count - index) * sizeof(*write));
	return ERR_OK;
}

/* Overwrites the range, so that zeros in place of messages would be detected. */
static enum err memory_zero(struct disk *disk, struct disk_file *file, uint64_t offset, size_t size)
{
	char *zeros = heap_alloc(size);

	enum err err = memory_write(disk, file, offset, str_of(zeros, size));
	heap_free(zeros);
	return err;
}

/* A crash may come between the write and its sync. */
static enum err memory_commit(struct disk *disk, struct disk_file *file, uint64_t offset,
			      struct str data)
{
	enum err err = memory_write(disk, file, offset, data);
	if (err)
		return err;
	struct disk_memory *memory = lock(disk);
	return unlock(memory, sync_write(memory, file->inode, file->inode->write_count - 1));
}

/* The write may reach the disk at any time from now on, or not. */
static enum err memory_commit_start(struct disk *disk, struct disk_file *file, uint64_t offset,
				    struct str data)
{
	struct disk_memory *memory = memory_of(disk);

	if (!memory->starts_commits)
		return ERR_BUSY;
	check(!memory->started);
	enum err err = memory_write(disk, file, offset, data);
	if (err)
		return err;
	memory->started = file->inode;
	memory->started_write = file->inode->write_count - 1;
	return ERR_OK;
}

static bool memory_commit_has_ended(struct disk *disk, enum err *out_err)
{
	struct disk_memory *memory = lock(disk);
	struct inode *inode = memory->started;

	check(inode != NULL);
	memory->started = NULL;
	*out_err = unlock(memory, sync_write(memory, inode, memory->started_write));
	return true;
}

static void memory_end_commits(struct disk *disk, struct disk_file *file)
{
	(void)disk;
	(void)file;
}

static enum err memory_rename(struct disk *disk, const char *from, const char *to)
{
	struct disk_memory *memory = lock(disk);

	if (stops(memory))
		return unlock(memory, ERR_CLOSED);
	struct name *found = find_name(&memory->seen, from);
	if (!found)
		return unlock(memory, ERR_NOTFOUND);
	make_change(memory, CHANGE_RENAME, from, to, found->inode);
	return unlock(memory, ERR_OK);
}

static void free_bytes(struct inode *inode)
{
	forget_writes(inode);
	heap_free(inode->writes);
	heap_free(inode->seen);
	heap_free(inode->synced);
	*inode = (struct inode){.next = inode->next};
}

static enum err memory_unlink(struct disk *disk, const char *name)
{
	struct disk_memory *memory = lock(disk);

	if (stops(memory))
		return unlock(memory, ERR_CLOSED);
	struct name *found = find_name(&memory->seen, name);
	if (!found)
		return unlock(memory, ERR_NOTFOUND);
	struct inode *inode = found->inode;
	make_change(memory, CHANGE_UNLINK, name, "", NULL);
	if (!memory->keeps_history)
		free_bytes(inode);
	return unlock(memory, ERR_OK);
}

static void copy_names(struct names *to, const struct names *from)
{
	to->items = heap_resize(to->items, from->capacity * sizeof(*to->items));
	if (from->count > 0)
		memcpy(to->items, from->items, from->count * sizeof(*to->items));
	to->count = from->count;
	to->capacity = from->capacity;
}

static enum err memory_sync_dir(struct disk *disk)
{
	struct disk_memory *memory = lock(disk);

	if (stops(memory))
		return unlock(memory, ERR_CLOSED);
	if (memory->keeps_history) {
		copy_names(&memory->synced, &memory->seen);
		memory->change_count = 0;
	}
	return unlock(memory, ERR_OK);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static enum err memory_list(struct disk *disk, void (*visit)(void *context, const char *name),
			    void *context)
{
	struct disk_memory *memory = lock(disk);
	struct names copy = {0};

	if (memory->has_crashed)
		return unlock(memory, ERR_CLOSED);
	copy_names(&copy, &memory->seen);
	(void)unlock(memory, ERR_OK); /* visit may call back */
	if (copy.count > 0)
		qsort(copy.items, copy.count, sizeof(*copy.items), compare_names);
	for (size_t i = 0; i < copy.count; i++)
		visit(context, copy.items[i].text);
	heap_free(copy.items);
	return ERR_OK;
}

static void memory_free(struct disk *disk)
{
	struct disk_memory *memory = memory_of(disk);

	while (memory->inodes) {
		struct inode *inode = memory->inodes;
		memory->inodes = inode->next;
		free_bytes(inode);
		heap_free(inode);
	}
	heap_free(memory->seen.items);
	heap_free(memory->synced.items);
	heap_free(memory->changes);
	pthread_mutex_destroy(&memory->mutex);
	heap_free(memory);
}

static const struct disk_ops memory_ops = {
	.open = memory_open,
	.close = memory_close,
	.allocate = memory_allocate,
	.size = memory_size,
	.zero = memory_zero,
	.written_size = memory_size,
	.read = memory_read,
	.write = memory_write,
	.commit = memory_commit,
	.commit_start = memory_commit_start,
	.commit_has_ended = memory_commit_has_ended,
	.end_commits = memory_end_commits,
	.sync = memory_sync,
	.rename = memory_rename,
	.unlink = memory_unlink,
	.sync_dir = memory_sync_dir,
	.list = memory_list,
	.free = memory_free,
};

static struct disk *new_disk(bool keeps_history)
{
	struct disk_memory *memory = heap_alloc(sizeof(*memory));

	memory->disk.ops = &memory_ops;
	memory->keeps_history = keeps_history;
	pthread_mutex_init(&memory->mutex, NULL);
	return &memory->disk;
}

struct disk *disk_memory_new(void)
{
	return new_disk(true);
}

struct disk *disk_memory_new_plain(void)
{
	return new_disk(false);
}

void disk_memory_start_commits(struct disk *disk)
{
	memory_of(disk)->starts_commits = true;
}

void disk_memory_set_faults(struct disk *disk, struct disk_faults faults)
{
	struct disk_memory *memory = lock(disk);

	memory->faults = faults;
	(void)unlock(memory, ERR_OK);
}

bool disk_memory_has_crashed(const struct disk *disk)
{
	return container_of(disk, const struct disk_memory, disk)->has_crashed;
}

/* Leaves of one file the synced bytes with a random part of each later write. */
static void crash_file(struct inode *inode, struct prng *prng)
{
	bool keeps_size = prng_below(prng, 2) == 0;
	uint64_t size = keeps_size && inode->seen_size > inode->synced_size ? inode->seen_size
									    : inode->synced_size;
	char *left = heap_alloc(size);

	if (inode->synced_size > 0)
		memcpy(left, inode->synced, inode->synced_size);
	for (size_t i = 0; i < inode->write_count; i++) {
		const struct pending_write *write = &inode->writes[i];
		uint64_t fate = prng_below(prng, 3), from = 0, to = write->data.size;
		if (fate == 0)
			continue;
		if (fate == 1) {
			from = prng_below(prng, to + 1);
			to = from + prng_below(prng, to - from + 1);
		}
		for (uint64_t at = from; at < to && write->offset + at < size; at++)
			left[write->offset + at] = write->data.data[at];
	}
	free_bytes(inode);
	inode->seen = left;
	inode->seen_size = inode->synced_size = size;
	inode->synced = heap_alloc(size);
	if (size > 0)
		memcpy(inode->synced, left, size);
}

void disk_memory_crash(struct disk *disk, uint64_t seed)
{
	struct disk_memory *memory = lock(disk);
	struct prng prng;

	check(memory->keeps_history);
	prng_init(&prng, seed);
	for (struct inode *inode = memory->inodes; inode; inode = inode->next)
		crash_file(inode, &prng);
	size_t kept = (size_t)prng_below(&prng, memory->change_count + 1);
	for (size_t i = 0; i < kept; i++)
		apply_change(&memory->synced, &memory->changes[i]);
	copy_names(&memory->seen, &memory->synced);
	memory->change_count = 0;
	memory->started = NULL;
	memory->faults = (struct disk_faults){0};
	memory->has_crashed = false;
	(void)unlock(memory, ERR_OK);
}

bool disk_memory_damage(struct disk *disk, const char *name, uint64_t offset, uint8_t mask)
{
	struct disk_memory *memory = lock(disk);
	struct name *found = find_name(&memory->seen, name);
	bool is_there = found && offset < found->inode->seen_size;

	if (is_there) {
		found->inode->seen[offset] = (char)(found->inode->seen[offset] ^ mask);
		if (offset < found->inode->synced_size)
			found->inode->synced[offset] = found->inode->seen[offset];
	}
	(void)unlock(memory, ERR_OK);
	return is_there;
}
