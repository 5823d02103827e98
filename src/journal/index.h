/* SPDX-License-Identifier: MIT */
/* index: index files beside sealed segments. */
#ifndef TERN_JOURNAL_INDEX_H
#define TERN_JOURNAL_INDEX_H

#include "journal/state.h"

must_check enum err index_write(struct journal_work *work);
/* At recovery: takes over an existing index file, if it is valid. */
void index_adopt(struct journal *journal, struct segment *segment);
void index_name(uint32_t segment, char out[JOURNAL_NAME_SIZE]);

#endif
