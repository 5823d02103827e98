/* SPDX-License-Identifier: MIT */
/*
 * audit_file: a mailbox of lines and a thread that empties it.
 *
 * The thread sleeps on `arrived` while there is nothing to do. After a write it waits GATHER_MS on
 * `ended`, so that under load a write takes many lines and an append never finds the thread asleep:
 * waking it is a system call, and would be the most expensive part of a line.
 *
 * A line counts against waiting_max from its append until the file has taken it. Only the thread
 * touches descriptor, sizes and the list of lines.
 */
#include "core/audit/audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/rotated.h"
#include "base/sleep.h"

#define PATH_SIZE 4096
#define GATHER_MS 50
#define RETRY_MS 1000
#define SYNC_MS 1000
#define CHUNK_SIZE (256 * 1024)
#define LINE_SIZE (256 * 1024)

struct audit_line {
	struct mailbox_message message;
	size_t size;
	char text[]; /* with its end */
};

struct audit_file {
	struct audit_file_options options;
	char path[PATH_SIZE];
	struct mailbox mailbox;
	_Atomic size_t waiting; /* bytes */
	_Atomic uint64_t written, dropped;
	_Atomic bool is_failing, wants_reopen;

	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t arrived, ended;
	bool has_arrived, is_ending; /* under the mutex */

	/* The thread's own. */
	int descriptor;
	int64_t rotated_ms;		       /* last stamp */
	int64_t size, born_ms;		       /* of the file; the latter by the time base */
	struct mailbox_message *first, **last; /* lines that were taken from the mailbox */
	size_t first_done;		       /* bytes of the first one that the file has */
	struct buf chunk;
	int64_t synced_ns; /* last sync */
	bool needs_sync;
	uint64_t dropped_told;
};

/* ---- the file ---- */

static void log_failure(const struct audit_file *file, const char *what)
{
	log_event(LOG_ERROR, what, log_str("path", str_from(file->path)),
		  log_str("error", str_from(strerror(errno))));
}

/* The time when the file was made; some file systems only have the time of its last change. */
static int64_t age_of(int descriptor)
{
	struct statx status;

	if (statx(descriptor, "", AT_EMPTY_PATH, STATX_BTIME | STATX_MTIME, &status) != 0)
		return 0;
	const struct statx_timestamp *time =
		status.stx_mask & STATX_BTIME ? &status.stx_btime : &status.stx_mtime;
	int64_t age_ms = clock_now_ms() - (time->tv_sec * 1000 + time->tv_nsec / 1000000);
	return age_ms > 0 ? age_ms : 0; /* the clock was set back since */
}

/* A crash may have left half a line: the next one begins on a new line. */
static void end_last_line(int descriptor, int64_t *size)
{
	char last = '\n';

	if (*size > 0 && pread(descriptor, &last, 1, *size - 1) == 1 && last != '\n' &&
	    write(descriptor, "\n", 1) == 1)
		(*size)++;
}

static enum err open_descriptor(struct audit_file *file)
{
	struct stat status;
	int descriptor = open(file->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (descriptor < 0)
		return ERR_IO;
	if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
		if ((status.st_mode & 077) != 0)
			(void)fchmod(descriptor, 0600); /* another's file stays as it is */
		file->size = status.st_size;
		end_last_line(descriptor, &file->size);
	} else {
		file->size = 0;
	}
	file->born_ms = clock_base_ms() - (file->size > 0 ? age_of(descriptor) : 0);
	file->descriptor = descriptor;
	return ERR_OK;
}

static void sync_now(struct audit_file *file)
{
	if (file->needs_sync && fdatasync(file->descriptor) != 0 && errno != EINVAL)
		log_failure(file, "audit log cannot be synced");
	file->needs_sync = false;
	file->synced_ns = clock_steady_ns();
}

static void close_descriptor(struct audit_file *file)
{
	sync_now(file);
	close(file->descriptor);
	file->descriptor = -1;
}

/* ---- rotation ---- */

/* Removes the oldest of the rotated files. */
static void prune(const struct audit_file *file)
{
	struct rotated_file *files;
	struct arena arena;
	size_t count;

	arena_init(&arena);
	if (rotated_list(&arena, file->path, &files, &count) != ERR_OK)
		count = 0; /* there is nothing to remove */
	/* The last one is in use. */
	for (size_t i = 0; i + file->options.kept_max + 1 < count; i++)
		if (unlink(files[i].path) != 0)
			log_failure(file, "an old audit log cannot be removed");
	arena_done(&arena);
}

/* False if the current file stays in use. */
static bool move_away(struct audit_file *file)
{
	char stamp[ROTATED_STAMP_SIZE + 1], path[PATH_SIZE + ROTATED_STAMP_SIZE + 2];
	int64_t now_ms = clock_now_ms();

	/* Each name sorts behind the previous one, also within a millisecond. */
	file->rotated_ms = now_ms > file->rotated_ms ? now_ms : file->rotated_ms + 1;
	rotated_format(file->rotated_ms, stamp);
	snprintf(path, sizeof(path), "%s.%s", file->path, stamp);
	/* Another program may have moved or removed it already. */
	return rename(file->path, path) == 0 || errno == ENOENT;
}

static void rotate(struct audit_file *file)
{
	if (!move_away(file)) {
		log_failure(file, "audit log cannot be rotated");
		/* Rotation is tried again once the file has grown or aged by the same amount. */
		file->size = 0;
		file->born_ms = clock_base_ms();
		return;
	}
	close_descriptor(file);
	if (open_descriptor(file) != ERR_OK)
		log_failure(file, "audit log cannot be opened");
	prune(file);
}

/* The file that the next `size` bytes belong to. False if there is none. */
static bool resolve_file(struct audit_file *file, size_t size)
{
	if (file->descriptor >= 0 && atomic_exchange(&file->wants_reopen, false))
		close_descriptor(file);
	if (file->descriptor < 0 && open_descriptor(file) != ERR_OK)
		return false;
	bool is_long = file->size + (int64_t)size > file->options.size_max;
	bool is_old = clock_base_ms() - file->born_ms >= file->options.age_max_ms;
	/* Half a line stays with its other half. */
	if (file->size > 0 && file->first_done == 0 && (is_long || is_old))
		rotate(file);
	return file->descriptor >= 0;
}

/* ---- writing ---- */

static void take_lines(struct audit_file *file)
{
	*file->last = mailbox_take(&file->mailbox);
	while (*file->last)
		file->last = &(*file->last)->next;
}

static struct audit_line *line_of(struct mailbox_message *message)
{
	return container_of(message, struct audit_line, message);
}

/* As many lines as fit a chunk and the file; at least one. */
static void fill_chunk(struct audit_file *file)
{
	size_t done = file->first_done;

	buf_reset(&file->chunk);
	for (struct mailbox_message *message = file->first; message; message = message->next) {
		const struct audit_line *line = line_of(message);
		size_t size = file->chunk.size + line->size;
		if (file->chunk.size > 0 &&
		    (size > CHUNK_SIZE || file->size + (int64_t)size > file->options.size_max))
			break;
		buf_append(&file->chunk, str_of(line->text + done, line->size - done));
		done = 0;
	}
}

/* The file has taken `size` more bytes of the lines. */
static void drop_written(struct audit_file *file, size_t size)
{
	file->size += (int64_t)size;
	file->needs_sync = file->options.syncs;
	while (file->first) {
		struct audit_line *line = line_of(file->first);
		if (size < line->size - file->first_done)
			break;
		size -= line->size - file->first_done;
		file->first_done = 0;
		file->first = line->message.next;
		if (!file->first)
			file->last = &file->first;
		atomic_fetch_sub(&file->waiting, line->size);
		atomic_fetch_add(&file->written, 1);
		heap_free(line);
	}
	file->first_done += size;
}

static void log_write_failure(struct audit_file *file)
{
	if (!atomic_exchange(&file->is_failing, true))
		log_failure(file, "audit log cannot be written");
}

/* False if the disk did not take all of it. */
static bool write_lines(struct audit_file *file)
{
	while (file->first) {
		if (!resolve_file(file, line_of(file->first)->size)) {
			log_write_failure(file);
			return false;
		}
		fill_chunk(file);
		ssize_t size = write(file->descriptor, file->chunk.data, file->chunk.size);
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0) {
			log_write_failure(file);
			return false;
		}
		drop_written(file, (size_t)size);
	}
	if (atomic_exchange(&file->is_failing, false))
		log_event(LOG_WARN, "audit log is written again",
			  log_str("path", str_from(file->path)));
	return true;
}

static void log_dropped(struct audit_file *file)
{
	uint64_t dropped = atomic_load(&file->dropped);

	if (dropped == file->dropped_told)
		return;
	log_event(LOG_ERROR, "audit records were dropped",
		  log_i64("count", (int64_t)(dropped - file->dropped_told)),
		  log_str("path", str_from(file->path)));
	file->dropped_told = dropped;
}

/* ---- the thread ---- */

/* Until the end is wanted, `ms` at most. */
static void pause_ms(struct audit_file *file, int64_t ms)
{
	struct timespec until = sleep_deadline(ms);
	int result = 0;

	pthread_mutex_lock(&file->mutex);
	while (!file->is_ending && result == 0)
		result = pthread_cond_timedwait(&file->ended, &file->mutex, &until);
	pthread_mutex_unlock(&file->mutex);
}

/* Waits until there is a line, a sync is due, or the end is requested; false for the last. */
static bool sleep_until_needed(struct audit_file *file)
{
	struct timespec until = sleep_deadline(SYNC_MS);
	int result = 0;

	pthread_mutex_lock(&file->mutex);
	while (!file->has_arrived && !file->is_ending && result == 0) {
		if (file->needs_sync)
			result = pthread_cond_timedwait(&file->arrived, &file->mutex, &until);
		else
			pthread_cond_wait(&file->arrived, &file->mutex);
	}
	file->has_arrived = false;
	bool goes_on = !file->is_ending;
	pthread_mutex_unlock(&file->mutex);
	return goes_on;
}

static void *writer_main(void *context)
{
	struct audit_file *file = context;
	bool goes_on = true;

	check(pthread_setname_np(pthread_self(), "audit") == 0);
	while (goes_on) {
		goes_on = sleep_until_needed(file);
		do {
			take_lines(file);
			bool is_written = write_lines(file);
			log_dropped(file);
			if (clock_steady_ns() - file->synced_ns >= SYNC_MS * INT64_C(1000000))
				sync_now(file);
			if (!goes_on)
				break;
			pause_ms(file, is_written ? GATHER_MS : RETRY_MS);
			pthread_mutex_lock(&file->mutex);
			goes_on = !file->is_ending;
			pthread_mutex_unlock(&file->mutex);
		} while (file->first || !mailbox_is_empty(&file->mailbox));
	}
	return NULL;
}

static void wake(void *context)
{
	struct audit_file *file = context;

	pthread_mutex_lock(&file->mutex);
	file->has_arrived = true;
	pthread_cond_signal(&file->arrived);
	pthread_mutex_unlock(&file->mutex);
}

/* ---- life ---- */

static void init_conditions(struct audit_file *file)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&file->arrived, &attributes);
	pthread_cond_init(&file->ended, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&file->mutex, NULL);
}

enum err audit_file_open(const struct audit_file_options *options, struct audit_file **out_file)
{
	struct audit_file *file;
	size_t size = strlen(options->path);

	if (size == 0 || size >= PATH_SIZE)
		return ERR_INVALID;
	file = heap_alloc(sizeof(*file));
	file->options = *options;
	memcpy(file->path, options->path, size);
	file->options.path = file->path;
	file->last = &file->first;
	enum err err = open_descriptor(file);
	if (err) {
		heap_free(file);
		return err;
	}
	init_conditions(file);
	mailbox_init(&file->mailbox, wake, file);
	check(pthread_create(&file->thread, NULL, writer_main, file) == 0);
	*out_file = file;
	return ERR_OK;
}

static void drop_unwritten(struct audit_file *file)
{
	uint64_t count = 0;

	while (file->first) {
		struct audit_line *line = line_of(file->first);
		file->first = line->message.next;
		heap_free(line);
		count++;
	}
	atomic_fetch_add(&file->dropped, count);
	log_dropped(file);
}

void audit_file_close(struct audit_file **file_place)
{
	struct audit_file *file = *file_place;

	if (!file)
		return;
	pthread_mutex_lock(&file->mutex);
	file->is_ending = true;
	pthread_cond_signal(&file->arrived);
	pthread_cond_signal(&file->ended);
	pthread_mutex_unlock(&file->mutex);
	pthread_join(file->thread, NULL);
	/* Lines that arrived during the thread's last check. */
	take_lines(file);
	(void)write_lines(file); /* unwritten lines are counted */
	drop_unwritten(file);
	if (file->descriptor >= 0)
		close_descriptor(file);
	buf_done(&file->chunk);
	pthread_cond_destroy(&file->arrived);
	pthread_cond_destroy(&file->ended);
	pthread_mutex_destroy(&file->mutex);
	heap_free(file);
	*file_place = NULL;
}

void audit_file_append(struct audit_file *file, struct str line)
{
	size_t size = line.size + 1;

	if (atomic_fetch_add(&file->waiting, size) + size > file->options.waiting_max) {
		atomic_fetch_sub(&file->waiting, size);
		atomic_fetch_add(&file->dropped, 1);
		return;
	}
	struct audit_line *copy = heap_alloc(sizeof(*copy) + size);
	copy->size = size;
	memcpy(copy->text, line.data, line.size);
	copy->text[line.size] = '\n';
	mailbox_push(&file->mailbox, &copy->message);
}

void audit_file_reopen(struct audit_file *file)
{
	atomic_store(&file->wants_reopen, true);
}

struct audit_file_stats audit_file_stats(const struct audit_file *file)
{
	/* Less room than a line may need is none. */
	size_t room =
		file->options.waiting_max > LINE_SIZE ? file->options.waiting_max - LINE_SIZE : 0;
	struct audit_file_stats stats = {
		.written = atomic_load_explicit(&file->written, memory_order_relaxed),
		.dropped = atomic_load_explicit(&file->dropped, memory_order_relaxed),
		.is_failing = atomic_load_explicit(&file->is_failing, memory_order_relaxed) ||
			      atomic_load_explicit(&file->waiting, memory_order_relaxed) > room,
	};

	return stats;
}

const char *audit_file_path(const struct audit_file *file)
{
	return file->path;
}
