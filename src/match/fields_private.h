/* SPDX-License-Identifier: MIT */
/* fields_private: shared by the two ways to collect the fields of an event. */
#ifndef TERN_MATCH_FIELDS_PRIVATE_H
#define TERN_MATCH_FIELDS_PRIVATE_H

#include "match/fields.h"

/* Forgets the event of before; the tree has that many nodes. */
void field_set_begin(struct field_set *set, size_t nodes);
void field_set_add(struct field_set *set, const struct path_node *node, uint32_t scope,
		   struct match_value value);
/* The node below `node` that a key of an event names, perhaps with points; NULL: no rule does. */
const struct path_node *path_find_key(const struct path_tree *tree, const struct path_node *node,
				      struct str key);
/* A value that is neither object nor array. */
struct match_value match_value_of(yyjson_val *value);

#endif
