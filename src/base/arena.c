/* SPDX-License-Identifier: MIT */
/*
 * arena: blocks in a chain; allocation moves a mark in the last one.
 *
 * Blocks double from 4 KiB to 256 KiB; what does not fit gets a block of its own size. Blocks hold
 * no allocation headers, so freeing is the chain alone.
 */
#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { BLOCK_SIZE_MIN = 4096, BLOCK_SIZE_MAX = 256 << 10 };

struct arena_block {
	struct arena_block *next;
	size_t size; /* bytes behind the header */
};
static_assert(sizeof(struct arena_block) % 16 == 0, "block data must stay aligned to 16 bytes");

void arena_init(struct arena *arena)
{
	*arena = (struct arena){0};
}

static void free_chain(struct arena_block *block)
{
	while (block) {
		struct arena_block *next = block->next;
		free(block);
		block = next;
	}
}

void arena_reset(struct arena *arena)
{
	if (arena->first) {
		free_chain(arena->first->next);
		arena->first->next = NULL;
	}
	arena->last = arena->first;
	arena->used = 0;
	arena->total = 0;
}

void arena_done(struct arena *arena)
{
	free_chain(arena->first);
	*arena = (struct arena){0};
}

static void add_block(struct arena *arena, size_t least)
{
	size_t size =
		arena->last ? arena->last->size * 2 : BLOCK_SIZE_MIN - sizeof(struct arena_block);

	if (size > BLOCK_SIZE_MAX)
		size = BLOCK_SIZE_MAX;
	if (size < least)
		size = least;

	struct arena_block *block = malloc(sizeof(*block) + size);
	check(block != NULL);
	*block = (struct arena_block){.size = size};
	if (arena->last)
		arena->last->next = block;
	else
		arena->first = block;
	arena->last = block;
	arena->used = 0;
}

static char *take(struct arena *arena, size_t size, size_t alignment)
{
	size_t start = (arena->used + alignment - 1) & ~(alignment - 1);

	if (!arena->last || start > arena->last->size || arena->last->size - start < size) {
		add_block(arena, size);
		start = 0;
	}
	arena->used = start + size;
	arena->total += size;
	return (char *)(arena->last + 1) + start;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	char *memory = take(arena, size ? size : 1, 16);

	return memset(memory, 0, size);
}

char *arena_bytes(struct arena *arena, size_t size)
{
	return take(arena, size ? size : 1, 1);
}

struct str arena_join(struct arena *arena, const struct str *parts, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += parts[i].size;
	char *bytes = arena_bytes(arena, size);
	char *at = bytes;
	for (size_t i = 0; i < count; i++) {
		if (parts[i].size > 0)
			memcpy(at, parts[i].data, parts[i].size);
		at += parts[i].size;
	}
	return str_of(bytes, size);
}

struct str arena_copy(struct arena *arena, struct str s)
{
	char *copy = arena_bytes(arena, s.size);

	if (s.size > 0)
		memcpy(copy, s.data, s.size);
	return str_of(copy, s.size);
}

char *arena_cstr(struct arena *arena, struct str s)
{
	char *copy = arena_bytes(arena, s.size + 1);

	if (s.size > 0)
		memcpy(copy, s.data, s.size);
	copy[s.size] = '\0';
	return copy;
}

struct str arena_format(struct arena *arena, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	size_t size = str_format_size(format, arguments);
	char *text = arena_bytes(arena, size + 1);
	vsnprintf(text, size + 1, format, arguments);
	va_end(arguments);
	return str_of(text, size);
}

void *heap_alloc(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	check(memory != NULL);
	return memory;
}

void *heap_alloc_aligned(size_t alignment, size_t size)
{
	void *memory = NULL;

	check(posix_memalign(&memory, alignment, size ? size : alignment) == 0);
	return memory;
}

void *heap_resize(void *memory, size_t size)
{
	void *resized = realloc(memory, size ? size : 1);

	check(resized != NULL);
	return resized;
}

struct str heap_copy(struct str s)
{
	char *copy = heap_alloc(s.size);

	if (s.size > 0)
		memcpy(copy, s.data, s.size);
	return str_of(copy, s.size);
}

void heap_free(void *memory)
{
	free(memory);
}
