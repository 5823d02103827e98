/* SPDX-License-Identifier: MIT */
/*
 * secret: memory for the keys that open all others, on pages of their own.
 *
 * Left out of dumps, and kept out of swap as far as the system allows it. For a few long-lived
 * things: each takes a page at least. Any thread.
 */
#ifndef TERN_BASE_SECRET_H
#define TERN_BASE_SECRET_H

#include <stddef.h>

void *secret_alloc(size_t size); /* zeroed */
/* Wipes; `size` as it was allocated. Accepts NULL. */
void secret_free(void *memory, size_t size);

#endif
