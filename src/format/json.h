/* SPDX-License-Identifier: MIT */
/*
 * json: reading through yyjson with memory from an arena, and an append-only writer.
 *
 * The reader gives yyjson's values; they live as long as the arena. The writer appends to a buf and
 * cannot fail; commas are its business. Pure, any thread.
 */
#ifndef TERN_FORMAT_JSON_H
#define TERN_FORMAT_JSON_H

#include <yyjson.h>

#include "base/base.h"

/*
 * Parses one whole JSON document (RFC 8259, UTF-8 checked, nesting up to LIMIT_JSON_DEPTH).
 * ERR_INVALID, ERR_TOOLARGE when nested deeper.
 */
must_check enum err json_parse(struct arena *arena, struct str text, yyjson_val **out_root);
/* The same for text that a stranger sent: ERR_TOOLARGE also with more than about values_max values.
 */
must_check enum err json_parse_limited(struct arena *arena, struct str text, size_t values_max,
				       yyjson_val **out_root);
/* Where and why a text is not JSON: line and column from 1 (in bytes), and a static phrase. */
struct json_problem {
	size_t line, column;
	const char *reason;
};
/* json_parse, which says in *out_problem what is wrong when it returns ERR_INVALID. */
must_check enum err json_parse_explained(struct arena *arena, struct str text,
					 yyjson_val **out_root, struct json_problem *out_problem);
/* The line, from 1, of a member of the outermost object; 0 if that member is not there. */
size_t json_line_of_member(struct str text, struct str name);
/* Text of a string value; borrowed. Empty for other kinds. */
struct str json_text(yyjson_val *value);
/* The member of that name, or NULL. `object` may be NULL or no object. */
yyjson_val *json_member(yyjson_val *object, const char *name);

struct json_writer {
	struct buf *out;
	bool needs_comma;
};
void json_begin(struct json_writer *writer, struct buf *out);
void json_open_object(struct json_writer *writer);
void json_close_object(struct json_writer *writer);
void json_open_array(struct json_writer *writer);
void json_close_array(struct json_writer *writer);
void json_key(struct json_writer *writer, struct str key);
/* Text that is not UTF-8 is written with U+FFFD in place of bad bytes. */
void json_str(struct json_writer *writer, struct str text);
void json_i64(struct json_writer *writer, int64_t value);
void json_bool(struct json_writer *writer, bool value);
void json_null(struct json_writer *writer);
void json_double(struct json_writer *writer, double value);
/* A time in seconds with three digits behind the point, none if it is a whole second. */
void json_milliseconds(struct json_writer *writer, int64_t milliseconds);
void json_base64(struct json_writer *writer, struct str bytes);

#endif
