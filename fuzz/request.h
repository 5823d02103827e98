/* SPDX-License-Identifier: MIT */
/* request: reads the input of a fuzzer as an HTTP request. */
#ifndef TERN_FUZZ_REQUEST_H
#define TERN_FUZZ_REQUEST_H

#include "fuzz.h"
#include "http/request.h"

/*
 * True if the input is one HTTP request. It borrows from `bytes`, which the caller frees, and from
 * this function's memory until the next call.
 */
static inline bool read_http(struct buf *bytes, struct str input, struct http_request *out_request)
{
	static struct http_header headers[LIMIT_HTTP_HEADERS];
	static struct http_parser parser;

	buf_append(bytes, input);
	http_parser_init(&parser);
	if (input.size == 0 ||
	    http_parser_feed(&parser, bytes->data, &bytes->size) != HTTP_COMPLETE)
		return false;
	http_request_bind(&parser, bytes->data, headers, out_request);
	return true;
}

#endif
