/* SPDX-License-Identifier: MIT */
/*
 * browser: which web pages may use the server.
 *
 * A server that asks for no signature would do what any page in a developer's browser sends to it:
 * the page's requests come from the developer's own machine. Such a request shows by its Origin,
 * Sec-Fetch-Site or Referer header, or as a browser's that has none of them; a page that reaches
 * the server under a DNS name of its own (DNS rebinding) shows by the Host header. What pages may
 * read is said by CORS headers, which only the origins of --allow-origin get. Constant after the
 * start; any thread.
 *
 * https://fetch.spec.whatwg.org/#http-cors-protocol
 */
#ifndef TERN_CORE_BROWSER_H
#define TERN_CORE_BROWSER_H

#include "base/arena.h"
#include "http/request.h"

struct browser_rules {
	const struct str *host_names; /* other than loopback names; "*.example.com"; "*": all */
	size_t host_name_count;
	const struct str *origins; /* "https://app.example.com"; "*": all */
	size_t origin_count;
};

/*
 * True if neither a foreign page nor a foreign name is behind the request. Else *out_problem is a
 * sentence that says what was foreign and which setting admits it, in the arena. No browser
 * connects to a unix socket, so the Host of such a request does not matter.
 */
bool browser_is_welcome(const struct browser_rules *rules, struct arena *arena,
			const struct http_request *request, bool is_unix, struct str *out_problem);

enum { BROWSER_HEADERS = 3, BROWSER_PREFLIGHT_HEADERS = 7 };
/* CORS headers of an answer: none if the page's origin is not one of rules->origins. */
size_t browser_headers(const struct browser_rules *rules, const struct http_request *request,
		       struct http_header out_headers[BROWSER_HEADERS]);
/*
 * True if the request only asks whether a page may send another, and it may: the answer is 204 with
 * these headers.
 */
bool browser_is_preflight(const struct browser_rules *rules, const struct http_request *request,
			  struct http_header out_headers[BROWSER_PREFLIGHT_HEADERS],
			  size_t *out_count);

#endif
