/* SPDX-License-Identifier: MIT */
/*
 * http/url: a request's target in pieces. Pure, any thread.
 */
#ifndef TERN_HTTP_URL_H
#define TERN_HTTP_URL_H

#include "base/arena.h"
#include "base/err.h"

struct http_url {
	struct str path;  /* as sent; "/" if it was empty */
	struct str query; /* as sent, behind the '?'; empty if there is none */
	bool has_query;
};
/* Views into `target`, which is a path or "http://host/path"; a fragment is cut off. */
struct http_url http_url_split(struct str target);

/* "http://user:password@host:port/path?query", or https, in pieces: views into the text. */
struct http_endpoint {
	bool is_tls;
	bool has_user;
	struct str user; /* what stands before '@', percent-encoded */
	struct str host; /* a name, an IPv4 address, or an IPv6 address without its brackets */
	bool is_v6;
	uint16_t port;	   /* 80 or 443 if the text names none */
	bool has_port;	   /* it is not that of the scheme: Host names it */
	struct str target; /* begins with '/' or '?', or is empty: "/" stands before it then */
};
/*
 * ERR_INVALID: another scheme, a host that is neither a name nor an address, a port out of range,
 * blanks or control characters.
 */
must_check enum err http_endpoint_parse(struct str text, struct http_endpoint *out_endpoint);

/* Without percent-encoding; '+' stays. ERR_INVALID if a '%' lacks two hex digits or gives NUL. */
must_check enum err http_url_decode(struct arena *arena, struct str text, struct str *out_text);

#endif
