/* SPDX-License-Identifier: MIT */
/*
 * purge: removes all messages of a queue, a part in each turn.
 *
 * Once the record is appended, no command finds the messages: the queue's struct with its messages
 * is retired, no number refers to it, and later turns free it from the front. A purged queue
 * continues in a new struct. Replay does the same at once.
 */

#include "queue/purge.h"

#include "queue/attempt.h"
#include "queue/backlog.h"
#include "queue/dedup.h"
#include "queue/extent.h"
#include "queue/image.h"
#include "queue/page.h"
#include "queue/state.h"
#include "queue/turn.h"

void purge_unlink(struct engine *engine, struct engine_queue *queue)
{
	check(!queue->is_retired);
	timer_clear(&engine->timers, &queue->retention);
	timer_clear(&engine->timers, &queue->delays);
	if (list_is_linked(&queue->dirty_link))
		list_remove(&queue->dirty_link);
	image_forget_queue(engine, queue);
	page_forget_queue(engine, queue);
	queue_forget(engine, queue);
}

static bool queue_drop_some(struct engine_queue *queue)
{
	struct queue_extra *extra = queue->extra;

	if (extra && !list_is_empty(&extra->dedups))
		dedup_forget(extra, container_of(extra->dedups.next, struct dedup, link));
	else if (extra && !list_is_empty(&extra->attempts))
		attempt_forget(extra, container_of(extra->attempts.next, struct attempt, link));
	else
		return false;
	return true;
}

static void move_commands(struct engine_queue *from, struct engine_queue *to)
{
	while (!list_is_empty(&from->waiting)) {
		struct list *link = from->waiting.next;
		list_remove(link);
		list_push_back(&to->waiting, link);
	}
	to->unfinished = from->unfinished;
	from->unfinished = 0;
}

static void retire(struct engine *engine, struct engine_queue *queue)
{
	purge_unlink(engine, queue);
	queue->is_retired = true;
	queue->counters = NULL;
	queue->delays_next = queue->expiry_next = NULL;
	list_push_back(&engine->retired, &queue->link);
}

void purge_messages(struct engine *engine, struct engine_queue *queue)
{
	struct queue_settings settings = queue->settings;
	struct queue_counters *counters = queue->counters;

	queue->settings.label = (struct str){0};
	retire(engine, queue);
	struct engine_queue *next = queue_get(engine, queue->number, queue->is_fifo);
	next->is_defined = queue->is_defined;
	next->settings = settings;
	next->counters = counters;
	next->next_seq = queue->next_seq;
	move_commands(queue, next);
	/* Short polls that waited for a turn are answered at once, as the queue is empty. */
	queue_mark_dirty(engine, next);
	queue_publish(next);
}

void purge_dropped(struct engine *engine, struct engine_queue *queue)
{
	retire(engine, queue);
}

/* False: nothing is left. Extents are freed first, so that none is loaded in place of freed
 * messages. */
static bool free_some(struct engine *engine, struct engine_queue *queue)
{
	if (!list_is_empty(&queue->extents))
		extent_drop(engine, container_of(queue->extents.next, struct extent, in_queue));
	else if (!list_is_empty(&queue->messages))
		backlog_remove(engine,
			       container_of(queue->messages.next, struct message, in_queue));
	else
		return queue_drop_some(queue);
	return true;
}

void purge_step(struct engine *engine)
{
	turn_begin(engine);
	while (!list_is_empty(&engine->retired) && !turn_is_over(engine)) {
		struct engine_queue *queue =
			container_of(engine->retired.next, struct engine_queue, link);
		check(queue->is_retired);
		turn_spend(engine, 1, 0);
		if (!free_some(engine, queue)) {
			list_remove(&queue->link);
			queue_free(queue);
		}
	}
}

void purge_at_once(struct engine *engine, struct engine_queue *queue)
{
	while (free_some(engine, queue))
		;
}
