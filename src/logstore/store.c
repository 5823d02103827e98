/* SPDX-License-Identifier: MIT */
/* store: groups and sizes, under the mutex; the threads are in writer.c and flush.c. */
#include "logstore/logstore.h"

#include "base/vec.h"
#include "logstore/private.h"

/* ---- groups ---- */

/* Numbers are the server's own, so they need no keyed hash. */
static uint64_t hash_of(uint64_t number)
{
	return (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static bool is_group(const void *value, const void *key)
{
	return ((const struct log_group *)value)->number == *(const uint64_t *)key;
}

struct log_group *log_group_find(struct logstore *store, uint64_t number)
{
	return map_find(&store->groups, hash_of(number), is_group, &number);
}

void log_segment_done(struct log_segment *segment)
{
	log_file_release(segment->file);
	segment->file = NULL;
}

static void group_free(struct log_group *group)
{
	for (size_t i = 0; i < group->segments.count; i++)
		log_segment_done(&group->segments.items[i]);
	vec_done(&group->segments);
	vec_done(&group->refs);
	heap_free(group);
}

enum err logstore_add(struct logstore *store, uint64_t number)
{
	struct log_group *group = heap_alloc(sizeof(*group));

	check(number <= LOGSTORE_GROUP_MAX);
	group->number = number;
	group->next_segment = 1;
	enum err err = log_files_load(store, group);
	if (err) {
		group_free(group);
		return err;
	}
	pthread_mutex_lock(&store->mutex);
	check(!log_group_find(store, number));
	map_insert(&store->groups, hash_of(number), group);
	pthread_mutex_unlock(&store->mutex);
	return ERR_OK;
}

static void add_job(struct logstore *store, struct log_job job)
{
	vec_push(&store->jobs, job);
	pthread_cond_signal(&store->work);
}

void logstore_drop(struct logstore *store, uint64_t number)
{
	pthread_mutex_lock(&store->mutex);
	struct log_group *group = log_group_find(store, number);
	if (group) {
		map_remove(&store->groups, hash_of(number), group);
		add_job(store, (struct log_job){.kind = LOG_DROP, .number = number});
	}
	pthread_mutex_unlock(&store->mutex);
	if (group)
		group_free(group);
}

/* Events of the write-ahead log must be in a segment to be deleted. */
void logstore_expire(struct logstore *store, uint64_t number, int64_t before_ms)
{
	pthread_mutex_lock(&store->mutex);
	add_job(store, (struct log_job){LOG_EXPIRE, number, before_ms});
	store->wants_rotation = true;
	pthread_cond_signal(&store->arrived);
	pthread_mutex_unlock(&store->mutex);
}

void logstore_flushed(struct logstore *store, uint64_t wal)
{
	pthread_mutex_lock(&store->mutex);
	add_job(store, (struct log_job){.kind = LOG_FORGET, .number = wal});
	pthread_mutex_unlock(&store->mutex);
}

struct logstore_size logstore_size(struct logstore *store, uint64_t number)
{
	struct logstore_size size = {.first_ms = INT64_MAX};

	pthread_mutex_lock(&store->mutex);
	const struct log_group *group = log_group_find(store, number);
	for (size_t i = 0; group && i < group->segments.count; i++) {
		const struct log_segment *segment = &group->segments.items[i];
		size.text += segment->text_size;
		size.disk += segment->size;
		if (segment->first_ms < size.first_ms)
			size.first_ms = segment->first_ms;
	}
	for (size_t i = 0; group && i < group->refs.count; i++) {
		size.text += group->refs.items[i].text_size;
		size.disk += group->refs.items[i].size;
		if (group->refs.items[i].first_ms < size.first_ms)
			size.first_ms = group->refs.items[i].first_ms;
	}
	pthread_mutex_unlock(&store->mutex);
	return size;
}

struct logstore_stats logstore_stats(struct logstore *store)
{
	return (struct logstore_stats){
		.frames = atomic_load_explicit(&store->frames, memory_order_relaxed),
		.events = atomic_load_explicit(&store->events, memory_order_relaxed),
		.bytes = atomic_load_explicit(&store->bytes, memory_order_relaxed),
		.syncs = atomic_load_explicit(&store->syncs, memory_order_relaxed),
		.flushes = atomic_load_explicit(&store->flushes, memory_order_relaxed),
		.failures = atomic_load_explicit(&store->failures, memory_order_relaxed),
		.has_failed = atomic_load_explicit(&store->has_failed, memory_order_relaxed),
	};
}

/* ---- writing ---- */

void logstore_write(struct logstore *store, struct logstore_append *append)
{
	check(append->bytes.size > 0);
	mailbox_push(&store->mailbox, &append->message);
}

void logstore_pack(struct logstore *store, struct arena *arena, uint64_t group,
		   const struct log_record *records, size_t count, logstore_close_fn envelope,
		   void *context, struct buf *out, struct logstore_append *out_append)
{
	struct buf plain = {0};
	struct frame frame;
	struct str body;

	frame_pack(arena, records, count, &plain, &frame);
	check(frame.plain_size <= FRAME_PLAIN_MAX);
	check(frame.stream_count == 1);
	frame.group = group;
	if (envelope) {
		frame.flags = FRAME_IS_ENVELOPE | FRAME_IS_COMPRESSED;
		body = envelope(context, arena, frame_compress(arena, buf_str(&plain)));
	} else {
		/* It is compressed with others when it is flushed. */
		body = seal_close(store->options.seal, arena, LOGSTORE_SUBJECT + group,
				  buf_str(&plain));
	}
	buf_done(&plain);
	buf_reset(out);
	frame_append(out, &frame, body);
	*out_append = (struct logstore_append){
		.bytes = buf_str(out),
		.group = group,
		.stream = records[0].stream,
		.first_ms = frame.first_ms,
		.last_ms = frame.last_ms,
		.sequence = frame.sequence,
		.text_size = frame.text_size,
		.count = count,
	};
}

/* ---- life ---- */

static void wake(void *context)
{
	struct logstore *store = context;

	pthread_mutex_lock(&store->mutex);
	store->has_arrived = true;
	pthread_cond_signal(&store->arrived);
	pthread_mutex_unlock(&store->mutex);
}

enum err logstore_open(const struct logstore_options *options, struct logstore **out)
{
	struct logstore *store = heap_alloc(sizeof(*store));
	pthread_condattr_t attributes;

	store->options = *options;
	store->next_wal = 1;
	store->last = &store->first;
	list_init(&store->wals);
	enum err err = log_files_prepare(store);
	if (!err)
		err = log_wals_load(store);
	if (err) {
		heap_free(store);
		return err;
	}
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&store->arrived, &attributes);
	pthread_cond_init(&store->work, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&store->mutex, NULL);
	mailbox_init(&store->mailbox, wake, store);
	*out = store;
	return ERR_OK;
}

void logstore_start(struct logstore *store)
{
	check(!store->has_threads);
	check(pthread_create(&store->writer, NULL, log_writer_main, store) == 0);
	check(pthread_create(&store->flusher, NULL, log_flusher_main, store) == 0);
	store->has_threads = true;
}

static void end_threads(struct logstore *store)
{
	pthread_mutex_lock(&store->mutex);
	store->is_ending = true;
	pthread_cond_signal(&store->arrived);
	pthread_cond_signal(&store->work);
	pthread_mutex_unlock(&store->mutex);
	if (!store->has_threads)
		return;
	pthread_join(store->writer, NULL);
	pthread_join(store->flusher, NULL);
}

/* Frames that arrived after the writer's end. */
static void refuse_rest(struct logstore *store)
{
	struct mailbox_message *message = mailbox_take(&store->mailbox);

	while (message) {
		struct logstore_append *append =
			container_of(message, struct logstore_append, message);
		message = message->next;
		append->result = ERR_CLOSED;
		append->done(append);
	}
}

void logstore_close(struct logstore **store_place)
{
	struct logstore *store = *store_place;
	struct log_group *group;
	size_t cursor = 0;

	if (!store)
		return;
	end_threads(store);
	refuse_rest(store);
	while ((group = map_next(&store->groups, &cursor)) != NULL)
		group_free(group);
	map_done(&store->groups);
	if (store->wal)
		list_push_back(&store->wals, &store->wal->link);
	while (!list_is_empty(&store->wals)) {
		struct log_wal *wal = container_of(store->wals.next, struct log_wal, link);
		list_remove(&wal->link);
		log_file_release(wal->file);
		heap_free(wal);
	}
	vec_done(&store->jobs);
	buf_done(&store->batch);
	pthread_cond_destroy(&store->arrived);
	pthread_cond_destroy(&store->work);
	pthread_mutex_destroy(&store->mutex);
	heap_free(store);
	*store_place = NULL;
}
