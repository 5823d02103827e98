/* SPDX-License-Identifier: MIT */
/*
 * delay: works from the last message to the first, so that messages older than any delay are not
 * checked.
 */
#include "queue/delay.h"

#include "queue/message.h"
#include "queue/state.h"

enum { DELAYS_PER_TURN = 1000, DELAY_MS_MAX = LIMIT_DELAY_S * 1000 };

/* From the last message to the first: messages that are older than any delay are not checked. */
size_t delay_apply(struct engine *engine, struct engine_queue *queue)
{
	size_t count = 0;

	check(queue->is_fifo);
	while (queue->delays_next && count++ < DELAYS_PER_TURN) {
		struct message *message = queue->delays_next;
		struct list *before = message->in_queue.prev;
		bool is_old = message->since_ms + DELAY_MS_MAX <= engine->now_ms;
		queue->delays_next =
			before == &queue->messages || (is_old && !queue->has_mixed_ages)
				? NULL
				: container_of(before, struct message, in_queue);
		if (message->receives > 0)
			continue;
		message_unplace(engine, message);
		message_begin(engine, message, 0);
		message_place(engine, message);
	}
	if (queue->delays_next)
		timer_set(&engine->timers, &queue->delays, engine->now_ms);
	/* Delayed messages no longer block the ones that a receive can get. */
	queue_mark_dirty(engine, queue);
	queue_publish(queue);
	return count;
}

void delay_change(struct engine *engine, struct engine_queue *queue)
{
	if (!queue->is_fifo || list_is_empty(&queue->messages))
		return;
	queue->delays_next = container_of(queue->messages.prev, struct message, in_queue);
	timer_set(&engine->timers, &queue->delays, engine->now_ms);
}
