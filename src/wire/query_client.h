/* SPDX-License-Identifier: MIT */
/*
 * query_client: Query as a client speaks it: parameters from C structs, answers into them, by
 * shape. Pure; memory from the arena; any thread.
 */
#ifndef TERN_WIRE_QUERY_CLIENT_H
#define TERN_WIRE_QUERY_CLIENT_H

#include "base/base.h"
#include "wire/shape.h"

/* Appends a form: Action, Version and the members that are there. */
void wire_query_encode_request(struct buf *out, const struct operation *operation,
			       const void *value);
/*
 * Fills `out` (zeroed) from the XML of an answer; elements that the shape does not know are
 * ignored. ERR_INVALID if it is no XML, no answer of that operation, or a value is none of its
 * kind.
 */
must_check enum err wire_query_decode_answer(struct arena *arena, struct str text,
					     const struct operation *operation, void *out);

struct wire_query_fault {
	struct str code, message, request_id; /* data NULL: not said */
};
/* Of <ErrorResponse>, of EC2's <Response> and of S3's bare <Error>. ERR_INVALID: another text. */
must_check enum err wire_query_decode_fault(struct arena *arena, struct str text,
					    struct wire_query_fault *out);

#endif
