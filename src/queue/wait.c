/* SPDX-License-Identifier: MIT */
/* wait: a waiting receive is in its queue's list and has a timer. */
#include "queue/wait.h"

#include "queue/answer.h"
#include "queue/state.h"

/* A receive that does not wait stays for this long while messages are moved to the dead-letter
 * queue. */
enum { UNFINISHED_MS = 1000 };

void wait_begin(struct engine *engine, struct queue_command *command, struct engine_queue *queue)
{
	int64_t wait_ms = command->receive.wait_ms ? command->receive.wait_ms : UNFINISHED_MS;

	command->receive.wait.kind = TIMER_WAIT;
	list_push_back(&queue->waiting, &command->link);
	timer_set(&engine->timers, &command->receive.wait, engine->now_ms + wait_ms);
	queue->unfinished += command->receive.wait_ms == 0;
	atomic_fetch_add_explicit(&engine->waiting_count, 1, memory_order_relaxed);
}

void wait_leave(struct engine *engine, struct engine_queue *queue, struct queue_command *command)
{
	check(timer_is_set(&command->receive.wait));
	check(command->receive.wait_ms > 0 || queue->unfinished > 0);
	queue->unfinished -= command->receive.wait_ms == 0;
	list_remove(&command->link);
	timer_clear(&engine->timers, &command->receive.wait);
	atomic_fetch_sub_explicit(&engine->waiting_count, 1, memory_order_relaxed);
}

void wait_end(struct engine *engine, struct queue_command *command, enum queue_result result)
{
	struct engine_queue *queue = queue_find(engine, command->queue);

	wait_leave(engine, queue, command);
	if (result == QUEUE_OK)
		atomic_fetch_add_explicit(&queue->counters->empty_receives, 1,
					  memory_order_relaxed);
	answer_now(command, result);
}

void wait_end_all(struct engine *engine, enum queue_result result)
{
	struct engine_queue *queue;
	size_t cursor = 0;

	if (atomic_load_explicit(&engine->waiting_count, memory_order_relaxed) == 0)
		return;
	while ((queue = map_next(&engine->queues, &cursor)))
		while (!list_is_empty(&queue->waiting))
			wait_end(engine,
				 container_of(queue->waiting.next, struct queue_command, link),
				 result);
}
