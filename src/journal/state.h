/* SPDX-License-Identifier: MIT */
/*
 * state: the structs of the journal, for the sources of this folder.
 *
 * The owner's thread changes all state here; running work touches only its own struct journal_work,
 * its files and batches, and members that are atomic or documented as shared. The files include
 * each other in one direction: state, then record and segment, then checkpoint, then meta, index
 * and replay, then batch, then housekeeping, then recover, then journal.
 */
#ifndef TERN_JOURNAL_STATE_H
#define TERN_JOURNAL_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "journal/journal.h"
#include "journal/layout.h"
#include "journal/recent.h"

enum {
	JOURNAL_NAME_SIZE = 64,
	JOURNAL_SEGMENT_SIZE_MIN = 64 << 10,
	JOURNAL_SEGMENT_SIZE_MAX = 1 << 30,
	/* Spares of a full disk: not for messages, and of those not for changes either. */
	JOURNAL_RESERVE_SPARES = 2,
	JOURNAL_LAST_SPARES = 1,
	/* After a full disk: calls of journal_work_begin until allocation is tried again. */
	JOURNAL_FULL_RETRY_CALLS = 64,
	/* The end of a segment that a full disk keeps for JOURNAL_ROOM_LAST, if it is the last. */
	JOURNAL_LAST_SIZE = 16 << 10,
	/* The file that is kept for the next checkpoint has at least this size, or a segment's. */
	JOURNAL_CHECKPOINT_ROOM_SIZE = 256 << 10,
	/* Least capacity of a batch's buffer. */
	JOURNAL_BUFFER_SIZE = 16 << 10,
	/* A batch's buffer that grew beyond this is not kept. */
	JOURNAL_BUFFER_KEEP_SIZE = 8 << 20,
	JOURNAL_CHECKPOINT_AFTER_SIZE = 256 << 20,
	/* Bytes of a spare that one piece of housekeeping zeroes. */
	JOURNAL_ZERO_SIZE = 4 << 20,
	/* An owner that appends less than this part of a segment needs no zeroed spare. */
	JOURNAL_ZERO_AFTER_PART = 16,
	/* A spare counts as written if at most this part of it was not: a segment's last bytes are
	 * seldom used. */
	JOURNAL_UNWRITTEN_PART = 16,
};

/* A file of a segment's size that waits to become one. */
struct spare {
	uint64_t number;  /* in its name; 0: none */
	uint32_t written; /* bytes from the start that were written or zeroed before */
	bool is_out;	  /* housekeeping zeroes a part of it, so no segment may take it */
};

struct segment {
	uint32_t number;
	uint32_t size;	    /* of the file */
	uint32_t used;	    /* bytes assigned to batches; `size` once that is unknown */
	uint64_t first_lsn; /* no record in it is older; 0: not known */
	uint64_t last_lsn;  /* in it, or before it if it has none */
	_Atomic(struct disk_file *) file; /* NULL until a commit made it */
	_Atomic uint32_t written;	  /* bytes that can be read from the file */
	_Atomic uint32_t pins;
	int64_t live_records, live_bytes;
	uint64_t dead_serial; /* checkpoints handed over when the last live record went */
	bool is_sealed, is_compacted;
	/* Before it has a file: the spare it will become, or none. Taken at its first record. */
	struct spare spare;
	bool prefers_new; /* the spare is of the reserve: a new file is tried first */
	bool has_index_waiting, may_have_index;
	struct buf index;	      /* waits to be written */
	struct disk_file *index_file; /* durable index, or NULL */
	uint64_t index_size;	      /* bytes of the owner in it */
	uint32_t index_sum;	      /* their checksum */
};

struct batch {
	struct batch *next;
	struct segment *segment;
	uint32_t offset;
	uint32_t record_count;
	size_t content_size; /* without padding; from batch_close on */
	uint32_t content_crc;
	uint64_t first_lsn;
	struct buf bytes; /* header included, padding from batch_close on; aligned to blocks */
	/* While it is out with a commit: */
	struct disk_file *made_file; /* by run, for a segment that had none */
	bool has_used_spare;
	bool is_written;
};

struct batch_list {
	struct batch *first, *last;
};

enum housekeeping_kind {
	HOUSEKEEPING_RECYCLE,
	HOUSEKEEPING_SPARE,
	HOUSEKEEPING_ZERO,
	HOUSEKEEPING_CHECKPOINT_ROOM,
	HOUSEKEEPING_INDEX,
	HOUSEKEEPING_CHECKPOINT,
};

struct checkpoint {
	uint64_t lsn;		  /* where replay starts, less one */
	uint64_t end_lsn;	  /* must be durable before it is written */
	uint32_t segment, offset; /* where replay starts */
	uint32_t epoch;
	struct buf segments; /* numbers of those that must exist, u32 each */
	struct buf state;
};

/* The content of journal.meta. */
struct meta {
	struct disk_file *file; /* NULL: a full disk prevented its creation */
	uint32_t epoch, last_segment;
	uint64_t serial;
};

struct journal_work {
	struct journal *journal;
	enum journal_lane lane;
	bool is_out;
	enum err err;
	bool was_full; /* an allocation met a full disk, whether or not it succeeded later */

	struct batch_list batches; /* commit */
	uint64_t sync_ns, sync_count;
	bool is_started; /* and has not ended yet */
	int64_t start_ns;

	enum housekeeping_kind kind;
	struct segment *segment; /* recycle, index */
	struct buf index;
	uint32_t index_sum;
	struct disk_file *index_file;
	uint64_t spare; /* recycle: its new name, 0 to unlink; spare: the one to make;
			   zero: the one to zero a part of */
	uint32_t zero_offset, zero_size;
	uint64_t checkpoint_room; /* of the file for the next checkpoint, before and after */
	struct spare fallbacks[JOURNAL_RESERVE_SPARES]; /* for a checkpoint that needs more */
	size_t fallback_count, fallbacks_used;
};

struct journal {
	struct disk *disk;
	struct journal_options options;
	uint32_t epoch;
	struct meta meta; /* the commit lane's, once opening has ended */
	_Atomic(pthread_t) owner;
	struct recent *recent; /* NULL: none is kept */
	pthread_mutex_t names; /* opening, renaming, unlinking: one lane at a time */

	/* Segments by number; the owner changes it with `table` held for writing and reads it
	 * freely. */
	pthread_rwlock_t table;
	struct segment **segments; /* by number */
	size_t segments_count, segments_capacity;
	struct segment *open_segment;
	size_t dead_count;	   /* sealed, nothing live */
	size_t dead_waiting_count; /* of those, not covered by a checkpoint yet */

	struct batch *open_batch;  /* NULL: the next append starts one */
	struct batch_list waiting; /* closed, in order */
	struct batch *free_batches;
	uint64_t tail_lsn, durable_lsn;
	bool has_failed;

	struct {
		struct spare *items;
		size_t count, capacity;
	} spares;
	uint64_t next_spare;
	uint64_t appended_since_open;
	bool is_full;	 /* the last allocation met a full disk */
	bool is_stalled; /* batches wait for a segment, and the disk has no room for one */
	uint32_t full_wait, stall_wait;

	struct checkpoint checkpoint; /* under way */
	bool has_begun_checkpoint;    /* its state is not there yet */
	bool has_checkpoint;
	uint64_t checkpoint_room; /* size of the file kept for the next one, 0: there is none */
	uint64_t checkpoint_size; /* of the last one's file */
	/*
	 * Checkpoints handed over, and how many of them are durable. A segment is recycled only
	 * once a checkpoint from after its death is durable: until then a crash may restore its
	 * records.
	 */
	uint64_t checkpoint_serial, durable_serial;
	uint64_t checkpoint_lsn; /* durable */
	uint32_t checkpoint_segment;
	uint64_t appended_since_checkpoint;
	uint32_t index_waiting_count;

	struct journal_work commit, housekeeping;

	struct {
		_Atomic uint64_t batches, records, bytes, sync_ns, sync_count, batch_records_max;
		_Atomic uint64_t segments, spares, live_bytes, log_bytes;
		_Atomic uint64_t checkpoints, compacted, recycled, damaged_reads;
		_Atomic bool has_failed, is_full;
	} stats;
};

/* No record becomes durable from now on. */
void journal_fail(struct journal *journal);
void journal_set_full(struct journal *journal, bool is_full);

#endif
