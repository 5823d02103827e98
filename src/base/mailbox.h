/* SPDX-License-Identifier: MIT */
/*
 * mailbox: passes ownership of things to another thread, many senders, one reader.
 *
 * Lock-free: a push is one compare-and-swap; the reader takes all at once, in order of arrival.
 * The wake function is called by the pusher that made an empty box non-empty, so a busy
 * reader is woken once per batch.
 */
#ifndef TERN_BASE_MAILBOX_H
#define TERN_BASE_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct mailbox_message {
	struct mailbox_message *next;
};

typedef void (*mailbox_wake_fn)(void *context);

struct mailbox {
	_Atomic(struct mailbox_message *) top;
	mailbox_wake_fn wake; /* any thread may call it; NULL: nobody is woken */
	void *context;
};

void mailbox_init(struct mailbox *mailbox, mailbox_wake_fn wake, void *context);
/* Any thread. The message is embedded in what is passed and belongs to the reader from now on. */
void mailbox_push(struct mailbox *mailbox, struct mailbox_message *message);
/* The reader's thread. All messages, oldest first, linked by next; NULL if there is none. */
struct mailbox_message *mailbox_take(struct mailbox *mailbox);
bool mailbox_is_empty(struct mailbox *mailbox);

#endif
