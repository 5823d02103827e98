/* SPDX-License-Identifier: MIT */
/* batch: batches and commits. */
#ifndef TERN_JOURNAL_BATCH_H
#define TERN_JOURNAL_BATCH_H

#include "journal/state.h"

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
/* Continues in a new segment and seals the previous one. */
void batch_roll(struct journal *journal);

#endif
