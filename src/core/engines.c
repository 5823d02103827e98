/* SPDX-License-Identifier: MIT */
/* engines: an account that is no number has the place of its checksum. */
#include "core/engines.h"

uint32_t engines_place_of_account(const struct core *core, struct str account)
{
	uint64_t number;

	if (core->engine_count == 1)
		return 0;
	if (!str_to_u64(account, &number))
		number = crc32c(0, account);
	return engines_place(core, number);
}

uint64_t engines_number(const struct core *core, uint32_t place, uint64_t least)
{
	uint32_t count = core->engine_count;

	check(place < count);
	return least + (place + count - engines_place(core, least)) % count;
}

static void add_journal(struct journal_stats *sum, const struct journal_stats *more)
{
	sum->batches += more->batches;
	sum->records += more->records;
	sum->bytes += more->bytes;
	sum->sync_ns_sum += more->sync_ns_sum;
	sum->sync_count += more->sync_count;
	if (more->batch_records_max > sum->batch_records_max)
		sum->batch_records_max = more->batch_records_max;
	sum->segments += more->segments;
	sum->spare_segments += more->spare_segments;
	sum->live_bytes += more->live_bytes;
	sum->log_bytes += more->log_bytes;
	sum->checkpoints += more->checkpoints;
	sum->compacted_segments += more->compacted_segments;
	sum->recycled_segments += more->recycled_segments;
	sum->damaged_reads += more->damaged_reads;
	sum->has_failed |= more->has_failed;
	sum->is_full |= more->is_full;
}

struct journal_stats engines_journal_stats(const struct core *core)
{
	struct journal_stats sum = {0};

	for (uint32_t i = 0; i < core->engine_count; i++) {
		const struct journal_stats more = engine_journal_stats(core->engines[i]);
		add_journal(&sum, &more);
	}
	return sum;
}

struct engine_stats engines_stats(const struct core *core)
{
	struct engine_stats sum = {0};

	for (uint32_t i = 0; i < core->engine_count; i++) {
		const struct engine_stats more = engine_stats_read(core->engines[i]);
		sum.queues += more.queues;
		sum.messages_in_memory += more.messages_in_memory;
		sum.extents += more.extents;
		sum.waiting_receives += more.waiting_receives;
	}
	return sum;
}
