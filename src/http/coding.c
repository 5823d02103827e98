/* SPDX-License-Identifier: MIT */
/* http/coding: zlib with memory that doubles, so that a small lie costs little and a bomb is cut.
 */
#include "http/coding.h"

#include <string.h>
#include <zlib.h>

#include "base/check.h"

#define GZIP_ONLY (15 + 16) /* window bits: 32 KiB, with gzip's head and checksum */
#define ROOM_MIN ((size_t)4096)

/* Twice the room, with what is there; never more than one byte over the limit. */
static char *grow(struct arena *arena, const char *data, size_t size, size_t *room)
{
	size_t wanted = *room ? *room * 2 : ROOM_MIN;

	*room = wanted < LIMIT_HTTP_BODY_SIZE + 1 ? wanted : LIMIT_HTTP_BODY_SIZE + 1;
	char *bytes = arena_bytes(arena, *room);
	if (size > 0)
		memcpy(bytes, data, size);
	return bytes;
}

/* A gzip body may have several members, one behind the other (RFC 1952, 2.2). */
static enum err inflate_all(z_stream *stream, struct arena *arena, struct str *out_body)
{
	char *data = NULL;
	size_t size = 0, room = 0;

	do {
		if (size == room)
			data = grow(arena, data, size, &room);
		stream->next_out = (Bytef *)data + size;
		stream->avail_out = (uInt)(room - size);
		int code = inflate(stream, Z_NO_FLUSH);
		size = room - stream->avail_out;
		if (size > LIMIT_HTTP_BODY_SIZE)
			return ERR_TOOLARGE;
		if (code == Z_STREAM_END && stream->avail_in == 0) {
			*out_body = str_of(data, size);
			return ERR_OK;
		}
		if (code == Z_STREAM_END)
			code = inflateReset(stream);
		if (code != Z_OK && !(code == Z_BUF_ERROR && stream->avail_out == 0))
			return ERR_INVALID;
	} while (true);
}

enum err http_body_decode(struct arena *arena, const struct http_request *request,
			  struct str *out_body)
{
	struct str coding = request->fields[HTTP_FIELD_CONTENT_ENCODING];
	z_stream stream = {.next_in = (Bytef *)(uintptr_t)request->body.data,
			   .avail_in = (uInt)request->body.size};

	if (coding.size == 0 || str_equal_nocase(coding, STR("identity"))) {
		*out_body = request->body;
		return ERR_OK;
	}
	if (!str_equal_nocase(coding, STR("gzip")))
		return ERR_NOTFOUND;
	if (request->body.size == 0)
		return ERR_INVALID;
	check(inflateInit2(&stream, GZIP_ONLY) == Z_OK);
	enum err err = inflate_all(&stream, arena, out_body);
	inflateEnd(&stream);
	return err;
}
