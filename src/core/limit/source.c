/* SPDX-License-Identifier: MIT */
/*
 * source: each proxy appends its peer's address to X-Forwarded-For, so the header is read from its
 * end, as long as the addresses are trusted proxies: any client may have written the part before.
 */
#include "core/limit/source.h"

/* "192.0.2.1:80", "[2001:db8::1]:80", "2001:db8::1%eth0": the address alone. */
static struct str address_of(struct str text)
{
	static const struct str mapped = STR_INIT("::ffff:");

	text = str_trim(text);
	if (text.size > 0 && text.data[0] == '[') {
		text = str_slice(text, 1, SIZE_MAX);
		text = str_cut(&text, ']');
	}
	size_t colon = str_find_char(text, ':', 0);
	if (colon != SIZE_MAX && str_find_char(text, ':', colon + 1) == SIZE_MAX)
		text.size = colon;
	text = str_cut(&text, '%');
	if (str_starts(text, mapped) && str_find_char(text, '.', 0) != SIZE_MAX)
		text = str_slice(text, mapped.size, SIZE_MAX);
	return text;
}

/* Empty if it is no address. */
static struct str check_address(struct str text, uint8_t out_address[NETWORK_ADDRESS_SIZE])
{
	bool is_v4;

	text = address_of(text);
	return network_parse_address(text, out_address, &is_v4) ? text : (struct str){0};
}

static bool has_address(const struct source_list *list, const uint8_t address[NETWORK_ADDRESS_SIZE])
{
	for (size_t i = 0; i < list->count; i++)
		if (network_has(&list->networks[i], address))
			return true;
	return false;
}

bool source_list_has(const struct source_list *list, struct source source)
{
	uint8_t address[NETWORK_ADDRESS_SIZE];
	bool is_v4;

	if (source.is_relayed)
		return false;
	if (!source.ip.data)
		return source.is_unix && list->has_unix;
	return network_parse_address(source.ip, address, &is_v4) && has_address(list, address);
}

/* Cuts the last entry off; false: there is none. */
static bool cut_last(struct str *list, struct str *out_entry)
{
	size_t at = list->size;

	if (!list->data)
		return false;
	while (at > 0 && list->data[at - 1] != ',')
		at--;
	*out_entry = str_slice(*list, at, SIZE_MAX);
	*list = at > 0 ? str_slice(*list, 0, at - 1) : (struct str){0};
	return true;
}

/* The furthest address that trusted proxies forward; `nearest` if there is none. */
static struct str follow(const struct http_request *http, const struct source_list *proxies,
			 struct str nearest)
{
	uint8_t address[NETWORK_ADDRESS_SIZE];
	struct str entry;

	for (size_t i = http->header_count; i > 0; i--) {
		struct str list = http->headers[i - 1].value;
		if (!str_equal_nocase(http->headers[i - 1].name, STR("x-forwarded-for")))
			continue;
		while (cut_last(&list, &entry)) {
			struct str said = check_address(entry, address);
			if (said.size == 0)
				return nearest;
			nearest = said;
			if (!has_address(proxies, address))
				return nearest;
		}
	}
	return nearest;
}

/* Headers that proxies add; a client's own request does not have them. */
static bool is_relayed(const struct http_request *http)
{
	return http->fields[HTTP_FIELD_X_FORWARDED_FOR].data ||
	       http->fields[HTTP_FIELD_FORWARDED].data || http->fields[HTTP_FIELD_VIA].data ||
	       http->fields[HTTP_FIELD_X_REAL_IP].data;
}

static bool is_trusted(const struct source_list *proxies, const struct source *source)
{
	uint8_t address[NETWORK_ADDRESS_SIZE];
	bool is_v4;

	if (source->is_unix)
		return proxies->has_unix;
	return network_parse_address(source->ip, address, &is_v4) && has_address(proxies, address);
}

struct source source_of(struct net_request *request, const struct source_list *proxies)
{
	struct source source = {.is_secure = request->is_tls};
	struct str peer = net_request_peer(request); /* an address, "unix" or nothing */

	source.is_unix = str_equal(peer, STR("unix"));
	if (!source.is_unix)
		source.ip = address_of(peer);
	if (source.ip.size == 0)
		source.ip = (struct str){0};
	if (!proxies || !is_trusted(proxies, &source)) {
		source.is_relayed = is_relayed(&request->http);
		return source;
	}
	source.ip = follow(&request->http, proxies, source.ip);
	if (str_equal(request->http.fields[HTTP_FIELD_X_FORWARDED_PROTO], STR("https")))
		source.is_secure = true;
	return source;
}

bool source_list_parse(struct arena *arena, struct str text, struct source_list *out_list,
		       struct str *out_part)
{
	struct source_list list = {0};
	struct network *networks = arena_array(arena, struct network, text.size / 2 + 1);

	list.networks = networks;
	while (text.size > 0) {
		struct str part = str_trim(str_cut(&text, ','));
		if (str_equal(part, STR("unix"))) {
			list.has_unix = true;
		} else if (!network_parse(part, &networks[list.count++])) {
			*out_part = part;
			return false;
		}
	}
	*out_list = list;
	return true;
}
