/* SPDX-License-Identifier: MIT */
/* tags: plain loops, since a resource has some 50 tags at the most. */
#include "core/tags.h"

#include <string.h>

struct tag_set tag_set_copy(struct arena *arena, const struct shape_pair *tags, size_t count,
			    size_t added)
{
	struct tag_set set = {.tags = arena_array(arena, struct shape_pair, count + added),
			      .count = count};

	if (count > 0)
		memcpy(set.tags, tags, count * sizeof(*tags));
	return set;
}

void tag_set_put(struct tag_set *set, struct str key, struct str value)
{
	size_t place = 0;

	tag_set_remove(set, key);
	while (place < set->count && str_compare(set->tags[place].key, key) < 0)
		place++;
	memmove(&set->tags[place + 1], &set->tags[place],
		(set->count - place) * sizeof(*set->tags));
	set->tags[place] = (struct shape_pair){key, value};
	set->count++;
}

void tag_set_remove(struct tag_set *set, struct str key)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->count; i++) {
		struct shape_pair tag = set->tags[i];
		if (!(set->ignores_case ? str_equal_nocase(tag.key, key) : str_equal(tag.key, key)))
			set->tags[kept++] = tag;
	}
	set->count = kept;
}
