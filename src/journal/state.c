/* SPDX-License-Identifier: MIT */
/* state: changes that both lanes end with; the owner's thread. */
#include "journal/state.h"

void journal_fail(struct journal *journal)
{
	journal->has_failed = true;
	atomic_store_explicit(&journal->stats.has_failed, true, memory_order_relaxed);
}

void journal_set_full(struct journal *journal, bool is_full)
{
	journal->is_full = is_full;
	journal->full_wait = is_full ? JOURNAL_FULL_RETRY_CALLS : 0;
	atomic_store_explicit(&journal->stats.is_full, is_full, memory_order_relaxed);
}
