/* SPDX-License-Identifier: MIT */
/* page: kept sorted by seq; a full page drops its last message for a lower one. */
#include "queue/page.h"

#include "queue/state.h"

bool page_is_behind(const struct page *page, uint64_t seq)
{
	return page->count == page->wanted && seq > page->deliveries[page->count - 1].handle.seq;
}

/* A page's messages are pinned, since they may be deleted before it is complete. */
void page_insert(struct engine *engine, struct queue_delivery delivery)
{
	struct page *page = &engine->page;
	struct queue_delivery *deliveries = page->deliveries;
	uint64_t seq = delivery.handle.seq;
	size_t at = page->count;

	check(page->count <= page->wanted);
	check(page->wanted <= BROWSE_PAGE_MAX);
	if (page_is_behind(page, seq))
		return;
	for (size_t i = 0; i < page->count; i++)
		if (deliveries[i].handle.seq == seq)
			return;
	journal_pin(engine->journal, delivery.location.segment);
	if (page->count < page->wanted)
		page->count++;
	else
		journal_unpin(engine->journal, deliveries[--at].location.segment);
	for (; at > 0 && deliveries[at - 1].handle.seq > seq; at--)
		deliveries[at] = deliveries[at - 1];
	deliveries[at] = delivery;
}

void page_leave_out(struct engine *engine, const struct message *message)
{
	struct page *page = &engine->page;

	if (page->queue != message->queue)
		return;
	for (size_t i = 0; i < page->count; i++)
		if (page->deliveries[i].handle.seq == message->seq)
			page->deliveries[i].handle.queue = 0;
}

void page_forget(struct engine *engine, const struct list *link)
{
	if (engine->page.next == link)
		engine->page.next = link->next;
}

void page_forget_queue(struct engine *engine, const struct engine_queue *queue)
{
	if (engine->page.queue == queue)
		engine->page.queue = NULL;
}

void page_unpin(struct engine *engine, size_t from)
{
	for (size_t i = from; i < engine->page.count; i++)
		journal_unpin(engine->journal, engine->page.deliveries[i].location.segment);
	engine->page.count = from;
}
