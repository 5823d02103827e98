/* SPDX-License-Identifier: MIT */
/* scalar: numbers, times, booleans and blobs as Query writes them, in both directions. Pure, any
 * thread. */
#ifndef TERN_WIRE_SCALAR_H
#define TERN_WIRE_SCALAR_H

#include "base/base.h"
#include "wire/shape.h"

/* Into `out`, which has the kind's C type; false if the text is none of that kind. */
bool scalar_parse(struct arena *arena, struct str text, enum shape_kind kind, void *out);
/*
 * Appends the text of a value; strings as they are. Times in ISO 8601, to the millisecond or to the
 * second.
 */
void scalar_format(struct buf *out, enum shape_kind kind, const void *place, bool has_ms);

#endif
