/* SPDX-License-Identifier: MIT */
/*
 * ring: periods with data are linked from older to newer, so that the two pointers `oldest_real`
 * and `recent` move forward only: each slot is passed once by each.
 *
 * Invariants: `recent` is the oldest of the newest min(N, real_count) slots with data;
 * recent_breaching counts the breaching ones from there on.
 */
#include "alarm/ring.h"

#include <math.h>

#define NO_SLOT UINT32_MAX

struct alarm_slot {
	struct alarm_point point;
	uint64_t number;
	uint32_t next; /* newer one with data; NO_SLOT */
	bool has_data, is_breaching;
};

void alarm_ring_init(struct alarm_ring *ring, const struct alarm_criteria *criteria)
{
	check(criteria->evaluation_periods >= 1);
	check(criteria->datapoints_to_alarm >= 1);
	check(criteria->datapoints_to_alarm <= criteria->evaluation_periods);

	alarm_ring_done(ring);
	ring->range = alarm_range(criteria);
	ring->slots = heap_alloc(sizeof(*ring->slots) * ring->range);
	for (uint32_t i = 0; i < ring->range; i++)
		ring->slots[i].point.value = NAN;
	ring->oldest_real = ring->recent = NO_SLOT;
	ring->newest = ring->range - 1;
}

void alarm_ring_done(struct alarm_ring *ring)
{
	heap_free(ring->slots);
	*ring = (struct alarm_ring){0};
}

/* The slot leaves the range; it is the oldest. */
static void drop(struct alarm_ring *ring, uint32_t index)
{
	const struct alarm_slot *slot = &ring->slots[index];

	if (!slot->has_data)
		return;
	check(ring->oldest_real == index);
	ring->real_count--;
	ring->real_breaching -= slot->is_breaching;
	if (ring->recent == index) {
		ring->recent_breaching -= slot->is_breaching;
		ring->recent = slot->next;
	}
	ring->oldest_real = slot->next;
}

static void append_real(struct alarm_ring *ring, uint32_t index, uint32_t previous_real,
			uint32_t periods)
{
	const struct alarm_slot *slot = &ring->slots[index];

	if (previous_real != NO_SLOT)
		ring->slots[previous_real].next = index;
	if (ring->oldest_real == NO_SLOT)
		ring->oldest_real = index;
	if (ring->recent == NO_SLOT)
		ring->recent = index;
	ring->real_count++;
	ring->real_breaching += slot->is_breaching;
	ring->recent_breaching += slot->is_breaching;
	if (ring->real_count > periods) {
		const struct alarm_slot *oldest = &ring->slots[ring->recent];

		ring->recent_breaching -= oldest->is_breaching;
		ring->recent = oldest->next;
	}
}

void alarm_ring_push(struct alarm_ring *ring, const struct alarm_criteria *criteria,
		     struct alarm_point point)
{
	check(ring->range == alarm_range(criteria));

	uint32_t index = ring->newest + 1 == ring->range ? 0 : ring->newest + 1;
	uint32_t previous_real = ring->newest_real;
	struct alarm_slot *slot = &ring->slots[index];

	drop(ring, index);
	if (ring->oldest_real == NO_SLOT)
		previous_real = NO_SLOT;
	*slot = (struct alarm_slot){.point = point, .number = ring->pushed++, .next = NO_SLOT};
	slot->has_data = !isnan(point.value);
	slot->is_breaching = slot->has_data && alarm_is_breaching(criteria, point.value);
	ring->newest = index;
	if (!slot->has_data)
		return;
	append_real(ring, index, previous_real, criteria->evaluation_periods);
	ring->newest_real = index;
}

/* How many periods ago the oldest one with data began; the newest is 1. */
static uint64_t age_of_oldest(const struct alarm_ring *ring)
{
	return ring->pushed - ring->slots[ring->oldest_real].number;
}

/* Fewer than N periods have data. */
static void evaluate_sparse(const struct alarm_ring *ring, const struct alarm_criteria *criteria,
			    struct alarm_outcome *outcome)
{
	uint32_t needed = criteria->datapoints_to_alarm;
	bool is_alarm = outcome->breaching >= needed;

	if (criteria->missing == ALARM_BREACHING)
		is_alarm = outcome->breaching + outcome->filled >= needed;
	outcome->state = is_alarm ? ALARM_ALARM : ALARM_OK;
	if (is_alarm || criteria->missing == ALARM_BREACHING ||
	    criteria->missing == ALARM_NOT_BREACHING)
		return;
	if (outcome->real == 0 && criteria->missing == ALARM_MISSING)
		outcome->state = ALARM_INSUFFICIENT_DATA;
	else if (ring->real_breaching == ring->real_count) {
		/* All that is known breaches, or nothing is known. */
		outcome->is_premature =
			criteria->missing == ALARM_MISSING && age_of_oldest(ring) >= needed;
		outcome->is_kept = !outcome->is_premature;
		outcome->state = ALARM_ALARM;
	}
}

struct alarm_outcome alarm_ring_evaluate(const struct alarm_ring *ring,
					 const struct alarm_criteria *criteria,
					 enum alarm_state previous)
{
	uint32_t periods = criteria->evaluation_periods;
	struct alarm_outcome outcome = {
		.real = ring->real_count < periods ? ring->real_count : periods,
		.breaching = ring->recent_breaching,
	};

	outcome.filled = periods - outcome.real;
	if (outcome.filled > 0)
		evaluate_sparse(ring, criteria, &outcome);
	else
		outcome.state =
			outcome.breaching >= criteria->datapoints_to_alarm ? ALARM_ALARM : ALARM_OK;
	if (criteria->ignores_low_samples && ring->slots[ring->newest].has_data &&
	    ring->slots[ring->newest].point.has_few_samples)
		outcome.is_kept = true;
	if (outcome.is_kept)
		outcome.state = previous;
	return outcome;
}

uint32_t alarm_ring_evaluated(const struct alarm_ring *ring, const struct alarm_criteria *criteria,
			      struct alarm_point *out)
{
	uint32_t periods = criteria->evaluation_periods, count = 0;
	uint32_t fills = ring->real_count < periods ? periods - ring->real_count : 0;

	for (uint32_t back = 0; back < ring->range && count < periods; back++) {
		const struct alarm_slot *slot =
			&ring->slots[(ring->newest + ring->range - back) % ring->range];

		if (!slot->has_data && fills == 0)
			continue;
		fills -= !slot->has_data;
		out[count++] = slot->point;
	}
	return count;
}
