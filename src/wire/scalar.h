/* SPDX-License-Identifier: MIT */
/*
 * scalar: numbers, times, booleans and blobs as text, in both directions: in XML, in forms, in
 * headers and in paths. Pure, any thread.
 */
#ifndef TERN_WIRE_SCALAR_H
#define TERN_WIRE_SCALAR_H

#include "base/base.h"
#include "wire/shape.h"

/*
 * Into `out`, which has the kind's C type; false if the text is none of that kind. A timestamp has
 * the form `time`, by default ISO 8601.
 */
bool scalar_parse(struct arena *arena, struct str text, enum shape_kind kind, enum shape_time time,
		  void *out);
/*
 * Appends the text of a value; strings as they are. A timestamp has the form `time`, by default ISO
 * 8601, to the millisecond or to the second.
 */
void scalar_format(struct buf *out, enum shape_kind kind, enum shape_time time, const void *place,
		   bool has_ms);

#endif
