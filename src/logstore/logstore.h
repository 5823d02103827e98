/* SPDX-License-Identifier: MIT */
/*
 * logstore: log events of many groups on disk.
 *
 *   DIRECTORY/wal-<number>            write-ahead logs: frames of all groups as they arrive
 *   DIRECTORY/<group>/open-<number>   the group's newest segment
 *   DIRECTORY/<group>/<number>.<first ms>.<last ms>.<bytes of text>.<wal>   sealed segments
 *
 * A writer thread appends the frames that arrive during a sync with one write and one sync (group
 * commit). A write-ahead log that is full is flushed by a second thread: its events are merged by
 * stream, compressed, sealed again and appended to their groups' segments. Frames that only a key
 * of KMS opens are copied as they are. A mark at the end of each flush makes it happen once.
 *
 * At the start the write-ahead logs that are left are flushed; a torn end is cut. In memory are the
 * frames of write-ahead logs (about 64 bytes each) and the segments' names, no events.
 *
 * An empty directory: files are in memory and end with the process. Bodies are sealed by the caller
 * with seal_close, subject LOGSTORE_SUBJECT + group, or are envelopes.
 */
#ifndef TERN_LOGSTORE_LOGSTORE_H
#define TERN_LOGSTORE_LOGSTORE_H

#include "core/seal/seal.h"
#include "logstore/frame.h"

#define LOGSTORE_SUBJECT SEAL_SUBJECT_LOGS
#define LOGSTORE_GROUP_MAX UINT64_C(0xffffffffff)

struct logstore;

/* A stream of a flushed write-ahead log. */
struct logstore_touched {
	uint64_t group, stream;
	int64_t first_ms, last_ms, ingested_ms; /* of the events in it; the last that arrived */
};

struct logstore_options {
	struct str directory; /* copied; made if it does not exist; empty: none */
	bool syncs;
	struct seal *seal;	/* borrowed */
	size_t wal_size;	/* bytes; a longer write-ahead log is flushed */
	size_t segment_size;	/* bytes; a longer segment is sealed */
	int64_t segment_age_ms; /* from its first event on; an older one is sealed too */
	/*
	 * The flusher's thread, or the caller's of logstore_recover: the events of these streams
	 * are in segments. The write-ahead log stays until logstore_flushed.
	 */
	void (*on_flushed)(void *context, uint64_t wal, const struct logstore_touched *touched,
			   size_t count);
	void *context;
};

/* ERR_IO, ERR_FULL, ERR_INVALID: the path is too long. The problem is logged. */
must_check enum err logstore_open(const struct logstore_options *options, struct logstore **out);
/* Main, after the files were given to their owner: starts the threads. */
void logstore_start(struct logstore *store);
/* Main: writes what waits, ends the threads. Accepts NULL, leaves NULL. */
void logstore_close(struct logstore **store);

/* ---- groups ---- */

/* Main at the start, or the control thread; a group is unknown before. Reads its folder's names. */
must_check enum err logstore_add(struct logstore *store, uint64_t group);
/* Main: the greatest number of a group whose files exist, whether it was added or not. */
uint64_t logstore_greatest(struct logstore *store);
/* Main, after all groups were added and before the first append: flushes write-ahead logs that an
 * earlier process left. */
must_check enum err logstore_recover(struct logstore *store);
/* Any thread: the group's files are deleted, soon; events that wait for it are dropped. */
void logstore_drop(struct logstore *store, uint64_t group);
/* Any thread: deletes, soon, the segments whose events are all before that time. */
void logstore_expire(struct logstore *store, uint64_t group, int64_t before_ms);
/* Any thread: the write-ahead log may be deleted; what follows from on_flushed is durable. */
void logstore_flushed(struct logstore *store, uint64_t wal);

struct logstore_size {
	uint64_t text;	  /* bytes as AWS counts them */
	uint64_t disk;	  /* bytes of segments and write-ahead logs */
	int64_t first_ms; /* of the oldest segment's events; INT64_MAX: none */
};
struct logstore_size logstore_size(struct logstore *store, uint64_t group); /* any thread */

struct logstore_stats {
	uint64_t frames, events, bytes; /* written since the start */
	uint64_t syncs, flushes, failures;
	bool has_failed; /* a sync failed: nothing more is written */
};
struct logstore_stats logstore_stats(struct logstore *store);

/* ---- writing ---- */

/* Embedded in the caller's struct, which lives until `done` has run. */
struct logstore_append {
	struct mailbox_message message;
	struct str bytes; /* one frame of one stream, as frame_append writes it */
	uint64_t group, stream;
	int64_t first_ms, last_ms;
	uint64_t sequence;
	uint64_t text_size, count;
	bool syncs; /* `done` follows the sync; otherwise the write, and a sync within a second */
	enum err result; /* ERR_FULL, ERR_IO, ERR_NOTFOUND: the group was dropped */
	/* The writer's thread, or any at the end. */
	void (*done)(struct logstore_append *append);
};
/* Any thread. */
void logstore_write(struct logstore *store, struct logstore_append *append);

/*
 * Makes the frame of a stream's events in `out` and fills the append's description of it. The
 * records are sorted. `envelope` NULL: sealed by the server. The call's thread.
 */
typedef struct str (*logstore_close_fn)(void *context, struct arena *arena, struct str plain);
void logstore_pack(struct logstore *store, struct arena *arena, uint64_t group,
		   const struct log_record *records, size_t count, logstore_close_fn envelope,
		   void *context, struct buf *out, struct logstore_append *out_append);

#endif
