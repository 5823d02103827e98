/* SPDX-License-Identifier: MIT */
/*
 * page: the messages that a browse has collected so far, by seq, each pinned.
 */
#ifndef TERN_QUEUE_PAGE_H
#define TERN_QUEUE_PAGE_H

#include "queue/state.h"

/* True if the page is full and its last message is before that seq. */
bool page_is_behind(const struct page *page, uint64_t seq);
/* Adds the message if it is one of the lowest, and pins it: it may be deleted before the page is
 * complete. */
void page_insert(struct engine *engine, struct queue_delivery delivery);
void page_unpin(struct engine *engine, size_t from); /* shortens the page */
/* Before a message is freed: the page does not show it. */
void page_leave_out(struct engine *engine, const struct message *message);
/* Before a message or extent of that link in its queue is freed. */
void page_forget(struct engine *engine, const struct list *link);
void page_forget_queue(struct engine *engine, const struct engine_queue *queue);

#endif
