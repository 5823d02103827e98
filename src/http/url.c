/* SPDX-License-Identifier: MIT */
/* url: views where nothing is encoded, one copy where something is. */
#include "http/url.h"

#include <string.h>

#include "base/crypto.h"

struct http_url http_url_split(struct str target)
{
	struct http_url url = {0};
	size_t fragment = str_find_char(target, '#', 0);

	if (fragment != SIZE_MAX)
		target.size = fragment;
	size_t scheme = str_find(target, STR("://"), 0);
	if (scheme != SIZE_MAX && target.data[0] != '/') {
		size_t path = str_find_char(target, '/', scheme + 3);
		size_t query = str_find_char(target, '?', scheme + 3);
		size_t from = path < query ? path : query;
		target = from == SIZE_MAX ? (struct str){0} : str_slice(target, from, SIZE_MAX);
	}
	size_t query = str_find_char(target, '?', 0);
	url.path = str_slice(target, 0, query == SIZE_MAX ? target.size : query);
	if (url.path.size == 0)
		url.path = STR("/");
	if (query != SIZE_MAX) {
		url.has_query = true;
		url.query = str_slice(target, query + 1, SIZE_MAX);
	}
	return url;
}

enum err http_url_decode(struct arena *arena, struct str text, struct str *out_text)
{
	size_t size = 0;

	if (text.size == 0 || !memchr(text.data, '%', text.size)) {
		*out_text = text;
		return ERR_OK;
	}
	char *decoded = arena_bytes(arena, text.size);
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] != '%') {
			decoded[size++] = text.data[i];
			continue;
		}
		uint8_t byte;
		struct str digits = str_slice(text, i + 1, 2);
		if (digits.size < 2 || !hex_parse(digits, &byte) || byte == 0)
			return ERR_INVALID;
		decoded[size++] = (char)byte;
		i += 2;
	}
	*out_text = str_of(decoded, size);
	return ERR_OK;
}
