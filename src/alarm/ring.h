/* SPDX-License-Identifier: MIT */
/*
 * ring: the newest periods of an alarm, and the evaluation of M out of N over them.
 *
 * A push replaces the oldest period, and an evaluation reads counters: both cost the same however
 * many periods there are. A zeroed ring is empty and valid; its owner frees it with
 * alarm_ring_done. One owning thread at a time.
 */
#ifndef TERN_ALARM_RING_H
#define TERN_ALARM_RING_H

#include "alarm/criteria.h"

struct alarm_slot;

struct alarm_ring {
	struct alarm_slot *slots; /* `range` of them, on the heap */
	uint32_t range;
	uint32_t newest;		   /* its slot */
	uint64_t pushed;		   /* periods since the start: numbers of the slots */
	uint32_t real_count;		   /* periods with data, in the range */
	uint32_t real_breaching;	   /* of them */
	uint32_t recent_breaching;	   /* of the newest N of them */
	uint32_t oldest_real, newest_real; /* slots with data; oldest: UINT32_MAX if none */
	uint32_t recent;		   /* slot: the oldest of the newest N with data */
};

struct alarm_outcome {
	enum alarm_state state; /* the previous one, if is_kept */
	bool is_kept;		/* data does not decide */
	bool is_premature;	/* ALARM before there are N periods with data */
	uint32_t real;		/* periods with data that were evaluated, at most N */
	uint32_t breaching;	/* of them */
	uint32_t filled;	/* missing ones, N - real */
};

/* All periods of the range are missing. Replaces a previous content. */
void alarm_ring_init(struct alarm_ring *ring, const struct alarm_criteria *criteria);
void alarm_ring_done(struct alarm_ring *ring);
/* The next period, newer than all before. */
void alarm_ring_push(struct alarm_ring *ring, const struct alarm_criteria *criteria,
		     struct alarm_point point);
struct alarm_outcome alarm_ring_evaluate(const struct alarm_ring *ring,
					 const struct alarm_criteria *criteria,
					 enum alarm_state previous);
/*
 * The periods that the evaluation counted, newest first: the newest N with data, or if there are
 * fewer the newest missing ones among them, N in all. `out` has room for N. Returns how many.
 */
uint32_t alarm_ring_evaluated(const struct alarm_ring *ring, const struct alarm_criteria *criteria,
			      struct alarm_point *out);

#endif
