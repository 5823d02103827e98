/* SPDX-License-Identifier: MIT */
/*
 * transport: one HTTP exchange at a time over a connection that is kept, by libcurl.
 *
 * Knows nothing of AWS. One owning thread at a time. Memory of the answer's texts belongs to
 * the transport and is valid until the next exchange.
 */
#ifndef TERN_CLIENT_TRANSPORT_H
#define TERN_CLIENT_TRANSPORT_H

#include "client/session.h"
#include "http/header.h"

#define TRANSPORT_BODY_SIZE_MAX (64u << 20) /* bytes of an answer */

struct transport_request {
	struct str method;
	struct str url;
	const struct http_header *headers;
	size_t header_count;
	struct str body;
};

struct transport_answer {
	int status;
	const struct http_header *headers;
	size_t header_count;
	struct str body;
};

struct transport;
struct transport *transport_new(const struct tern_session *session);
void transport_free(struct transport **transport);

/*
 * A request without Content-Type is sent without one.
 *
 * ERR_CLOSED if no whole answer came, the session was stopped or time ran out; ERR_TOOLARGE;
 * ERR_INVALID if the URL cannot be used. *out_problem says why in one sentence.
 */
must_check enum err transport_exchange(struct transport *transport,
				       const struct transport_request *request,
				       struct transport_answer *out_answer,
				       struct str *out_problem);

#endif
