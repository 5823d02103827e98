/* SPDX-License-Identifier: MIT */
/*
 * attempt: receive attempts of FIFO queues that may be repeated; see repeat.h.
 *
 * Attempts live in memory only: after a restart a repeated one is a new receive, and finds the
 * group locked until its visibility timeout is over. The oldest are dropped when there are more
 * than the limit of messages in flight.
 */
#ifndef TERN_QUEUE_ATTEMPT_H
#define TERN_QUEUE_ATTEMPT_H

#include "queue/state.h"

struct attempt *attempt_find(struct queue_extra *extra, const uint8_t key[16]);
/* Records the deliveries of a receive, in place of an earlier attempt of that key. */
void attempt_remember(struct engine *engine, const struct queue_command *command,
		      struct engine_queue *queue, int64_t visible_ms);
/* Removes a message that was given back, so that the attempt does not repeat it. */
void attempt_leave_out(struct engine_queue *queue, const uint8_t key[16],
		       const struct queue_handle *handle);
void attempt_forget(struct queue_extra *extra, struct attempt *attempt);
/* Forgets attempts that are over, a bounded number. */
void attempt_drop(struct engine_queue *queue, int64_t now_ms);

#endif
