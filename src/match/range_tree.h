/* SPDX-License-Identifier: MIT */
/*
 * range_tree: ranges of numbers, found by a number that they contain.
 *
 * A treap ordered by the lower end, in which each node knows the greatest upper end below it.
 * Changes take O(log n); a lookup O(log n) for each range that it finds. One owning thread; readers
 * may share it while nobody changes it.
 */
#ifndef TERN_MATCH_RANGE_TREE_H
#define TERN_MATCH_RANGE_TREE_H

#include "match/predicate.h"

struct range_node;

/* The caller's number `value` is handed to range_tree_look_up's function. Returns the new node. */
struct range_node *range_tree_add(struct range_node **root, const struct predicate_range *range,
				  uint32_t value);
void range_tree_remove(struct range_node **root, struct range_node *node); /* and frees it */

typedef void (*range_found_fn)(void *context, uint32_t value);
void range_tree_look_up(const struct range_node *root, double number, range_found_fn found,
			void *context);

#endif
