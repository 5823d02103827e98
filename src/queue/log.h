/* SPDX-License-Identifier: MIT */
/*
 * log: appends the engine's records to the journal and reads messages back.
 *
 * Both are counted against the turn.
 */
#ifndef TERN_QUEUE_LOG_H
#define TERN_QUEUE_LOG_H

#include "queue/state.h"

/* Returns the record's LSN. out_location may be NULL. */
uint64_t log_append(struct engine *engine, enum record_type type, uint64_t queue,
		    const struct str *parts, size_t count, struct journal_location *out_location);
/* Appends a record that names these messages, at most RECORD_SEQS_MAX. */
void log_append_messages(struct engine *engine, enum record_type type, struct engine_queue *queue,
			 struct message *const *messages, size_t count);
/* Reads a message's record into engine->scratch; the outputs point there. False: it cannot be read,
 * and the message is marked from then on. */
bool log_read_head(struct engine *engine, struct message *message, struct record_head *out_head,
		   struct str *out_payload);

#endif
