/* SPDX-License-Identifier: MIT */
/*
 * wire/rest: members of REST in path, query string, headers and status, and the body that holds the
 * others, as JSON or XML. Both sides: what a server reads and answers, what a client sends and
 * reads. Pure; memory from the arena; any thread.
 */
#ifndef TERN_WIRE_REST_H
#define TERN_WIRE_REST_H

#include "format/form.h"
#include "wire/message.h"
#include "wire/shape.h"

/*
 * The parts of a REST message that is read. Of a request: `path` and `form` (of the query string).
 * Of an answer: `status`.
 */
struct rest_source {
	const struct http_header *headers;
	size_t header_count;
	struct str body;
	struct str path; /* percent-encoded */
	const struct form *form;
	int status;
	size_t items_max; /* of one list or map */
};
/* Fills `out` (zeroed) of a request. ERR_INVALID with a text in *out_problem. */
must_check enum err wire_rest_decode(struct arena *arena, const struct operation *operation,
				     const struct rest_source *source, void *out,
				     struct str *out_problem);
/* The same of an answer. */
must_check enum err wire_rest_decode_answer(struct arena *arena, const struct operation *operation,
					    const struct rest_source *source, void *out,
					    struct str *out_problem);

/* Writes an answer: status, headers, body. */
void wire_rest_encode(struct wire_message *message, const struct operation *operation,
		      const void *value);
/* Writes a request: appends path and query string to `target`; the method is the operation's. */
void wire_rest_encode_request(struct wire_message *message, struct buf *target,
			      const struct operation *operation, const void *value);
/*
 * Appends the operation's host_prefix, with its labels from `value`. False if a label's text is no
 * part of a host's name.
 */
bool wire_host_prefix(struct buf *out, const struct operation *operation, const void *value);

#endif
