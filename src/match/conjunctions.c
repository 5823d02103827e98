/* SPDX-License-Identifier: MIT */
/*
 * conjunctions: arrays that double in the arena. Requirements are shared, their arrays are not, so
 * that each conjunction drops its replaced requirements in place.
 */
#include "match/conjunctions.h"

#include <string.h>

/* Room for one more item. */
static void *make_room(struct arena *arena, void *items, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return items;
	*room = count > 0 ? count * 2 : 4;
	void *grown = arena_alloc(arena, *room * size);
	if (count > 0)
		memcpy(grown, items, count * size);
	return grown;
}

static void put(struct arena *arena, struct conjunction_draft *draft,
		const struct requirement *requirement)
{
	draft->requirements = make_room(arena, (void *)draft->requirements, draft->count,
					&draft->room, sizeof(requirement));
	draft->requirements[draft->count++] = requirement;
}

static struct conjunction_draft *add(struct arena *arena, struct conjunctions *list)
{
	list->items = make_room(arena, list->items, list->count, &list->room, sizeof(*list->items));
	return &list->items[list->count++];
}

void conjunctions_put(struct arena *arena, struct conjunctions *list,
		      const struct requirement *requirement)
{
	if (list->count == 0)
		add(arena, list);
	for (size_t i = 0; i < list->count; i++)
		put(arena, &list->items[i], requirement);
	list->size += list->count * requirement->predicates.size;
}

void conjunctions_copy(struct arena *arena, struct conjunctions *to,
		       const struct conjunctions *from)
{
	for (size_t i = 0; i < from->count; i++) {
		struct conjunction_draft *copy = add(arena, to);
		for (size_t j = 0; j < from->items[i].count; j++)
			put(arena, copy, from->items[i].requirements[j]);
	}
	to->size += from->size;
}

void conjunctions_move(struct arena *arena, struct conjunctions *to,
		       const struct conjunctions *from)
{
	for (size_t i = 0; i < from->count; i++)
		*add(arena, to) = from->items[i];
	to->size += from->size;
}

static bool has_path(const void *value, const void *key)
{
	const struct requirement *const *requirement = value;

	return str_equal((*requirement)->path, *(const struct str *)key);
}

/* Keeps the last requirement of each path, in the place of the first. */
static struct conjunction finish(const struct conjunction_draft *draft)
{
	struct map paths = {0};
	size_t count = 0;

	for (size_t i = 0; i < draft->count; i++) {
		const struct requirement *requirement = draft->requirements[i];
		uint64_t hash = str_hash(requirement->path);
		const struct requirement **kept =
			map_find(&paths, hash, has_path, &requirement->path);
		if (!kept) {
			kept = &draft->requirements[count++];
			map_insert(&paths, hash, (void *)kept);
		}
		*kept = requirement;
	}
	map_done(&paths);
	check(count > 0);
	return (struct conjunction){count, draft->requirements};
}

const struct conjunction *conjunctions_finish(struct arena *arena, const struct conjunctions *list)
{
	struct conjunction *items = arena_array(arena, struct conjunction, list->count);

	for (size_t i = 0; i < list->count; i++)
		items[i] = finish(&list->items[i]);
	return items;
}
