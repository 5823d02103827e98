/* SPDX-License-Identifier: MIT */
/* dialect: the dialects by X-Amz-Target and by Action; what they share. */
#include "wire/dialect.h"

#include "wire/fault.h"
#include "wire/json.h"
#include "wire/query.h"
#include "wire/route.h"

void wire_message_query_error(struct wire_message *message, const struct fault_type *fault)
{
	wire_message_header(message, STR("x-amzn-query-error"),
			    arena_format(message->arena, "%.*s;%s", STR_ARG(fault->query_code),
					 fault->is_receiver ? "Receiver" : "Sender"));
}

static void begin(struct wire_message *message, int status, struct str content_type)
{
	message->status = status;
	wire_message_header(message, STR("Content-Type"), content_type);
}

/* ---- AWS JSON ---- */

static enum err json_decode(struct arena *arena, const struct http_request *request,
			    const struct route *route, void *out, struct str *out_problem)
{
	return wire_json_decode(arena, request->body, route->operation->in, out, out_problem);
}

static void json_encode(struct wire_message *message, const struct operation *operation,
			const void *value)
{
	begin(message, 200, wire_json_type(operation->service));
	if (operation->out->member_count > 0)
		wire_json_encode(message->body, operation->out, value);
}

static void json_encode_fault(struct wire_message *message, const struct service *service,
			      const struct fault_type *fault, struct str text)
{
	begin(message, wire_fault_status(service, fault), wire_json_type(service));
	if (wire_has_query_error(service))
		wire_message_query_error(message, fault);
	wire_fault_encode_json(message->body, wire_fault_namespace(service, fault), fault, text);
}

const struct dialect dialect_json = {
	.name = STR_INIT("json"),
	.route = route_target,
	.decode = json_decode,
	.encode = json_encode,
	.encode_fault = json_encode_fault,
};

/* ---- AWS Query ---- */

static enum err query_decode(struct arena *arena, const struct http_request *request,
			     const struct route *route, void *out, struct str *out_problem)
{
	(void)request; /* route->form holds its query string and body */
	return wire_query_decode(arena, &route->form, route->operation->in, out, out_problem);
}

static void query_encode(struct wire_message *message, const struct operation *operation,
			 const void *value)
{
	begin(message, 200, STR("text/xml"));
	wire_query_encode(message->body, operation, value, message->request_id);
}

static void query_encode_fault(struct wire_message *message, const struct service *service,
			       const struct fault_type *fault, struct str text)
{
	begin(message, wire_fault_status(service, fault), STR("text/xml"));
	wire_fault_encode_query(message->body, service, fault, text, message->request_id);
}

const struct dialect dialect_query = {
	.name = STR_INIT("query"),
	.is_query = true,
	.route = route_query,
	.decode = query_decode,
	.encode = query_encode,
	.encode_fault = query_encode_fault,
};

static void query_json_encode(struct wire_message *message, const struct operation *operation,
			      const void *value)
{
	begin(message, 200, STR("application/json"));
	wire_query_encode_json(message->body, operation, value, message->request_id);
}

static void query_json_encode_fault(struct wire_message *message, const struct service *service,
				    const struct fault_type *fault, struct str text)
{
	begin(message, wire_fault_status(service, fault), STR("application/json"));
	wire_fault_encode_query_json(message->body, fault, text, message->request_id);
}

const struct dialect dialect_query_json = {
	.name = STR_INIT("query-json"),
	.is_query = true,
	.route = route_query,
	.decode = query_decode,
	.encode = query_json_encode,
	.encode_fault = query_json_encode_fault,
};

/* ---- EC2 Query ---- */

static void ec2_encode(struct wire_message *message, const struct operation *operation,
		       const void *value)
{
	begin(message, 200, STR("text/xml"));
	wire_ec2_encode(message->body, operation, value, message->request_id);
}

static void ec2_encode_fault(struct wire_message *message, const struct service *service,
			     const struct fault_type *fault, struct str text)
{
	(void)service;
	begin(message, fault->ec2_status ? fault->ec2_status : fault->status, STR("text/xml"));
	wire_fault_encode_ec2(message->body, fault, text, message->request_id);
}

const struct dialect dialect_ec2 = {
	.name = STR_INIT("ec2"),
	.is_query = true,
	.route = route_query,
	.decode = query_decode,
	.encode = ec2_encode,
	.encode_fault = ec2_encode_fault,
};
