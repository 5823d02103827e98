/* SPDX-License-Identifier: MIT */
/*
 * backlog: loading an entry reads the index only, unless the entry requires its record.
 */
#include "queue/backlog.h"

#include "queue/extent.h"
#include "queue/image.h"
#include "queue/log.h"
#include "queue/message.h"
#include "queue/state.h"
#include "queue/turn.h"

static void load_special(struct engine *engine, struct message *message)
{
	struct record_head head;
	struct str payload;

	if (!log_read_head(engine, message, &head, &payload))
		return;
	message->receive_count = head.receive_count;
	message->first_receive_ms = head.first_receive_ms;
}

static void load_entry(struct engine *engine, struct extent *extent,
		       const struct extent_entry *entry)
{
	struct message *message =
		message_add(engine, extent->queue, entry->seq, extent->group->hash, entry->since_ms,
			    entry->location, entry->shared_size);

	message->receive_count = entry->receive_count;
	message->first_receive_ms = entry->first_receive_ms;
	if (entry->is_special)
		load_special(engine, message);
	message_begin(engine, message, 0);
	message_place(engine, message);
}

/* Loads the group's next window into memory. False: the disk refuses. */
static bool load_window(struct engine *engine, struct group *group)
{
	struct extent *extent = extent_first(group);
	size_t count = engine->options.window;
	int64_t bytes = 0;
	struct extent_entry entry = {0};

	check(extent != NULL);
	check(!extent->queue->is_archive);
	image_keep_extent(engine, extent);
	turn_spend(engine, 0, count * EXTENT_ENTRY_SIZE);
	char *entries = heap_alloc(count * EXTENT_ENTRY_SIZE);
	bool is_read = extent_read(engine, extent, 0, count, entries, &count);
	for (size_t i = 0; i < count; i++) {
		entry = extent_entry_decode(entries + i * EXTENT_ENTRY_SIZE, extent->segment);
		bytes += extent_entry_live_size(&entry);
		load_entry(engine, extent, &entry);
	}
	heap_free(entries);
	if (!is_read)
		return false;
	extent_take(engine, extent, count, bytes, &entry);
	return true;
}

void backlog_refill(struct engine *engine, struct group *group)
{
	/* Enough for one receive, and half a window ahead of it. */
	uint64_t low = engine->options.window / 2 + LIMIT_RECEIVE_MESSAGES;

	if (!list_is_empty(&group->extents) && extent_first(group)->queue->is_archive)
		return;
	while (!list_is_empty(&group->extents) && group->ready_count < low)
		if (!load_window(engine, group))
			return;
}

struct message *backlog_fetch(struct engine *engine, uint64_t number, uint64_t hash, uint64_t seq)
{
	struct engine_queue *queue = queue_find(engine, number);
	struct message *message = message_find(engine, number, seq);
	struct group *group = queue ? group_find(queue, hash) : NULL;

	if (message || !group || queue->is_archive || !extent_find(queue, group, seq))
		return message;
	while (!message && extent_first(group) && extent_first(group)->first_seq <= seq) {
		if (!load_window(engine, group))
			return NULL;
		message = message_find(engine, number, seq);
	}
	return message;
}

void backlog_remove(struct engine *engine, struct message *message)
{
	struct engine_queue *queue = message->queue;
	struct group *group = message->group;

	message_detach(engine, message);
	check((group->cold > 0) == !list_is_empty(&group->extents));
	if (group->cold > 0)
		backlog_refill(engine, group);
	group_refresh(engine, queue, group);
	message_free(engine, message);
}
