/* SPDX-License-Identifier: MIT */
/*
 * The HTTP parser on any bytes, given in two pieces: a refusal has a status and a reason, a
 * complete message binds to views that lie within it, and the cut between the pieces does not
 * matter for the outcome.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "http/request.h"
#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum http_progress feed_in_pieces(struct http_parser *parser, struct buf *bytes,
					 struct str text, size_t cut)
{
	buf_append(bytes, str_slice(text, 0, cut));
	http_parser_init(parser);
	enum http_progress progress = http_parser_feed(parser, bytes->data, &bytes->size);
	if (progress != HTTP_MORE)
		return progress;
	buf_append(bytes, str_slice(text, cut, SIZE_MAX));
	return http_parser_feed(parser, bytes->data, &bytes->size);
}

static void check_inside(struct str view, const struct buf *bytes)
{
	check(view.size == 0 ||
	      (view.data >= bytes->data && view.data + view.size <= bytes->data + bytes->size));
}

static void check_message(const struct http_parser *parser, const struct buf *bytes)
{
	struct http_header headers[LIMIT_HTTP_HEADERS];
	struct http_request request;
	struct arena arena;
	struct str path;

	http_request_bind(parser, bytes->data, headers, &request);
	check(parser->message_size <= bytes->size);
	check_inside(request.target, bytes);
	check_inside(request.body, bytes);
	for (size_t i = 0; i < request.header_count; i++) {
		check_inside(request.headers[i].name, bytes);
		check_inside(request.headers[i].value, bytes);
	}
	arena_init(&arena);
	if (http_url_decode(&arena, http_url_split(request.target).path, &path) == ERR_OK)
		check(path.size == 0 || !memchr(path.data, '\0', path.size));
	arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_parser whole, parts;
	struct buf whole_bytes = {0}, part_bytes = {0};

	if (size < 2)
		return 0;
	struct str text = str_of(data + 1, size - 1);
	enum http_progress first = feed_in_pieces(&whole, &whole_bytes, text, text.size);
	enum http_progress second =
		feed_in_pieces(&parts, &part_bytes, text, data[0] * text.size / 256);
	check(first == second);
	if (first == HTTP_REFUSED)
		check(whole.status >= 400 && whole.reason && parts.status == whole.status);
	if (first == HTTP_COMPLETE) {
		check(whole.message_size == parts.message_size);
		check_message(&whole, &whole_bytes);
		check_message(&parts, &part_bytes);
	}
	buf_done(&whole_bytes);
	buf_done(&part_bytes);
	return 0;
}
