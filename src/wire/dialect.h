/* SPDX-License-Identifier: MIT */
/*
 * dialect: a wire protocol of AWS as a table of functions: how a request names its operation, how
 * input and output look, how a fault looks.
 *
 * wire/route.h selects the dialect of a request and its operation; the dispatcher then calls the
 * dialect's functions and knows no protocol by name. The functions are pure; they take memory from
 * the arena that they are given. Tables are constants; any thread.
 */
#ifndef TERN_WIRE_DIALECT_H
#define TERN_WIRE_DIALECT_H

#include "base/base.h"
#include "format/form.h"
#include "http/request.h"
#include "wire/message.h"
#include "wire/shape.h"

/* Adds x-amzn-query-error, which names Query's Code beside a fault of another dialect. */
void wire_message_query_error(struct wire_message *message, const struct fault_type *fault);

struct route;
struct route_table;

struct dialect {
	struct str name;
	/* Parameters have dotted names, and AWS's texts are those of its older interfaces. */
	bool is_query;
	/*
	 * Selects route->service and route->operation, or sets route->fault and route->problem. May
	 * select another dialect. route->path is set.
	 */
	void (*route)(const struct route_table *table, struct arena *arena,
		      const struct http_request *request, struct route *route);
	/*
	 * Fills `out` (zeroed, operation->in->size bytes) from the request. ERR_INVALID: the
	 * request does not follow the dialect. ERR_NOTFOUND: an unknown parameter, `out` is filled
	 * all the same. Both set *out_problem, a text for the fault.
	 */
	enum err (*decode)(struct arena *arena, const struct http_request *request,
			   const struct route *route, void *out, struct str *out_problem);
	/* Sets status and headers and appends the body. */
	void (*encode)(struct wire_message *message, const struct operation *operation,
		       const void *value);
	/* The same for a fault; `service` NULL: none was recognised. */
	void (*encode_fault)(struct wire_message *message, const struct service *service,
			     const struct fault_type *fault, struct str text);
};

extern const struct dialect dialect_json;	/* AWS JSON 1.0 and 1.1 */
extern const struct dialect dialect_query;	/* AWS Query */
extern const struct dialect dialect_query_json; /* AWS Query with Accept: application/json */
extern const struct dialect dialect_ec2;	/* EC2 Query */
extern const struct dialect dialect_rest_json;	/* AWS restJson1 */
extern const struct dialect dialect_rest_xml;	/* AWS restXml */
extern const struct dialect dialect_cbor;	/* Smithy RPC v2 CBOR */

#endif
