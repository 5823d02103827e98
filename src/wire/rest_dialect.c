/* SPDX-License-Identifier: MIT */
/* rest_dialect: the dialects that a request's path and headers select: REST and RPC v2 CBOR. */
#include "format/json.h"
#include "format/xml.h"
#include "http/url.h"
#include "wire/cbor.h"
#include "wire/fault.h"
#include "wire/faults.h"
#include "wire/path.h"
#include "wire/rest.h"
#include "wire/route.h"

/* ---- REST ---- */

static enum err rest_decode(struct arena *arena, const struct http_request *request,
			    const struct route *route, void *out, struct str *out_problem)
{
	struct rest_source source = {
		.headers = request->headers,
		.header_count = request->header_count,
		.body = request->body,
		.path = http_url_split(request->target).path,
		.form = &route->form,
		.items_max = LIMIT_REQUEST_ITEMS,
	};

	return wire_rest_decode(arena, route->operation, &source, out, out_problem);
}

static void rest_json_encode_fault(struct wire_message *message, const struct service *service,
				   const struct fault_type *fault, struct str text)
{
	struct json_writer json;

	message->status = wire_rest_fault_status(fault);
	wire_message_header(message, STR("Content-Type"), STR("application/json"));
	wire_message_header(message, STR("x-amzn-ErrorType"), fault->shape);
	(void)service; /* the shape's name stands without a namespace */
	json_begin(&json, message->body);
	json_open_object(&json);
	json_key(&json, STR("__type"));
	json_str(&json, fault->shape);
	if (text.size > 0) {
		json_key(&json, STR("message"));
		json_str(&json, text);
	}
	json_close_object(&json);
}

const struct dialect dialect_rest_json = {
	.name = STR_INIT("rest-json"),
	.route = route_path,
	.decode = rest_decode,
	.encode = wire_rest_encode,
	.encode_fault = rest_json_encode_fault,
};

static void write_error(struct wire_message *message, const struct fault_type *fault,
			struct str text, bool has_type)
{
	xml_open(message->body, STR("Error"));
	if (has_type)
		xml_element(message->body, STR("Type"),
			    fault->is_receiver ? STR("Receiver") : STR("Sender"));
	xml_element(message->body, STR("Code"), fault->query_code);
	if (text.size > 0)
		xml_element(message->body, STR("Message"), text);
}

/* S3 has no wrapper around Error and names its request id itself. */
static void rest_xml_encode_fault(struct wire_message *message, const struct service *service,
				  const struct fault_type *fault, struct str text)
{
	bool is_bare = service && service->rest == REST_XML_BARE;

	message->status = wire_rest_fault_status(fault);
	wire_message_header(message, STR("Content-Type"), STR("application/xml"));
	if (is_bare)
		wire_message_header(message, STR("x-amz-request-id"), message->request_id);
	buf_append(message->body, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
	if (is_bare) {
		write_error(message, fault, text, false);
		xml_element(message->body, STR("RequestId"), message->request_id);
		xml_close(message->body, STR("Error"));
		return;
	}
	buf_append(message->body, STR("<ErrorResponse"));
	if (service && service->xml_namespace.size > 0) {
		buf_append(message->body, STR(" xmlns"));
		xml_attribute_value(message->body, service->xml_namespace);
	}
	buf_append_char(message->body, '>');
	write_error(message, fault, text, true);
	xml_close(message->body, STR("Error"));
	xml_element(message->body, STR("RequestId"), message->request_id);
	xml_close(message->body, STR("ErrorResponse"));
}

static void rest_xml_encode(struct wire_message *message, const struct operation *operation,
			    const void *value)
{
	if (operation->service->rest == REST_XML_BARE)
		wire_message_header(message, STR("x-amz-request-id"), message->request_id);
	wire_rest_encode(message, operation, value);
}

const struct dialect dialect_rest_xml = {
	.name = STR_INIT("rest-xml"),
	.route = route_path,
	.decode = rest_decode,
	.encode = rest_xml_encode,
	.encode_fault = rest_xml_encode_fault,
};

/* ---- RPC v2 CBOR ---- */

static void cbor_begin(struct wire_message *message, int status)
{
	message->status = status;
	wire_message_header(message, STR("smithy-protocol"), STR("rpc-v2-cbor"));
}

static enum err cbor_decode(struct arena *arena, const struct http_request *request,
			    const struct route *route, void *out, struct str *out_problem)
{
	return wire_cbor_decode(arena, request->body, route->operation->in, LIMIT_REQUEST_ITEMS,
				out, out_problem);
}

static void cbor_encode(struct wire_message *message, const struct operation *operation,
			const void *value)
{
	cbor_begin(message, 200);
	if (operation->out->member_count == 0)
		return;
	wire_message_header(message, STR("Content-Type"), STR("application/cbor"));
	wire_cbor_encode(message->body, operation->out, value);
}

static void cbor_encode_fault(struct wire_message *message, const struct service *service,
			      const struct fault_type *fault, struct str text)
{
	cbor_begin(message, wire_fault_status(service, fault));
	wire_message_header(message, STR("Content-Type"), STR("application/cbor"));
	if (service && service->is_query_compatible)
		wire_message_query_error(message, fault);
	wire_cbor_encode_fault(message->body, wire_fault_namespace(service, fault), fault, text);
}

const struct dialect dialect_cbor = {
	.name = STR_INIT("cbor"),
	.route = route_cbor,
	.decode = cbor_decode,
	.encode = cbor_encode,
	.encode_fault = cbor_encode_fault,
};
