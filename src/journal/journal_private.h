/* SPDX-License-Identifier: MIT */
/*
 * journal_private: shared by the parts of the journal. Not for other folders.
 *
 * The owner's thread changes all state here; running work touches only its own struct journal_work,
 * its files and batches, and members that are atomic or documented as shared.
 */
#ifndef TERN_JOURNAL_JOURNAL_PRIVATE_H
#define TERN_JOURNAL_JOURNAL_PRIVATE_H

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

/* ---- segment.c ---- */

/* Any thread that may know the segment; NULL if there is none of that number. */
struct segment *segment_find(struct journal *journal, uint32_t number);
/* The owner's, without the lock. */
struct segment *segment_of(const struct journal *journal, uint32_t number);
/* Adds one at the end; numbers ascend. */
struct segment *segment_add(struct journal *journal, uint32_t number, uint32_t size);
/* Takes it out of the table; the caller frees it. */
void segment_remove(struct journal *journal, struct segment *segment);
void segment_free(struct journal *journal, struct segment *segment);
void segment_seal(struct journal *journal, struct segment *segment);
/* Counts the dead anew after a checkpoint. */
void segment_count_dead(struct journal *journal);
/* Releases the resources of a sealed segment's commits, once all of them are durable. */
void segment_end_commits(struct journal *journal, struct segment *segment);
/* One that may be recycled now, or NULL. */
struct segment *segment_find_recyclable(const struct journal *journal);
bool segment_is_durable(const struct journal *journal, const struct segment *segment);
void segment_name(uint32_t number, char out[JOURNAL_NAME_SIZE]);
void spare_name(uint64_t spare, char out[JOURNAL_NAME_SIZE]);
void spare_push(struct journal *journal, struct spare spare);
/* The spare with the most written bytes; number 0: there is none. */
struct spare spare_pop(struct journal *journal);
struct spare *spare_find(struct journal *journal, uint64_t number);
/* True if writes to the spare overwrite blocks. */
bool spare_is_written(const struct journal *journal, const struct spare *spare);
/* The purposes of records that may use the next spare while the disk is full. With one spare more
 * than exist: those that may fill the open segment. */
enum journal_room spare_level(uint64_t spares_count);

/* ---- journal.c ---- */

/* Continues in a new segment and seals the previous one. */
void journal_roll(struct journal *journal);
/* Bytes that the open segment has room for in any case. */
uint32_t journal_open_rest(const struct journal *journal);

/* ---- batch.c ---- */

/* Closes the open batch, if there is one: fills in its header and queues it. */
void batch_close(struct journal *journal);
struct batch *batch_start(struct journal *journal);
/* Room for `size` more bytes at the end, not zeroed. */
char *batch_extend(struct batch *batch, size_t size);
/* The bytes of a record that is not written yet, or NULL. Owner. */
const char *batch_find_record(const struct journal *journal, struct journal_location location);
void batch_free_all(struct journal *journal);
struct journal_work *commit_begin(struct journal *journal);
void commit_run(struct journal_work *work);
bool commit_start(struct journal_work *work);
bool commit_has_ended(struct journal_work *work);
void commit_end(struct journal *journal, struct journal_work *work);

/* ---- record.c ---- */

size_t record_header_size(size_t data_size, uint64_t queue);
/* Writes the header in front of the data that stands behind it already; returns the CRC. `size` is
 * that of header and data, `segment` the number of the record's segment. */
uint32_t record_format_header(char *at, size_t size, uint64_t queue, uint8_t type,
			      uint32_t segment);
/* Checks that the bytes are one valid record of that segment. Leaves the location unchanged. LSN
 * and epoch are 0 since version 5. */
bool record_parse(struct str bytes, uint32_t segment, struct journal_record *out_record);
/* Size of the record that `rest`, of a batch of that version, begins with; 0: none is there. */
size_t record_size(struct str rest, uint32_t version);

/* ---- housekeeping.c ---- */

struct journal_work *housekeeping_begin(struct journal *journal);
void housekeeping_run(struct journal_work *work);
void housekeeping_end(struct journal *journal, struct journal_work *work);
/* For good. */
void journal_fail(struct journal *journal);
void journal_set_full(struct journal *journal, bool is_full);
/* Makes a spare of that number. Blocks. */
must_check enum err spare_make(struct journal *journal, uint64_t spare);

/* ---- checkpoint.c ---- */

void checkpoint_name(uint64_t lsn, char out[JOURNAL_NAME_SIZE]);
/* Writes the checkpoint durably, into the reserved file if there is one; the previous checkpoint
 * becomes the reserved file. */
must_check enum err checkpoint_write(struct journal_work *work);
/* ERR_DAMAGED, ERR_VERSION, ERR_IO. */
must_check enum err checkpoint_load(struct disk *disk, uint64_t lsn,
				    struct checkpoint *out_checkpoint);
uint64_t checkpoint_file_size(const struct checkpoint *checkpoint);
/* Makes that file, or makes it larger. */
must_check enum err checkpoint_make_room(struct journal_work *work);
#define CHECKPOINT_ROOM "checkpoint.room"
/* Becomes the reserved file once the first checkpoint has used that. */
#define CHECKPOINT_SECOND_ROOM "checkpoint.room.2"
/* Size of the reserved file; 0: it does not exist. Uses the second one if the first was lost. */
uint64_t checkpoint_find_room(struct disk *disk);
void checkpoint_done(struct checkpoint *checkpoint);
/* Writes a whole small file durably under `name`, through a temporary file. */
must_check enum err file_replace(struct disk *disk, const char *temporary, const char *name,
				 struct str content);

/* ---- meta.c ---- */

/* Opens the file and reads it. ERR_NOTFOUND, ERR_DAMAGED, ERR_VERSION, ERR_IO. */
must_check enum err meta_load(struct disk *disk, struct meta *out_meta);
/* Writes it, durably if `syncs`. ERR_FULL: it has no file and the disk has no room. */
must_check enum err meta_save(struct disk *disk, struct meta *meta, bool syncs);
void meta_close(struct disk *disk, struct meta *meta);

/* ---- index.c ---- */

must_check enum err index_write(struct journal_work *work);
/* At recovery: takes over an existing index file, if it is valid. */
void index_adopt(struct journal *journal, struct segment *segment);
void index_name(uint32_t segment, char out[JOURNAL_NAME_SIZE]);

/* ---- recover.c and replay.c ---- */

struct replay {
	struct journal *journal;
	struct journal_report *report;
	journal_record_fn apply;
	void *context;
	uint64_t next_lsn;		  /* expected */
	uint32_t epoch;			  /* of the last batch */
	uint32_t epoch_max;		  /* of all seen */
	uint32_t end_segment, end_offset; /* where the last good batch ended */
	struct buf window;		  /* a part of the segment at hand, from window_offset */
	uint64_t window_offset;
};

must_check enum err recover(struct journal *journal, journal_checkpoint_fn load,
			    journal_record_fn apply, void *context, struct journal_report *report);
/* Replays one segment from `offset`; `next` is the one behind it, or NULL. */
must_check enum err replay_segment(struct replay *replay, struct segment *segment, uint32_t offset,
				   struct segment *next);
/* The first LSN of the good batch at the start of a segment; 0 if there is none. ERR_IO,
 * ERR_VERSION. */
must_check enum err replay_first_lsn(struct replay *replay, struct segment *segment,
				     uint64_t *out_lsn);
void report_damage(struct journal_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
