/* SPDX-License-Identifier: MIT */
/*
 * journal: one durable order for changes.
 *
 * Records are appended to an open batch in memory; batches are written and synced one after the
 * other; a batch's records are durable when it has ended without error. A batch holds the records
 * that arrived while the previous one was being synced: group commit without a timer. Records live
 * in segments (preallocated, recycled files) and are read back by location, so bodies need no
 * memory.
 *
 * The journal has no thread and no clock of its own: work that blocks is handed out as struct
 * journal_work, runs on any thread, and is returned, so that a simulator can drive it. Two lanes,
 * so that housekeeping never delays a commit.
 *
 * Threads: one owner calls all functions here (the engine's thread), unless their comments name
 * another thread.
 */
#ifndef TERN_JOURNAL_JOURNAL_H
#define TERN_JOURNAL_JOURNAL_H

#include "base/base.h"
#include "journal/disk.h"

struct journal;

enum { JOURNAL_SEGMENT_SIZE_DEFAULT = 64 << 20 };

enum journal_durability {
	JOURNAL_FSYNC, /* a batch has ended when it is written and synced */
	JOURNAL_OS,    /* ... when it is written: survives a crash of the process */
};

struct journal_options {
	enum journal_durability durability;
	uint32_t segment_size;	 /* bytes, 64 KiB to 1 GiB; a record must fit into one */
	uint32_t spare_segments; /* kept preallocated, at least 2, the reserve of a full disk */
	/* Commits are whole blocks (DISK_BLOCK_SIZE), none of them shared by two commits. A segment
	 * then holds fewer records if commits are small. */
	bool pads_batches;
	uint32_t recent_size; /* bytes of the latest batches to keep in memory for reading; 0: none
			       */
};

/* Where a record lies. Locations stay valid until the segment is recycled. */
struct journal_location {
	uint32_t segment; /* number of the segment, ascending, never reused; 0 is none */
	uint32_t offset;  /* of the record in the segment */
	uint32_t size;	  /* of the whole record, header included */
};

/* A record that was read back. `data` is the appended bytes, parts joined. */
struct journal_record {
	/* Of a record that is replayed or scanned; a record that is read by its location may have 0
	 * in both. */
	uint64_t lsn;	/* log sequence number: 1, 2, 3, ... over the journal's life */
	uint32_t epoch; /* which start of the owner wrote it */
	uint8_t type;	/* the user's; 1 to 255 */
	uint64_t queue;
	struct str data;
	struct journal_location location;
};

/* ---- opening and recovery ---- */

/* The result of recovery. Texts are ready for a log line and name file and offset. */
struct journal_report {
	uint64_t records;      /* replayed */
	uint64_t torn_bytes;   /* cut at the tail: never acknowledged */
	uint32_t damage_count; /* positions before the tail whose check failed; their records are
				  skipped */
	char damage[512];      /* the first one: file, offset, problem */
};

typedef enum err (*journal_checkpoint_fn)(void *context, struct str checkpoint);
typedef enum err (*journal_record_fn)(void *context, const struct journal_record *record);

/*
 * Opens the journal on `disk` (borrowed; it outlives the journal). If there is a checkpoint, `load`
 * is called with its state; then `apply` once for each record after it, in order. An error of a
 * callback ends opening with that error. Blocks. ERR_VERSION: written by another version of Tern.
 * ERR_DAMAGED: no valid checkpoint where there must be one. ERR_IO. Damage inside the log is not an
 * error here: it is reported in out_report. During load and apply the callbacks may call
 * journal_live_add and the index functions: *out_journal is set before the first callback (and NULL
 * again if opening fails).
 */
must_check enum err journal_open(struct disk *disk, const struct journal_options *options,
				 journal_checkpoint_fn load, journal_record_fn apply, void *context,
				 struct journal **out_journal, struct journal_report *out_report);
/* All work must have ended. Accepts NULL, leaves NULL. */
void journal_free(struct journal **journal);

/* ---- appending ---- */

/*
 * The purpose of a record decides how much of a full disk's reserve it may use. The segment with
 * the changes of a full disk dies once it is used up, or another emptied segment does, so a
 * checkpoint restores one. The last segment is for records that free space, and its end for records
 * that free a whole queue.
 */
enum journal_room {
	JOURNAL_ROOM_MESSAGE, /* new messages and copies: may not use the reserve */
	JOURNAL_ROOM_CHANGE,  /* of existing messages: receives, visibility, relocation */
	JOURNAL_ROOM_FREE,    /* deletes, expiry */
	JOURNAL_ROOM_LAST,    /* purge, drop */
};
/* True if a record with `bytes` of data may be appended. */
bool journal_has_room(const struct journal *journal, enum journal_room room, size_t bytes);
/* The same for several records with `bytes` of data in all. */
bool journal_has_room_for(const struct journal *journal, enum journal_room room, size_t records,
			  size_t bytes);
/*
 * The next `records` records with `bytes` of data in all go into one segment and one batch, if the
 * owner appends them before it begins work: after a crash all of them are there or none. False: no
 * segment is that large.
 */
must_check bool journal_keep_together(struct journal *journal, size_t records, size_t bytes);
/* True while the last allocation met a full disk; the owner then calls journal_retry_space now and
 * then, so that the journal finds space that others freed. */
bool journal_is_full(const struct journal *journal);
void journal_retry_space(struct journal *journal);
/*
 * True if records wait for a segment that would use the reserve, in case that the disk is full.
 * Owners execute no command then: the next commit shows whether it is full, and a reserve that is
 * used up before would leave no room for deletions.
 */
bool journal_is_ahead(const struct journal *journal);
/* True while batches wait for a segment and the disk has no room for one. */
bool journal_is_stalled(const struct journal *journal);
/*
 * Appends one record made of parts, copied at once. Returns its LSN. The caller has checked
 * journal_has_room.
 */
uint64_t journal_append(struct journal *journal, uint8_t type, uint64_t queue,
			const struct str *parts, size_t part_count,
			struct journal_location *out_location);
/* The number of this opening, from 1; each has a higher one than all before it. */
uint32_t journal_epoch(const struct journal *journal);
uint64_t journal_tail_lsn(const struct journal *journal);    /* last appended */
uint64_t journal_durable_lsn(const struct journal *journal); /* last durable */
/* After a failed write or sync the journal has failed permanently: no further record becomes
 * durable. */
bool journal_has_failed(const struct journal *journal);

/* ---- work ---- */

enum journal_lane { JOURNAL_COMMIT, JOURNAL_HOUSEKEEPING };
struct journal_work;

/* The next work of that lane, or NULL: there is none, or one is still in progress. */
struct journal_work *journal_work_begin(struct journal *journal, enum journal_lane lane);
/* Bytes that a commit writes. */
size_t journal_work_size(const struct journal_work *work);
/* Any thread: writes, syncs, allocates. Blocks. */
void journal_work_run(struct journal_work *work);
/*
 * Owner, in place of journal_work_run: starts a commit that continues without a thread. False: it
 * must be run, as must all but plain writes on a disk with commit_start. Until
 * journal_work_has_ended is true the work is in progress; journal_commit_descriptor becomes
 * readable at its end.
 */
bool journal_work_start(struct journal_work *work);
bool journal_work_has_ended(struct journal_work *work);
int journal_commit_descriptor(const struct journal *journal); /* -1: no work can be started */
/* Owner again: takes the results over and frees `work`. */
void journal_work_end(struct journal *journal, struct journal_work *work);
bool journal_has_work_out(const struct journal *journal);

/* ---- reading ---- */

/*
 * Any thread: reads and checks one record into `out` (appended; record->data points into it). The
 * segment must be pinned or known to be live. A record of a batch that is not written yet is served
 * from memory only to the owner's thread (the one that appended last): other threads read durable
 * records, and get ERR_NOTFOUND for others. ERR_DAMAGED, ERR_IO.
 */
must_check enum err journal_read(struct journal *journal, struct journal_location location,
				 struct buf *out, struct journal_record *out_record);
/* The same, but ERR_BUSY if the disk would have to be waited for. */
must_check enum err journal_read_cached(struct journal *journal, struct journal_location location,
					struct buf *out, struct journal_record *out_record);
/* Keeps a segment from being recycled during a read. pin: owner only; unpin: any thread. */
void journal_pin(struct journal *journal, uint32_t segment);
void journal_unpin(struct journal *journal, uint32_t segment);

/* ---- space ---- */

/*
 * The owner counts the live bytes of each segment; 0 makes it recyclable after the next checkpoint,
 * whose state must no longer refer to it. Numbers of recycled segments are ignored: a loaded
 * checkpoint may name segments that a later one released.
 */
void journal_live_add(struct journal *journal, uint32_t segment, int64_t records, int64_t bytes);
/* Number of the segment that is being filled; all smaller ones are sealed. */
uint32_t journal_open_segment(const struct journal *journal);
/* True if all batches of a sealed segment are durable. */
bool journal_segment_is_durable(const struct journal *journal, uint32_t segment);
/*
 * A sealed segment that is mostly dead and worth emptying by relocating its live records: least
 * live share first, none above 50 %, and only while the log is larger than twice the live bytes
 * plus four segments. 0: none. No segment is returned twice: records that cannot be relocated stay.
 */
uint32_t journal_compaction_candidate(const struct journal *journal);

/* Index files: the owner's bytes beside a sealed segment, deleted with it. */
/* Hands over *index (emptied); housekeeping writes it. It replaces an earlier one of the segment;
 * one at a time. */
void journal_index_write(struct journal *journal, uint32_t segment, struct buf *index);
bool journal_index_is_durable(const struct journal *journal, uint32_t segment);
/* Checksum that identifies the version of a segment's durable index; 0: there is no index. */
uint32_t journal_index_sum(const struct journal *journal, uint32_t segment);
/* Blocks for one read. ERR_NOTFOUND, ERR_DAMAGED (checked per 4 KiB block), ERR_IO. */
must_check enum err journal_index_read(struct journal *journal, uint32_t segment, uint64_t offset,
				       void *out, size_t size);

/* Calls fn for each record of a sealed segment that passes its check, in order. Blocks until the
 * end. ERR_NOTFOUND, ERR_IO, ERR_VERSION, or the error of fn. */
must_check enum err journal_scan(struct journal *journal, uint32_t segment, journal_record_fn fn,
				 void *context);

/* ---- checkpoints ---- */

/* True when the records since the last checkpoint would make a restart slow (256 MiB) or segments
 * wait to be recycled. */
bool journal_wants_checkpoint(const struct journal *journal);
/*
 * A checkpoint is the owner's whole state as of the last record that was appended when it began.
 * journal_checkpoint_end hands the state over (*state emptied), any time later; replay of later
 * records must be correct even if the state includes their effects. Housekeeping writes it once all
 * records that were appended before its end are durable; then segments become free. One at a time:
 * ERR_BUSY while one is in progress.
 */
must_check enum err journal_checkpoint_begin(struct journal *journal);
void journal_checkpoint_end(struct journal *journal, struct buf *state);
/* From its beginning until it is durable. */
bool journal_checkpoint_is_under_way(const struct journal *journal);

/* ---- numbers, for metrics; any thread ---- */

struct journal_stats {
	uint64_t batches, records, bytes; /* committed; bytes with headers and padding */
	uint64_t sync_ns_sum, sync_count; /* time in sync, and how many */
	uint64_t batch_records_max;
	uint64_t segments, spare_segments, live_bytes, log_bytes;
	uint64_t checkpoints, compacted_segments, recycled_segments, damaged_reads;
	bool has_failed, is_full;
};
struct journal_stats journal_stats_read(const struct journal *journal);

#endif
