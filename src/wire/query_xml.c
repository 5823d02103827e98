/* SPDX-License-Identifier: MIT */
/* query_xml: answers of Query as XML. */
#include "format/xml.h"
#include "wire/member.h"
#include "wire/query.h"
#include "wire/scalar.h"

struct encoder {
	struct buf *out;
	bool has_ms; /* times have milliseconds */
};

static void encode_structure(struct encoder *encoder, const struct shape *shape, const void *value);

static void encode_scalar(struct encoder *encoder, struct str name, enum shape_kind kind,
			  const void *place)
{
	xml_open(encoder->out, name);
	if (kind == SHAPE_STRING)
		xml_text(encoder->out, *(const struct str *)place);
	else
		scalar_format(encoder->out, kind, place, encoder->has_ms);
	xml_close(encoder->out, name);
}

static void encode_value(struct encoder *encoder, struct str name,
			 const struct shape_member *member, const void *value)
{
	if (member->item_kind != SHAPE_STRUCTURE) {
		encode_scalar(encoder, name, member->item_kind, value);
		return;
	}
	xml_open(encoder->out, name);
	encode_structure(encoder, member->shape, value);
	xml_close(encoder->out, name);
}

static void encode_items(struct encoder *encoder, const struct shape_member *member,
			 const void *value)
{
	struct str name = member->xml_item.size > 0 ? member->xml_item : member->xml_name;
	size_t count = member_count(value, member);
	const char *item = member_items(value, member);

	for (size_t i = 0; i < count; i++, item += member->item_size) {
		if (member->kind == SHAPE_LIST) {
			encode_value(encoder, name, member, item);
			continue;
		}
		xml_open(encoder->out, name);
		xml_element(encoder->out, member->key_name,
			    *(const struct str *)(const void *)item);
		encode_value(encoder, member->value_name, member, item + member->item_value_offset);
		xml_close(encoder->out, name);
	}
}

static void encode_container(struct encoder *encoder, const struct shape_member *member,
			     const void *value)
{
	if (member->xml_item.size == 0) {
		encode_items(encoder, member, value);
		return;
	}
	if (member_count(value, member) == 0) {
		xml_empty(encoder->out, member->xml_name);
		return;
	}
	xml_open(encoder->out, member->xml_name);
	encode_items(encoder, member, value);
	xml_close(encoder->out, member->xml_name);
}

static void encode_structure(struct encoder *encoder, const struct shape *shape, const void *value)
{
	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		const void *place = member_in(value, member->offset);
		if (!member_is_shown(value, member))
			continue;
		if (member->kind == SHAPE_LIST || member->kind == SHAPE_MAP) {
			encode_container(encoder, member, value);
		} else if (member->kind == SHAPE_STRUCTURE) {
			xml_open(encoder->out, member->xml_name);
			encode_structure(encoder, member->shape, *(void *const *)place);
			xml_close(encoder->out, member->xml_name);
		} else {
			encode_scalar(encoder, member->xml_name, member->kind, place);
		}
	}
}

static void encode_result(struct encoder *encoder, const struct operation *operation,
			  const void *value)
{
	struct buf *out = encoder->out;
	size_t before = out->size;

	buf_format(out, "<%.*sResult>", STR_ARG(operation->name));
	size_t inside = out->size;
	encode_structure(encoder, operation->out, value);
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
	struct encoder encoder = {.out = out};

	buf_append(out, STR("<?xml version=\"1.0\"?>"));
	open_response(out, operation);
	if (operation->out->member_count > 0 || operation->has_empty_result)
		encode_result(&encoder, operation, value);
	buf_append(out, STR("<ResponseMetadata>"));
	xml_element(out, STR("RequestId"), request_id);
	buf_append(out, STR("</ResponseMetadata>"));
	buf_format(out, "</%.*sResponse>", STR_ARG(operation->name));
}

void wire_ec2_encode(struct buf *out, const struct operation *operation, const void *value,
		     struct str request_id)
{
	struct encoder encoder = {.out = out, .has_ms = true};

	buf_append(out, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
	open_response(out, operation);
	xml_element(out, STR("requestId"), request_id);
	encode_structure(&encoder, operation->out, value);
	buf_format(out, "</%.*sResponse>", STR_ARG(operation->name));
}
