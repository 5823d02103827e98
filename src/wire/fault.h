/* SPDX-License-Identifier: MIT */
/*
 * wire/fault: bodies of faults in every dialect. Pure, any thread.
 */
#ifndef TERN_WIRE_FAULT_H
#define TERN_WIRE_FAULT_H

#include "base/buf.h"
#include "wire/shape.h"

/*
 * {"__type":"<namespace>#<shape>","message":"..."}; an empty message is left out, here and below.
 */
void wire_fault_encode_json(struct buf *out, struct str namespace, const struct fault_type *fault,
			    struct str message);
/* <ErrorResponse>; `service` NULL: none was recognised. */
void wire_fault_encode_query(struct buf *out, const struct service *service,
			     const struct fault_type *fault, struct str message,
			     struct str request_id);
/* The same tree as JSON, for Query requests that accept JSON. */
void wire_fault_encode_query_json(struct buf *out, const struct fault_type *fault,
				  struct str message, struct str request_id);
/* EC2's <Response>, which spells RequestID. */
void wire_fault_encode_ec2(struct buf *out, const struct fault_type *fault, struct str message,
			   struct str request_id);

/* HTTP's status of a fault of that service; NULL: none was recognised. Not for EC2. */
int wire_fault_status(const struct service *service, const struct fault_type *fault);
/* The same in REST. */
int wire_rest_fault_status(const struct fault_type *fault);
/* The namespace of __type: that of AWS's framework for common faults, else the service's. */
struct str wire_fault_namespace(const struct service *service, const struct fault_type *fault);
/* Whether x-amzn-query-error names Query's Code beside a fault in JSON. */
bool wire_has_query_error(const struct service *service);
/* Content-Type of the service's JSON; 1.0 if none was recognised. */
struct str wire_json_type(const struct service *service);

#endif
