/* SPDX-License-Identifier: MIT */
/*
 * map: linear probing in a power of two of slots, at most three quarters full.
 *
 * A removal shifts what follows back, so there are no tombstones and look-ups never slow down.
 */
#include "base/map.h"

#include "base/arena.h"
#include "base/check.h"

enum { CAPACITY_MIN = 16 };

void *map_find(const struct map *map, uint64_t hash, map_equal_fn equal, const void *key)
{
	if (map->count == 0)
		return NULL;

	size_t mask = map->capacity - 1;
	for (size_t i = hash & mask; map->slots[i].value; i = (i + 1) & mask)
		if (map->slots[i].hash == hash && equal(map->slots[i].value, key))
			return map->slots[i].value;
	return NULL;
}

static void place(struct map *map, uint64_t hash, void *value)
{
	size_t mask = map->capacity - 1;
	size_t i = hash & mask;

	while (map->slots[i].value)
		i = (i + 1) & mask;
	map->slots[i] = (struct map_slot){hash, value};
}

static void grow(struct map *map)
{
	struct map old = *map;

	map->capacity = old.capacity ? old.capacity * 2 : CAPACITY_MIN;
	map->slots = heap_alloc(map->capacity * sizeof(*map->slots));
	for (size_t i = 0; i < old.capacity; i++)
		if (old.slots[i].value)
			place(map, old.slots[i].hash, old.slots[i].value);
	heap_free(old.slots);
}

void map_insert(struct map *map, uint64_t hash, void *value)
{
	check(value != NULL);
	if ((map->count + 1) * 4 > map->capacity * 3)
		grow(map);
	place(map, hash, value);
	map->count++;
}

/* True if the slot at `i` may move to the hole without its own probe passing over a free slot. */
static bool may_fill(size_t home, size_t hole, size_t i)
{
	if (hole <= i)
		return home <= hole || home > i;
	return home <= hole && home > i;
}

void map_remove(struct map *map, uint64_t hash, const void *value)
{
	check(map->capacity > 0);

	size_t mask = map->capacity - 1;
	size_t hole = hash & mask;
	while (map->slots[hole].value != value) {
		check(map->slots[hole].value != NULL);
		hole = (hole + 1) & mask;
	}
	for (size_t i = (hole + 1) & mask; map->slots[i].value; i = (i + 1) & mask) {
		if (!may_fill(map->slots[i].hash & mask, hole, i))
			continue;
		map->slots[hole] = map->slots[i];
		hole = i;
	}
	map->slots[hole].value = NULL;
	map->count--;
}

void *map_next(const struct map *map, size_t *cursor)
{
	while (*cursor < map->capacity) {
		void *value = map->slots[(*cursor)++].value;
		if (value)
			return value;
	}
	return NULL;
}

void map_done(struct map *map)
{
	heap_free(map->slots);
	*map = (struct map){0};
}
