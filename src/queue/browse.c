/* SPDX-License-Identifier: MIT */
/*
 * browse: looks at messages without receiving them, a page at a time, by seq.
 *
 * The page is the lowest seqs above the last one seen, gathered from what is in memory and from the
 * runs. While a queue has no runs its messages stand in order, and a page costs no more than itself
 * if its beginning is still there.
 */
#include "queue/engine_private.h"

enum { PAGE_MAX = 101 }; /* one more than is shown tells that there are more */

struct place {
	uint64_t seq;
	struct message *message; /* or, in a run: */
	struct run_entry entry;
};

struct page {
	struct place places[PAGE_MAX];
	size_t count, wanted;
};

static bool is_behind(const struct page *page, uint64_t seq)
{
	return page->count == page->wanted && seq > page->places[page->count - 1].seq;
}

static void insert(struct page *page, struct place place)
{
	size_t at = page->count;

	if (is_behind(page, place.seq))
		return;
	if (page->count < page->wanted)
		page->count++;
	else
		at--;
	for (; at > 0 && page->places[at - 1].seq > place.seq; at--)
		page->places[at] = page->places[at - 1];
	page->places[at] = place;
}

static void gather_memory(const struct engine *engine, const struct engine_queue *queue,
			  uint64_t from_seq, struct page *page)
{
	bool is_ordered = list_is_empty(&queue->deep_groups) && !queue->is_unordered;
	const struct message *start =
		is_ordered ? message_find(engine, queue->number, from_seq) : NULL;
	const struct list *link = start ? start->in_queue.next : queue->messages.next;

	for (; link != &queue->messages; link = link->next) {
		struct message *message = container_of(link, struct message, in_queue);
		if (is_ordered && is_behind(page, message->seq))
			return;
		if (message->seq > from_seq && !message_is_expired(engine, message))
			insert(page, (struct place){.seq = message->seq, .message = message});
	}
}

static bool entry_is_expired(const struct engine *engine, const struct engine_queue *queue,
			     const struct run_entry *entry)
{
	return queue->is_defined &&
	       entry->since_ms + queue->settings.retention_ms <= engine->now_ms;
}

static void gather_run(struct engine *engine, struct run *run, uint64_t from_seq, struct page *page)
{
	struct run_entry entries[RUN_PEEK_MAX];
	size_t from = run_seek(engine, run, from_seq), count;

	while ((count = run_peek(engine, run, from, entries, RUN_PEEK_MAX)) > 0) {
		from += count;
		for (size_t i = 0; i < count; i++) {
			if (is_behind(page, entries[i].seq))
				return;
			if (!entry_is_expired(engine, run->queue, &entries[i]))
				insert(page,
				       (struct place){.seq = entries[i].seq, .entry = entries[i]});
		}
	}
}

static void gather_runs(struct engine *engine, const struct engine_queue *queue, uint64_t from_seq,
			struct page *page)
{
	for (struct list *link = queue->deep_groups.next; link != &queue->deep_groups;
	     link = link->next) {
		const struct group *group = container_of(link, struct group, deep_link);
		for (struct list *at = group->runs.next; at != &group->runs; at = at->next) {
			struct run *run = container_of(at, struct run, link);
			if (is_behind(page, run->first_seq))
				break;
			if (run->last_seq > from_seq)
				gather_run(engine, run, from_seq, page);
		}
	}
}

/* Wall time by what is recorded, so that the same message always shows the same. */
static int64_t wall_time(const struct engine *engine, int64_t at_ms)
{
	return at_ms + engine->wall_offset_ms;
}

static struct queue_delivery show_message(const struct engine *engine,
					  const struct message *message)
{
	return (struct queue_delivery){
		.location = message->location,
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
					const struct run_entry *entry)
{
	struct message stand_in = {.location = entry->location};
	struct queue_delivery delivery = {
		.location = entry->location,
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
	if (!entry->is_special || !message_read_head(engine, &stand_in, &head, &payload))
		return delivery;
	delivery.receive_count = head.receive_count;
	delivery.first_receive_ms = head.first_receive_ms;
	return delivery;
}

void browse_execute(struct engine *engine, struct queue_command *command)
{
	struct engine_queue *queue = queue_find(engine, command->queue);
	struct page page = {.wanted = command->browse.max + 1};

	command->browse.count = 0;
	command->browse.has_more = false;
	if (!queue) {
		command_answer(engine, command, QUEUE_NOT_FOUND);
		return;
	}
	check(page.wanted <= PAGE_MAX);
	gather_memory(engine, queue, command->browse.from_seq, &page);
	gather_runs(engine, queue, command->browse.from_seq, &page);
	command->browse.has_more = page.count == page.wanted;
	command->browse.count = page.count - (command->browse.has_more ? 1 : 0);
	for (size_t i = 0; i < command->browse.count; i++) {
		const struct place *place = &page.places[i];
		struct queue_delivery *delivery = &command->browse.deliveries[i];
		*delivery = place->message ? show_message(engine, place->message)
					   : show_entry(engine, queue, &place->entry);
		journal_pin(engine->journal, delivery->location.segment);
	}
	/* Others can read only what is durable. */
	command_answer(engine, command, QUEUE_OK);
}
