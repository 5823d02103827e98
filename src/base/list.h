/* SPDX-License-Identifier: MIT */
/*
 * list: a doubly linked list through the members' own links.
 *
 * The head is a link too and must be initialised; a link that is in no list has next == NULL.
 * One owning thread.
 */
#ifndef TERN_BASE_LIST_H
#define TERN_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

#define container_of(pointer, type, member)                                                        \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static inline void list_init(struct list *head)
{
	head->next = head->prev = head;
}
static inline bool list_is_empty(const struct list *head)
{
	return head->next == head;
}
static inline bool list_is_linked(const struct list *link)
{
	return link->next != NULL;
}
static inline void list_insert_before(struct list *place, struct list *link)
{
	link->prev = place->prev;
	link->next = place;
	place->prev->next = link;
	place->prev = link;
}
static inline void list_push_back(struct list *head, struct list *link)
{
	list_insert_before(head, link);
}
static inline void list_push_front(struct list *head, struct list *link)
{
	list_insert_before(head->next, link);
}
static inline void list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	link->next = link->prev = NULL;
}

#endif
