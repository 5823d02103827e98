/* SPDX-License-Identifier: MIT */
/* housekeeping: the work of the housekeeping lane. */
#ifndef TERN_JOURNAL_HOUSEKEEPING_H
#define TERN_JOURNAL_HOUSEKEEPING_H

#include "journal/state.h"

struct journal_work *housekeeping_begin(struct journal *journal);
void housekeeping_run(struct journal_work *work);
void housekeeping_end(struct journal *journal, struct journal_work *work);
/* Makes a spare of that number. Blocks. */
must_check enum err spare_make(struct journal *journal, uint64_t spare);

#endif
