/* SPDX-License-Identifier: MIT */
/*
 * read: sources (segments, frames) come out of a heap in order of their first event in the
 * direction. A segment is replaced by its frames; a frame's events go into the page, which keeps
 * the nearest ones. The page is complete once the next source begins behind its last event.
 *
 * Times are mirrored for the backward direction, so there is one order here: `place` of a key or
 * time grows in the direction.
 */
#include "logstore/read.h"

#include <stdlib.h>

#include "base/vec.h"
#include "logstore/private.h"

enum { TRIES = 3 };

struct source {
	int64_t place;	       /* of its first event in the direction */
	struct log_file *file; /* held; NULL: a segment that is not opened yet */
	uint64_t offset;
	uint64_t size; /* of the frame */
	struct log_segment segment;
};

struct page {
	struct log_record *items; /* a heap, the farthest at the top; texts on the heap */
	size_t count, capacity;
	size_t size; /* of the texts, as AWS counts */
	bool has_bound;
	struct log_key bound; /* events from here on are not wanted */
};

struct reader {
	struct logstore *store;
	const struct logstore_query *query;
	struct {
		struct source *items; /* a heap, the nearest at the top */
		size_t count, capacity;
	} sources;
	struct page page;
	struct log_file *walked; /* file of the segment that is walked */
	struct arena arena;	 /* of one frame */
	uint64_t scanned;
	enum err open_error;
};

/* ---- the direction ---- */

static int64_t place_of(const struct reader *reader, int64_t time_ms)
{
	return reader->query->is_backward ? -time_ms : time_ms;
}

/* Negative: `a` comes first. */
static int compare(const struct reader *reader, struct log_key a, struct log_key b)
{
	int order = log_key_compare(a, b);

	return reader->query->is_backward ? -order : order;
}

static int64_t first_place(const struct reader *reader, int64_t first_ms, int64_t last_ms)
{
	return reader->query->is_backward ? -last_ms : first_ms;
}

/* ---- sources ---- */

static bool overlaps(const struct reader *reader, int64_t first_ms, int64_t last_ms)
{
	const struct logstore_query *query = reader->query;

	if (last_ms < query->from_ms || first_ms >= query->to_ms)
		return false;
	if (!query->has_after)
		return true;
	return query->is_backward ? first_ms <= query->after.time_ms
				  : last_ms >= query->after.time_ms;
}

static void push_source(struct reader *reader, struct source source)
{
	size_t at = reader->sources.count;

	vec_push(&reader->sources, source);
	struct source *items = reader->sources.items;
	while (at > 0 && items[(at - 1) / 2].place > source.place) {
		items[at] = items[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	items[at] = source;
}

static struct source pop_source(struct reader *reader)
{
	struct source *items = reader->sources.items;
	struct source top = items[0], last = items[--reader->sources.count];
	size_t count = reader->sources.count, at = 0;

	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= count)
			break;
		if (child + 1 < count && items[child + 1].place < items[child].place)
			child++;
		if (items[child].place >= last.place)
			break;
		items[at] = items[child];
		at = child;
	}
	if (count > 0)
		items[at] = last;
	return top;
}

static void source_done(struct source *source)
{
	log_file_release(source->file);
	log_segment_done(&source->segment);
}

static bool wants_stream(const struct reader *reader, uint64_t number)
{
	const struct logstore_query *query = reader->query;
	size_t from = 0, to = query->stream_count;

	if (!query->streams)
		return true;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (query->streams[middle] == number)
			return true;
		if (query->streams[middle] < number)
			from = middle + 1;
		else
			to = middle;
	}
	return false;
}

static void add_ref(struct reader *reader, const struct log_ref *ref)
{
	if (!wants_stream(reader, ref->stream) || !overlaps(reader, ref->first_ms, ref->last_ms))
		return;
	push_source(reader, (struct source){
				    .place = first_place(reader, ref->first_ms, ref->last_ms),
				    .file = log_file_hold(ref->wal->file),
				    .offset = ref->offset,
				    .size = ref->size,
			    });
}

static void add_segment(struct reader *reader, const struct log_segment *segment)
{
	struct source source = {.segment = *segment};

	if (segment->size == 0 || !overlaps(reader, segment->first_ms, segment->last_ms))
		return;
	source.place = first_place(reader, segment->first_ms, segment->last_ms);
	source.segment.file = log_file_hold(segment->file);
	push_source(reader, source);
}

/* The sources of one moment. */
static enum err list_sources(struct reader *reader)
{
	struct logstore *store = reader->store;

	pthread_mutex_lock(&store->mutex);
	const struct log_group *group = log_group_find(store, reader->query->group);
	for (size_t i = 0; group && i < group->segments.count; i++)
		add_segment(reader, &group->segments.items[i]);
	for (size_t i = 0; group && i < group->refs.count; i++)
		add_ref(reader, &group->refs.items[i]);
	pthread_mutex_unlock(&store->mutex);
	return group ? ERR_OK : ERR_NOTFOUND;
}

static bool add_frame(void *context, const struct log_place *place)
{
	struct reader *reader = context;
	const struct frame *frame = place->frame;
	bool is_wanted = false;

	if (frame->flags & FRAME_IS_MARK || !overlaps(reader, frame->first_ms, frame->last_ms))
		return true;
	for (size_t i = 0; !is_wanted && i < frame->stream_count; i++) {
		const struct frame_stream *stream = &frame->streams[i];
		is_wanted = wants_stream(reader, stream->number) &&
			    overlaps(reader, stream->first_ms, stream->last_ms);
	}
	if (is_wanted)
		push_source(reader,
			    (struct source){
				    .place = first_place(reader, frame->first_ms, frame->last_ms),
				    .file = log_file_hold(reader->walked),
				    .offset = place->offset,
				    .size = frame_size(frame),
			    });
	return true;
}

static void log_damage(const struct reader *reader, const struct source *source, uint64_t offset)
{
	log_event(LOG_ERROR, "log events are damaged and not readable",
		  log_i64("group", (int64_t)reader->query->group),
		  log_i64("segment", (int64_t)source->segment.number),
		  log_i64("offset", (int64_t)offset));
}

/* Replaces the segment by its frames. ERR_NOTFOUND: its file has another name now, or is gone. */
static enum err open_segment(struct reader *reader, struct source *source)
{
	struct log_file *file;
	uint64_t end;

	enum err err = log_segment_open(reader->store, reader->query->group, &source->segment,
					false, &file);
	if (err)
		return err;
	reader->walked = file;
	err = log_walk(file, source->segment.size, add_frame, reader, &end);
	reader->walked = NULL;
	log_file_release(file);
	if (err == ERR_DAMAGED)
		log_damage(reader, source, end);
	return err == ERR_DAMAGED ? ERR_OK : err;
}

/* ---- the page ---- */

static bool is_before(const struct reader *reader, const struct log_record *a,
		      const struct log_record *b)
{
	return compare(reader, a->key, b->key) < 0;
}

static void push_record(struct reader *reader, const struct log_record *record)
{
	struct page *page = &reader->page;
	struct log_record copy = *record;
	size_t at = page->count;

	copy.text = heap_copy(record->text);
	page->size += copy.text.size + FRAME_TEXT_OVERHEAD;
	vec_push(page, copy);
	while (at > 0 && is_before(reader, &page->items[(at - 1) / 2], &copy)) {
		page->items[at] = page->items[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	page->items[at] = copy;
}

/* Removes the farthest event. */
static void pop_record(struct reader *reader)
{
	struct page *page = &reader->page;
	struct log_record *items = page->items, last = items[--page->count];
	size_t count = page->count, at = 0;

	page->has_bound = true;
	page->bound = items[0].key;
	page->size -= items[0].text.size + FRAME_TEXT_OVERHEAD;
	heap_free((char *)items[0].text.data);
	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= count)
			break;
		if (child + 1 < count && is_before(reader, &items[child], &items[child + 1]))
			child++;
		if (!is_before(reader, &last, &items[child]))
			break;
		items[at] = items[child];
		at = child;
	}
	if (count > 0)
		items[at] = last;
}

static bool is_in_range(const struct reader *reader, const struct log_record *record)
{
	const struct logstore_query *query = reader->query;

	if (record->key.time_ms < query->from_ms || record->key.time_ms >= query->to_ms)
		return false;
	if (query->has_after && compare(reader, record->key, query->after) <= 0)
		return false;
	return !reader->page.has_bound || compare(reader, record->key, reader->page.bound) < 0;
}

static bool take_record(void *context, const struct log_record *record)
{
	struct reader *reader = context;
	const struct logstore_query *query = reader->query;
	struct page *page = &reader->page;

	if (!wants_stream(reader, record->stream) || !is_in_range(reader, record))
		return true;
	reader->scanned += record->text.size + FRAME_TEXT_OVERHEAD;
	if (query->matches && !query->matches(query->context, record))
		return true;
	push_record(reader, record);
	while (page->count > query->count_max || (page->size > query->size_max && page->count > 1))
		pop_record(reader);
	return true;
}

static enum err open_body(struct reader *reader, const struct frame *frame, struct str body,
			  struct str *out_plain)
{
	const struct logstore_query *query = reader->query;
	enum err err;

	if (frame->flags & FRAME_IS_ENVELOPE) {
		err = query->open(query->context, (char *)body.data, body.size, out_plain);
		reader->open_error = err;
	} else {
		err = seal_open(reader->store->options.seal, (char *)body.data, body.size,
				out_plain);
	}
	if (!err && frame->flags & FRAME_IS_COMPRESSED)
		err = frame_decompress(&reader->arena, *out_plain, frame->plain_size, out_plain);
	return err;
}

static enum err read_frame(struct reader *reader, const struct source *source)
{
	char *bytes;
	struct frame frame;
	struct str body, plain;

	arena_reset(&reader->arena);
	bytes = arena_bytes(&reader->arena, source->size);
	enum err err = log_file_read(source->file, source->offset, bytes, source->size);
	if (!err)
		err = frame_parse(&reader->arena, str_of(bytes, source->size), &frame);
	if (!err)
		err = frame_body(&frame, str_of(bytes, source->size), &body);
	if (!err)
		err = open_body(reader, &frame, body, &plain);
	if (!err)
		err = frame_each(&frame, plain, take_record, reader);
	if (reader->open_error)
		return reader->open_error;
	if (err == ERR_DAMAGED || err == ERR_TOOLARGE) {
		log_damage(reader, source, source->offset);
		return ERR_OK;
	}
	return err;
}

/* ---- the search ---- */

/* True if no event behind `place` can belong to the page. */
static bool is_complete(const struct reader *reader, int64_t place)
{
	return reader->page.has_bound && place > place_of(reader, reader->page.bound.time_ms);
}

/* Enough was looked at, and a page that ends before `place` is nearer than its beginning. */
static bool is_tired(const struct reader *reader, int64_t place)
{
	const struct logstore_query *query = reader->query;

	return reader->scanned >= query->scan_max &&
	       (!query->has_after || place > place_of(reader, query->after.time_ms));
}

static enum err search(struct reader *reader, struct logstore_page *out)
{
	enum err err = ERR_OK;

	while (!err && reader->sources.count > 0) {
		int64_t place = reader->sources.items[0].place;
		if (is_complete(reader, place))
			break;
		if (is_tired(reader, place)) {
			bool is_backward = reader->query->is_backward;
			out->is_partial = true;
			/* Before all events of that time, in the direction. */
			out->resume = (struct log_key){is_backward ? -place : place,
						       is_backward ? UINT64_MAX : 0};
			break;
		}
		struct source source = pop_source(reader);
		err = source.file ? read_frame(reader, &source) : open_segment(reader, &source);
		source_done(&source);
	}
	return err;
}

static int ascending(const void *left, const void *right)
{
	const struct log_record *a = left, *b = right;

	return log_key_compare(a->key, b->key);
}

/* Events behind the place of a partial page are not known to be the next ones. */
static void cut_partial(struct reader *reader, const struct logstore_page *page)
{
	while (page->is_partial && reader->page.count > 0 &&
	       compare(reader, reader->page.items[0].key, page->resume) >= 0)
		pop_record(reader);
}

static void give(struct reader *reader, struct arena *arena, struct logstore_page *page)
{
	cut_partial(reader, page);
	page->has_more = reader->page.has_bound && !page->is_partial;
	page->count = reader->page.count;
	page->records = arena_array(arena, struct log_record, page->count);
	for (size_t i = 0; i < page->count; i++) {
		page->records[i] = reader->page.items[i];
		page->records[i].text = arena_copy(arena, page->records[i].text);
	}
	if (page->count > 0)
		qsort(page->records, page->count, sizeof(page->records[0]), ascending);
}

static void reader_done(struct reader *reader)
{
	for (size_t i = 0; i < reader->sources.count; i++)
		source_done(&reader->sources.items[i]);
	vec_done(&reader->sources);
	for (size_t i = 0; i < reader->page.count; i++)
		heap_free((char *)reader->page.items[i].text.data);
	vec_done(&reader->page);
	arena_done(&reader->arena);
}

static enum err try_once(struct logstore *store, struct arena *arena,
			 const struct logstore_query *query, struct logstore_page *out_page,
			 bool *out_again)
{
	struct reader reader = {.store = store, .query = query};
	struct logstore_page page = {0};

	arena_init(&reader.arena);
	enum err err = list_sources(&reader);
	bool exists = !err;
	if (!err)
		err = search(&reader, &page);
	if (!err) {
		give(&reader, arena, &page);
		*out_page = page;
	}
	*out_again = exists && err == ERR_NOTFOUND;
	reader_done(&reader);
	return err;
}

enum err logstore_read(struct logstore *store, struct arena *arena,
		       const struct logstore_query *query, struct logstore_page *out_page)
{
	bool again;
	enum err err;
	int tries = 0;

	check(query->count_max > 0);
	/* A segment was sealed or deleted between the list and its opening. */
	do
		err = try_once(store, arena, query, out_page, &again);
	while (again && ++tries < TRIES);
	return again ? ERR_IO : err;
}
