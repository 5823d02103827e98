/* SPDX-License-Identifier: MIT */
/*
 * http/coding: bodies that their sender compressed (Content-Encoding: gzip), as AWS SDKs do for
 * operations with large requests. Pure; memory from the arena; any thread.
 */
#ifndef TERN_HTTP_CODING_H
#define TERN_HTTP_CODING_H

#include "base/arena.h"
#include "http/request.h"

/*
 * The request's body without its coding; the body itself if it has none. ERR_NOTFOUND: the coding
 * is unknown; ERR_INVALID: the bytes do not follow it; ERR_TOOLARGE: over LIMIT_HTTP_BODY_SIZE
 * when decompressed.
 */
must_check enum err http_body_decode(struct arena *arena, const struct http_request *request,
				     struct str *out_body);

#endif
