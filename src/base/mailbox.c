/* SPDX-License-Identifier: MIT */
/* mailbox: a stack that pushers swap themselves onto; the reader takes it whole and turns it round.
 */
#include "base/mailbox.h"

void mailbox_init(struct mailbox *mailbox, mailbox_wake_fn wake, void *context)
{
	atomic_init(&mailbox->top, NULL);
	mailbox->wake = wake;
	mailbox->context = context;
}

void mailbox_push(struct mailbox *mailbox, struct mailbox_message *message)
{
	struct mailbox_message *top = atomic_load_explicit(&mailbox->top, memory_order_relaxed);

	do {
		message->next = top;
	} while (!atomic_compare_exchange_weak_explicit(
		&mailbox->top, &top, message, memory_order_acq_rel, memory_order_relaxed));
	if (!top && mailbox->wake)
		mailbox->wake(mailbox->context);
}

struct mailbox_message *mailbox_take(struct mailbox *mailbox)
{
	struct mailbox_message *newest =
		atomic_exchange_explicit(&mailbox->top, NULL, memory_order_acquire);
	struct mailbox_message *oldest = NULL;

	while (newest) {
		struct mailbox_message *next = newest->next;
		newest->next = oldest;
		oldest = newest;
		newest = next;
	}
	return oldest;
}

bool mailbox_is_empty(struct mailbox *mailbox)
{
	return atomic_load_explicit(&mailbox->top, memory_order_acquire) == NULL;
}
