/* SPDX-License-Identifier: MIT */
/* wire/fault: an envelope for each dialect. */
#include "wire/fault.h"

#include "format/json.h"
#include "format/xml.h"

/* Of faults of no service. */
#define XML_NAMESPACE STR("http://webservices.amazon.com/AWSFault/2005-15-09")

static struct str side(const struct fault_type *fault)
{
	return fault->is_receiver ? STR("Receiver") : STR("Sender");
}

void wire_fault_encode_json(struct buf *out, struct str namespace, const struct fault_type *fault,
			    struct str message)
{
	struct json_writer writer;

	buf_append(out, STR("{\"__type\":\""));
	buf_append(out, namespace);
	buf_append_char(out, '#');
	buf_append(out, fault->shape);
	buf_append_char(out, '"');
	if (message.size > 0) {
		buf_append(out, STR(",\"message\":"));
		json_begin(&writer, out);
		json_str(&writer, message);
	}
	buf_append_char(out, '}');
}

/* Some faults of AWS have no text, and then no member for it. */
static void xml_message(struct buf *out, struct str message)
{
	if (message.size > 0)
		xml_element(out, STR("Message"), message);
}

int wire_fault_status(const struct service *service, const struct fault_type *fault)
{
	bool is_json_only = service && service->query_version.size == 0;

	return is_json_only && fault->json_status ? fault->json_status : fault->status;
}

int wire_rest_fault_status(const struct fault_type *fault)
{
	return fault->rest_status ? fault->rest_status : fault->status;
}

struct str wire_fault_namespace(const struct service *service, const struct fault_type *fault)
{
	return !service || fault->is_common ? STR("com.amazon.coral.service") : service->namespace;
}

void wire_fault_encode_ec2(struct buf *out, const struct fault_type *fault, struct str message,
			   struct str request_id)
{
	buf_append(out, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			    "<Response><Errors><Error>"));
	xml_element(out, STR("Code"),
		    fault->ec2_code.size > 0 ? fault->ec2_code : fault->query_code);
	xml_message(out, message);
	buf_append(out, STR("</Error></Errors>"));
	xml_element(out, STR("RequestID"), request_id);
	buf_append(out, STR("</Response>"));
}

void wire_fault_encode_query(struct buf *out, const struct service *service,
			     const struct fault_type *fault, struct str message,
			     struct str request_id)
{
	buf_append(out, STR("<?xml version=\"1.0\"?><ErrorResponse xmlns=\""));
	buf_append(out, service ? service->xml_namespace : XML_NAMESPACE);
	buf_append(out, STR("\"><Error>"));
	xml_element(out, STR("Type"), side(fault));
	xml_element(out, STR("Code"), fault->query_code);
	xml_message(out, message);
	if (!service || service->query_style == QUERY_STYLE_FLATTENED)
		xml_empty(out, STR("Detail"));
	buf_append(out, STR("</Error>"));
	xml_element(out, STR("RequestId"), request_id);
	buf_append(out, STR("</ErrorResponse>"));
}

void wire_fault_encode_query_json(struct buf *out, const struct fault_type *fault,
				  struct str message, struct str request_id)
{
	struct json_writer writer;

	json_begin(&writer, out);
	json_open_object(&writer);
	json_key(&writer, STR("Error"));
	json_open_object(&writer);
	json_key(&writer, STR("Code"));
	json_str(&writer, fault->query_code);
	json_key(&writer, STR("Message"));
	if (message.size > 0)
		json_str(&writer, message);
	else
		json_null(&writer);
	json_key(&writer, STR("Type"));
	json_str(&writer, side(fault));
	json_close_object(&writer);
	json_key(&writer, STR("RequestId"));
	json_str(&writer, request_id);
	json_close_object(&writer);
}

bool wire_has_query_error(const struct service *service)
{
	return !service || service->is_query_compatible;
}

struct str wire_json_type(const struct service *service)
{
	if (service && str_equal(service->json_version, STR("1.1")))
		return STR("application/x-amz-json-1.1");
	return STR("application/x-amz-json-1.0");
}
