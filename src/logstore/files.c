/* SPDX-License-Identifier: MIT */
/*
 * files: a sealed segment's name has all that a reader needs to skip it, so the start reads names
 * only. A new name is durable before the file counts: the directory is synced.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/owner.h"
#include "base/vec.h"
#include "logstore/private.h"

enum { NAME_SIZE = 272 };

static enum err failure(const char *what, const char *path)
{
	int error = errno;

	log_event(LOG_ERROR, what, log_str("path", str_from(path)),
		  log_str("error", str_from(strerror(error))));
	errno = error;
	return error == ENOSPC || error == EDQUOT ? ERR_FULL : ERR_IO;
}

/* ---- files ---- */

struct log_file *log_file_new(int descriptor)
{
	struct log_file *file = heap_alloc(sizeof(*file));

	file->references = 1;
	file->descriptor = descriptor;
	return file;
}

struct log_file *log_file_hold(struct log_file *file)
{
	if (file)
		atomic_fetch_add_explicit(&file->references, 1, memory_order_relaxed);
	return file;
}

void log_file_release(struct log_file *file)
{
	if (!file || atomic_fetch_sub_explicit(&file->references, 1, memory_order_acq_rel) != 1)
		return;
	close(file->descriptor);
	heap_free(file);
}

enum err log_file_read(const struct log_file *file, uint64_t offset, char *out, size_t size)
{
	while (size > 0) {
		ssize_t got = pread(file->descriptor, out, size, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ERR_IO;
		if (got == 0)
			return ERR_DAMAGED;
		out += got;
		offset += (uint64_t)got;
		size -= (size_t)got;
	}
	return ERR_OK;
}

enum err log_file_write(int descriptor, uint64_t offset, struct str bytes)
{
	while (bytes.size > 0) {
		ssize_t put = pwrite(descriptor, bytes.data, bytes.size, (off_t)offset);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return failure("log events cannot be written", "logs");
		offset += (uint64_t)put;
		bytes = str_slice(bytes, (size_t)put, SIZE_MAX);
	}
	return ERR_OK;
}

static enum err sync_directory(const struct logstore *store, const char *path)
{
	int descriptor;
	enum err err = ERR_OK;

	if (!store->options.syncs)
		return ERR_OK;
	descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (descriptor < 0)
		return failure("directory of logs cannot be opened", path);
	if (fsync(descriptor) != 0)
		err = failure("directory of logs cannot be synced", path);
	close(descriptor);
	return err;
}

static enum err make_directory(const struct logstore *store, const char *parent, const char *name,
			       const char *path)
{
	if (mkdir(path, 0700) != 0) {
		if (errno == EEXIST)
			return ERR_OK;
		return failure("directory of logs cannot be made", path);
	}
	owner_give(parent, name);
	return sync_directory(store, parent);
}

static int memory_file(void)
{
	return memfd_create("logs", MFD_CLOEXEC);
}

/* ---- the directory ---- */

enum err log_files_prepare(struct logstore *store)
{
	char parent[LOGSTORE_PATH_SIZE];
	struct str directory = store->options.directory;

	if (directory.size == 0)
		return ERR_OK;
	if (directory.size + NAME_SIZE >= sizeof(parent))
		return ERR_INVALID;
	memcpy(store->directory, directory.data, directory.size);
	memcpy(parent, store->directory, directory.size + 1);
	char *slash = strrchr(parent, '/');
	check(slash && slash > parent);
	*slash = '\0';
	return make_directory(store, parent, slash + 1, store->directory);
}

static void group_path(const struct logstore *store, uint64_t group, char out[LOGSTORE_PATH_SIZE])
{
	int size = snprintf(out, LOGSTORE_PATH_SIZE, "%s/%010llu", store->directory,
			    (unsigned long long)group);

	check(size > 0 && size < LOGSTORE_PATH_SIZE);
}

static void segment_path(const struct logstore *store, uint64_t group,
			 const struct log_segment *segment, char out[LOGSTORE_PATH_SIZE])
{
	int size;

	if (segment->is_sealed)
		size = snprintf(out, LOGSTORE_PATH_SIZE, "%s/%010llu/%llu.%lld.%lld.%llu.%llu",
				store->directory, (unsigned long long)group,
				(unsigned long long)segment->number, (long long)segment->first_ms,
				(long long)segment->last_ms, (unsigned long long)segment->text_size,
				(unsigned long long)segment->wal);
	else
		size = snprintf(out, LOGSTORE_PATH_SIZE, "%s/%010llu/open-%llu", store->directory,
				(unsigned long long)group, (unsigned long long)segment->number);
	check(size > 0 && size < LOGSTORE_PATH_SIZE);
}

static bool parse_name(struct str name, struct log_segment *out)
{
	struct log_segment segment = {
		.is_sealed = true, .first_ms = INT64_MAX, .last_ms = INT64_MIN};

	if (str_starts(name, STR("open-"))) {
		segment.is_sealed = false;
		*out = segment;
		return str_to_u64(str_slice(name, 5, SIZE_MAX), &out->number);
	}
	if (!str_to_u64(str_cut(&name, '.'), &segment.number) ||
	    !str_to_i64(str_cut(&name, '.'), &segment.first_ms) ||
	    !str_to_i64(str_cut(&name, '.'), &segment.last_ms) ||
	    !str_to_u64(str_cut(&name, '.'), &segment.text_size) || !str_to_u64(name, &segment.wal))
		return false;
	*out = segment;
	return true;
}

static int by_number(const void *left, const void *right)
{
	const struct log_segment *a = left, *b = right;

	return a->number < b->number ? -1 : a->number > b->number;
}

static bool take_place(void *context, const struct log_place *place)
{
	struct log_segment *segment = context;
	const struct frame *frame = place->frame;

	if (frame->flags & FRAME_IS_MARK) {
		segment->wal = frame->wal;
		segment->size = place->offset + frame_size(frame);
	}
	return true;
}

static bool take_range(void *context, const struct log_place *place)
{
	struct log_segment *segment = context;
	const struct frame *frame = place->frame;

	if (frame->flags & FRAME_IS_MARK)
		return true;
	if (frame->first_ms < segment->first_ms)
		segment->first_ms = frame->first_ms;
	if (frame->last_ms > segment->last_ms)
		segment->last_ms = frame->last_ms;
	segment->text_size += frame->text_size;
	return true;
}

/* The part up to the last mark counts: what follows belongs to a flush that did not end, and is in
 * its write-ahead log. */
static enum err load_open(struct logstore *store, uint64_t group, struct log_segment *segment)
{
	struct log_file *file;
	uint64_t end;

	enum err err = log_segment_open(store, group, segment, true, &file);
	if (err)
		return err;
	off_t size = lseek(file->descriptor, 0, SEEK_END);
	err = size < 0 ? ERR_IO : log_walk(file, (uint64_t)size, take_place, segment, &end);
	if (err == ERR_DAMAGED)
		err = ERR_OK;
	if (!err)
		err = log_walk(file, segment->size, take_range, segment, &end);
	if (!err && (uint64_t)size > segment->size &&
	    ftruncate(file->descriptor, (off_t)segment->size) != 0)
		err = failure("a segment of logs cannot be cut", store->directory);
	log_file_release(file);
	return err;
}

static enum err load_entry(struct logstore *store, struct log_group *group, const char *path,
			   const char *name)
{
	struct log_segment segment;
	struct stat status;
	char file[LOGSTORE_PATH_SIZE + NAME_SIZE];

	if (!parse_name(str_from(name), &segment)) {
		log_event(LOG_WARN, "a file in the directory of logs is not Tern's",
			  log_str("directory", str_from(path)), log_str("name", str_from(name)));
		return ERR_OK;
	}
	snprintf(file, sizeof(file), "%s/%s", path, name);
	if (stat(file, &status) != 0)
		return failure("a segment of logs cannot be read", file);
	if (segment.is_sealed)
		segment.size = (uint64_t)status.st_size;
	enum err err = segment.is_sealed ? ERR_OK : load_open(store, group->number, &segment);
	if (!err)
		vec_push(&group->segments, segment);
	return err;
}

enum err log_files_load(struct logstore *store, struct log_group *group)
{
	char path[LOGSTORE_PATH_SIZE];
	struct dirent *entry;
	enum err err = ERR_OK;
	DIR *directory;

	if (store->directory[0] == '\0')
		return ERR_OK;
	group_path(store, group->number, path);
	directory = opendir(path);
	if (!directory)
		return errno == ENOENT ? ERR_OK
				       : failure("directory of logs cannot be opened", path);
	while (!err && (entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.')
			err = load_entry(store, group, path, entry->d_name);
	closedir(directory);
	if (group->segments.count > 0) {
		qsort(group->segments.items, group->segments.count,
		      sizeof(group->segments.items[0]), by_number);
		group->next_segment = group->segments.items[group->segments.count - 1].number + 1;
	}
	return err;
}

/* ---- segments ---- */

static enum err create_segment(struct logstore *store, uint64_t group, const char *path, int *out)
{
	char folder[LOGSTORE_PATH_SIZE], name[32];

	group_path(store, group, folder);
	snprintf(name, sizeof(name), "%010llu", (unsigned long long)group);
	enum err err = make_directory(store, store->directory, name, folder);
	if (err)
		return err;
	*out = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*out < 0)
		return failure("a segment of logs cannot be made", path);
	owner_give(folder, strrchr(path, '/') + 1);
	err = sync_directory(store, folder);
	if (err)
		close(*out);
	return err;
}

enum err log_segment_open(struct logstore *store, uint64_t group, struct log_segment *segment,
			  bool writes, struct log_file **out_file)
{
	char path[LOGSTORE_PATH_SIZE];
	enum err err = ERR_OK;
	int descriptor;

	if (segment->file) {
		*out_file = log_file_hold(segment->file);
		return ERR_OK;
	}
	if (store->directory[0] == '\0') {
		descriptor = memory_file();
		if (descriptor < 0)
			return failure("memory for logs cannot be had", "logs");
		segment->file = log_file_new(descriptor);
		*out_file = log_file_hold(segment->file);
		return ERR_OK;
	}
	segment_path(store, group, segment, path);
	descriptor = open(path, (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (descriptor < 0 && errno == ENOENT && !writes)
		return ERR_NOTFOUND;
	if (descriptor < 0 && errno == ENOENT)
		err = create_segment(store, group, path, &descriptor);
	else if (descriptor < 0)
		err = failure("a segment of logs cannot be opened", path);
	if (!err)
		*out_file = log_file_new(descriptor);
	return err;
}

enum err log_segment_seal(struct logstore *store, uint64_t group, struct log_segment *segment)
{
	char from[LOGSTORE_PATH_SIZE], to[LOGSTORE_PATH_SIZE], folder[LOGSTORE_PATH_SIZE];
	struct log_segment sealed = *segment;

	sealed.is_sealed = true;
	if (store->directory[0] != '\0') {
		segment_path(store, group, segment, from);
		segment_path(store, group, &sealed, to);
		group_path(store, group, folder);
		if (rename(from, to) != 0)
			return failure("a segment of logs cannot be renamed", from);
		/* If this fails, the next start finds either name; both are right. */
		(void)sync_directory(store, folder);
	}
	segment->is_sealed = true;
	return ERR_OK;
}

void log_segment_delete(struct logstore *store, uint64_t group, struct log_segment *segment)
{
	char path[LOGSTORE_PATH_SIZE];

	if (store->directory[0] != '\0') {
		segment_path(store, group, segment, path);
		if (unlink(path) != 0 && errno != ENOENT)
			(void)failure("a segment of logs cannot be deleted", path);
	}
	log_segment_done(segment);
}

void log_group_delete(struct logstore *store, uint64_t group)
{
	char path[LOGSTORE_PATH_SIZE], file[LOGSTORE_PATH_SIZE + NAME_SIZE];
	struct dirent *entry;
	DIR *directory;

	if (store->directory[0] == '\0')
		return;
	group_path(store, group, path);
	directory = opendir(path);
	if (!directory)
		return;
	while ((entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		if (unlink(file) != 0)
			(void)failure("a segment of logs cannot be deleted", file);
	}
	closedir(directory);
	if (rmdir(path) != 0)
		(void)failure("directory of logs cannot be deleted", path);
}

uint64_t logstore_greatest(struct logstore *store)
{
	uint64_t greatest = 0, number;
	struct dirent *entry;
	DIR *directory;

	if (store->directory[0] == '\0' || !(directory = opendir(store->directory)))
		return 0;
	while ((entry = readdir(directory)) != NULL)
		if (str_to_u64(str_from(entry->d_name), &number) && number > greatest)
			greatest = number;
	closedir(directory);
	return greatest;
}

/* ---- write-ahead logs ---- */

static void wal_path(const struct logstore *store, uint64_t number, char out[LOGSTORE_PATH_SIZE])
{
	int size = snprintf(out, LOGSTORE_PATH_SIZE, "%s/wal-%llu", store->directory,
			    (unsigned long long)number);

	check(size > 0 && size < LOGSTORE_PATH_SIZE);
}

static struct log_wal *wal_new(uint64_t number, int descriptor)
{
	struct log_wal *wal = heap_alloc(sizeof(*wal));

	wal->number = number;
	wal->file = log_file_new(descriptor);
	return wal;
}

enum err log_wal_create(struct logstore *store, uint64_t number, struct log_wal **out_wal)
{
	char path[LOGSTORE_PATH_SIZE] = "logs";
	int descriptor;

	if (store->directory[0] == '\0') {
		descriptor = memory_file();
	} else {
		wal_path(store, number, path);
		descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	}
	if (descriptor < 0)
		return failure("a write-ahead log cannot be made", path);
	if (store->directory[0] != '\0') {
		enum err err = sync_directory(store, store->directory);
		if (err) {
			close(descriptor);
			(void)unlink(path); /* it is empty */
			return err;
		}
	}
	*out_wal = wal_new(number, descriptor);
	return ERR_OK;
}

void log_wal_delete(struct logstore *store, struct log_wal **wal)
{
	char path[LOGSTORE_PATH_SIZE];

	if (store->directory[0] != '\0') {
		wal_path(store, (*wal)->number, path);
		if (unlink(path) != 0 && errno != ENOENT)
			(void)failure("a write-ahead log cannot be deleted", path);
	}
	log_file_release((*wal)->file);
	heap_free(*wal);
	*wal = NULL;
}

static int by_wal(const void *left, const void *right)
{
	const struct log_wal *const *a = left, *const *b = right;

	return (*a)->number < (*b)->number ? -1 : (*a)->number > (*b)->number;
}

enum err log_wals_load(struct logstore *store)
{
	struct {
		struct log_wal **items;
		size_t count, capacity;
	} found = {0};
	char path[LOGSTORE_PATH_SIZE];
	struct dirent *entry;
	uint64_t number;
	enum err err = ERR_OK;
	DIR *directory;

	if (store->directory[0] == '\0')
		return ERR_OK;
	directory = opendir(store->directory);
	if (!directory)
		return failure("directory of logs cannot be opened", store->directory);
	while (!err && (entry = readdir(directory)) != NULL) {
		struct str name = str_from(entry->d_name);
		if (!str_starts(name, STR("wal-")) ||
		    !str_to_u64(str_slice(name, 4, SIZE_MAX), &number))
			continue;
		wal_path(store, number, path);
		int descriptor = open(path, O_RDWR | O_CLOEXEC);
		if (descriptor < 0)
			err = failure("a write-ahead log cannot be opened", path);
		else
			vec_push(&found, wal_new(number, descriptor));
	}
	closedir(directory);
	if (found.count > 0)
		qsort(found.items, found.count, sizeof(found.items[0]), by_wal);
	for (size_t i = 0; i < found.count; i++) {
		list_push_back(&store->wals, &found.items[i]->link);
		store->wal_count++;
		store->next_wal = found.items[i]->number + 1;
	}
	vec_done(&found);
	return err;
}
