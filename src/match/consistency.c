/* SPDX-License-Identifier: MIT */
/*
 * consistency: from the root down. A requirement with a value in the scope itself is fulfilled.
 * Each other one has its values in an array of the scope; those of one array need one common
 * element, inside which the same question is asked again. Scopes are numbered in the order of the
 * walk, so "inside element e" is a range of numbers.
 */
#include "match/consistency.h"

struct problem {
	const struct field_set *set;
	struct arena *arena;
	const struct scope_list *lists;
};

/* Index of the first item that is at least `scope`. */
static size_t lower_bound(const struct scope_list *list, uint32_t scope)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (list->items[middle] < scope)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool has_inside(const struct scope_list *list, uint32_t low, uint32_t end)
{
	size_t at = lower_bound(list, low);

	return at < list->count && list->items[at] < end;
}

/* The scope directly below `outer` that `inner` lies in. */
static uint32_t child_towards(const struct field_set *set, uint32_t outer, uint32_t inner)
{
	while (set->scopes.items[inner].parent != outer)
		inner = set->scopes.items[inner].parent;
	return inner;
}

static bool solve(const struct problem *problem, uint32_t scope, const uint32_t *wanted,
		  size_t count);

/* True if one element of `array` fulfils all of `group`. */
static bool solve_array(const struct problem *problem, uint32_t outer, uint32_t array,
			const uint32_t *group, size_t count)
{
	const struct scope *scopes = problem->set->scopes.items;
	const struct scope_list *first = &problem->lists[group[0]];

	for (size_t at = lower_bound(first, outer + 1);
	     at < first->count && first->items[at] < scopes[outer].end;) {
		uint32_t element = child_towards(problem->set, outer, first->items[at]);
		bool is_whole = scopes[element].array == array;
		for (size_t i = 1; is_whole && i < count; i++)
			is_whole =
				has_inside(&problem->lists[group[i]], element, scopes[element].end);
		if (is_whole && solve(problem, element, group, count))
			return true;
		at = lower_bound(first, scopes[element].end);
	}
	return false;
}

/* The array below `scope` that holds the last value of the list, which has one there. */
static uint32_t array_of(const struct problem *problem, uint32_t scope,
			 const struct scope_list *list)
{
	const struct scope *scopes = problem->set->scopes.items;
	uint32_t last = list->items[lower_bound(list, scopes[scope].end) - 1];

	return scopes[child_towards(problem->set, scope, last)].array;
}

static bool solve(const struct problem *problem, uint32_t scope, const uint32_t *wanted,
		  size_t count)
{
	uint32_t *open = arena_array(problem->arena, uint32_t, count + 1);
	uint32_t *group = arena_array(problem->arena, uint32_t, count + 1);
	size_t left = 0;

	for (size_t i = 0; i < count; i++)
		if (!has_inside(&problem->lists[wanted[i]], scope, scope + 1))
			open[left++] = wanted[i];
	while (left > 0) {
		uint32_t array = array_of(problem, scope, &problem->lists[open[0]]);
		size_t members = 0, others = 0;
		for (size_t i = 0; i < left; i++) {
			if (array_of(problem, scope, &problem->lists[open[i]]) == array)
				group[members++] = open[i];
			else
				open[others++] = open[i];
		}
		if (!solve_array(problem, scope, array, group, members))
			return false;
		left = others;
	}
	return true;
}

bool scopes_are_consistent(const struct field_set *set, struct arena *arena,
			   const struct scope_list *requirements, size_t count)
{
	const struct problem problem = {set, arena, requirements};
	uint32_t *all = arena_array(arena, uint32_t, count + 1);

	for (size_t i = 0; i < count; i++) {
		check(requirements[i].count > 0);
		all[i] = (uint32_t)i;
	}
	return solve(&problem, 0, all, count);
}
