/* SPDX-License-Identifier: MIT */
/*
 * expire: checks messages from the front, where the oldest are. If ages are mixed, or groups are
 * deep, it checks all messages, at most once a second.
 */
#include "queue/expire.h"

#include "queue/archive.h"
#include "queue/backlog.h"
#include "queue/log.h"
#include "queue/message.h"
#include "queue/state.h"
#include "queue/turn.h"

enum { EXPIRY_PAUSE_MS = 1000 };

void expire_messages(struct engine *engine, struct engine_queue *queue,
		     struct message *const *messages, size_t count)
{
	if (count == 0)
		return;
	check(count <= RECORD_SEQS_MAX);
	log_append_messages(engine, RECORD_EXPIRE, queue, messages, count);
	for (size_t i = 0; i < count; i++)
		backlog_remove(engine, messages[i]);
	if (queue->counters)
		atomic_fetch_add_explicit(&queue->counters->expired, (int64_t)count,
					  memory_order_relaxed);
}

/* Messages and groups that are checked for expiry at a time. */
enum { EXPIRY_LOOKS = 1000 };

struct expiry {
	struct message *messages[RECORD_SEQS_MAX];
	size_t count, looks;
	bool is_unfinished;   /* continues at once */
	bool has_more_groups; /* continues after a pause */
	int64_t since_ms;     /* the least of those that stay, among the checked ones */
};

/* False: there is no room for more. */
static bool look_at_age(const struct engine *engine, struct message *message, struct expiry *expiry)
{
	expiry->looks++;
	if (!message_is_expired(engine, message)) {
		if (message->since_ms < expiry->since_ms)
			expiry->since_ms = message->since_ms;
		return true;
	}
	if (expiry->count == RECORD_SEQS_MAX)
		return false;
	expiry->messages[expiry->count++] = message;
	return true;
}

/* The front message is the oldest. If ages are mixed, all messages are checked, over several
 * turns. */
static void collect_in_memory(const struct engine *engine, struct engine_queue *queue,
			      struct expiry *expiry)
{
	struct list *link =
		queue->expiry_next ? &queue->expiry_next->in_queue : queue->messages.next;

	if (queue->expiry_next && queue->expiry_since_ms < expiry->since_ms)
		expiry->since_ms = queue->expiry_since_ms;
	queue->expiry_next = NULL;
	for (; link != &queue->messages; link = link->next) {
		struct message *message = container_of(link, struct message, in_queue);
		size_t before = expiry->count;
		if (expiry->looks >= EXPIRY_LOOKS || !look_at_age(engine, message, expiry)) {
			expiry->is_unfinished = true;
			if (queue->has_mixed_ages)
				queue->expiry_next = message;
			break;
		}
		if (expiry->count == before && !queue->has_mixed_ages)
			return;
	}
	queue->expiry_since_ms = expiry->since_ms;
}

/* In each deep group the front message is the oldest. Checked groups move behind the others. */
static void collect_in_groups(const struct engine *engine, struct engine_queue *queue,
			      struct expiry *expiry)
{
	struct group *first = NULL;

	while (!list_is_empty(&queue->deep_groups)) {
		struct group *group =
			container_of(queue->deep_groups.next, struct group, deep_link);
		if (group == first)
			return;
		if (expiry->count > 0)
			return;
		if (expiry->looks++ >= EXPIRY_LOOKS) {
			expiry->has_more_groups = true;
			return;
		}
		first = first ? first : group;
		list_remove(&group->deep_link);
		list_push_back(&queue->deep_groups, &group->deep_link);
		for (struct list *link = group->ready.next; link != &group->ready;
		     link = link->next) {
			size_t before = expiry->count;
			if (!look_at_age(engine, container_of(link, struct message, link),
					 expiry) ||
			    expiry->count == before)
				break;
		}
	}
}

/* If ages are mixed, or groups are deep, all messages are checked at most once a second. */
void expire_due(struct engine *engine, struct engine_queue *queue)
{
	if (queue->is_archive) {
		archive_expire(engine, queue);
		return;
	}
	struct expiry expiry = {.since_ms = INT64_MAX};
	bool is_exhausted = !journal_has_room(engine->journal, JOURNAL_ROOM_FREE, RECORD_NAMES_MAX);
	bool is_mixed = queue->has_mixed_ages || !list_is_empty(&queue->deep_groups);

	collect_in_memory(engine, queue, &expiry);
	if (expiry.count == 0 && !expiry.is_unfinished)
		collect_in_groups(engine, queue, &expiry);
	turn_spend(engine, expiry.looks / 16, 0);
	if (!is_exhausted)
		expire_messages(engine, queue, expiry.messages, expiry.count);
	bool goes_on = expiry.count > 0 || expiry.is_unfinished;
	int64_t pause_end_ms = engine->now_ms + EXPIRY_PAUSE_MS;
	int64_t due_ms = goes_on ? engine->now_ms
			 : expiry.since_ms == INT64_MAX
				 ? pause_end_ms /* it cannot be read now */
				 : expiry.since_ms + queue->settings.retention_ms;
	if (is_exhausted || (!goes_on && is_mixed))
		due_ms = due_ms < pause_end_ms || expiry.has_more_groups ? pause_end_ms : due_ms;
	if (!list_is_empty(&queue->messages) || queue->cold > 0)
		timer_set(&engine->timers, &queue->retention, due_ms);
	queue_publish(queue);
}
