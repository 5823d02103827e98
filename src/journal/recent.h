/* SPDX-License-Identifier: MIT */
/*
 * recent: the latest batches of the journal, in memory.
 *
 * Commits may bypass the page cache, so recent batches are read from here. A ring of bytes and one
 * of batches: a new batch replaces the oldest. The owner adds; any thread finds.
 */
#ifndef TERN_JOURNAL_RECENT_H
#define TERN_JOURNAL_RECENT_H

#include "base/base.h"

struct recent;

/* Keeps at most `size` bytes and LIMIT_JOURNAL_RECENT_BATCHES batches. */
struct recent *recent_new(size_t size);
void recent_free(struct recent **recent); /* accepts NULL, leaves NULL */
/* Copies a durable batch. Batches arrive in the order of the log. A batch larger than the ring is
 * not kept. */
void recent_add(struct recent *recent, uint32_t segment, uint32_t offset, struct str bytes);
/* Copies `size` bytes of one batch to `out` if it is kept. */
bool recent_find(struct recent *recent, uint32_t segment, uint32_t offset, uint32_t size,
		 char *out);

#endif
