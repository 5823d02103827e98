/* SPDX-License-Identifier: MIT */
/*
 * The source of a request: the first line is the list of trusted proxies, the second the peer, the
 * others are X-Forwarded-For. The result is an address or empty, and the peer itself if it is not
 * trusted.
 */
#include "core/limit/source.h"
#include "fuzz.h"

enum { HEADERS_MAX = 8 };

static struct str peer;

/* In place of net's. */
struct str net_request_peer(struct net_request *request)
{
	(void)request;
	return peer;
}

static void check_address(struct str text)
{
	uint8_t address[NETWORK_ADDRESS_SIZE];
	bool is_v4;

	check(!text.data || network_parse_address(text, address, &is_v4));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_header headers[HEADERS_MAX];
	struct net_request request = {.http.headers = headers};
	struct str text = str_of(data, size), part = {0};
	struct source_list proxies;
	struct arena arena;

	arena_init(&arena);
	struct str list = str_cut(&text, '\n');
	peer = str_cut(&text, '\n');
	while (text.size > 0 && request.http.header_count < HEADERS_MAX)
		headers[request.http.header_count++] =
			(struct http_header){STR("X-Forwarded-For"), str_cut(&text, '\n')};
	struct source plain = source_of(&request, NULL);
	check_address(plain.ip);
	check(!plain.is_secure);
	if (source_list_parse(&arena, list, &proxies, &part))
		check_address(source_of(&request, &proxies).ip);
	else
		check_within(part, list);
	arena_done(&arena);
	return 0;
}
