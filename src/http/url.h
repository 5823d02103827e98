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

/* Without percent-encoding; '+' stays. ERR_INVALID if a '%' lacks two hex digits or gives NUL. */
must_check enum err http_url_decode(struct arena *arena, struct str text, struct str *out_text);

#endif
