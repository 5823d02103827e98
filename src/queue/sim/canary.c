/* SPDX-License-Identifier: MIT */
/* canary: the linker redirects calls of the engine here (--wrap), so the engine's code is
 * unchanged. */
#include "queue/sim/canary.h"

#include "queue/state.h"

const char *const canary_names[CANARIES] = {
	"none",	       "lost-sync",	  "early-answer",    "forget-delete",
	"forget-lock", "overtake-extent", "wall-clock",	     "long-dedup",
	"long-turn",   "late-image",	  "half-fanout",     "split-fanout",
	"lost-copy",   "forget-gate",	  "forget-archived", "split-outcome",
};

enum canary canary;

enum err __real_apply_record(struct engine *engine, const struct journal_record *record);
enum err __wrap_apply_record(struct engine *engine, const struct journal_record *record);
bool __real_extent_takes(const struct engine *engine, const struct engine_queue *queue,
			 const struct group *group);
bool __wrap_extent_takes(const struct engine *engine, const struct engine_queue *queue,
			 const struct group *group);
struct dedup *__real_dedup_find_first(const struct engine *engine, struct engine_queue *queue,
				      const uint8_t key[16], uint64_t group);
struct dedup *__wrap_dedup_find_first(const struct engine *engine, struct engine_queue *queue,
				      const uint8_t key[16], uint64_t group);
uint64_t __real_journal_durable_lsn(const struct journal *journal);
uint64_t __wrap_journal_durable_lsn(const struct journal *journal);

enum err __wrap_apply_record(struct engine *engine, const struct journal_record *record)
{
	const struct engine_queue *queue = queue_find(engine, record->queue);

	if ((canary == CANARY_FORGET_DELETE && record->type == RECORD_DELETE) ||
	    (canary == CANARY_FORGET_LOCK && record->type == RECORD_LEASE && queue &&
	     queue->is_fifo) ||
	    (canary == CANARY_FORGET_GATE && record->type == RECORD_GATE) ||
	    (canary == CANARY_FORGET_ARCHIVED && record->type == RECORD_REFERENCE &&
	     queue_number_is_archive(record->queue)) ||
	    (canary == CANARY_HALF_FANOUT && record->type == RECORD_REFERENCE && record->lsn % 2))
		return ERR_OK;
	return __real_apply_record(engine, record);
}

uint64_t __wrap_journal_durable_lsn(const struct journal *journal)
{
	return canary == CANARY_EARLY_ANSWER ? journal_tail_lsn(journal)
					     : __real_journal_durable_lsn(journal);
}

bool __wrap_extent_takes(const struct engine *engine, const struct engine_queue *queue,
			 const struct group *group)
{
	return canary == CANARY_OVERTAKE_EXTENT && !queue->is_archive
		       ? group->ready_count >= 2 * engine->options.window
		       : __real_extent_takes(engine, queue, group);
}

struct dedup *__wrap_dedup_find_first(const struct engine *engine, struct engine_queue *queue,
				      const uint8_t key[16], uint64_t group)
{
	struct dedup *dedup = __real_dedup_find_first(engine, queue, key, group);

	if (canary == CANARY_LONG_DEDUP && dedup)
		dedup->until_ms = INT64_MAX;
	return dedup;
}

void __real_image_keep_message(struct engine *engine, struct message *message);
void __wrap_image_keep_message(struct engine *engine, struct message *message);

void __wrap_image_keep_message(struct engine *engine, struct message *message)
{
	if (canary != CANARY_LATE_IMAGE)
		__real_image_keep_message(engine, message);
}

bool __real_copies_has(const struct engine *engine, const struct shared_copy *copy,
		       uint32_t offset);
bool __wrap_copies_has(const struct engine *engine, const struct shared_copy *copy,
		       uint32_t offset);

bool __wrap_copies_has(const struct engine *engine, const struct shared_copy *copy, uint32_t offset)
{
	if (canary == CANARY_LOST_COPY)
		return true;
	return __real_copies_has(engine, copy, offset);
}

bool __real_journal_keep_together(struct journal *journal, size_t records, size_t bytes);
bool __wrap_journal_keep_together(struct journal *journal, size_t records, size_t bytes);

bool __wrap_journal_keep_together(struct journal *journal, size_t records, size_t bytes)
{
	/* The batches that it is split into take more room. */
	if (canary == CANARY_SPLIT_FANOUT)
		bytes += 32 << 10;
	return __real_journal_keep_together(journal, records, bytes);
}

void __real_log_append_messages(struct engine *engine, enum record_type type,
				struct engine_queue *queue, struct message *const *messages,
				size_t count);
void __wrap_log_append_messages(struct engine *engine, enum record_type type,
				struct engine_queue *queue, struct message *const *messages,
				size_t count);

void __wrap_log_append_messages(struct engine *engine, enum record_type type,
				struct engine_queue *queue, struct message *const *messages,
				size_t count)
{
	__real_log_append_messages(engine, type, queue, messages, count);
	if (canary == CANARY_SPLIT_OUTCOME && type == RECORD_DELETE &&
	    queue_number_is_internal(queue->number))
		(void)__real_journal_keep_together(engine->journal, 0, 60 << 10); /* rolls */
}
