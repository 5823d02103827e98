/* SPDX-License-Identifier: MIT */
/* fields_private: shared by the two ways to collect the fields of an event. */
#ifndef TERN_MATCH_FIELDS_PRIVATE_H
#define TERN_MATCH_FIELDS_PRIVATE_H

#include "match/fields.h"

/* One of 64 bits for a name, so that most keys that no rule names need no look-up. */
static inline uint64_t path_name_bit(struct str name)
{
	size_t mixed = name.size * 7;

	if (name.size > 0)
		mixed += (size_t)(unsigned char)name.data[0] * 5 +
			 (size_t)(unsigned char)name.data[name.size - 1] * 11 +
			 (size_t)(unsigned char)name.data[name.size / 2];
	return (uint64_t)1 << (mixed & 63);
}

/* Forgets the event of before; the tree has that many nodes. */
void field_set_begin(struct field_set *set, size_t nodes);
void field_set_add(struct field_set *set, const struct path_node *node, uint32_t scope,
		   struct match_value value);
/* The node below `node` that a key of an event names, perhaps with points; NULL: no rule does. */
const struct path_node *path_find_key(const struct path_tree *tree, const struct path_node *node,
				      struct str key);
/* The same for a key without points. */
const struct path_node *path_find_name(const struct path_tree *tree, const struct path_node *node,
				       struct str name);
/* A value that is neither object nor array. */
struct match_value match_value_of(yyjson_val *value);

#endif
