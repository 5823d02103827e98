/* SPDX-License-Identifier: MIT */
/* url: views where nothing is encoded, one copy where something is. */
#include "http/url.h"

#include <string.h>

#include "base/crypto.h"
#include "base/limits.h"

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

static bool is_host_character(char c, bool is_v6)
{
	bool is_digit = '0' <= c && c <= '9';
	bool is_letter = ('a' <= (c | 0x20) && (c | 0x20) <= 'z') || c == '_';

	if (is_v6)
		return is_digit || ('a' <= (c | 0x20) && (c | 0x20) <= 'f') || c == ':' || c == '.';
	return is_digit || is_letter || c == '-' || c == '.';
}

static bool is_host(struct str host, bool is_v6)
{
	for (size_t i = 0; i < host.size; i++)
		if (!is_host_character(host.data[i], is_v6))
			return false;
	return host.size > 0 && host.size <= LIMIT_HOST_SIZE;
}

/* "host", "host:port", "[v6]" or "[v6]:port". */
static bool parse_authority(struct str text, struct http_endpoint *endpoint)
{
	struct str rest = text;
	int64_t port;

	endpoint->is_v6 = str_starts(text, STR("["));
	if (endpoint->is_v6) {
		rest = str_slice(text, 1, SIZE_MAX);
		endpoint->host = str_cut(&rest, ']');
		if (!rest.data || (rest.size > 0 && rest.data[0] != ':'))
			return false;
		rest = rest.size > 0 ? str_slice(rest, 1, SIZE_MAX) : (struct str){0};
	} else {
		endpoint->host = str_cut(&rest, ':');
	}
	if (!is_host(endpoint->host, endpoint->is_v6))
		return false;
	endpoint->port = endpoint->is_tls ? 443 : 80;
	if (!rest.data || rest.size == 0)
		return true;
	if (!str_to_i64(rest, &port) || port <= 0 || port > UINT16_MAX)
		return false;
	endpoint->has_port = port != endpoint->port;
	endpoint->port = (uint16_t)port;
	return true;
}

enum err http_endpoint_parse(struct str text, struct http_endpoint *out_endpoint)
{
	struct http_endpoint endpoint = {0};

	for (size_t i = 0; i < text.size; i++)
		if ((unsigned char)text.data[i] <= ' ' || text.data[i] == 0x7f)
			return ERR_INVALID;
	size_t colon = str_find(text, STR("://"), 0);
	if (colon == SIZE_MAX)
		return ERR_INVALID;
	struct str scheme = str_slice(text, 0, colon);
	endpoint.is_tls = str_equal_nocase(scheme, STR("https"));
	if (!endpoint.is_tls && !str_equal_nocase(scheme, STR("http")))
		return ERR_INVALID;
	struct str rest = str_slice(text, colon + 3, SIZE_MAX);
	size_t fragment = str_find_char(rest, '#', 0);
	if (fragment != SIZE_MAX)
		rest = str_slice(rest, 0, fragment);
	size_t path = str_find_char(rest, '/', 0), query = str_find_char(rest, '?', 0);
	size_t end = path < query ? path : query;
	struct str authority = str_slice(rest, 0, end);
	endpoint.target = end == SIZE_MAX ? (struct str){0} : str_slice(rest, end, SIZE_MAX);
	size_t at = str_find_char(authority, '@', 0);
	endpoint.has_user = at != SIZE_MAX;
	if (endpoint.has_user) {
		endpoint.user = str_slice(authority, 0, at);
		authority = str_slice(authority, at + 1, SIZE_MAX);
	}
	if (!parse_authority(authority, &endpoint))
		return ERR_INVALID;
	*out_endpoint = endpoint;
	return ERR_OK;
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
