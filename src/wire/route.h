/* SPDX-License-Identifier: MIT */
/*
 * route: selects the dialect, the service and the operation of an HTTP request. Pure; memory from
 * the arena; any thread.
 */
#ifndef TERN_WIRE_ROUTE_H
#define TERN_WIRE_ROUTE_H

#include "wire/dialect.h"
#include "wire/route_index.h"

struct route {
	const struct dialect *dialect;	   /* never NULL */
	const struct operation *operation; /* NULL: fault and problem say why not */
	const struct service *service;	   /* known even if the operation is not; may be NULL */
	const struct fault_type *fault;
	struct str problem;
	struct str allow; /* the methods that would do, if the fault is about the method */
	bool is_bare;	  /* answer 404 <UnknownOperationException/>, as SQS does for a queue's URL
			     without an Action */
	struct str path;  /* decoded */
	struct form form; /* of the query string; in Query of the body too */
};

struct route_table {
	const struct service *const *services;
	size_t service_count;
	/* Of these services; NULL: they are few and are searched one by one. */
	const struct route_index *index;
};

void route_request(const struct route_table *table, struct arena *arena,
		   const struct http_request *request, struct route *out_route);

/*
 * The dialect as far as the headers tell; NULL: they do not. *out_service is the service, NULL if
 * the headers do not tell.
 */
const struct dialect *route_guess(const struct route_table *table,
				  const struct http_request *request,
				  const struct service **out_service);

/* The service of that name; NULL: it is not served. */
const struct service *route_service(const struct route_table *table, struct str name);

/* The service's operation of that name, or NULL. */
const struct operation *route_operation(const struct service *service, struct str name);

/* The number of an operation of the table, counted over all services in their order. */
uint32_t route_operation_number(const struct route_table *table, const struct operation *operation);

/* The operation of that number. */
const struct operation *route_operation_at(const struct route_table *table, uint32_t number);

/* ---- for dialects ---- */

/* AWS JSON, by the header X-Amz-Target. */
void route_target(const struct route_table *table, struct arena *arena,
		  const struct http_request *request, struct route *route);
/* REST, by method and path. */
void route_path(const struct route_table *table, struct arena *arena,
		const struct http_request *request, struct route *route);
/* RPC v2 CBOR, by the end of the path: /service/<name>/operation/<name>. */
void route_cbor(const struct route_table *table, struct arena *arena,
		const struct http_request *request, struct route *route);
/* Query, by the parameter Action. Chooses between its dialects. */
void route_query(const struct route_table *table, struct arena *arena,
		 const struct http_request *request, struct route *route);

#endif
