/* SPDX-License-Identifier: MIT */
/*
 * writer: one write, and one sync if a frame asks for it, for the frames that arrived meanwhile.
 *
 * A frame is readable before its answer leaves. A failed write leaves the end of the log where it
 * was, so the next one overwrites it; a failed sync is final, since the pages may be lost.
 */
#include <errno.h>
#include <unistd.h>

#include "base/sleep.h"
#include "base/vec.h"
#include "logstore/private.h"

enum { BATCH_SIZE = 8 << 20, SYNC_MS = 1000, WALS_MAX = 16 };

static struct logstore_append *append_of(struct mailbox_message *message)
{
	return container_of(message, struct logstore_append, message);
}

/* ---- the file ---- */

static enum err sync_now(struct logstore *store)
{
	store->synced_ns = clock_steady_ns();
	if (!store->needs_sync)
		return ERR_OK;
	store->needs_sync = false;
	if (!store->options.syncs)
		return ERR_OK;
	atomic_fetch_add_explicit(&store->syncs, 1, memory_order_relaxed);
	if (fdatasync(store->wal->file->descriptor) == 0)
		return ERR_OK;
	log_event(LOG_ERROR, "log events cannot be synced; none are accepted until the next start",
		  log_str("error", str_from(strerror(errno))));
	atomic_store(&store->has_failed, true);
	return ERR_IO;
}

/* The full log goes to the flusher. */
static void rotate(struct logstore *store)
{
	struct log_wal *wal = store->wal;

	if (!wal || wal->size == 0 || sync_now(store) != ERR_OK)
		return;
	store->wal = NULL;
	pthread_mutex_lock(&store->mutex);
	list_push_back(&store->wals, &wal->link);
	store->wal_count++;
	pthread_cond_signal(&store->work);
	pthread_mutex_unlock(&store->mutex);
}

/* There is a log that grows. ERR_FULL: too many wait for the flusher. */
static enum err resolve_wal(struct logstore *store)
{
	if (atomic_load(&store->has_failed))
		return ERR_IO;
	if (store->wal)
		return ERR_OK;
	pthread_mutex_lock(&store->mutex);
	bool has_room = store->wal_count < WALS_MAX;
	uint64_t number = store->next_wal;
	pthread_mutex_unlock(&store->mutex);
	if (!has_room)
		return ERR_FULL;
	enum err err = log_wal_create(store, number, &store->wal);
	if (!err)
		store->next_wal = number + 1;
	return err;
}

/* ---- a batch ---- */

/* The first frames of the list, up to BATCH_SIZE; returns how many. */
static size_t fill_batch(struct logstore *store, bool *out_syncs)
{
	size_t count = 0;

	*out_syncs = false;
	buf_reset(&store->batch);
	for (struct mailbox_message *at = store->first; at; at = at->next) {
		const struct logstore_append *append = append_of(at);
		if (count > 0 && store->batch.size + append->bytes.size > BATCH_SIZE)
			break;
		buf_append(&store->batch, append->bytes);
		*out_syncs = *out_syncs || append->syncs;
		count++;
	}
	return count;
}

static enum err write_batch(struct logstore *store, bool syncs)
{
	enum err err = resolve_wal(store);

	if (!err)
		err = log_file_write(store->wal->file->descriptor, store->wal->size,
				     buf_str(&store->batch));
	if (err)
		return err;
	store->needs_sync = true;
	return syncs ? sync_now(store) : ERR_OK;
}

/* Readers see the frame from now on. */
static enum err publish(struct logstore *store, const struct logstore_append *append,
			uint64_t offset)
{
	struct log_group *group = log_group_find(store, append->group);

	if (!group)
		return ERR_NOTFOUND;
	vec_push(&group->refs, (struct log_ref){
				       .wal = store->wal,
				       .offset = offset,
				       .size = (uint32_t)append->bytes.size,
				       .stream = append->stream,
				       .first_ms = append->first_ms,
				       .last_ms = append->last_ms,
				       .text_size = append->text_size,
			       });
	atomic_fetch_add_explicit(&store->frames, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&store->events, append->count, memory_order_relaxed);
	return ERR_OK;
}

static void set_results(struct logstore *store, size_t count, enum err err)
{
	struct mailbox_message *at = store->first;
	uint64_t offset = store->wal ? store->wal->size : 0;

	pthread_mutex_lock(&store->mutex);
	for (size_t i = 0; i < count; i++, at = at->next) {
		struct logstore_append *append = append_of(at);
		append->result = err ? err : publish(store, append, offset);
		offset += append->bytes.size;
	}
	pthread_mutex_unlock(&store->mutex);
	if (err)
		atomic_fetch_add_explicit(&store->failures, count, memory_order_relaxed);
	else
		store->wal->size = offset;
}

static void answer(struct logstore *store, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct logstore_append *append = append_of(store->first);
		store->first = append->message.next;
		append->done(append); /* may free it */
	}
	if (!store->first)
		store->last = &store->first;
}

static void write_waiting(struct logstore *store)
{
	bool syncs;

	*store->last = mailbox_take(&store->mailbox);
	while (*store->last)
		store->last = &(*store->last)->next;
	while (store->first) {
		size_t count = fill_batch(store, &syncs);
		enum err err = write_batch(store, syncs);
		if (!err)
			atomic_fetch_add_explicit(&store->bytes, store->batch.size,
						  memory_order_relaxed);
		set_results(store, count, err);
		answer(store, count);
		if (store->wal && store->wal->size >= store->options.wal_size)
			rotate(store);
	}
	if (store->batch.capacity > BATCH_SIZE / 8)
		buf_done(&store->batch); /* idle memory is small */
}

/* ---- the thread ---- */

/* False: the store ends. */
static bool sleep_until_needed(struct logstore *store, bool *out_rotates)
{
	struct timespec until = sleep_deadline(SYNC_MS);
	int result = 0;

	pthread_mutex_lock(&store->mutex);
	while (!store->has_arrived && !store->wants_rotation && !store->is_ending && result == 0) {
		if (store->needs_sync)
			result = pthread_cond_timedwait(&store->arrived, &store->mutex, &until);
		else
			pthread_cond_wait(&store->arrived, &store->mutex);
	}
	store->has_arrived = false;
	*out_rotates = store->wants_rotation;
	store->wants_rotation = false;
	bool goes_on = !store->is_ending;
	pthread_mutex_unlock(&store->mutex);
	return goes_on;
}

void *log_writer_main(void *context)
{
	struct logstore *store = context;
	bool goes_on, rotates;

	check(pthread_setname_np(pthread_self(), "log writer") == 0);
	do {
		goes_on = sleep_until_needed(store, &rotates);
		write_waiting(store);
		if (rotates)
			rotate(store);
		if (!goes_on || clock_steady_ns() - store->synced_ns >= SYNC_MS * INT64_C(1000000))
			(void)sync_now(store); /* it logs a failure, which the next write reports */
	} while (goes_on);
	return NULL;
}
