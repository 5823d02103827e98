/* SPDX-License-Identifier: MIT */
/*
 * wire/cbor: C structs to and from the CBOR of Smithy's RPC v2 CBOR, by shape.
 *
 * Reading takes what Smithy asks servers to take: maps and strings of definite and indefinite
 * length, null and undefined as absent, unknown members, integers for doubles and the other way
 * round where nothing is lost. Pure; memory from the arena; any thread.
 *
 * https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
 */
#ifndef TERN_WIRE_CBOR_H
#define TERN_WIRE_CBOR_H

#include "base/base.h"
#include "wire/shape.h"

/*
 * Fills `out` (zeroed, shape->size bytes). An empty body is an empty structure. ERR_INVALID with a
 * text in *out_problem; so are lists and maps of more than items_max items that no service counts.
 */
must_check enum err wire_cbor_decode(struct arena *arena, struct str body,
				     const struct shape *shape, size_t items_max, void *out,
				     struct str *out_problem);
/* Appends one map; absent and empty members are left out. */
void wire_cbor_encode(struct buf *out, const struct shape *shape, const void *value);
/* Appends a fault's map: __type and message. */
void wire_cbor_encode_fault(struct buf *out, struct str namespace, const struct fault_type *fault,
			    struct str message);
/* Reads a fault's map; data NULL: it has no such entry. ERR_INVALID. */
must_check enum err wire_cbor_decode_fault(struct arena *arena, struct str body,
					   struct str *out_type, struct str *out_message);

#endif
