/* SPDX-License-Identifier: MIT */
/*
 * engines: which engine of the server has a queue.
 *
 * A server has one or more engines, its partitions, each with a journal of its own (--partitions).
 * The place of a queue's engine is the queue's number modulo their count, which is fixed when the
 * data directory is made. Dead-letter queues, moves and fan-outs work within one engine, so all
 * queues of an account, its archives and the gates of its topics have numbers of one place, that of
 * the account.
 */
#ifndef TERN_CORE_ENGINES_H
#define TERN_CORE_ENGINES_H

#include "core/core.h"

/* Of the queue with that number. */
static inline uint32_t engines_place(const struct core *core, uint64_t number)
{
	return core->engine_count == 1 ? 0 : (uint32_t)(number % core->engine_count);
}

/* Its digits modulo the count, so that an operator can tell. The same in all versions. */
uint32_t engines_place_of_account(const struct core *core, struct str account);

/* The least number from `least` on with that place. */
uint64_t engines_number(const struct core *core, uint32_t place, uint64_t least);

/* Any thread: sums over all engines. Of batch_records_max the largest; has_failed and is_full are
 * true if they are for one. */
struct journal_stats engines_journal_stats(const struct core *core);
struct engine_stats engines_stats(const struct core *core);

#endif
