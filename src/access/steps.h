/* SPDX-License-Identifier: MIT */
/*
 * steps: the remaining budget of a policy evaluation.
 *
 * Texts of policies and of requests are both the callers', so the cost of comparing them is a
 * product that one caller chooses. A step is the comparison of two short texts, or of some bytes of
 * a long one: a few nanoseconds. When the steps are used up, comparisons fail, and the evaluation
 * must deny. One decision, one thread.
 */
#ifndef TERN_ACCESS_STEPS_H
#define TERN_ACCESS_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct policy_steps {
	uint64_t left;
	bool is_exhausted; /* later results are not reliable */
	bool has_time;	   /* a condition was compared with the time of the request */
};

/* False if there are fewer; then none is left. */
static inline bool steps_take(struct policy_steps *steps, size_t count)
{
	bool has_them = steps->left >= count;

	steps->left = has_them ? steps->left - count : 0;
	steps->is_exhausted |= !has_them;
	return has_them;
}

/* Ends the budget: the comparison is too large for any number of steps. Returns false. */
static inline bool steps_give_up(struct policy_steps *steps)
{
	*steps = (struct policy_steps){.is_exhausted = true};
	return false;
}

/* Steps of comparing that many bytes at once. */
static inline size_t steps_of_bytes(size_t size)
{
	return 1 + size / 32;
}

#endif
