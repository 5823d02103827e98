/* SPDX-License-Identifier: MIT */
/*
 * page: the tokens (NextToken, Marker) of lists that are shown a page at a time.
 *
 * A token names the last item of a page by its key, so an item that is created or deleted between
 * two pages shifts no other. It is sealed: a client can neither read nor make one. It is valid for
 * the same operation, account and region only, and for the same input: every member but the token
 * and the size of the page. A token survives a restart of the server. Any thread; the memory is the
 * call's arena.
 */
#ifndef TERN_CORE_PAGE_H
#define TERN_CORE_PAGE_H

#include "core/call.h"

/* Bytes of the token of a key of `size` bytes: at most this, for members with a limit. */
#define PAGE_TOKEN_SIZE(size) (((size) + 49 + 25 + 2) / 3 * 4)

/*
 * Opens a client's token; *out_key is the key of page_token_make. `lifetime_ms` 0: tokens of this
 * service do not expire. ERR_INVALID: not a token of this server, expired, or of another request;
 * the service answers with its own fault.
 */
must_check enum err page_token_open(struct call *call, struct str token, int64_t lifetime_ms,
				    struct str *out_key);
/* The token of the page behind the item with that key. */
struct str page_token_make(struct call *call, struct str key);

/*
 * For a list of one object that is not sorted by its items' keys, such as in order of creation. An
 * item's key is then its place in the list and a digest of its text, so tokens of long texts are
 * short, too.
 */
enum { PAGE_PLACE_SIZE = 20 };
typedef struct str (*page_text_fn)(const void *list, size_t index);
struct str page_place_key(struct arena *arena, size_t place, struct str text);
/*
 * The start of the page of that key in the current list: behind the item with the text, or if that
 * was removed, at its position, which now has the next item. At most `count`. `text_of` NULL: the
 * list is the request's and does not change. ERR_INVALID: not a key of page_place_key.
 */
must_check enum err page_place_find(struct str key, const void *list, size_t count,
				    page_text_fn text_of, size_t *out_index);

#endif
