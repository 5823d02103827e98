/* SPDX-License-Identifier: MIT */
/*
 * wire/json: C structs to and from the JSON of AWS JSON 1.0 and 1.1, by shape.
 *
 * Decoding is as lenient as AWS: unknown members are ignored, null is absent, numbers and booleans
 * become strings where a string is wanted. Pure; memory from the arena; any thread.
 */
#ifndef TERN_WIRE_JSON_H
#define TERN_WIRE_JSON_H

#include "base/base.h"
#include "wire/shape.h"

/*
 * Fills `out` (zeroed, shape->size bytes). An empty body is an empty structure. ERR_INVALID with
 * the text of a SerializationException in *out_problem.
 */
must_check enum err wire_json_decode(struct arena *arena, struct str text,
				     const struct shape *shape, void *out, struct str *out_problem);
/* The same for text that the server wrote itself, in which the number of values has no limit. */
must_check enum err wire_json_decode_own(struct arena *arena, struct str text,
					 const struct shape *shape, void *out);
/* Appends one object; absent and empty members are left out. */
void wire_json_encode(struct buf *out, const struct shape *shape, const void *value);
/* As the JSON of Query: absent members are null, flattened maps are lists of entries. */
void wire_json_encode_full(struct buf *out, const struct shape *shape, const void *value);

#endif
