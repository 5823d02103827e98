/* SPDX-License-Identifier: MIT */
/*
 * http/response: writes HTTP/1.1 answers at the end of a buf. Pure; one owning thread a struct.
 */
#ifndef TERN_HTTP_RESPONSE_H
#define TERN_HTTP_RESPONSE_H

#include "base/buf.h"
#include "http/request.h"

/* The Date header of the current second; zero-initialised is valid. */
struct http_date {
	int64_t second;
	size_t size;
	char line[64]; /* "Date: ...\r\n" */
};
/* Writes the text anew when the second changed. `now_ms` is wall time. */
void http_date_update(struct http_date *date, int64_t now_ms);

struct http_response {
	int status;
	int version_minor;		   /* of the request; 1.0 gets its keep-alive said */
	bool is_keep_alive;		   /* false adds Connection: close */
	bool is_head_only;		   /* the answer to HEAD: length, but no body */
	const struct http_header *headers; /* without Content-Length, Connection, Date */
	size_t header_count;
	struct str body;
};
/* Everything is copied. Header names and values must not hold CR, LF or NUL (checked). */
void http_response_write(struct buf *out, const struct http_response *response,
			 const struct http_date *date);

/* "Not Found"; "Unknown" for a status that has no name here. */
struct str http_status_text(int status);

#endif
