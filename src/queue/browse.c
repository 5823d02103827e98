/* SPDX-License-Identifier: MIT */
/*
 * browse: reads messages without receiving them, a page at a time, by seq.
 *
 * The page is the lowest seqs above the last one seen, collected from the extents and then from
 * memory; a message that is loaded in between appears twice. In a large queue this takes several
 * turns, one page after the other. A queue without extents has its messages in order, so a page
 * costs only its own messages if its first one still exists. An archive's page is found by
 * bisection.
 */

#include "queue/browse.h"

#include "queue/answer.h"
#include "queue/extent.h"
#include "queue/log.h"
#include "queue/message.h"
#include "queue/page.h"
#include "queue/sorted.h"
#include "queue/state.h"
#include "queue/turn.h"

static int64_t wall_time(const struct engine *engine, int64_t at_ms)
{
	return at_ms + engine->wall_offset_ms;
}

static struct queue_delivery show_message(const struct engine *engine,
					  const struct message *message)
{
	return (struct queue_delivery){
		.location = message->location,
		.is_shared = message->shared_size > 0,
		.handle = {message->queue->number, message->seq, message->receives,
			   message->received_ms},
		.receive_count = message->receive_count,
		.first_receive_ms = message->first_receive_ms,
		.state = (enum queue_message_state)message->state,
		.visible_at_ms = message->state == MESSAGE_READY
					 ? 0
					 : wall_time(engine, message->visible_ms),
	};
}

static struct queue_delivery show_entry(struct engine *engine, const struct engine_queue *queue,
					const struct extent_entry *entry)
{
	struct message stand_in = {.location = entry->location};
	struct queue_delivery delivery = {
		.location = entry->location,
		.is_shared = entry->shared_size > 0,
		.handle = {queue->number, entry->seq, 0, 0},
		.state = QUEUE_IS_VISIBLE,
		.receive_count = entry->receive_count,
		.first_receive_ms = entry->first_receive_ms,
	};
	struct record_head head;
	struct str payload;

	int64_t delay_end_ms = entry->since_ms + queue->settings.delay_ms;
	if (queue->is_fifo && queue->is_defined && delay_end_ms > engine->now_ms) {
		delivery.state = QUEUE_IS_DELAYED;
		delivery.visible_at_ms = wall_time(engine, delay_end_ms);
	}
	if (!entry->is_special || !log_read_head(engine, &stand_in, &head, &payload))
		return delivery;
	delivery.receive_count = head.receive_count;
	delivery.first_receive_ms = head.first_receive_ms;
	return delivery;
}

/* ---- gathering ---- */

static bool entry_is_expired(const struct engine *engine, const struct engine_queue *queue,
			     const struct extent_entry *entry)
{
	return queue->is_defined &&
	       entry->since_ms + queue->settings.retention_ms <= engine->now_ms;
}

static void gather_extent(struct engine *engine, struct extent *extent, uint64_t from_seq,
			  int64_t from_ms)
{
	struct extent_entry entries[EXTENT_PEEK_MAX];
	size_t from = extent_seek(engine, extent, from_seq), count;

	if (extent->first_since_ms < from_ms) {
		size_t by_age = extent_seek_age(engine, extent, from_ms);
		from = from > by_age ? from : by_age;
	}

	while ((count = extent_peek(engine, extent, from, entries, EXTENT_PEEK_MAX)) > 0) {
		from += count;
		turn_spend(engine, count, 0);
		for (size_t i = 0; i < count; i++) {
			if (page_is_behind(&engine->page, entries[i].seq))
				return;
			if (!entry_is_expired(engine, extent->queue, &entries[i]))
				page_insert(engine, show_entry(engine, extent->queue, &entries[i]));
		}
	}
}

static void begin_memory(struct engine *engine, struct engine_queue *queue, uint64_t from_seq)
{
	const struct message *start = NULL;

	if (list_is_empty(&queue->extents) && !queue->is_unordered)
		start = message_find(engine, queue->number, from_seq);
	engine->page.is_in_memory = true;
	engine->page.next = start ? start->in_queue.next : queue->messages.next;
}

/* An archive's page is complete at once: it costs its own extents only. */
static void gather_archive(struct engine *engine, const struct engine_queue *queue,
			   const struct queue_command *command)
{
	/* The recorded wall time may be that much off. */
	int64_t from_ms = command->browse.from_ms ? command->browse.from_ms -
							    engine->wall_offset_ms - CLOCK_SLACK_MS
						  : INT64_MIN;
	size_t by_seq = sorted_seek(queue, command->browse.from_seq);
	size_t by_age = sorted_seek_age(queue, from_ms);

	for (size_t at = by_seq > by_age ? by_seq : by_age; at < sorted_count(queue); at++) {
		struct extent *extent = sorted_extent(queue, at);
		if (page_is_behind(&engine->page, extent->first_seq))
			return;
		gather_extent(engine, extent, command->browse.from_seq, from_ms);
	}
}

/* False: that was the last one that the page can have. */
static bool gather_one(struct engine *engine, struct engine_queue *queue, uint64_t from_seq)
{
	struct page *page = &engine->page;
	const struct list *link = page->next;

	if (!page->is_in_memory) {
		if (link == &queue->extents) {
			begin_memory(engine, queue, from_seq);
			return true;
		}
		struct extent *extent = container_of(link, struct extent, in_queue);
		page->next = link->next;
		if (extent->last_seq > from_seq && !page_is_behind(page, extent->first_seq))
			gather_extent(engine, extent, from_seq, INT64_MIN);
		return true;
	}
	if (link == &queue->messages)
		return false;
	struct message *message = container_of(link, struct message, in_queue);
	bool is_ordered = list_is_empty(&queue->extents) && !queue->is_unordered;
	if (is_ordered && page_is_behind(page, message->seq))
		return false;
	page->next = link->next;
	if (message->seq > from_seq && !message_is_expired(engine, message))
		page_insert(engine, show_message(engine, message));
	return true;
}

/* ---- pages ---- */

static void begin(struct engine *engine, const struct queue_command *command)
{
	struct page *page = &engine->page;
	struct engine_queue *queue = queue_find(engine, command->queue);

	check(command->browse.max < BROWSE_PAGE_MAX);
	page->queue = queue;
	page->is_in_memory = false;
	page->count = 0;
	page->wanted = command->browse.max + 1;
	page->next = queue ? queue->extents.next : NULL;
}

/* The first command has its page. */
static void end(struct engine *engine, struct queue_command *command)
{
	struct page *page = &engine->page;
	bool has_queue = queue_find(engine, command->queue) != NULL;

	check(page->count <= page->wanted);
	/* A queue that was purged meanwhile has no messages to return. */
	command->browse.has_more = page->queue && page->count == page->wanted;
	page_unpin(engine, !page->queue			       ? 0
			   : page->count < command->browse.max ? page->count
							       : command->browse.max);
	for (size_t i = 0; i < page->count; i++) {
		const struct queue_delivery *delivery = &page->deliveries[i];
		command->browse.last_seq = delivery->handle.seq;
		if (delivery->handle.queue)
			command->browse.deliveries[command->browse.count++] = *delivery;
		else
			journal_unpin(engine->journal, delivery->location.segment);
	}
	check(command->browse.count <= command->browse.max);
	*page = (struct page){0}; /* its pins are the command's */
	list_remove(&command->link);
	/* A browse returns only durable messages. */
	answer_command(engine, command, has_queue ? QUEUE_OK : QUEUE_NOT_FOUND);
}

void browse_execute(struct engine *engine, struct queue_command *command)
{
	command->browse.count = 0;
	command->browse.has_more = false;
	list_push_back(&engine->browses, &command->link);
}

void browse_step(struct engine *engine)
{
	turn_begin(engine);
	while (!list_is_empty(&engine->browses) && !turn_is_over(engine)) {
		struct queue_command *command =
			container_of(engine->browses.next, struct queue_command, link);
		if (!engine->page.is_under_way) {
			engine->page.is_under_way = true;
			begin(engine, command);
		}
		bool goes_on = engine->page.queue != NULL;
		if (goes_on && engine->page.queue->is_archive) {
			gather_archive(engine, engine->page.queue, command);
			goes_on = false;
		}
		while (goes_on && !turn_is_over(engine)) {
			turn_spend(engine, 1, 0);
			goes_on = gather_one(engine, engine->page.queue, command->browse.from_seq);
		}
		if (!goes_on)
			end(engine, command);
	}
}

void browse_end_all(struct engine *engine, enum queue_result result)
{
	page_unpin(engine, 0);
	engine->page.is_under_way = false;
	engine->page.queue = NULL;
	engine->page.next = NULL;
	while (!list_is_empty(&engine->browses)) {
		struct queue_command *command =
			container_of(engine->browses.next, struct queue_command, link);
		list_remove(&command->link);
		answer_now(command, result);
	}
}
