/* SPDX-License-Identifier: MIT */
/*
 * wire/client: requests, answers and faults of every operation as a client sees them, in the
 * protocol of the operation's service: REST if it has paths, else RPC v2 CBOR, AWS JSON or Query,
 * the first that it speaks. Pure; memory from the arena; any thread.
 */
#ifndef TERN_WIRE_CLIENT_H
#define TERN_WIRE_CLIENT_H

#include "base/base.h"
#include "wire/message.h"
#include "wire/shape.h"

struct wire_request {
	struct str method;	     /* "POST"; static */
	struct buf target;	     /* path and query string, percent-encoded */
	struct wire_message message; /* headers but for host and signature, and the body */
};
/*
 * Writes the operation's request; `request` is zero but for message.arena and message.body. Absent
 * idempotency tokens are set (Smithy, "idempotencyToken trait"). The caller ends request->target.
 * ERR_INVALID with a text in *out_problem: a label of the path is absent or empty.
 */
must_check enum err wire_client_encode(struct wire_request *request,
				       const struct operation *operation, const void *value,
				       struct str *out_problem);

struct wire_answer {
	int status;
	const struct http_header *headers;
	size_t header_count;
	struct str body;
};
/* The value of the last header of that name; data NULL: the answer has none. */
struct str wire_answer_header(const struct wire_answer *answer, struct str name);

/* Fills `out` (zeroed) from an answer of success. ERR_INVALID: it is not what the model says. */
must_check enum err wire_client_decode(struct arena *arena, const struct operation *operation,
				       const struct wire_answer *answer, void *out);

struct wire_told_fault {
	struct str shape;   /* the model's name: "QueueDoesNotExist" */
	struct str code;    /* Query's code if the answer names it, else the shape */
	struct str message; /* may be empty, as the others */
	struct str request_id;
};
/*
 * Reads a fault by the form of the answer, not by the service's protocol: proxies and endpoints of
 * other services answer in their own. Texts that the answer does not have are empty.
 */
void wire_client_decode_fault(struct arena *arena, const struct wire_answer *answer,
			      struct wire_told_fault *out_fault);

#endif
