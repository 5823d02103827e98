/* SPDX-License-Identifier: MIT */
/*
 * meter: answers, faults and times of each operation, counted by each thread. For usage by account
 * and resource see core/limit/usage.h.
 *
 * One writer a meter, any readers: a reader sees each number up to date, not all of one moment.
 */
#ifndef TERN_CORE_LIMIT_METER_H
#define TERN_CORE_LIMIT_METER_H

#include "base/base.h"

enum {
	METER_BUCKETS = 20, /* bucket n: up to METER_BUCKET_US << n microseconds; the last: all */
	METER_BUCKET_US = 50,
};

struct meter_operation {
	_Atomic uint64_t answered, sender_faults, receiver_faults, throttled, nanoseconds;
	_Atomic uint64_t buckets[METER_BUCKETS];
};

struct meter {
	uint32_t count; /* of all operations of all services */
	struct meter_operation *operations;
	_Atomic uint64_t unrouted; /* requests that named no operation of ours */
};
struct meter *meter_new(uint32_t operations);
void meter_free(struct meter **meter); /* accepts NULL, leaves NULL */

/* A throttled request counts as the sender's fault. */
enum meter_outcome { METER_OK, METER_SENDER_FAULT, METER_RECEIVER_FAULT, METER_THROTTLED };
void meter_record(struct meter *meter, uint32_t operation, enum meter_outcome outcome,
		  int64_t nanoseconds);
/* The same for several operations that take as long. */
void meter_record_many(struct meter *meter, uint32_t operation, enum meter_outcome outcome,
		       int64_t nanoseconds, uint64_t count);
/* Entries of a batch that failed in a call that did not. */
void meter_record_entries(struct meter *meter, uint32_t operation, uint64_t sender_faults,
			  uint64_t receiver_faults);
/* Adds the counts of `meter` to *sum, which has as many operations. */
void meter_add(struct meter *sum, const struct meter *meter);

#endif
