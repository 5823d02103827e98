/* SPDX-License-Identifier: MIT */
/*
 * arena: memory that goes away all at once.
 *
 * A call's memory is its arena; nobody frees piece by piece. Blocks grow from 4 KiB; a reset keeps
 * the first block. Allocation never fails (out of memory ends the process), so every size that
 * comes from outside is checked against limits.h before. One owning thread at a time.
 */
#ifndef TERN_BASE_ARENA_H
#define TERN_BASE_ARENA_H

#include "base/str.h"

struct arena_block;
struct arena {
	struct arena_block *first;
	struct arena_block *last;
	size_t used;  /* bytes used in `last` */
	size_t total; /* bytes handed out since the last reset */
};

void arena_init(struct arena *arena);
void arena_reset(struct arena *arena); /* frees all but the first block */
void arena_done(struct arena *arena);  /* frees everything; init again before use */

/* Zeroed, aligned to 16 bytes. Size 0 gives a valid unique pointer. */
void *arena_alloc(struct arena *arena, size_t size);
/* Not zeroed, aligned to 1: for bytes. */
char *arena_bytes(struct arena *arena, size_t size);
struct str arena_copy(struct arena *arena, struct str s);
/* A NUL-terminated copy, for C interfaces. */
char *arena_cstr(struct arena *arena, struct str s);
/* The parts one after another: for where arena_format is too slow. */
struct str arena_join(struct arena *arena, const struct str *parts, size_t count);
struct str arena_format(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
#define arena_new(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
#define arena_array(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (count)))

/* The heap, for longer lives. Zeroed; they end the process when memory runs out. */
void *heap_alloc(size_t size);
/* Not zeroed, for input and output past the page cache. `alignment` is a power of two. */
void *heap_alloc_aligned(size_t alignment, size_t size);
void *heap_resize(void *memory, size_t size); /* what is added is not zeroed */
struct str heap_copy(struct str s);	      /* data is freed with heap_free */
void heap_free(void *memory);		      /* accepts NULL */

#endif
