/* SPDX-License-Identifier: MIT */
/* measure: counts bytes that pass through the journal, and messages that change their queue or
 * list. */
#include "queue/sim/measure.h"

#include "queue/sim/canary.h"
#include "queue/state.h"

struct turn_work turn_work;

uint64_t __real_journal_append(struct journal *journal, uint8_t type, uint64_t queue,
			       const struct str *parts, size_t part_count,
			       struct journal_location *out_location);
uint64_t __wrap_journal_append(struct journal *journal, uint8_t type, uint64_t queue,
			       const struct str *parts, size_t part_count,
			       struct journal_location *out_location);
enum err __real_journal_read(struct journal *journal, struct journal_location location,
			     struct buf *out, struct journal_record *out_record);
enum err __wrap_journal_read(struct journal *journal, struct journal_location location,
			     struct buf *out, struct journal_record *out_record);
void __real_message_place(struct engine *engine, struct message *message);
void __wrap_message_place(struct engine *engine, struct message *message);
bool __real_turn_is_over(const struct engine *engine);
bool __wrap_turn_is_over(const struct engine *engine);

uint64_t __wrap_journal_append(struct journal *journal, uint8_t type, uint64_t queue,
			       const struct str *parts, size_t part_count,
			       struct journal_location *out_location)
{
	struct journal_work *work = NULL;

	if (canary == CANARY_SPLIT_FANOUT && type == RECORD_REFERENCE)
		work = journal_work_begin(journal, JOURNAL_COMMIT);
	if (work) {
		journal_work_run(work);
		journal_work_end(journal, work);
	}
	for (size_t i = 0; i < part_count; i++)
		turn_work.bytes += parts[i].size;
	return __real_journal_append(journal, type, queue, parts, part_count, out_location);
}

enum err __wrap_journal_read(struct journal *journal, struct journal_location location,
			     struct buf *out, struct journal_record *out_record)
{
	turn_work.bytes += turn_work.is_answering ? 0 : location.size;
	return __real_journal_read(journal, location, out, out_record);
}

bool __wrap_turn_is_over(const struct engine *engine)
{
	return canary != CANARY_LONG_TURN && __real_turn_is_over(engine);
}

void __wrap_message_place(struct engine *engine, struct message *message)
{
	turn_work.items++;
	__real_message_place(engine, message);
}
