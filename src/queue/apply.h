/* SPDX-License-Identifier: MIT */
/*
 * apply: the changes that records make to the state, live and at replay.
 */
#ifndef TERN_QUEUE_APPLY_H
#define TERN_QUEUE_APPLY_H

#include "queue/state.h"

/* At replay. ERR_DAMAGED, ERR_VERSION, ERR_IO. */
must_check enum err apply_record(struct engine *engine, const struct journal_record *record);
void apply_send(struct engine *engine, struct engine_queue *queue, const struct record_head *head,
		struct journal_location location);
void apply_gate(struct engine_queue *queue, const struct record_gate *gate);
/* A receive, as in its record. */
struct lease {
	int64_t received_ms, visible_ms, wall_ms;
};
void apply_lease(struct engine *engine, struct message *message, const struct lease *lease);
void apply_visibility(struct engine *engine, struct message *message, int64_t visible_ms);
void apply_give_back(struct engine *engine, struct message *message);

#endif
