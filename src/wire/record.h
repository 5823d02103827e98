/* SPDX-License-Identifier: MIT */
/*
 * record: what a service keeps of a resource, as bytes of the catalog and back, by shape.
 *
 * A line "record NAME" of model/<service>.ops declares it (CONTRIBUTING.md, "Records"). Generated
 * in src/api/<service>_records.h are its struct, <service>_<name>_record, and functions of its
 * type, <service>_<name>_record_encode and ..._decode, which call those below. Members look as in
 * wire/shape.h, but numbers and booleans have no has_name: zero and false are the same as absent.
 *
 * Bytes: RECORD_FORMAT, then each member that is there, in ascending order of the numbers:
 *
 *   key       varint: number * 4 + form (bytes.h has varints)
 *   form 0    varint: a boolean; an integer, long or timestamp n as 2 * n, or -2 * n - 1 below zero
 *   form 1    8 bytes, little endian: a double
 *   form 2    a size (varint) and as many bytes: a string or blob; a structure, as its members in
 *             the same way; a list, as its count (varint) and items; a map, as its count and pairs
 *             of a string and an item. Items have no key: the shape says what they are.
 *
 * Older and newer servers: a member that a record lacks is absent. A number that the shape does not
 * know is of a newer server; the record is refused, for a change of the resource would lose the
 * member. Members whose number the model calls retired are skipped. Thus members may be added and
 * retired, but the kind of a number never changes.
 *
 * Records of a text format, which begin with '{', are read too: JSON by the members' names.
 * ternd stored such records before the catalog's format 5; a change writes them in the new format.
 *
 * Secrets are encrypted by the caller: the member before, or the whole record. Pure; any thread.
 */
#ifndef TERN_WIRE_RECORD_H
#define TERN_WIRE_RECORD_H

#include "base/base.h"
#include "wire/shape.h"

enum { RECORD_FORMAT = 1 };

/* Appends the bytes of `record`, a struct of the shape. Its nesting is below LIMIT_RECORD_DEPTH. */
void record_encode(struct buf *out, const struct shape *shape, const void *record);
/*
 * Fills `out_record`, shape->size bytes. Texts are views into `bytes`; arrays and structures are in
 * the arena, whose use is bounded by the size of bytes times the largest item. ERR_DAMAGED;
 * ERR_VERSION: a newer server wrote it.
 */
must_check enum err record_decode(struct arena *arena, struct str bytes, const struct shape *shape,
				  void *out_record);

#endif
