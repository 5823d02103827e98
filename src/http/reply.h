/* SPDX-License-Identifier: MIT */
/*
 * http/reply: reads one HTTP/1.1 response, for the client's side of a connection.
 *
 * Bytes are fed as they come, in any pieces; the reply copies what it keeps, so they may go
 * afterwards. Responses of class 1xx before the final one are skipped. Of a body that is longer
 * than its bound the beginning is kept, and the connection cannot be used again. Strict as
 * http/request: what two readers could understand in two ways is refused (RFC 9112, section 6).
 * One owning thread.
 */
#ifndef TERN_HTTP_REPLY_H
#define TERN_HTTP_REPLY_H

#include <llhttp.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "http/request.h"

struct http_reply {
	int status;	    /* 200 to 599; 0: no head has come yet */
	const char *reason; /* after HTTP_REFUSED: one English sentence, static */
	bool is_keep_alive; /* after HTTP_COMPLETE: another request may follow */
	bool is_cut;	    /* the body was longer than its bound */
	struct buf body;    /* decoded if it was chunked; after HTTP_COMPLETE, or once cut */

	/* The reply's own. */
	struct buf head; /* names and values, one behind the other */
	struct http_span spans[LIMIT_HTTP_HEADERS];
	uint16_t span_count;
	size_t body_size_max, trailer_size;
	bool has_head, has_no_body, is_done;
	llhttp_t reader;
};

/* `is_head`: the request was HEAD, so no body follows. Free with http_reply_done. */
void http_reply_init(struct http_reply *reply, size_t body_size_max, bool is_head);
void http_reply_done(struct http_reply *reply);

/* HTTP_COMPLETE: *out_taken bytes belonged to the response. Call again only after HTTP_MORE. */
must_check enum http_progress http_reply_feed(struct http_reply *reply, struct str bytes,
					      size_t *out_taken);
/* The peer sends no more: HTTP_COMPLETE if that ends the body, else HTTP_REFUSED. */
must_check enum http_progress http_reply_end(struct http_reply *reply);

/* The first header of that name, valid until http_reply_done; false: there is none. */
bool http_reply_find(const struct http_reply *reply, struct str name, struct str *out_value);

#endif
