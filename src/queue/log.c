/* SPDX-License-Identifier: MIT */
/* log: engine->scratch holds one record at a time. */
#include "queue/log.h"

#include "queue/read.h"
#include "queue/state.h"
#include "queue/turn.h"

uint64_t log_append(struct engine *engine, enum record_type type, uint64_t queue,
		    const struct str *parts, size_t count, struct journal_location *out_location)
{
	struct journal_location unused;

	for (size_t i = 0; i < count; i++)
		turn_spend(engine, 0, parts[i].size);
	/* Only these are of no queue. */
	check(queue > 0 || type == RECORD_SHARED || type == RECORD_CLOCK);
	turn_spend(engine, 1, 0);
	return journal_append(engine->journal, (uint8_t)type, queue, parts, count,
			      out_location ? out_location : &unused);
}

void log_append_messages(struct engine *engine, enum record_type type, struct engine_queue *queue,
			 struct message *const *messages, size_t count)
{
	uint8_t bytes[RECORD_NAME_SIZE * RECORD_SEQS_MAX];
	struct str part = str_of(bytes, RECORD_NAME_SIZE * count);

	check(count <= RECORD_SEQS_MAX);
	for (size_t i = 0; i < count; i++) {
		check(messages[i]->queue == queue);
		put_u64(bytes + RECORD_NAME_SIZE * i, messages[i]->seq);
		put_u64(bytes + RECORD_NAME_SIZE * i + 8, messages[i]->group->hash);
	}
	log_append(engine, type, queue->number, &part, 1, NULL);
	turn_spend(engine, count, 0);
}

bool log_read_head(struct engine *engine, struct message *message, struct record_head *out_head,
		   struct str *out_payload)
{
	buf_reset(&engine->scratch);
	enum err err = read_message(engine->journal, message->location, false, &engine->scratch,
				    out_head, out_payload);
	turn_spend(engine, 0, engine->scratch.size);
	message->is_unreadable |= err != ERR_OK;
	return !err;
}
