/* SPDX-License-Identifier: MIT */
/* query_xml: answers of Query as XML. */
#include "format/xml.h"
#include "wire/query.h"
#include "wire/xml.h"

static void encode_result(struct buf *out, const struct operation *operation, const void *value)
{
	size_t before = out->size;

	buf_format(out, "<%.*sResult>", STR_ARG(operation->name));
	size_t inside = out->size;
	wire_xml_encode(out, operation->out, value, false);
	if (out->size == inside) {
		out->size = before;
		buf_format(out, "<%.*sResult/>", STR_ARG(operation->name));
	} else {
		buf_format(out, "</%.*sResult>", STR_ARG(operation->name));
	}
}

static void open_response(struct buf *out, const struct operation *operation)
{
	buf_format(out, "<%.*sResponse xmlns=\"%.*s\">", STR_ARG(operation->name),
		   STR_ARG(operation->service->xml_namespace));
}

void wire_query_encode(struct buf *out, const struct operation *operation, const void *value,
		       struct str request_id)
{
	buf_append(out, STR("<?xml version=\"1.0\"?>"));
	open_response(out, operation);
	if (operation->out->member_count > 0 || operation->has_empty_result)
		encode_result(out, operation, value);
	buf_append(out, STR("<ResponseMetadata>"));
	xml_element(out, STR("RequestId"), request_id);
	buf_append(out, STR("</ResponseMetadata>"));
	buf_format(out, "</%.*sResponse>", STR_ARG(operation->name));
}

void wire_ec2_encode(struct buf *out, const struct operation *operation, const void *value,
		     struct str request_id)
{
	buf_append(out, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
	open_response(out, operation);
	xml_element(out, STR("requestId"), request_id);
	wire_xml_encode(out, operation->out, value, true);
	buf_format(out, "</%.*sResponse>", STR_ARG(operation->name));
}
