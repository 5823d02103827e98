/* SPDX-License-Identifier: MIT */
/* replay: reads the batches of a segment and hands on their records. */
#ifndef TERN_JOURNAL_REPLAY_H
#define TERN_JOURNAL_REPLAY_H

#include "journal/state.h"

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
