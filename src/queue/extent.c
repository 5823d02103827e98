/* SPDX-License-Identifier: MIT */
/*
 * extent: messages deep in a group's backlog, without an entry in memory.
 *
 * An index is derived data. If it cannot be read, the extents of its segment are rebuilt from the
 * segment's records, and a new index is written. An older checkpoint has positions in the previous
 * index. Its checksum shows the mismatch, and the extents are rebuilt again.
 */

#include "queue/extent.h"

#include <string.h>

#include "queue/image.h"
#include "queue/message.h"
#include "queue/page.h"
#include "queue/read.h"
#include "queue/sorted.h"
#include "queue/state.h"
#include "queue/turn.h"

/* Of a group in memory, when memory is short: a window divided by this. */
enum { PRESSURE_DIVISOR = 64 };

/* An entry: seq, since_ms, offset and size of its record, receives in other queues (u16) and when
 * the first was (u48). So loading a window reads no records. If the receives are too many for the
 * field, the top bit of size requires the record. */
#define ENTRY_IS_SPECIAL 0x80000000u
/* In size: a reference. It has no receives; in their place is its shared_size. */
#define ENTRY_IS_REFERENCE 0x40000000u

static void encode_entry(const struct extent_entry *entry, char *out)
{
	uint8_t *bytes = (uint8_t *)out;
	bool is_reference = entry->shared_size > 0;
	bool is_special = entry->receive_count > UINT16_MAX;
	uint64_t count = is_special ? 0 : entry->receive_count;
	uint64_t receives = (uint64_t)entry->first_receive_ms << 16 | count;

	put_u64(bytes, entry->seq);
	put_u64(bytes + 8, (uint64_t)entry->since_ms);
	put_u32(bytes + 16, entry->location.offset);
	put_u32(bytes + 20, entry->location.size | (is_special ? ENTRY_IS_SPECIAL : 0) |
				    (is_reference ? ENTRY_IS_REFERENCE : 0));
	check(!is_reference || receives == 0);
	put_u64(bytes + 24, is_reference ? entry->shared_size : receives);
}

int64_t extent_entry_live_size(const struct extent_entry *entry)
{
	return (int64_t)entry->location.size + entry->shared_size;
}

struct extent_entry extent_entry_decode(const char *in, uint32_t segment)
{
	uint32_t size = get_u32(in + 20);
	uint64_t last = get_u64(in + 24);
	bool is_reference = (size & ENTRY_IS_REFERENCE) != 0;
	uint64_t receives = is_reference ? 0 : last;

	return (struct extent_entry){
		.seq = get_u64(in),
		.since_ms = (int64_t)get_u64(in + 8),
		.location = {segment, get_u32(in + 16),
			     size & ~(ENTRY_IS_SPECIAL | ENTRY_IS_REFERENCE)},
		.shared_size = is_reference ? (uint32_t)last : 0,
		.receive_count = (uint32_t)(receives & UINT16_MAX),
		.first_receive_ms = (int64_t)(receives >> 16),
		.is_special = (size & ENTRY_IS_SPECIAL) != 0,
	};
}

static struct extent *extent_of(struct list *link)
{
	return container_of(link, struct extent, link);
}

struct extent *extent_in(const struct segment_messages *segment, const struct list *link)
{
	return link == &segment->extents ? NULL : container_of(link, struct extent, in_segment);
}

struct extent *extent_first(const struct group *group)
{
	return list_is_empty(&group->extents) ? NULL : extent_of(group->extents.next);
}

struct extent *extent_find(const struct engine_queue *queue, const struct group *group,
			   uint64_t seq)
{
	if (queue->is_archive) {
		size_t index = seq > 0 ? sorted_seek(queue, seq - 1) : 0;
		struct extent *extent =
			index < sorted_count(queue) ? sorted_extent(queue, index) : NULL;
		return extent && seq >= extent->first_seq ? extent : NULL;
	}
	for (struct list *link = group->extents.next; link != &group->extents; link = link->next) {
		struct extent *extent = extent_of(link);
		if (seq <= extent->last_seq)
			return seq >= extent->first_seq ? extent : NULL;
	}
	return NULL;
}

/* ---- making and forgetting ---- */

/* Makes an empty extent in front of `place`, a link of the group's extents or their head. */
static struct extent *extent_new(struct engine *engine, struct engine_queue *queue,
				 struct group *group, uint32_t number, struct list *place)
{
	struct extent *extent = heap_alloc(sizeof(*extent));
	struct segment_messages *segment = segment_messages_get(engine, number);

	extent->queue = queue;
	extent->group = group;
	extent->segment = number;
	extent->mark = engine->mark;
	list_insert_before(place, &extent->link);
	if (queue->is_archive)
		sorted_enter(queue, extent, place == &group->extents ? NULL : extent_of(place));
	list_push_back(&queue->extents, &extent->in_queue);
	list_push_back(&segment->extents, &extent->in_segment);
	if (!list_is_linked(&group->deep_link))
		list_push_back(&queue->deep_groups, &group->deep_link);
	if (!list_is_linked(&segment->unindexed_link))
		list_push_back(&engine->unindexed, &segment->unindexed_link);
	atomic_fetch_add_explicit(&engine->extent_count, 1, memory_order_relaxed);
	return extent;
}

static void extent_free(struct engine *engine, struct extent *extent)
{
	struct segment_messages *segment = segment_messages_find(engine, extent->segment);

	check(segment != NULL);
	image_forget_extent(engine, extent);
	page_forget(engine, &extent->in_queue);
	if (extent->queue->is_archive)
		sorted_leave(extent->queue, extent);
	if (segment->next == extent)
		segment->next = extent_in(segment, extent->in_segment.next);
	list_remove(&extent->link);
	list_remove(&extent->in_segment);
	list_remove(&extent->in_queue);
	if (list_is_empty(&extent->group->extents))
		list_remove(&extent->group->deep_link);
	buf_done(&extent->entries);
	heap_free(extent);
	segment_messages_release(engine, segment);
	atomic_fetch_sub_explicit(&engine->extent_count, 1, memory_order_relaxed);
}

/* Counts `count` messages of `bytes` into the extent, or out of it if they are negative. */
static void count_in(struct engine *engine, struct extent *extent, int64_t count, int64_t bytes)
{
	check(count >= 0 || extent->count >= (uint64_t)-count);
	check(bytes >= 0 || extent->bytes >= (uint64_t)-bytes);
	extent->count = (uint32_t)(extent->count + count);
	extent->bytes += (uint64_t)bytes;
	extent->group->cold += (uint64_t)count;
	extent->queue->cold += (uint64_t)count;
	extent->queue->cold_bytes += (uint64_t)bytes;
	if (engine->journal) /* opening may have failed with extents already loaded */
		journal_live_add(engine->journal, extent->segment, count, bytes);
}

/* An extent accepts messages of its own segment, until its index is written or it is long
 * enough. */
static bool takes_more(const struct extent *extent, uint32_t segment)
{
	return extent && extent->segment == segment && !extent->is_indexed &&
	       extent->entries.size < EXTENT_ENTRIES_MAX * EXTENT_ENTRY_SIZE;
}

static void append_entry(struct engine *engine, struct extent *extent,
			 const struct extent_entry *entry)
{
	check(entry->location.segment == extent->segment);
	check(extent->count == 0 || entry->seq > extent->last_seq);
	image_keep_extent(engine, extent);
	if (extent->count == 0) {
		extent->first_seq = entry->seq;
		extent->first_since_ms = entry->since_ms;
	}
	extent->last_seq = entry->seq;
	encode_entry(entry, buf_extend(&extent->entries, EXTENT_ENTRY_SIZE));
	count_in(engine, extent, 1, extent_entry_live_size(entry));
}

bool extent_takes(const struct engine *engine, const struct engine_queue *queue,
		  const struct group *group)
{
	uint64_t window = engine->options.window;
	uint64_t limit = 2 * window;

	if (engine->messages.count >= engine->options.hot_messages_max)
		limit = window > PRESSURE_DIVISOR ? window / PRESSURE_DIVISOR : 1;
	return queue->is_archive || group->cold > 0 || group->ready_count >= limit;
}

void extent_append(struct engine *engine, struct engine_queue *queue, struct group *group,
		   const struct record_head *head, struct journal_location location)
{
	struct extent_entry entry = {
		.seq = head->seq,
		.since_ms = head->since_ms,
		.location = location,
		.shared_size = head->shared_size,
		.receive_count = head->receive_count,
		.first_receive_ms = head->first_receive_ms,
	};
	struct extent *last = group->cold ? extent_of(group->extents.prev) : NULL;

	if (!takes_more(last, location.segment))
		last = extent_new(engine, queue, group, location.segment, &group->extents);
	append_entry(engine, last, &entry);
}

void extent_take(struct engine *engine, struct extent *extent, size_t count, int64_t bytes,
		 const struct extent_entry *last)
{
	check(count <= extent->count);
	extent->position += (uint32_t)count;
	extent->first_seq = last->seq + 1;
	extent->first_since_ms = last->since_ms;
	count_in(engine, extent, -(int64_t)count, -bytes);
	if (extent->count == 0)
		extent_free(engine, extent);
}

void extent_drop(struct engine *engine, struct extent *extent)
{
	struct engine_queue *queue = extent->queue;
	struct group *group = extent->group;

	count_in(engine, extent, -(int64_t)extent->count, -(int64_t)extent->bytes);
	extent_free(engine, extent);
	if (list_is_empty(&group->extents))
		group_refresh(engine, queue, group);
}

void extent_relocate_first(struct engine *engine, struct extent *extent,
			   const struct extent_entry *entry, struct journal_location location,
			   uint32_t shared_size)
{
	struct group *group = extent->group;
	struct extent *before =
		extent->link.prev == &group->extents ? NULL : extent_of(extent->link.prev);
	struct extent_entry moved = *entry;

	if (!takes_more(before, location.segment))
		before = extent_new(engine, extent->queue, group, location.segment, &extent->link);
	image_keep_extent(engine, extent);
	moved.location = location;
	moved.shared_size = shared_size;
	append_entry(engine, before, &moved);
	extent->position++;
	extent->first_seq = entry->seq + 1;
	extent->first_since_ms = entry->since_ms;
	count_in(engine, extent, -1, -extent_entry_live_size(entry));
	if (extent->count == 0)
		extent_free(engine, extent);
}

/* ---- reading ---- */

/* The extent that the record's message lies in, or NULL. */
static struct extent *find_owner(const struct segment_messages *segment,
				 const struct journal_record *record,
				 const struct record_head *head)
{
	for (struct list *link = segment->extents.next; link != &segment->extents;
	     link = link->next) {
		struct extent *extent = container_of(link, struct extent, in_segment);
		if (extent->queue->number == record->queue && extent->group->hash == head->group &&
		    head->seq >= extent->first_seq && head->seq <= extent->last_seq)
			return extent;
	}
	return NULL;
}

struct rebuild {
	struct engine *engine;
	struct segment_messages *segment;
	struct shared_seen shared; /* the last one */
};

/* The head of the shared payload of a reference, at `record`. */
static bool find_shared(struct rebuild *rebuild, const struct journal_record *record,
			const struct record_reference *reference)
{
	struct shared_seen *shared = &rebuild->shared;
	struct buf buffer = {0};
	struct str payload;

	if (shared->location.offset == reference->shared_offset)
		return true;
	shared->location.offset = reference->shared_offset;
	bool is_read = !read_shared(rebuild->engine->journal, record->location.segment, reference,
				    false, &buffer, &shared->head, &payload);
	if (!is_read)
		shared->location.offset = 0;
	shared->head.origin = (struct str){0};
	buf_done(&buffer);
	return is_read;
}

/* The message that the record brings into its segment. False: none. */
static bool decode_head(struct rebuild *rebuild, const struct journal_record *record,
			struct record_head *out_head)
{
	struct record_reference reference;
	struct str data = record->data, payload;

	switch ((enum record_type)record->type) {
	case RECORD_MOVE:
		data = str_slice(data, RECORD_MOVE_SIZE, data.size);
		return record_head_decode(data, out_head, &payload);
	case RECORD_SEND:
	case RECORD_RELOCATE:
		return record_head_decode(data, out_head, &payload);
	case RECORD_SHARED:
		rebuild->shared.location = record->location;
		if (!read_shared_decode(record, &rebuild->shared.head, &payload,
					&rebuild->shared.share))
			rebuild->shared.location.offset = 0;
		return false;
	case RECORD_REFERENCE:
	case RECORD_RELOCATE_REFERENCE:
		if (!record_reference_decode(data, &reference) ||
		    !find_shared(rebuild, record, &reference))
			return false;
		if (record->type == RECORD_REFERENCE)
			reference.shared_size = record_share(
				record->queue, reference.shared_record_size, rebuild->shared.share);
		*out_head = record_reference_head(&reference, &rebuild->shared.head, record->queue);
		return true;
	default:
		return false;
	}
}

static enum err rebuild_record(void *context, const struct journal_record *record)
{
	struct rebuild *rebuild = context;
	struct record_head head;

	if (!decode_head(rebuild, record, &head))
		return ERR_OK;
	struct extent *extent = find_owner(rebuild->segment, record, &head);
	/* A message with its own delay was never in an extent. */
	if (!extent || head.visible_ms || message_find(rebuild->engine, record->queue, head.seq))
		return ERR_OK;
	struct extent_entry entry = {
		.seq = head.seq,
		.since_ms = head.since_ms,
		.location = record->location,
		.shared_size = head.shared_size,
		.receive_count = head.receive_count,
		.first_receive_ms = head.first_receive_ms,
	};
	encode_entry(&entry, buf_extend(&extent->rebuilt, EXTENT_ENTRY_SIZE));
	return ERR_OK;
}

/* Messages that were not found again stay in their segment, which is therefore never reused. */
static void resolve_rebuilt(struct extent *extent)
{
	uint64_t found = extent->rebuilt.size / EXTENT_ENTRY_SIZE;
	uint64_t lost = found < extent->count ? extent->count - found : 0;
	struct extent_entry entry;

	buf_done(&extent->entries);
	extent->entries = extent->rebuilt;
	extent->rebuilt = (struct buf){0};
	extent->is_indexed = false;
	extent->position = 0;
	if (lost) {
		log_event(LOG_ERROR, "messages of a damaged segment are lost",
			  log_i64("segment", extent->segment), log_i64("messages", (int64_t)lost));
		extent->count -= (uint32_t)lost;
		extent->group->cold -= lost;
		extent->queue->cold -= lost;
	}
	if (extent->count == 0)
		return;
	entry = extent_entry_decode(extent->entries.data, extent->segment);
	extent->first_seq = entry.seq;
	extent->first_since_ms = entry.since_ms;
}

/* False: the disk refuses, so the entries are unknown; the state is unchanged. */
static bool rebuild_segment(struct engine *engine, uint32_t number)
{
	struct rebuild rebuild = {.engine = engine,
				  .segment = segment_messages_find(engine, number)};
	struct list *extents = &rebuild.segment->extents;

	/* All extents of a segment are in a checkpoint in the same way. */
	for (struct list *link = extents->next; link != extents; link = link->next)
		image_keep_extent(engine, container_of(link, struct extent, in_segment));
	log_event(LOG_WARN, "an index is built anew", log_i64("segment", number));
	enum err err = journal_scan(engine->journal, number, rebuild_record, &rebuild);
	if (err) {
		for (struct list *link = extents->next; link != extents; link = link->next)
			buf_done(&container_of(link, struct extent, in_segment)->rebuilt);
		log_event(LOG_ERROR, "a segment cannot be read", log_i64("segment", number));
		engine->has_read_failed = true;
		return false;
	}
	for (struct list *link = extents->next; link != extents; link = link->next)
		resolve_rebuilt(container_of(link, struct extent, in_segment));
	rebuild.segment->is_indexing = rebuild.segment->is_collecting = false;
	buf_done(&rebuild.segment->index);
	if (engine->leaving == number)
		engine->leaving = 0;
	if (!list_is_linked(&rebuild.segment->unindexed_link))
		list_push_back(&engine->unindexed, &rebuild.segment->unindexed_link);
	return true;
}

/* Copies up to `count` entries from the extent's `from`-th on to `out`. False: the disk refuses. */
bool extent_read(struct engine *engine, struct extent *extent, size_t from, size_t count, char *out,
		 size_t *out_count)
{
	*out_count = 0;
	if (from >= extent->count)
		return true;
	if (count > extent->count - from)
		count = extent->count - from;
	if (extent->is_indexed) {
		uint64_t offset =
			extent->index_offset + (extent->position + from) * EXTENT_ENTRY_SIZE;
		*out_count = count;
		if (extent->index_sum == journal_index_sum(engine->journal, extent->segment) &&
		    !journal_index_read(engine->journal, extent->segment, offset, out,
					count * EXTENT_ENTRY_SIZE))
			return true;
		*out_count = 0;
		if (!rebuild_segment(engine, extent->segment))
			return false;
		if (from >= extent->count)
			return true;
		if (count > extent->count - from)
			count = extent->count - from;
	}
	memcpy(out, extent->entries.data + (extent->position + from) * EXTENT_ENTRY_SIZE,
	       count * EXTENT_ENTRY_SIZE);
	*out_count = count;
	return true;
}

size_t extent_peek(struct engine *engine, struct extent *extent, size_t from,
		   struct extent_entry *out_entries, size_t count)
{
	char bytes[EXTENT_PEEK_MAX * EXTENT_ENTRY_SIZE];

	check(count <= EXTENT_PEEK_MAX);
	if (!extent_read(engine, extent, from, count, bytes, &count))
		return 0;
	for (size_t i = 0; i < count; i++)
		out_entries[i] =
			extent_entry_decode(bytes + i * EXTENT_ENTRY_SIZE, extent->segment);
	return count;
}

size_t extent_seek(struct engine *engine, struct extent *extent, uint64_t seq)
{
	size_t low = 0, high = extent->count;

	if (seq < extent->first_seq)
		return 0;
	while (low < high) {
		struct extent_entry entry;
		size_t middle = low + (high - low) / 2;
		if (extent_peek(engine, extent, middle, &entry, 1) == 0 || entry.seq > seq)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

size_t extent_seek_age(struct engine *engine, struct extent *extent, int64_t since_ms)
{
	size_t low = 0, high = extent->count;

	while (low < high) {
		struct extent_entry entry;
		size_t middle = low + (high - low) / 2;
		if (extent_peek(engine, extent, middle, &entry, 1) == 0 ||
		    entry.since_ms >= since_ms)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* ---- checkpoints ---- */

size_t extent_encoded_size(struct str bytes)
{
	const uint8_t *in = (const uint8_t *)bytes.data;

	if (bytes.size < EXTENT_SIZE)
		return 0;
	uint32_t count = get_u32(in + 12);
	size_t size = EXTENT_SIZE + (in[56] ? 0 : (size_t)count * EXTENT_ENTRY_SIZE);
	return count == 0 || bytes.size < size ? 0 : size;
}

uint64_t extent_encoded_group(const uint8_t *bytes)
{
	return get_u64(bytes);
}

uint64_t extent_encoded_first_seq(const uint8_t *bytes)
{
	return get_u64(bytes + 24);
}

void extent_decode(struct engine *engine, struct engine_queue *queue, const uint8_t *bytes)
{
	uint32_t count = get_u32(bytes + 12);
	bool is_indexed = bytes[56] != 0;
	size_t size = is_indexed ? 0 : (size_t)count * EXTENT_ENTRY_SIZE;
	struct group *group = group_get(queue, get_u64(bytes));
	struct extent *extent =
		extent_new(engine, queue, group, get_u32(bytes + 8), &group->extents);
	extent->first_seq = get_u64(bytes + 24);
	extent->last_seq = get_u64(bytes + 32);
	extent->first_since_ms = (int64_t)get_u64(bytes + 40);
	extent->index_offset = get_u64(bytes + 48);
	extent->is_indexed = is_indexed;
	extent->index_sum = get_u32(bytes + 57);
	buf_append(&extent->entries, str_of(bytes + EXTENT_SIZE, size));
	count_in(engine, extent, count, (int64_t)get_u64(bytes + 16));
}

/* An index that a checkpoint names is durable and stays. */
void extent_loaded(struct engine *engine)
{
	struct list *link = engine->unindexed.next;

	while (link != &engine->unindexed) {
		struct segment_messages *segment =
			container_of(link, struct segment_messages, unindexed_link);
		const struct extent *extent =
			container_of(segment->extents.next, struct extent, in_segment);
		link = link->next;
		if (extent->is_indexed)
			list_remove(&segment->unindexed_link);
	}
}
