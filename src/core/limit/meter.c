/* SPDX-License-Identifier: MIT */
/* meter: plain loads and stores are enough, as there is one writer. */
#include "core/limit/meter.h"

struct meter *meter_new(uint32_t operations)
{
	struct meter *meter = heap_alloc(sizeof(*meter));

	meter->count = operations;
	meter->operations = heap_alloc(operations * sizeof(*meter->operations));
	return meter;
}

void meter_free(struct meter **meter)
{
	if (*meter)
		heap_free((*meter)->operations);
	heap_free(*meter);
	*meter = NULL;
}

static void add(_Atomic uint64_t *count, uint64_t more)
{
	atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + more,
			      memory_order_relaxed);
}

void meter_record_many(struct meter *meter, uint32_t operation, enum meter_outcome outcome,
		       int64_t nanoseconds, uint64_t count)
{
	check(operation < meter->count);
	struct meter_operation *row = &meter->operations[operation];
	uint64_t bound_us = METER_BUCKET_US;
	int bucket = 0;

	while (bucket < METER_BUCKETS - 1 && (uint64_t)nanoseconds > bound_us * 1000) {
		bound_us *= 2;
		bucket++;
	}
	add(&row->answered, count);
	add(&row->nanoseconds, (uint64_t)nanoseconds * count);
	add(&row->buckets[bucket], count);
	if (outcome == METER_THROTTLED)
		add(&row->throttled, count);
	if (outcome == METER_SENDER_FAULT || outcome == METER_THROTTLED)
		add(&row->sender_faults, count);
	if (outcome == METER_RECEIVER_FAULT)
		add(&row->receiver_faults, count);
}

void meter_record(struct meter *meter, uint32_t operation, enum meter_outcome outcome,
		  int64_t nanoseconds)
{
	meter_record_many(meter, operation, outcome, nanoseconds, 1);
}

void meter_record_entries(struct meter *meter, uint32_t operation, uint64_t sender_faults,
			  uint64_t receiver_faults)
{
	add(&meter->operations[operation].sender_faults, sender_faults);
	add(&meter->operations[operation].receiver_faults, receiver_faults);
}

void meter_add(struct meter *sum, const struct meter *meter)
{
	check(sum->count == meter->count);
	for (uint32_t i = 0; i < meter->count; i++) {
		struct meter_operation *to = &sum->operations[i];
		const struct meter_operation *from = &meter->operations[i];
		add(&to->answered, from->answered);
		add(&to->sender_faults, from->sender_faults);
		add(&to->receiver_faults, from->receiver_faults);
		add(&to->throttled, from->throttled);
		add(&to->nanoseconds, from->nanoseconds);
		for (int j = 0; j < METER_BUCKETS; j++)
			add(&to->buckets[j], from->buckets[j]);
	}
	add(&sum->unrouted, meter->unrouted);
}
