/* SPDX-License-Identifier: MIT */
/* wire/fault: the three envelopes, as protocols.md and sqs.md record them. */
#include "wire/fault.h"

#include "format/json.h"
#include "format/xml.h"

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
	buf_append(out, STR("\",\"message\":"));
	json_begin(&writer, out);
	json_str(&writer, message);
	buf_append_char(out, '}');
}

void wire_fault_encode_query(struct buf *out, struct str xml_namespace,
			     const struct fault_type *fault, struct str message,
			     struct str request_id)
{
	buf_append(out, STR("<?xml version=\"1.0\"?><ErrorResponse xmlns=\""));
	buf_append(out, xml_namespace);
	buf_append(out, STR("\"><Error>"));
	xml_element(out, STR("Type"), side(fault));
	xml_element(out, STR("Code"), fault->query_code);
	xml_element(out, STR("Message"), message);
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
	json_str(&writer, message);
	json_key(&writer, STR("Type"));
	json_str(&writer, side(fault));
	json_close_object(&writer);
	json_key(&writer, STR("RequestId"));
	json_str(&writer, request_id);
	json_close_object(&writer);
}
