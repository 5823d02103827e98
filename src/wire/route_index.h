/* SPDX-License-Identifier: MIT */
/*
 * route_index: finds services by the names that requests have for them, in a hash table, so that
 * the cost of routing does not grow with the number of services. Constant once made; any thread.
 */
#ifndef TERN_WIRE_ROUTE_INDEX_H
#define TERN_WIRE_ROUTE_INDEX_H

#include "base/base.h"
#include "wire/shape.h"

enum route_key {
	ROUTE_NAME,   /* in a signature's scope: "sqs" */
	ROUTE_TARGET, /* before the dot in X-Amz-Target: "AmazonSQS" */
	ROUTE_CBOR,   /* in paths of RPC v2 CBOR: "GraniteServiceVersion20100801" */
	ROUTE_ACTION, /* of an operation of Query; the first service that has it */
	ROUTE_KEYS,
};

struct route_index;
/* Borrows the services. */
struct route_index *route_index_new(const struct service *const *services, size_t count);
void route_index_free(struct route_index **index); /* accepts NULL, leaves NULL */
/* NULL: no service has the key; an empty text is no key. */
const struct service *route_index_find(const struct route_index *index, enum route_key kind,
				       struct str text);

#endif
