/* SPDX-License-Identifier: MIT */
/*
 * browser: decides which web pages may use the server.
 *
 * A server that requires no signature would execute the requests of any page in a developer's
 * browser, as they come from the developer's own machine. Its Origin, Sec-Fetch-Site or Referer
 * header identifies such a request; a browser's request without any of them is refused unless it
 * reads a path without a query. The Host header identifies a page that reaches the server under its
 * own DNS name (DNS rebinding). Only the origins of --allow-origin get CORS headers, which let a
 * page read answers. Constant after the start; any thread.
 *
 * https://fetch.spec.whatwg.org/#http-cors-protocol
 */
#ifndef TERN_CORE_BROWSER_H
#define TERN_CORE_BROWSER_H

#include "base/arena.h"
#include "http/request.h"
#include "wire/route.h"

struct browser_rules {
	const struct str *host_names; /* other than loopback names; "*.example.com"; "*": all */
	size_t host_name_count;
	const struct route_table *services; /* whose hosts at AWS are accepted too; NULL: none */
	const struct str *origins;	    /* "https://app.example.com"; "*": all */
	size_t origin_count;
};

/*
 * True if the request has neither a foreign page nor a foreign host. Else *out_problem is a
 * sentence, in the arena, with the foreign part and the setting that admits it. No browser connects
 * to a unix socket, so the Host of such a request does not matter.
 */
bool browser_is_welcome(const struct browser_rules *rules, struct arena *arena,
			const struct http_request *request, bool is_unix, struct str *out_problem);

enum { BROWSER_HEADERS = 3, BROWSER_PREFLIGHT_HEADERS = 7 };
/* CORS headers of an answer: none if the page's origin is not one of rules->origins. */
size_t browser_headers(const struct browser_rules *rules, const struct http_request *request,
		       struct http_header out_headers[BROWSER_HEADERS]);
/*
 * True if the request is a preflight whose page may send the request that follows: the answer is
 * 204 with these headers.
 */
bool browser_is_preflight(const struct browser_rules *rules, const struct http_request *request,
			  struct http_header out_headers[BROWSER_PREFLIGHT_HEADERS],
			  size_t *out_count);

#endif
