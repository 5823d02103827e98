/* SPDX-License-Identifier: MIT */
/*
 * browse: looks at messages without receiving them, a page at a time, by seq.
 *
 * The page is the lowest seqs above the last one seen, gathered from the runs and then from what is
 * in memory; a message that is loaded in between is met twice. That takes several turns if the
 * queue is large, one page after the other. While a queue has no runs its messages stand in order,
 * and a page costs no more than itself if its beginning is still there.
 */
#include "queue/engine_private.h"

static bool is_behind(const struct browse *browse, uint64_t seq)
{
	return browse->count == browse->wanted &&
	       seq > browse->deliveries[browse->count - 1].handle.seq;
}

/* A page's messages are pinned, since they may be deleted before it is complete. */
static void insert(struct engine *engine, struct queue_delivery delivery)
{
	struct browse *browse = &engine->browse;
	struct queue_delivery *deliveries = browse->deliveries;
	uint64_t seq = delivery.handle.seq;
	size_t at = browse->count;

	if (is_behind(browse, seq))
		return;
	for (size_t i = 0; i < browse->count; i++)
		if (deliveries[i].handle.seq == seq)
			return;
	journal_pin(engine->journal, delivery.location.segment);
	if (browse->count < browse->wanted)
		browse->count++;
	else
		journal_unpin(engine->journal, deliveries[--at].location.segment);
	for (; at > 0 && deliveries[at - 1].handle.seq > seq; at--)
		deliveries[at] = deliveries[at - 1];
	deliveries[at] = delivery;
}

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

/* ---- gathering ---- */

static bool entry_is_expired(const struct engine *engine, const struct engine_queue *queue,
			     const struct run_entry *entry)
{
	return queue->is_defined &&
	       entry->since_ms + queue->settings.retention_ms <= engine->now_ms;
}

static void gather_run(struct engine *engine, struct run *run, uint64_t from_seq)
{
	struct run_entry entries[RUN_PEEK_MAX];
	size_t from = run_seek(engine, run, from_seq), count;

	while ((count = run_peek(engine, run, from, entries, RUN_PEEK_MAX)) > 0) {
		from += count;
		turn_spend(engine, count, 0);
		for (size_t i = 0; i < count; i++) {
			if (is_behind(&engine->browse, entries[i].seq))
				return;
			if (!entry_is_expired(engine, run->queue, &entries[i]))
				insert(engine, show_entry(engine, run->queue, &entries[i]));
		}
	}
}

static void begin_memory(struct engine *engine, struct engine_queue *queue, uint64_t from_seq)
{
	const struct message *start = NULL;

	if (list_is_empty(&queue->runs) && !queue->is_unordered)
		start = message_find(engine, queue->number, from_seq);
	engine->browse.is_in_memory = true;
	engine->browse.next = start ? start->in_queue.next : queue->messages.next;
}

/* False: that was the last one that may be of the page. */
static bool gather_one(struct engine *engine, struct engine_queue *queue, uint64_t from_seq)
{
	struct browse *browse = &engine->browse;
	const struct list *link = browse->next;

	if (!browse->is_in_memory) {
		if (link == &queue->runs) {
			begin_memory(engine, queue, from_seq);
			return true;
		}
		struct run *run = container_of(link, struct run, in_queue);
		browse->next = link->next;
		if (run->last_seq > from_seq && !is_behind(browse, run->first_seq))
			gather_run(engine, run, from_seq);
		return true;
	}
	if (link == &queue->messages)
		return false;
	struct message *message = container_of(link, struct message, in_queue);
	bool is_ordered = list_is_empty(&queue->runs) && !queue->is_unordered;
	if (is_ordered && is_behind(browse, message->seq))
		return false;
	browse->next = link->next;
	if (message->seq > from_seq && !message_is_expired(engine, message))
		insert(engine, show_message(engine, message));
	return true;
}

void browse_leave_out(struct engine *engine, const struct message *message)
{
	struct browse *browse = &engine->browse;

	if (browse->queue != message->queue)
		return;
	for (size_t i = 0; i < browse->count; i++)
		if (browse->deliveries[i].handle.seq == message->seq)
			browse->deliveries[i].handle.queue = 0;
}

void browse_forget(struct engine *engine, const struct list *link)
{
	if (engine->browse.next == link)
		engine->browse.next = link->next;
}

void browse_forget_queue(struct engine *engine, const struct engine_queue *queue)
{
	if (engine->browse.queue == queue)
		engine->browse.queue = NULL;
}

/* ---- pages ---- */

static void begin(struct engine *engine, const struct queue_command *command)
{
	struct browse *browse = &engine->browse;
	struct engine_queue *queue = queue_find(engine, command->queue);

	check(command->browse.max < BROWSE_PAGE_MAX);
	browse->queue = queue;
	browse->is_in_memory = false;
	browse->count = 0;
	browse->wanted = command->browse.max + 1;
	browse->next = queue ? queue->runs.next : NULL;
}

static void unpin(struct engine *engine, size_t from)
{
	for (size_t i = from; i < engine->browse.count; i++)
		journal_unpin(engine->journal, engine->browse.deliveries[i].location.segment);
	engine->browse.count = from;
}

/* The first command has its page. */
static void end(struct engine *engine, struct queue_command *command)
{
	struct browse *browse = &engine->browse;
	bool has_queue = queue_find(engine, command->queue) != NULL;

	/* Of a queue that was purged meanwhile there is nothing to show. */
	command->browse.has_more = browse->queue && browse->count == browse->wanted;
	unpin(engine, !browse->queue			    ? 0
		      : browse->count < command->browse.max ? browse->count
							    : command->browse.max);
	for (size_t i = 0; i < browse->count; i++) {
		const struct queue_delivery *delivery = &browse->deliveries[i];
		command->browse.last_seq = delivery->handle.seq;
		if (delivery->handle.queue)
			command->browse.deliveries[command->browse.count++] = *delivery;
		else
			journal_unpin(engine->journal, delivery->location.segment);
	}
	*browse = (struct browse){0}; /* its pins are the command's */
	list_remove(&command->link);
	/* Others can read only what is durable. */
	command_answer(engine, command, has_queue ? QUEUE_OK : QUEUE_NOT_FOUND);
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
		if (!engine->browse.is_under_way) {
			engine->browse.is_under_way = true;
			begin(engine, command);
		}
		bool goes_on = engine->browse.queue != NULL;
		while (goes_on && !turn_is_over(engine)) {
			turn_spend(engine, 1, 0);
			goes_on =
				gather_one(engine, engine->browse.queue, command->browse.from_seq);
		}
		if (!goes_on)
			end(engine, command);
	}
}

void browse_end_all(struct engine *engine, enum queue_result result)
{
	unpin(engine, 0);
	engine->browse.is_under_way = false;
	engine->browse.queue = NULL;
	engine->browse.next = NULL;
	while (!list_is_empty(&engine->browses)) {
		struct queue_command *command =
			container_of(engine->browses.next, struct queue_command, link);
		list_remove(&command->link);
		command_answer_now(command, result);
	}
}
