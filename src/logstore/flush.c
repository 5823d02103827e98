/* SPDX-License-Identifier: MIT */
/*
 * flush: moves the events of a full write-ahead log into the segments of their groups.
 *
 * A group's part is written behind its last mark, ends with a mark of the log's number, is synced,
 * and only then counts: readers change over under the mutex. A crash before leaves bytes behind the
 * mark, which the next start cuts; a crash after leaves the log, whose number the mark has. So each
 * event is in a segment once.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/sleep.h"
#include "base/vec.h"
#include "logstore/private.h"

enum { CHUNK_SIZE = 256 << 10, RETRY_MS = 1000 };

struct records {
	struct log_record *items;
	size_t count, capacity;
};

struct touched_list {
	struct logstore_touched *items;
	size_t count, capacity;
};

/* One group's part of one log. */
struct part {
	struct logstore *store;
	struct log_wal *wal;
	uint64_t group;
	struct arena arena;
	struct log_ref *refs;
	size_t ref_count;
	struct records records;
	struct buf out;
	struct log_segment segment; /* with this part, once it is written */
	struct touched_list *touched;
};

/* ---- reading the log ---- */

static void touch(struct part *part, const struct frame *frame)
{
	for (size_t i = 0; i < frame->stream_count; i++) {
		const struct frame_stream *stream = &frame->streams[i];
		vec_push(part->touched, (struct logstore_touched){
						.group = part->group,
						.stream = stream->number,
						.first_ms = stream->first_ms,
						.last_ms = stream->last_ms,
						.ingested_ms = frame->ingested_ms,
					});
	}
}

static void grow_segment(struct log_segment *segment, const struct frame *frame)
{
	if (frame->first_ms < segment->first_ms)
		segment->first_ms = frame->first_ms;
	if (frame->last_ms > segment->last_ms)
		segment->last_ms = frame->last_ms;
	segment->text_size += frame->text_size;
}

static bool take_record(void *context, const struct log_record *record)
{
	struct part *part = context;

	vec_push(&part->records, *record);
	return true;
}

/* Frames that the server sealed become records; envelopes are copied. */
static enum err take_frame(struct part *part, const struct log_ref *ref)
{
	char *bytes = arena_bytes(&part->arena, ref->size);
	struct frame frame;
	struct str body, plain;

	enum err err = log_file_read(ref->wal->file, ref->offset, bytes, ref->size);
	if (!err)
		err = frame_parse(&part->arena, str_of(bytes, ref->size), &frame);
	if (!err)
		err = frame_body(&frame, str_of(bytes, ref->size), &body);
	if (err)
		return err == ERR_TOOLARGE ? ERR_DAMAGED : err;
	touch(part, &frame);
	grow_segment(&part->segment, &frame);
	if (frame.flags & FRAME_IS_ENVELOPE) {
		buf_append(&part->out, str_of(bytes, ref->size));
		return ERR_OK;
	}
	err = seal_open(part->store->options.seal, (char *)body.data, body.size, &plain);
	return err ? err : frame_each(&frame, plain, take_record, part);
}

static int compare_records(const void *left, const void *right)
{
	const struct log_record *a = left, *b = right;

	if (a->stream != b->stream)
		return a->stream < b->stream ? -1 : 1;
	return log_key_compare(a->key, b->key);
}

/* ---- writing the segment ---- */

static void write_chunk(struct part *part, const struct log_record *records, size_t count)
{
	struct buf plain = {0};
	struct frame frame;

	frame_pack(&part->arena, records, count, &plain, &frame);
	frame.group = part->group;
	frame.flags = FRAME_IS_COMPRESSED;
	struct str body =
		seal_close(part->store->options.seal, &part->arena, LOGSTORE_SUBJECT + part->group,
			   frame_compress(&part->arena, buf_str(&plain)));
	frame_append(&part->out, &frame, body);
	buf_done(&plain);
}

static void write_chunks(struct part *part)
{
	const struct records *records = &part->records;
	size_t from = 0, size = 0;

	if (records->count == 0)
		return;
	qsort(records->items, records->count, sizeof(records->items[0]), compare_records);
	for (size_t i = 0; i < records->count; i++) {
		size += records->items[i].text.size + FRAME_TEXT_OVERHEAD;
		if (size < CHUNK_SIZE && i + 1 < records->count)
			continue;
		write_chunk(part, &records->items[from], i + 1 - from);
		from = i + 1;
		size = 0;
	}
}

static enum err write_segment(struct part *part)
{
	struct logstore *store = part->store;
	struct log_file *file;

	frame_append_mark(&part->out, part->group, part->wal->number);
	enum err err = log_segment_open(store, part->group, &part->segment, true, &file);
	if (err)
		return err;
	err = log_file_write(file->descriptor, part->segment.size, buf_str(&part->out));
	if (!err && store->options.syncs && fdatasync(file->descriptor) != 0) {
		log_event(LOG_ERROR, "a segment of logs cannot be synced",
			  log_str("error", str_from(strerror(errno))));
		err = ERR_IO;
	}
	log_file_release(file);
	part->segment.size += part->out.size;
	part->segment.wal = part->wal->number;
	return err;
}

/* ---- one group ---- */

/* False: the group was dropped, or has this log. */
static bool begin_part(struct part *part)
{
	struct logstore *store = part->store;
	bool is_needed = false;

	pthread_mutex_lock(&store->mutex);
	struct log_group *group = log_group_find(store, part->group);
	size_t count = 0;
	while (group && count < group->refs.count && group->refs.items[count].wal == part->wal)
		count++;
	if (count > 0) {
		struct log_segment *last =
			group->segments.count > 0
				? &group->segments.items[group->segments.count - 1]
				: NULL;
		is_needed = !last || last->wal < part->wal->number;
		if (last && !last->is_sealed) {
			part->segment = *last;
			part->segment.file = log_file_hold(last->file);
		} else {
			part->segment = (struct log_segment){.number = group->next_segment,
							     .first_ms = INT64_MAX,
							     .last_ms = INT64_MIN};
		}
		part->refs = arena_array(&part->arena, struct log_ref, count);
		memcpy(part->refs, group->refs.items, count * sizeof(*part->refs));
		part->ref_count = count;
	}
	pthread_mutex_unlock(&store->mutex);
	return is_needed;
}

static void drop_refs(struct log_group *group, size_t count)
{
	memmove(group->refs.items, group->refs.items + count,
		(group->refs.count - count) * sizeof(group->refs.items[0]));
	group->refs.count -= count;
	if (group->refs.count == 0)
		vec_done(&group->refs);
}

/* Readers find the events in the segment from now on. */
static void end_part(struct part *part, bool is_written)
{
	struct logstore *store = part->store;
	bool is_ours = false;

	pthread_mutex_lock(&store->mutex);
	struct log_group *group = log_group_find(store, part->group);
	if (group)
		drop_refs(group, part->ref_count);
	if (group && is_written) {
		size_t count = group->segments.count;
		struct log_segment *last = count > 0 ? &group->segments.items[count - 1] : NULL;
		if (last && last->number == part->segment.number) {
			log_segment_done(last);
			*last = part->segment;
		} else {
			vec_push(&group->segments, part->segment);
			group->next_segment = part->segment.number + 1;
		}
		is_ours = true;
	}
	pthread_mutex_unlock(&store->mutex);
	if (!is_ours)
		log_segment_done(&part->segment);
}

static void free_part(struct part *part)
{
	vec_done(&part->records);
	buf_done(&part->out);
	arena_done(&part->arena);
}

static enum err flush_part(struct part *part)
{
	enum err err = ERR_OK;

	for (size_t i = 0; !err && i < part->ref_count; i++) {
		enum err problem = take_frame(part, &part->refs[i]);
		if (problem == ERR_DAMAGED)
			log_event(LOG_ERROR, "log events are damaged and lost",
				  log_i64("group", (int64_t)part->group),
				  log_i64("wal", (int64_t)part->wal->number),
				  log_i64("offset", (int64_t)part->refs[i].offset));
		else
			err = problem;
	}
	if (err)
		return err;
	write_chunks(part);
	return write_segment(part);
}

/* ---- sealing ---- */

static bool is_ripe(const struct logstore *store, const struct log_segment *segment)
{
	return segment->size >= store->options.segment_size ||
	       segment->last_ms - segment->first_ms >= store->options.segment_age_ms ||
	       clock_now_ms() - segment->first_ms >= store->options.segment_age_ms;
}

/* The flusher alone changes segments, so the copy stays right without the mutex. */
static void seal_last(struct logstore *store, uint64_t number)
{
	struct log_segment segment = {0};

	pthread_mutex_lock(&store->mutex);
	struct log_group *group = log_group_find(store, number);
	if (group && group->segments.count > 0)
		segment = group->segments.items[group->segments.count - 1];
	pthread_mutex_unlock(&store->mutex);
	if (segment.number == 0 || segment.is_sealed || segment.size == 0 ||
	    !is_ripe(store, &segment) || log_segment_seal(store, number, &segment) != ERR_OK)
		return;
	pthread_mutex_lock(&store->mutex);
	group = log_group_find(store, number);
	if (group)
		group->segments.items[group->segments.count - 1].is_sealed = true;
	pthread_mutex_unlock(&store->mutex);
}

/* ---- a log ---- */

struct numbers {
	uint64_t *items;
	size_t count, capacity;
};

static void list_groups(struct logstore *store, const struct log_wal *wal, struct numbers *out)
{
	struct log_group *group;
	size_t cursor = 0;

	pthread_mutex_lock(&store->mutex);
	while ((group = map_next(&store->groups, &cursor)) != NULL)
		if (group->refs.count > 0 && group->refs.items[0].wal == wal)
			vec_push(out, group->number);
	pthread_mutex_unlock(&store->mutex);
}

enum err log_flush_wal(struct logstore *store, struct log_wal *wal)
{
	struct touched_list touched = {0};
	struct numbers groups = {0};
	enum err err = ERR_OK;

	list_groups(store, wal, &groups);
	for (size_t i = 0; !err && i < groups.count; i++) {
		struct part part = {
			.store = store, .wal = wal, .group = groups.items[i], .touched = &touched};
		arena_init(&part.arena);
		bool is_needed = begin_part(&part);
		if (is_needed)
			err = flush_part(&part);
		if (!err)
			end_part(&part, is_needed);
		else
			log_segment_done(&part.segment);
		free_part(&part);
		if (!err)
			seal_last(store, groups.items[i]);
	}
	vec_done(&groups);
	if (!err) {
		wal->is_flushed = true;
		atomic_fetch_add_explicit(&store->flushes, 1, memory_order_relaxed);
		store->options.on_flushed(store->options.context, wal->number, touched.items,
					  touched.count);
	}
	vec_done(&touched);
	return err;
}

/* ---- recovery ---- */

struct recovery {
	struct logstore *store;
	struct log_wal *wal;
};

static bool take_ref(void *context, const struct log_place *place)
{
	struct recovery *recovery = context;
	const struct frame *frame = place->frame;
	struct log_group *group = log_group_find(recovery->store, frame->group);

	recovery->wal->size = place->offset + frame_size(frame);
	if (group && frame->stream_count == 1)
		vec_push(&group->refs, (struct log_ref){
					       .wal = recovery->wal,
					       .offset = place->offset,
					       .size = (uint32_t)frame_size(frame),
					       .stream = frame->streams[0].number,
					       .first_ms = frame->first_ms,
					       .last_ms = frame->last_ms,
					       .text_size = frame->text_size,
				       });
	return true;
}

/* A frame at the end that was not written as a whole was not acknowledged. Damage before is logged
 * when the frame is flushed. */
static enum err recover_wal(struct logstore *store, struct log_wal *wal)
{
	struct recovery recovery = {store, wal};
	off_t size = lseek(wal->file->descriptor, 0, SEEK_END);
	uint64_t end = 0;

	if (size < 0)
		return ERR_IO;
	enum err err = log_walk(wal->file, (uint64_t)size, take_ref, &recovery, &end);
	if (err == ERR_DAMAGED) {
		log_event(LOG_INFO, "a torn write-ahead log of logs was cut",
			  log_i64("wal", (int64_t)wal->number), log_i64("at", (int64_t)end),
			  log_i64("bytes", (int64_t)((uint64_t)size - end)));
		err = ERR_OK;
	}
	return err ? err : log_flush_wal(store, wal);
}

enum err logstore_recover(struct logstore *store)
{
	enum err err = ERR_OK;

	check(!store->has_threads);
	for (struct list *link = store->wals.next; !err && link != &store->wals; link = link->next)
		err = recover_wal(store, container_of(link, struct log_wal, link));
	return err;
}

/* ---- other work ---- */

/* Under the mutex. The last segment of a group says which log is in it, as long as that exists. */
static bool is_expired(const struct logstore *store, const struct log_segment *segment,
		       int64_t before_ms)
{
	const struct log_wal *oldest = container_of(store->wals.next, struct log_wal, link);

	return segment->is_sealed && segment->last_ms < before_ms &&
	       (list_is_empty(&store->wals) || segment->wal < oldest->number);
}

static void expire(struct logstore *store, uint64_t number, int64_t before_ms)
{
	struct {
		struct log_segment *items;
		size_t count, capacity;
	} gone = {0};

	seal_last(store, number);
	pthread_mutex_lock(&store->mutex);
	struct log_group *group = log_group_find(store, number);
	size_t kept = 0;
	for (size_t i = 0; group && i < group->segments.count; i++) {
		struct log_segment segment = group->segments.items[i];
		if (is_expired(store, &segment, before_ms))
			vec_push(&gone, segment);
		else
			group->segments.items[kept++] = segment;
	}
	if (group)
		group->segments.count = kept;
	pthread_mutex_unlock(&store->mutex);
	for (size_t i = 0; i < gone.count; i++)
		log_segment_delete(store, number, &gone.items[i]);
	vec_done(&gone);
}

static void forget_wal(struct logstore *store, uint64_t number)
{
	struct log_wal *found = NULL;

	pthread_mutex_lock(&store->mutex);
	for (struct list *link = store->wals.next; link != &store->wals; link = link->next) {
		struct log_wal *wal = container_of(link, struct log_wal, link);
		if (wal->number == number && wal->is_flushed)
			found = wal;
	}
	if (found) {
		list_remove(&found->link);
		store->wal_count--;
	}
	pthread_mutex_unlock(&store->mutex);
	if (found)
		log_wal_delete(store, &found);
}

static void run_job(struct logstore *store, const struct log_job *job)
{
	switch (job->kind) {
	case LOG_DROP:
		log_group_delete(store, job->number);
		break;
	case LOG_EXPIRE:
		expire(store, job->number, job->before_ms);
		break;
	case LOG_FORGET:
		forget_wal(store, job->number);
		break;
	}
}

/* ---- the thread ---- */

/* Under the mutex: the oldest log that is to be flushed; NULL: none. */
static struct log_wal *next_wal(const struct logstore *store)
{
	for (struct list *link = store->wals.next; link != &store->wals; link = link->next) {
		struct log_wal *wal = container_of(link, struct log_wal, link);
		if (!wal->is_flushed)
			return wal;
	}
	return NULL;
}

static void wait_for_work(struct logstore *store, bool waits_for_disk)
{
	struct timespec until = sleep_deadline(RETRY_MS);
	int result = 0;

	while (!store->is_ending && store->jobs.count == 0 && result == 0) {
		if (waits_for_disk)
			result = pthread_cond_timedwait(&store->work, &store->mutex, &until);
		else if (next_wal(store))
			break;
		else
			pthread_cond_wait(&store->work, &store->mutex);
	}
}

static bool take_job(struct logstore *store, struct log_job *out_job)
{
	if (store->jobs.count == 0)
		return false;
	*out_job = store->jobs.items[0];
	store->jobs.count--;
	memmove(store->jobs.items, store->jobs.items + 1,
		store->jobs.count * sizeof(store->jobs.items[0]));
	return true;
}

void *log_flusher_main(void *context)
{
	struct logstore *store = context;
	bool waits_for_disk = false;

	check(pthread_setname_np(pthread_self(), "log flusher") == 0);
	pthread_mutex_lock(&store->mutex);
	/* At the end, what is to be deleted is; full logs are flushed by the next start. */
	while (!store->is_ending || store->jobs.count > 0) {
		struct log_job job;
		wait_for_work(store, waits_for_disk);
		bool has_job = take_job(store, &job);
		struct log_wal *wal = has_job || store->is_ending ? NULL : next_wal(store);
		pthread_mutex_unlock(&store->mutex);
		if (has_job)
			run_job(store, &job);
		if (wal)
			waits_for_disk = log_flush_wal(store, wal) != ERR_OK;
		pthread_mutex_lock(&store->mutex);
	}
	pthread_mutex_unlock(&store->mutex);
	return NULL;
}
