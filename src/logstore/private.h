/* SPDX-License-Identifier: MIT */
/*
 * private: what the parts of the store share. Everything is under `mutex` but what is said to be a
 * thread's own. No file is read or written under the mutex, but for opening one.
 */
#ifndef TERN_LOGSTORE_PRIVATE_H
#define TERN_LOGSTORE_PRIVATE_H

#include <pthread.h>

#include "logstore/logstore.h"

#define LOGSTORE_PATH_SIZE 4096

/* A file with a count of references; the last one closes it. */
struct log_file {
	_Atomic uint32_t references;
	int descriptor;
};
struct log_file *log_file_new(int descriptor);
struct log_file *log_file_hold(struct log_file *file); /* accepts NULL */
void log_file_release(struct log_file *file);	       /* accepts NULL */
/* Exactly `size` bytes. ERR_IO with errno; ERR_DAMAGED: the file is shorter. */
must_check enum err log_file_read(const struct log_file *file, uint64_t offset, char *out,
				  size_t size);
must_check enum err log_file_write(int descriptor, uint64_t offset, struct str bytes);

struct log_wal {
	uint64_t number;
	struct log_file *file;
	uint64_t size;
	struct list link; /* of those that are to be flushed or deleted */
	bool is_flushed;  /* its events are in segments */
};

/* A frame of a write-ahead log: of one stream. */
struct log_ref {
	struct log_wal *wal;
	uint64_t offset;
	uint32_t size;
	uint64_t stream;
	int64_t first_ms, last_ms;
	uint64_t text_size;
};

struct log_segment {
	uint64_t number;
	int64_t first_ms, last_ms; /* INT64_MAX, INT64_MIN: no events */
	uint64_t text_size;
	uint64_t wal;  /* the last log that is in it */
	uint64_t size; /* bytes up to the last mark */
	bool is_sealed;
	struct log_file *file; /* without a directory; otherwise NULL */
};

struct log_group {
	uint64_t number;
	struct {
		struct log_ref *items;
		size_t count, capacity;
	} refs; /* in order of arrival */
	struct {
		struct log_segment *items;
		size_t count, capacity;
	} segments; /* in order of number; only the last one may not be sealed. Changed by the
		     * flusher, or by main before it starts */
	uint64_t next_segment;
};

/* Other work of the flusher. */
struct log_job {
	enum { LOG_DROP, LOG_EXPIRE, LOG_FORGET } kind;
	uint64_t number; /* of the group; LOG_FORGET: of the write-ahead log */
	int64_t before_ms;
};

struct logstore {
	struct logstore_options options;
	char directory[LOGSTORE_PATH_SIZE]; /* empty: none */
	struct mailbox mailbox;

	pthread_mutex_t mutex;
	pthread_cond_t arrived; /* for the writer */
	pthread_cond_t work;	/* for the flusher */
	bool has_arrived, wants_rotation, is_ending;
	bool has_threads;
	pthread_t writer, flusher;
	struct map groups; /* by number */
	struct list wals;  /* that do not grow any more, oldest first; changed by the flusher, and
			    * appended to by the writer */
	size_t wal_count;
	uint64_t next_wal;
	struct {
		struct log_job *items;
		size_t count, capacity;
	} jobs;

	_Atomic uint64_t frames, events, bytes, syncs, flushes, failures;
	_Atomic bool has_failed;

	/* The writer's own. */
	struct log_wal *wal; /* that grows; NULL: none yet */
	struct mailbox_message *first, **last;
	struct buf batch;
	int64_t synced_ns;
	bool needs_sync;
};

/* Under the mutex: NULL: there is none, or it was dropped. */
struct log_group *log_group_find(struct logstore *store, uint64_t number);
void log_segment_done(struct log_segment *segment);

/* files.c: paths and names; without a directory, files in memory. */
must_check enum err log_files_prepare(struct logstore *store);
must_check enum err log_files_load(struct logstore *store, struct log_group *group);
must_check enum err log_wals_load(struct logstore *store);
must_check enum err log_wal_create(struct logstore *store, uint64_t number,
				   struct log_wal **out_wal);
void log_wal_delete(struct logstore *store, struct log_wal **wal);
/* The segment's file; made if it does not exist and `writes`. ERR_NOTFOUND, ERR_IO, ERR_FULL. */
must_check enum err log_segment_open(struct logstore *store, uint64_t group,
				     struct log_segment *segment, bool writes,
				     struct log_file **out_file);
/* Renames the file; *segment is sealed on success. */
must_check enum err log_segment_seal(struct logstore *store, uint64_t group,
				     struct log_segment *segment);
void log_segment_delete(struct logstore *store, uint64_t group, struct log_segment *segment);
void log_group_delete(struct logstore *store, uint64_t group);

/* flush.c */
must_check enum err log_flush_wal(struct logstore *store, struct log_wal *wal);
void *log_flusher_main(void *store);
/* writer.c */
void *log_writer_main(void *store);
/* walk.c: visits the frames of bytes [0, size) of a file, heads only. False ends. */
struct log_place {
	uint64_t offset;
	const struct frame *frame;
};
typedef bool (*log_walk_fn)(void *context, const struct log_place *place);
/* *out_end is the end of the last whole head whose body is within the size. ERR_DAMAGED there. */
must_check enum err log_walk(const struct log_file *file, uint64_t size, log_walk_fn visit,
			     void *context, uint64_t *out_end);

#endif
