/* SPDX-License-Identifier: MIT */
/* segment: the table of segments, their live bytes, and spares. */
#ifndef TERN_JOURNAL_SEGMENT_H
#define TERN_JOURNAL_SEGMENT_H

#include "journal/state.h"

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
/* Bytes that the open segment has room for in any case. */
uint32_t segment_open_rest(const struct journal *journal);

#endif
