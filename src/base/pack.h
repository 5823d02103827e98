/* SPDX-License-Identifier: MIT */
/*
 * pack: a snapshot in one block of memory: its struct, then its arrays, then its texts.
 *
 * The owner of the struct writes one function that visits all its texts. With pack_size it says how
 * much room they take, with pack_text they are moved in, so that the two cannot disagree. Arrays
 * first: the texts in them are visited where they are then, and texts need no alignment.
 */
#ifndef TERN_BASE_PACK_H
#define TERN_BASE_PACK_H

#include <string.h>

#include "base/str.h"

typedef void (*pack_visit_fn)(void *context, struct str *text);

/* `size` is a size_t *, to which the text's size is added. */
static inline void pack_size(void *size, struct str *text)
{
	*(size_t *)size += text->size;
}

/* `end` is a char **, where the text is copied to; a text whose data is NULL stays so. */
static inline void pack_text(void *end, struct str *text)
{
	char **place = end;

	if (!text->data)
		return;
	if (text->size > 0)
		memcpy(*place, text->data, text->size);
	text->data = *place;
	*place += text->size;
}

/* Copies `size` bytes of an array to *end; returns where they are, NULL if `items` is. */
static inline void *pack_array(char **end, const void *items, size_t size)
{
	void *copy = *end;

	if (!items)
		return NULL;
	if (size > 0)
		memcpy(copy, items, size);
	*end += size;
	return copy;
}

#endif
