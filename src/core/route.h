/* SPDX-License-Identifier: MIT */
/*
 * route: which operation an HTTP request asks for, and in which dialect. Pure; memory from the
 * arena; any thread.
 */
#ifndef TERN_CORE_ROUTE_H
#define TERN_CORE_ROUTE_H

#include "core/call.h"
#include "format/form.h"
#include "http/request.h"

struct route {
	enum dialect dialect;
	const struct operation *operation; /* NULL: fault and problem say why not */
	const struct service *service;	   /* known even if the operation is not; may be NULL */
	const struct fault_type *fault;
	struct str problem;
	struct str allow; /* the methods that would do, if the fault is about the method */
	bool is_bare;	  /* answer 404 <UnknownOperationException/>, as SQS does for a queue's URL
			     without an Action */
	struct str path;  /* decoded */
	struct form form; /* Query: query string and body */
};

struct route_table {
	const struct service *const *services;
	size_t service_count;
};

/* True if the body is said to be a form, as Query's is. */
bool route_is_form(const struct http_request *request);

/* NULL: it is not served. */
const struct service *route_service(const struct route_table *table, struct str name);

/* Whose a request is, as far as its headers tell; NULL: they do not. */
const struct service *route_guess(const struct route_table *table,
				  const struct http_request *request);

void route_request(const struct route_table *table, struct arena *arena,
		   const struct http_request *request, struct route *out_route);

#endif
