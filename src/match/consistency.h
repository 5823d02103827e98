/* SPDX-License-Identifier: MIT */
/*
 * consistency: whether values of one event can fulfil a conjunction together.
 *
 * They can if, in each array of the event, they come from the same element: a pattern on a.b and
 * a.c needs one element of the array "a" that has both. An array that an event names twice counts
 * with its last place. Takes time linear in the matching values times the depth of nesting and a
 * logarithm, whatever the arrays are. Pure, any thread.
 */
#ifndef TERN_MATCH_CONSISTENCY_H
#define TERN_MATCH_CONSISTENCY_H

#include "match/fields.h"

/* The scopes of the values that fulfil one requirement, ascending. */
struct scope_list {
	const uint32_t *items;
	size_t count; /* at least 1 */
};

bool scopes_are_consistent(const struct field_set *set, struct arena *arena,
			   const struct scope_list *requirements, size_t count);

#endif
