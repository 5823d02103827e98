/* SPDX-License-Identifier: MIT */
/*
 * run: what lies deep in a group's backlog, without an entry in memory.
 *
 * Once a group has enough in memory, what is sent to it goes to its last run: 32 bytes a message,
 * in memory only until the segment is sealed and its index durable. A group is always its messages
 * in memory, then its runs, by seq; runs are loaded from the front, a window at a time, before
 * memory runs dry. So a group's order is kept by construction.
 *
 * What is in memory need not be the same after a replay: a record may name a message that lies in a
 * run then, and message_fetch loads the group up to it. A replay always has as much in runs as was
 * there before, never something in memory behind something in a run.
 *
 * An index is derived data. If it cannot be read, the runs of its segment are built anew from the
 * segment's records, and a new index is written. What a checkpoint from before says of places in
 * the index is of the old one: it is known by its sum, and the runs are built anew once more.
 */
#include <string.h>

#include "queue/engine_private.h"

/* An entry: seq, since_ms, offset and size of its record, receives in other queues (u16) and when
 * the first was (u48). So loading a window reads no records; but where they were too many to be
 * counted here, the top bit of size says that the record must be read. */
enum { ENTRY_SIZE = 32, PRESSURE_DIVISOR = 64 };
/* Of the bytes of a turn, for indexes. */
enum { SHARE = 4 };
#define ENTRY_IS_SPECIAL 0x80000000u

static void entry_encode(const struct run_entry *entry, char *out)
{
	uint8_t *bytes = (uint8_t *)out;
	bool is_special = entry->receive_count > UINT16_MAX;
	uint64_t count = is_special ? 0 : entry->receive_count;

	put_u64(bytes, entry->seq);
	put_u64(bytes + 8, (uint64_t)entry->since_ms);
	put_u32(bytes + 16, entry->location.offset);
	put_u32(bytes + 20, entry->location.size | (is_special ? ENTRY_IS_SPECIAL : 0));
	put_u64(bytes + 24, (uint64_t)entry->first_receive_ms << 16 | count);
}

static struct run_entry entry_decode(const char *in, uint32_t segment)
{
	uint32_t size = get_u32(in + 20);
	uint64_t receives = get_u64(in + 24);

	return (struct run_entry){
		.seq = get_u64(in),
		.since_ms = (int64_t)get_u64(in + 8),
		.location = {segment, get_u32(in + 16), size & ~ENTRY_IS_SPECIAL},
		.receive_count = (uint32_t)(receives & UINT16_MAX),
		.first_receive_ms = (int64_t)(receives >> 16),
		.is_special = (size & ENTRY_IS_SPECIAL) != 0,
	};
}

static struct run *run_of(struct list *link)
{
	return container_of(link, struct run, link);
}

static struct run *run_in(const struct segment_messages *segment, const struct list *link)
{
	return link == &segment->runs ? NULL : container_of(link, struct run, in_segment);
}

struct run *group_first_run(const struct group *group)
{
	return list_is_empty(&group->runs) ? NULL : run_of(group->runs.next);
}

/* ---- making and forgetting ---- */

/* Makes an empty run in front of `place`, a link of the group's runs or their head. */
struct run *run_new(struct engine *engine, struct engine_queue *queue, struct group *group,
		    uint32_t number, struct list *place)
{
	struct run *run = heap_alloc(sizeof(*run));
	struct segment_messages *segment = segment_messages_get(engine, number);

	run->queue = queue;
	run->group = group;
	run->segment = number;
	run->mark = engine->mark;
	list_insert_before(place, &run->link);
	list_push_back(&queue->runs, &run->in_queue);
	list_push_back(&segment->runs, &run->in_segment);
	if (!list_is_linked(&group->deep_link))
		list_push_back(&queue->deep_groups, &group->deep_link);
	if (!list_is_linked(&segment->unindexed_link))
		list_push_back(&engine->unindexed, &segment->unindexed_link);
	atomic_fetch_add_explicit(&engine->run_count, 1, memory_order_relaxed);
	return run;
}

void run_free(struct engine *engine, struct run *run)
{
	struct segment_messages *segment = segment_messages_find(engine, run->segment);

	checkpoint_forget_run(engine, run);
	browse_forget(engine, &run->in_queue);
	if (segment->next == run)
		segment->next = run_in(segment, run->in_segment.next);
	list_remove(&run->link);
	list_remove(&run->in_segment);
	list_remove(&run->in_queue);
	if (list_is_empty(&run->group->runs))
		list_remove(&run->group->deep_link);
	buf_done(&run->entries);
	heap_free(run);
	segment_messages_release(engine, segment);
	atomic_fetch_sub_explicit(&engine->run_count, 1, memory_order_relaxed);
}

/* Counts `count` messages of `bytes` into the run, or out of it if they are negative. */
void run_count(struct engine *engine, struct run *run, int64_t count, int64_t bytes)
{
	run->count = (uint32_t)(run->count + count);
	run->bytes += (uint64_t)bytes;
	run->group->cold += (uint64_t)count;
	run->queue->cold += (uint64_t)count;
	if (engine->journal) /* opening may have failed with runs already loaded */
		journal_live_add(engine->journal, run->segment, count, bytes);
}

/* A run takes what lies in its segment, until its index goes to disk or it has grown long. */
static bool takes_more(const struct run *run, uint32_t segment)
{
	return run && run->segment == segment && !run->is_indexed &&
	       run->entries.size < RUN_ENTRIES_MAX * ENTRY_SIZE;
}

static void append_entry(struct engine *engine, struct run *run, const struct run_entry *entry)
{
	checkpoint_keep_run(engine, run);
	if (run->count == 0) {
		run->first_seq = entry->seq;
		run->first_since_ms = entry->since_ms;
	}
	run->last_seq = entry->seq;
	entry_encode(entry, buf_extend(&run->entries, ENTRY_SIZE));
	run_count(engine, run, 1, entry->location.size);
}

bool group_is_deep(const struct engine *engine, const struct group *group)
{
	uint64_t window = engine->options.window;
	uint64_t limit = 2 * window;

	if (engine->messages.count >= engine->options.hot_messages_max)
		limit = window > PRESSURE_DIVISOR ? window / PRESSURE_DIVISOR : 1;
	return group->cold > 0 || group->ready_count >= limit;
}

void run_append(struct engine *engine, struct engine_queue *queue, struct group *group,
		const struct record_head *head, struct journal_location location)
{
	struct run_entry entry = {
		.seq = head->seq,
		.since_ms = head->since_ms,
		.location = location,
		.receive_count = head->receive_count,
		.first_receive_ms = head->first_receive_ms,
	};
	struct run *last = group->cold ? run_of(group->runs.prev) : NULL;

	if (!takes_more(last, location.segment))
		last = run_new(engine, queue, group, location.segment, &group->runs);
	append_entry(engine, last, &entry);
}

void run_drop(struct engine *engine, struct run *run)
{
	struct engine_queue *queue = run->queue;
	struct group *group = run->group;

	run_count(engine, run, -(int64_t)run->count, -(int64_t)run->bytes);
	run_free(engine, run);
	if (list_is_empty(&group->runs))
		group_refresh(engine, queue, group);
}

/* ---- reading ---- */

/* A run's part of a record that is looked at for rebuilding. */
static struct run *find_owner(const struct segment_messages *segment,
			      const struct journal_record *record, const struct record_head *head)
{
	for (struct list *link = segment->runs.next; link != &segment->runs; link = link->next) {
		struct run *run = container_of(link, struct run, in_segment);
		if (run->queue->number == record->queue && run->group->hash == head->group &&
		    head->seq >= run->first_seq && head->seq <= run->last_seq)
			return run;
	}
	return NULL;
}

struct rebuild {
	struct engine *engine;
	struct segment_messages *segment;
};

static enum err rebuild_record(void *context, const struct journal_record *record)
{
	struct rebuild *rebuild = context;
	struct str data = record->data;
	struct record_head head;
	struct str payload;

	if (record->type == RECORD_MOVE)
		data = str_slice(data, RECORD_MOVE_SIZE, data.size);
	else if (record->type != RECORD_SEND && record->type != RECORD_CARRY)
		return ERR_OK;
	if (!record_head_decode(data, &head, &payload))
		return ERR_OK;
	struct run *run = find_owner(rebuild->segment, record, &head);
	/* What has a delay of its own was never in a run. */
	if (!run || head.visible_ms || message_find(rebuild->engine, record->queue, head.seq))
		return ERR_OK;
	struct run_entry entry = {
		.seq = head.seq,
		.since_ms = head.since_ms,
		.location = record->location,
		.receive_count = head.receive_count,
		.first_receive_ms = head.first_receive_ms,
	};
	entry_encode(&entry, buf_extend(&run->entries, ENTRY_SIZE));
	return ERR_OK;
}

/* What could not be found again stays in its segment, which is therefore never used anew. */
static void settle_rebuilt(struct run *run)
{
	uint64_t found = run->entries.size / ENTRY_SIZE;
	uint64_t lost = found < run->count ? run->count - found : 0;
	struct run_entry entry;

	run->is_indexed = false;
	run->position = 0;
	if (lost) {
		log_event(LOG_ERROR, "messages of a damaged segment are lost",
			  log_i64("segment", run->segment), log_i64("messages", (int64_t)lost));
		run->count -= (uint32_t)lost;
		run->group->cold -= lost;
		run->queue->cold -= lost;
	}
	if (run->count == 0)
		return;
	entry = entry_decode(run->entries.data, run->segment);
	run->first_seq = entry.seq;
	run->first_since_ms = entry.since_ms;
}

/* False: the disk refuses, so nothing is known; all stays as it is. */
static bool rebuild_segment(struct engine *engine, uint32_t number)
{
	struct rebuild rebuild = {engine, segment_messages_find(engine, number)};
	struct list *runs = &rebuild.segment->runs;

	/* All runs of a segment are in a checkpoint in the same way. */
	for (struct list *link = runs->next; link != runs; link = link->next)
		checkpoint_keep_run(engine, container_of(link, struct run, in_segment));
	log_event(LOG_WARN, "an index is built anew", log_i64("segment", number));
	for (struct list *link = runs->next; link != runs; link = link->next)
		buf_reset(&container_of(link, struct run, in_segment)->entries);
	enum err err = journal_scan(engine->journal, number, rebuild_record, &rebuild);
	if (err) {
		log_event(LOG_ERROR, "a segment cannot be read", log_i64("segment", number));
		engine->has_read_failed = true;
		return false;
	}
	for (struct list *link = runs->next; link != runs; link = link->next)
		settle_rebuilt(container_of(link, struct run, in_segment));
	rebuild.segment->is_indexing = rebuild.segment->is_collecting = false;
	buf_done(&rebuild.segment->index);
	if (engine->leaving == number)
		engine->leaving = 0;
	if (!list_is_linked(&rebuild.segment->unindexed_link))
		list_push_back(&engine->unindexed, &rebuild.segment->unindexed_link);
	return true;
}

/* Copies up to `count` entries from the run's `from`-th on to `out`. False: the disk refuses. */
static bool read_entries(struct engine *engine, struct run *run, size_t from, size_t count,
			 char *out, size_t *out_count)
{
	*out_count = 0;
	if (from >= run->count)
		return true;
	if (count > run->count - from)
		count = run->count - from;
	if (run->is_indexed) {
		uint64_t offset = run->index_offset + (run->position + from) * ENTRY_SIZE;
		*out_count = count;
		if (run->index_sum == journal_index_sum(engine->journal, run->segment) &&
		    !journal_index_read(engine->journal, run->segment, offset, out,
					count * ENTRY_SIZE))
			return true;
		*out_count = 0;
		if (!rebuild_segment(engine, run->segment))
			return false;
		if (from >= run->count)
			return true;
		if (count > run->count - from)
			count = run->count - from;
	}
	memcpy(out, run->entries.data + (run->position + from) * ENTRY_SIZE, count * ENTRY_SIZE);
	*out_count = count;
	return true;
}

size_t run_peek(struct engine *engine, struct run *run, size_t from, struct run_entry *out_entries,
		size_t count)
{
	char bytes[RUN_PEEK_MAX * ENTRY_SIZE];

	check(count <= RUN_PEEK_MAX);
	if (!read_entries(engine, run, from, count, bytes, &count))
		return 0;
	for (size_t i = 0; i < count; i++)
		out_entries[i] = entry_decode(bytes + i * ENTRY_SIZE, run->segment);
	return count;
}

size_t run_seek(struct engine *engine, struct run *run, uint64_t seq)
{
	size_t low = 0, high = run->count;

	if (seq < run->first_seq)
		return 0;
	while (low < high) {
		struct run_entry entry;
		size_t middle = low + (high - low) / 2;
		if (run_peek(engine, run, middle, &entry, 1) == 0 || entry.seq > seq)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* ---- loading ---- */

static void load_special(struct engine *engine, struct message *message)
{
	struct record_head head;
	struct str payload;

	if (!message_read_head(engine, message, &head, &payload))
		return;
	message->receive_count = head.receive_count;
	message->first_receive_ms = head.first_receive_ms;
}

static void load_entry(struct engine *engine, struct run *run, const struct run_entry *entry)
{
	struct message *message = message_add(engine, run->queue, entry->seq, run->group->hash,
					      entry->since_ms, entry->location);

	message->receive_count = entry->receive_count;
	message->first_receive_ms = entry->first_receive_ms;
	if (entry->is_special)
		load_special(engine, message);
	message_begin(engine, message, 0);
	message_place(engine, message);
}

/* Takes the group's next window into memory. False: the disk refuses. */
static bool load_window(struct engine *engine, struct group *group)
{
	struct run *run = group_first_run(group);
	size_t count = engine->options.window;
	int64_t bytes = 0;
	struct run_entry entry = {0};

	checkpoint_keep_run(engine, run);
	turn_spend(engine, 0, count * ENTRY_SIZE);
	char *entries = heap_alloc(count * ENTRY_SIZE);
	bool is_read = read_entries(engine, run, 0, count, entries, &count);
	for (size_t i = 0; i < count; i++) {
		entry = entry_decode(entries + i * ENTRY_SIZE, run->segment);
		bytes += entry.location.size;
		load_entry(engine, run, &entry);
	}
	heap_free(entries);
	if (!is_read)
		return false;
	run->position += (uint32_t)count;
	run->first_seq = entry.seq + 1;
	run->first_since_ms = entry.since_ms;
	run_count(engine, run, -(int64_t)count, -bytes);
	if (run->count == 0)
		run_free(engine, run);
	return true;
}

void group_refill(struct engine *engine, struct group *group)
{
	/* Enough for one receive, and half a window ahead of it. */
	uint64_t low = engine->options.window / 2 + LIMIT_RECEIVE_MESSAGES;

	while (!list_is_empty(&group->runs) && group->ready_count < low)
		if (!load_window(engine, group))
			return;
}

struct run *group_find_run(const struct group *group, uint64_t seq)
{
	for (struct list *link = group->runs.next; link != &group->runs; link = link->next) {
		struct run *run = run_of(link);
		if (seq <= run->last_seq)
			return seq >= run->first_seq ? run : NULL;
	}
	return NULL;
}

struct message *message_fetch(struct engine *engine, uint64_t number, uint64_t hash, uint64_t seq)
{
	struct engine_queue *queue = queue_find(engine, number);
	struct message *message = message_find(engine, number, seq);
	struct group *group = queue ? group_find(queue, hash) : NULL;

	if (message || !group || !group_find_run(group, seq))
		return message;
	while (!message && group_first_run(group) && group_first_run(group)->first_seq <= seq) {
		if (!load_window(engine, group))
			return NULL;
		message = message_find(engine, number, seq);
	}
	return message;
}

/* ---- carrying ---- */

void run_carry_first(struct engine *engine, struct run *run, const struct run_entry *entry,
		     struct journal_location location)
{
	struct group *group = run->group;
	struct run *before = run->link.prev == &group->runs ? NULL : run_of(run->link.prev);
	struct run_entry moved = *entry;

	if (!takes_more(before, location.segment))
		before = run_new(engine, run->queue, group, location.segment, &run->link);
	checkpoint_keep_run(engine, run);
	moved.location = location;
	append_entry(engine, before, &moved);
	run->position++;
	run->first_seq = entry->seq + 1;
	run_count(engine, run, -1, -(int64_t)entry->location.size);
	if (run->count == 0)
		run_free(engine, run);
}

/* ---- indexes ---- */

/* Appends what is left of the run to its segment's index. */
static void collect_run(struct segment_messages *segment, struct run *run)
{
	struct buf rest = {0};

	buf_append(&rest, str_slice(buf_str(&run->entries), run->position * ENTRY_SIZE,
				    run->entries.size));
	buf_done(&run->entries);
	run->entries = rest;
	run->position = 0;
	run->index_offset = segment->index.size;
	buf_append(&segment->index, buf_str(&rest));
}

/* Hands the segment's index over once it is complete; what was taken from its runs is left out. */
static void collect_index(struct engine *engine, struct segment_messages *segment)
{
	if (!segment->is_collecting)
		segment->next = run_in(segment, segment->runs.next);
	segment->is_collecting = true;
	while (segment->next && !turn_is_over(engine)) {
		struct run *run = segment->next;
		segment->next = run_in(segment, run->in_segment.next);
		collect_run(segment, run);
		turn_spend(engine, 1, SHARE * run->entries.size);
	}
	if (segment->next)
		return;
	journal_index_write(engine->journal, segment->segment, &segment->index);
	segment->is_collecting = false;
	segment->is_indexing = true;
}

/* A checkpoint has all runs of a segment in the same way, so none begins meanwhile. */
static void leave_memory(struct engine *engine, struct segment_messages *segment)
{
	if (engine->leaving != segment->segment)
		segment->next = run_in(segment, segment->runs.next);
	engine->leaving = segment->segment;
	while (segment->next && !turn_is_over(engine)) {
		struct run *run = segment->next;
		segment->next = run_in(segment, run->in_segment.next);
		run->is_indexed = true;
		run->index_sum = journal_index_sum(engine->journal, segment->segment);
		buf_done(&run->entries);
		turn_spend(engine, 1, 0);
	}
	if (segment->next)
		return;
	engine->leaving = 0;
	list_remove(&segment->unindexed_link);
	segment->is_indexing = false;
}

/* Is done with the segment as far as it can be now; false: the turn is over. */
static bool step_segment(struct engine *engine, struct segment_messages *segment)
{
	bool may_leave = engine->leaving == segment->segment ||
			 (!engine->leaving && !engine->checkpoint.is_under_way);

	if (!segment->is_indexing)
		collect_index(engine, segment);
	else if (may_leave && journal_index_is_durable(engine->journal, segment->segment))
		leave_memory(engine, segment);
	else
		return true;
	return !turn_is_over(engine);
}

void runs_step(struct engine *engine)
{
	struct list *link = engine->unindexed.next;

	turn_begin(engine);
	engine->has_indexes_left = false;
	while (link != &engine->unindexed && !engine->has_indexes_left) {
		struct segment_messages *segment =
			container_of(link, struct segment_messages, unindexed_link);
		link = link->next;
		if (segment->segment < journal_open_segment(engine->journal))
			engine->has_indexes_left = !step_segment(engine, segment);
	}
}

/* ---- checkpoints ---- */

enum { RUN_SIZE = 61 };

void run_encode(struct buf *out, const struct run *run)
{
	uint8_t *bytes = (uint8_t *)buf_extend(out, RUN_SIZE);
	uint64_t start = (uint64_t)run->position * ENTRY_SIZE;

	put_u64(bytes, run->group->hash);
	put_u32(bytes + 8, run->segment);
	put_u32(bytes + 12, run->count);
	put_u64(bytes + 16, run->bytes);
	put_u64(bytes + 24, run->first_seq);
	put_u64(bytes + 32, run->last_seq);
	put_u64(bytes + 40, (uint64_t)run->first_since_ms);
	put_u64(bytes + 48, run->is_indexed ? run->index_offset + start : 0);
	bytes[56] = run->is_indexed;
	put_u32(bytes + 57, run->is_indexed ? run->index_sum : 0);
	if (!run->is_indexed)
		buf_append(out, str_slice(buf_str(&run->entries), start, run->entries.size));
}

size_t run_encoded_size(struct str bytes)
{
	const uint8_t *in = (const uint8_t *)bytes.data;

	if (bytes.size < RUN_SIZE)
		return 0;
	uint32_t count = get_u32(in + 12);
	size_t size = RUN_SIZE + (in[56] ? 0 : (size_t)count * ENTRY_SIZE);
	return count == 0 || bytes.size < size ? 0 : size;
}

uint64_t run_encoded_group(const uint8_t *bytes)
{
	return get_u64(bytes);
}

uint64_t run_encoded_first_seq(const uint8_t *bytes)
{
	return get_u64(bytes + 24);
}

void run_decode(struct engine *engine, struct engine_queue *queue, const uint8_t *bytes)
{
	uint32_t count = get_u32(bytes + 12);
	bool is_indexed = bytes[56] != 0;
	size_t size = is_indexed ? 0 : (size_t)count * ENTRY_SIZE;
	struct group *group = group_get(queue, get_u64(bytes));
	struct run *run = run_new(engine, queue, group, get_u32(bytes + 8), &group->runs);
	run->first_seq = get_u64(bytes + 24);
	run->last_seq = get_u64(bytes + 32);
	run->first_since_ms = (int64_t)get_u64(bytes + 40);
	run->index_offset = get_u64(bytes + 48);
	run->is_indexed = is_indexed;
	run->index_sum = get_u32(bytes + 57);
	buf_append(&run->entries, str_of(bytes + RUN_SIZE, size));
	run_count(engine, run, count, (int64_t)get_u64(bytes + 16));
}

/* An index that a checkpoint knows is durable and stays. */
void runs_loaded(struct engine *engine)
{
	struct list *link = engine->unindexed.next;

	while (link != &engine->unindexed) {
		struct segment_messages *segment =
			container_of(link, struct segment_messages, unindexed_link);
		const struct run *run = container_of(segment->runs.next, struct run, in_segment);
		link = link->next;
		if (run->is_indexed)
			list_remove(&segment->unindexed_link);
	}
}
