/* SPDX-License-Identifier: MIT */
/*
 * wire/xml: C structs to and from XML elements, by shape: for Query's answers and for REST-XML.
 * Members whose place is not the body are left out. Pure; memory from the arena; any thread.
 */
#ifndef TERN_WIRE_XML_H
#define TERN_WIRE_XML_H

#include "base/base.h"
#include "format/xml_read.h"
#include "wire/shape.h"

/* Appends the elements of the members; timestamps with milliseconds if has_ms. */
void wire_xml_encode(struct buf *out, const struct shape *shape, const void *value, bool has_ms);
/* Appends an element of that name around them; `namespace` may be empty. */
void wire_xml_encode_element(struct buf *out, struct str name, struct str namespace,
			     const struct shape *shape, const void *value, bool has_ms);
/*
 * Fills `out` (zeroed) from the children and attributes of `node`; what the shape does not know is
 * ignored. ERR_INVALID: a value is none of its kind, a union has not one member, or a list or map
 * more than items_max items and none of a service's own limits. *out_problem then is a text.
 */
must_check enum err wire_xml_decode(struct arena *arena, const struct xml_node *node,
				    const struct shape *shape, size_t items_max, void *out,
				    struct str *out_problem);

#endif
