/* SPDX-License-Identifier: MIT */
/*
 * tags: changing the tags of a resource, which services keep sorted by key.
 *
 * A set is a copy in an arena, for the resource's draft; keys and values are the caller's.
 */
#ifndef TERN_CORE_TAGS_H
#define TERN_CORE_TAGS_H

#include "core/call.h"

struct tag_set {
	struct shape_pair *tags; /* sorted by key */
	size_t count;
	bool ignores_case; /* keys that differ in case only are one */
};

/* A copy of sorted tags that takes up to `added` more. */
struct tag_set tag_set_copy(struct arena *arena, const struct shape_pair *tags, size_t count,
			    size_t added);
/* Adds a tag or changes its value. */
void tag_set_put(struct tag_set *set, struct str key, struct str value);
/* No effect if the key is absent. */
void tag_set_remove(struct tag_set *set, struct str key);

#endif
