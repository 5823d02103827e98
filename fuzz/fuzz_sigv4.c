/* SPDX-License-Identifier: MIT */
/*
 * SigV4's canonical request: the lines of the input are method, path, query, then headers. A
 * canonical text stays the same when it is made canonical again.
 */
#include "fuzz.h"
#include "wire/sigv4.h"

enum { HEADERS_MAX = 16 };

static struct str line_of(struct str text, int number)
{
	struct str line = str_cut(&text, '\n');

	while (number-- > 0)
		line = str_cut(&text, '\n');
	return line;
}

static void check_canonical(struct arena *arena, const struct sigv4_request *request)
{
	struct str text = sigv4_canonical_request(arena, request);
	struct str names = sigv4_signed_headers(arena, request);
	struct sigv4_request again = *request;

	check(str_ends(text, request->payload_hash));
	check(str_find(text, names, 0) != SIZE_MAX);
	check(str_starts(line_of(text, 1), STR("/")) || request->is_path_literal);
	again.query = line_of(text, 2);
	if (request->is_path_literal)
		again.path = line_of(text, 1);
	check(str_equal(sigv4_canonical_request(arena, &again), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sigv4_header headers[HEADERS_MAX];
	struct str text = str_of(data, size);
	struct sigv4_request request = {.headers = headers, .payload_hash = STR("hash")};
	struct arena arena;

	arena_init(&arena);
	request.method = str_cut(&text, '\n');
	request.path = str_cut(&text, '\n');
	request.query = str_cut(&text, '\n');
	while (text.size > 0 && request.header_count < HEADERS_MAX) {
		struct str value = str_cut(&text, '\n');
		struct str name = str_cut(&value, ':');
		headers[request.header_count++] = (struct sigv4_header){name, value};
	}
	check_canonical(&arena, &request);
	request.is_path_literal = true;
	check_canonical(&arena, &request);
	arena_done(&arena);
	return 0;
}
