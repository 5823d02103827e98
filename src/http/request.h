/* SPDX-License-Identifier: MIT */
/*
 * http/request: reads one HTTP/1.1 request at a time out of the connection's bytes.
 *
 * The parser owns nothing and copies nothing: it is shown the bytes of a message from its first
 * one on, as often as more of them have come, and remembers places, not pointers, so the bytes
 * may move between two calls. A chunked body is put together in place, behind the head.
 * http_request_bind makes views into the bytes; they live as long as the bytes do. Strict: what
 * two readers could understand in two ways is refused. One owning thread.
 */
#ifndef TERN_HTTP_REQUEST_H
#define TERN_HTTP_REQUEST_H

#include "base/err.h"
#include "base/limits.h"
#include "http/header.h"
#include <assert.h>
#include <llhttp.h>

/* X(NAME, "name as it is written in lower case") */
/* clang-format off */
#define HTTP_FIELDS(X) \
	X(HOST, "host") \
	X(CONTENT_TYPE, "content-type") \
	X(CONTENT_LENGTH, "content-length") \
	X(CONTENT_ENCODING, "content-encoding") \
	X(TRANSFER_ENCODING, "transfer-encoding") \
	X(CONNECTION, "connection") \
	X(EXPECT, "expect") \
	X(ACCEPT, "accept") \
	X(USER_AGENT, "user-agent") \
	X(REFERER, "referer") \
	X(ORIGIN, "origin") \
	X(SEC_FETCH_SITE, "sec-fetch-site") \
	X(AUTHORIZATION, "authorization") \
	X(X_AMZ_TARGET, "x-amz-target") \
	X(X_AMZ_DATE, "x-amz-date") \
	X(X_AMZ_SECURITY_TOKEN, "x-amz-security-token") \
	X(X_AMZ_CONTENT_SHA256, "x-amz-content-sha256") \
	X(X_AMZN_QUERY_MODE, "x-amzn-query-mode") \
	X(X_AMZN_TRACE_ID, "x-amzn-trace-id") \
	X(X_FORWARDED_FOR, "x-forwarded-for") \
	X(X_FORWARDED_PROTO, "x-forwarded-proto") \
	X(FORWARDED, "forwarded") \
	X(VIA, "via") \
	X(X_REAL_IP, "x-real-ip") \
	X(SMITHY_PROTOCOL, "smithy-protocol")
/* clang-format on */

enum http_field {
#define HTTP_FIELD_CONSTANT(name, text) HTTP_FIELD_##name,
	HTTP_FIELDS(HTTP_FIELD_CONSTANT)
#undef HTTP_FIELD_CONSTANT
		HTTP_FIELD_COUNT, /* also: none of the above */
};

enum http_method {
	HTTP_METHOD_OTHER,
	HTTP_METHOD_GET,
	HTTP_METHOD_HEAD,
	HTTP_METHOD_POST,
	HTTP_METHOD_PUT,
	HTTP_METHOD_DELETE,
	HTTP_METHOD_OPTIONS,
	HTTP_METHOD_PATCH,
};

/* One request, as views. */
struct http_request {
	enum http_method method;
	struct str method_text;
	struct str target;  /* as sent, percent-encoded, with the query */
	int version_minor;  /* HTTP/1.0 or HTTP/1.1 */
	bool is_keep_alive; /* the peer wants another request on this connection */
	/* The value of a known field; data is NULL if it was not sent. Of several the first. */
	struct str fields[HTTP_FIELD_COUNT];
	const struct http_header *headers; /* all, in the order sent */
	size_t header_count;
	struct str head; /* request line and headers, with the empty line */
	struct str body; /* decoded if it was chunked */
};

/* The first header of that name, for fields that have no constant. False if there is none. */
bool http_request_find(const struct http_request *request, struct str name, struct str *out_value);

struct http_span {
	uint16_t name, name_size, value, value_size; /* offsets from the message's first byte */
};
static_assert(LIMIT_HTTP_HEAD_SIZE <= UINT16_MAX, "a span reaches the whole head");

enum http_progress {
	HTTP_MORE,     /* the message is not complete */
	HTTP_COMPLETE, /* the message is complete: bind it */
	HTTP_REFUSED,  /* answer parser->status with parser->reason and close the connection */
};

/* Zeroed and initialised by http_parser_init. The public part first; the rest is the parser's. */
struct http_parser {
	int status;	     /* after HTTP_REFUSED: 400, 413, 414, 417, 431, 501 or 505 */
	const char *reason;  /* after HTTP_REFUSED: one English sentence */
	bool has_head;	     /* the head is complete, the body may be missing */
	bool wants_continue; /* the peer waits for 100 Continue; the one who sends it clears this */
	size_t message_size; /* after HTTP_COMPLETE: bytes of head and (decoded) body */
	size_t body_size;    /* once has_head: Content-Length, or what is decoded so far */

	bool is_chunked, is_keep_alive, is_done;
	uint8_t version_minor, method;
	uint16_t line_start, scanned; /* how far the search for the end of the head went */
	uint16_t target, target_size, method_text, method_size;
	size_t head_size, chunk_overhead;
	size_t body_size_max;
	char *base;			 /* the bytes during one call */
	uint8_t known[HTTP_FIELD_COUNT]; /* 1 + index in spans; 0: not sent */
	uint16_t span_count;
	llhttp_t reader;
	struct http_span spans[LIMIT_HTTP_HEADERS];
};

void http_parser_init(struct http_parser *parser);

/*
 * Looks at `*size` bytes at `data`, which begin with the message's first byte and hold all that
 * was seen before plus what is new. A chunked body is decoded in place: then *size shrinks to
 * head + body so far + bytes of the following message. Call again only after HTTP_MORE.
 */
must_check enum http_progress http_parser_feed(struct http_parser *parser, char *data,
					       size_t *size);

/* Number of headers, for the room that http_request_bind needs. */
static inline size_t http_parser_header_count(const struct http_parser *parser)
{
	return parser->span_count;
}
/*
 * After HTTP_COMPLETE: fills `out` with views into `data`, where message_size bytes of the message
 * now are, and `headers`, which has room for all of them and stays the caller's.
 */
void http_request_bind(const struct http_parser *parser, const char *data,
		       struct http_header *headers, struct http_request *out);

#endif
