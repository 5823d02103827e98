/* SPDX-License-Identifier: MIT */
/*
 * wire/fault: bodies of faults in every dialect. Pure, any thread.
 */
#ifndef TERN_WIRE_FAULT_H
#define TERN_WIRE_FAULT_H

#include "base/buf.h"
#include "wire/shape.h"

/* {"__type":"<namespace>#<shape>","message":"..."} */
void wire_fault_encode_json(struct buf *out, struct str namespace, const struct fault_type *fault,
			    struct str message);
/* <ErrorResponse>, with the empty <Detail/> that AWS sends. */
void wire_fault_encode_query(struct buf *out, struct str xml_namespace,
			     const struct fault_type *fault, struct str message,
			     struct str request_id);
/* The same tree as JSON, for Query requests that accept JSON. */
void wire_fault_encode_query_json(struct buf *out, const struct fault_type *fault,
				  struct str message, struct str request_id);

#endif
