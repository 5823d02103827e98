/* SPDX-License-Identifier: MIT */
/*
 * seat: a table of pairs of places. Seats are numbered one after the other, so the low bits choose
 * a pair well. A full pair doubles the table up to the limit; then the pair's first seat is
 * replaced.
 *
 * An entry holds no reference: the version of a snapshot is never given again.
 */
#include "services/sqs/seat.h"

#include <string.h>

#include "core/hop.h"
#include "core/request_context.h"
#include "core/target.h"

enum { PLACES_AT_FIRST = 64 };

struct table {
	size_t capacity; /* a power of two */
	struct sqs_seat places[];
};

struct sqs_seats {
	struct table *tables[CORE_HOMES]; /* by core_home_index; NULL: not used yet */
};

struct sqs_seats *sqs_seats_new(void)
{
	return heap_alloc(sizeof(struct sqs_seats));
}

void sqs_seats_free(struct sqs_seats **seats)
{
	if (!*seats)
		return;
	for (size_t i = 0; i < CORE_HOMES; i++)
		heap_free((*seats)->tables[i]);
	heap_free(*seats);
	*seats = NULL;
}

static struct table **table_of(struct sqs_seats *seats, struct net_thread *home)
{
	return &seats->tables[core_home_index(home)];
}

/* The pair of places that a seat may have. */
static struct sqs_seat *pair_of(struct table *table, uint64_t seat)
{
	return &table->places[seat & (table->capacity - 1) & ~(uint64_t)1];
}

/* NULL: the table does not have it. */
static struct sqs_seat *find(struct table *table, uint64_t seat)
{
	if (!table)
		return NULL;
	struct sqs_seat *pair = pair_of(table, seat);
	if (pair[0].seat == seat)
		return &pair[0];
	return pair[1].seat == seat ? &pair[1] : NULL;
}

static bool is_current(struct sqs_registry *registry, const struct sqs_seat *seat, struct str arn)
{
	const struct sqs_queue *queue = sqs_registry_find_arn(registry, arn);
	bool is_same = queue && queue->version == seat->version;

	sqs_queue_release(queue);
	return is_same;
}

const struct sqs_seat *sqs_seats_find(struct sqs_seats *seats, struct sqs_registry *registry,
				      struct net_thread *home, uint64_t seat, struct str arn)
{
	struct sqs_seat *found = find(*table_of(seats, home), seat);

	if (!found)
		return NULL;
	/* Read before the queue is looked up: a later change has a later generation. */
	uint64_t generation = sqs_registry_generation(registry);
	if (found->generation == generation)
		return found;
	if (!is_current(registry, found, arn)) {
		found->seat = 0;
		return NULL;
	}
	found->generation = generation;
	return found;
}

struct metric_slot *sqs_seats_slot(struct sqs_seats *seats, struct net_thread *home, uint64_t seat)
{
	struct sqs_seat *found = find(*table_of(seats, home), seat);

	return found ? &found->sent_size : NULL;
}

/* ---- learning ---- */

/* False: its pair is full. */
static bool insert(struct table *table, const struct sqs_seat *seat)
{
	struct sqs_seat *place = pair_of(table, seat->seat);

	if (place->seat != 0 && place->seat != seat->seat)
		place++;
	if (place->seat != 0 && place->seat != seat->seat)
		return false;
	*place = *seat;
	return true;
}

static struct table *table_new(size_t capacity)
{
	struct table *table = heap_alloc(sizeof(*table) + capacity * sizeof(table->places[0]));

	table->capacity = capacity;
	return table;
}

/* A pair of the old table becomes two pairs, so all of its seats have room. */
static void grow(struct table **table)
{
	struct table *old = *table;

	*table = table_new(old->capacity * 2);
	for (size_t i = 0; i < old->capacity; i++)
		if (old->places[i].seat != 0)
			check(insert(*table, &old->places[i]));
	heap_free(old);
}

static bool is_learnable(const struct call *call, const struct sqs_queue *queue)
{
	return call->member->seat > 0 && call->principal->type == PRINCIPAL_SERVICE &&
	       !call->is_time_bound && call->key_count == 0 && queue->kms_key.size == 0;
}

void sqs_seats_learn(struct sqs_seats *seats, const struct call *call,
		     const struct sqs_queue *queue)
{
	if (!is_learnable(call, queue))
		return;
	struct table **table = table_of(seats, request_context_of((struct call *)call)->home);
	struct sqs_seat seat = {
		.seat = call->member->seat,
		.version = queue->version,
		.number = queue->number,
		.message_size_max = (uint32_t)queue->message_size_max,
		.is_fifo = queue->is_fifo,
		.has_content_dedup = queue->has_content_dedup,
		.has_sqs_managed_sse = queue->has_sqs_managed_sse,
		.has_quota = sqs_queue_has_quota(queue),
		/* The first use looks the queue up. */
		.generation = UINT64_MAX,
	};
	if (!*table)
		*table = table_new(PLACES_AT_FIRST);
	while (!insert(*table, &seat)) {
		if ((*table)->capacity >= LIMIT_SQS_SEATS) {
			*pair_of(*table, seat.seat) = seat;
			return;
		}
		grow(table);
	}
}
