/* SPDX-License-Identifier: MIT */
/*
 * file: sealed points of many series in one span of time, in steps of one length; never changed.
 *
 * Blocks (block.h) stand in order of their series' numbers, in frames of about FRAME_SIZE bytes,
 * each sealed by itself; an index at the end says where the frames are. It stays in memory: 16
 * bytes a frame.
 *
 * A file is counted by reference; reading is for any thread and waits for the disk.
 */
#ifndef TERN_METRIC_FILE_H
#define TERN_METRIC_FILE_H

#include "metric/metric.h"
#include "metric/sealing.h"

struct metric_file;

struct metric_file_name {
	uint32_t step_s;
	int64_t span_s;	   /* where the span begins */
	uint64_t sequence; /* no other file has it */
};

/* Seconds of a span of files of that step. */
int64_t metric_span_of(uint32_t step_s);
/* The file's name, in `out`: at most METRIC_FILE_NAME_SIZE bytes with NUL. */
enum { METRIC_FILE_NAME_SIZE = 64 };
void metric_file_format(const struct metric_file_name *name, char *out);

/* ---- writing ---- */

/* directory NULL: in memory. ERR_IO with errno, ERR_FULL. */
struct metric_file_writer;
must_check enum err metric_file_create(const char *directory, const struct metric_seal *seal,
				       struct metric_file_name name,
				       struct metric_file_writer **out_writer);
/* Series ascend; the points are those of metric_block_append. */
void metric_file_add(struct metric_file_writer *writer, uint32_t series,
		     const struct metric_point *points, size_t count);
/* Makes the file durable; frees the writer. *out_file NULL: it would be empty and was removed. */
must_check enum err metric_file_finish(struct metric_file_writer *writer,
				       struct metric_file **out_file);
/* Removes what was written; accepts NULL. */
void metric_file_cancel(struct metric_file_writer *writer);

/* ---- reading ---- */

/* ERR_DAMAGED, ERR_VERSION, ERR_IO with errno. */
must_check enum err metric_file_open(const char *directory, const struct metric_seal *seal,
				     struct metric_file_name name, struct metric_file **out_file);
void metric_file_hold(struct metric_file *file);
void metric_file_release(struct metric_file *file);
/* From the last release on, its name in the directory is removed. */
void metric_file_remove(struct metric_file *file, const char *directory);
const struct metric_file_name *metric_file_name(const struct metric_file *file);
uint64_t metric_file_size(const struct metric_file *file);

/* The series' points, in the arena; *out_count 0: it has none. */
must_check enum err metric_file_read(struct metric_file *file, struct arena *arena, uint32_t series,
				     struct metric_point **out_points, size_t *out_count);

/* All series in order of their numbers. */
struct metric_file_cursor {
	struct metric_file *file;
	size_t frame; /* the next one */
	struct buf bytes;
	struct byte_reader reader;
	uint32_t series; /* of the current block; 0: at the end */
	struct str block;
};
must_check enum err metric_file_begin(struct metric_file_cursor *cursor, struct metric_file *file);
must_check enum err metric_file_next(struct metric_file_cursor *cursor);
void metric_file_end(struct metric_file_cursor *cursor);

#endif
