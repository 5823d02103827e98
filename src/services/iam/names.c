/* SPDX-License-Identifier: MIT */
/* names: a hash table of the names in lower case. */
#include "services/iam/names.h"

static struct str lower(struct arena *arena, struct str name)
{
	char *out = arena_bytes(arena, name.size);

	for (size_t i = 0; i < name.size; i++) {
		char c = name.data[i];
		out[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	return str_of(out, name.size);
}

static bool is_equal(const void *value, const void *key)
{
	return str_equal(*(const struct str *)value, *(const struct str *)key);
}

bool name_set_add(struct name_set *set, struct str name)
{
	struct str *key = arena_new(set->arena, struct str);

	*key = lower(set->arena, name);
	uint64_t hash = str_hash(*key);
	if (map_find(&set->map, hash, is_equal, key))
		return false;
	map_insert(&set->map, hash, key);
	return true;
}

bool name_set_has(const struct name_set *set, struct str name)
{
	struct str key = lower(set->arena, name);

	return map_find(&set->map, str_hash(key), is_equal, &key) != NULL;
}

void name_set_done(struct name_set *set)
{
	map_done(&set->map);
}
