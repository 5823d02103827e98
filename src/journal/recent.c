/* SPDX-License-Identifier: MIT */
/*
 * Positions count bytes since the beginning; the place in the ring is the position modulo its size.
 * A batch is never split: if it does not fit in front of the end of the ring, it begins at the
 * start. Batches are sorted by segment and offset, so they are found by bisection. One mutex, held
 * for the copy of a record or of a batch.
 */
#include "journal/recent.h"

#include <pthread.h>
#include <string.h>

struct recent_batch {
	uint64_t position;
	uint32_t segment, offset, size;
};

struct recent {
	pthread_mutex_t mutex;
	char *bytes;
	size_t size;
	uint64_t position;   /* where the next batch begins */
	uint64_t first, end; /* batches, counted since the beginning */
	struct recent_batch batches[LIMIT_JOURNAL_RECENT_BATCHES];
};

struct recent *recent_new(size_t size)
{
	struct recent *recent = heap_alloc(sizeof *recent);

	check(size > 0);
	(void)pthread_mutex_init(&recent->mutex, NULL);
	recent->bytes = heap_alloc(size);
	recent->size = size;
	return recent;
}

void recent_free(struct recent **place)
{
	struct recent *recent = *place;

	if (!recent)
		return;
	(void)pthread_mutex_destroy(&recent->mutex);
	heap_free(recent->bytes);
	heap_free(recent);
	*place = NULL;
}

static struct recent_batch *batch_at(struct recent *recent, uint64_t index)
{
	return &recent->batches[index % LIMIT_JOURNAL_RECENT_BATCHES];
}

/* Drops batches that occupy bytes up to `end`. */
static void make_room(struct recent *recent, uint64_t end)
{
	while (recent->first < recent->end &&
	       (recent->end - recent->first == LIMIT_JOURNAL_RECENT_BATCHES ||
		batch_at(recent, recent->first)->position + recent->size < end))
		recent->first++;
}

void recent_add(struct recent *recent, uint32_t segment, uint32_t offset, struct str bytes)
{
	if (bytes.size > recent->size)
		return;
	(void)pthread_mutex_lock(&recent->mutex);
	size_t rest = recent->size - (size_t)(recent->position % recent->size);
	if (bytes.size > rest)
		recent->position += rest;
	make_room(recent, recent->position + bytes.size);
	if (recent->first < recent->end) {
		const struct recent_batch *last = batch_at(recent, recent->end - 1);
		check(last->segment < segment ||
		      (last->segment == segment && last->offset + last->size <= offset));
	}
	memcpy(recent->bytes + recent->position % recent->size, bytes.data, bytes.size);
	*batch_at(recent, recent->end++) =
		(struct recent_batch){recent->position, segment, offset, (uint32_t)bytes.size};
	recent->position += bytes.size;
	(void)pthread_mutex_unlock(&recent->mutex);
}

/* The last batch that begins at or before that offset, or NULL. */
static const struct recent_batch *find(struct recent *recent, uint32_t segment, uint32_t offset)
{
	uint64_t low = recent->first, high = recent->end;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		const struct recent_batch *batch = batch_at(recent, middle);
		if (batch->segment < segment ||
		    (batch->segment == segment && batch->offset <= offset))
			low = middle + 1;
		else
			high = middle;
	}
	return low > recent->first ? batch_at(recent, low - 1) : NULL;
}

bool recent_find(struct recent *recent, uint32_t segment, uint32_t offset, uint32_t size, char *out)
{
	(void)pthread_mutex_lock(&recent->mutex);
	const struct recent_batch *batch = find(recent, segment, offset);
	bool is_kept = batch && batch->segment == segment &&
		       (uint64_t)offset + size <= (uint64_t)batch->offset + batch->size;
	if (is_kept)
		memcpy(out,
		       recent->bytes + batch->position % recent->size + (offset - batch->offset),
		       size);
	(void)pthread_mutex_unlock(&recent->mutex);
	return is_kept;
}
