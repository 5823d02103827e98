/* SPDX-License-Identifier: MIT */
/*
 * numbers: the numbers of queues that no account owns.
 *
 * An internal queue has a kind and a serial. The part of Tern that owns the kind allocates serials,
 * ascending from 0 and never again after a QUEUE_DROP, and stores the next one with its resources
 * in the catalog. Numbers below QUEUE_INTERNAL_FIRST belong to SQS. They are subjects of seals, too
 * (core/seal/seal.h). Pure functions.
 */
#ifndef TERN_QUEUE_NUMBERS_H
#define TERN_QUEUE_NUMBERS_H

#include "base/base.h"

#define QUEUE_INTERNAL_FIRST UINT64_C(0x0000fe0000000000)

enum queue_kind {
	QUEUE_KIND_OBLIGATIONS = 0, /* src/deliver */
	/* Archives (queue.h) from here on. SNS: of a FIFO topic, its gate and its archive. */
	QUEUE_KIND_TOPICS = 1,
	QUEUE_KIND_BUS_ARCHIVES = 2, /* EventBridge */
	QUEUE_KINDS,
};

static inline uint64_t queue_number(enum queue_kind kind, uint32_t serial)
{
	return QUEUE_INTERNAL_FIRST + ((uint64_t)kind << 32) + serial;
}

static inline bool queue_number_is_internal(uint64_t number)
{
	return number >= QUEUE_INTERNAL_FIRST;
}

static inline bool queue_number_is_of(uint64_t number, enum queue_kind kind)
{
	return queue_number_is_internal(number) &&
	       (number - QUEUE_INTERNAL_FIRST) >> 32 == (uint64_t)kind;
}

static inline uint32_t queue_number_serial(uint64_t number)
{
	return (uint32_t)number;
}

static inline bool queue_number_is_archive(uint64_t number)
{
	return number >= queue_number(QUEUE_KIND_TOPICS, 0) &&
	       number < queue_number(QUEUE_KINDS, 0);
}

#endif
