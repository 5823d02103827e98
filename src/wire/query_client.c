/* SPDX-License-Identifier: MIT */
/* query_client: parameters as query.c reads them, and answers as query_xml.c writes them. */
#include "wire/query_client.h"

#include "format/form.h"
#include "format/xml_read.h"
#include "wire/member.h"
#include "wire/scalar.h"
#include "wire/xml.h"

/* ---- parameters ---- */

struct encoder {
	struct buf *out;
	struct buf prefix; /* what leads to the member that is being written, "A.member.1" */
	struct buf text;
	bool has_ms;
};

static void encode_structure(struct encoder *encoder, const struct shape *shape, const void *value);
static void encode_items(struct encoder *encoder, const struct shape_member *member,
			 const void *value);

/* Lengthens the prefix by one name; gives the size to go back to. */
static size_t enter(struct encoder *encoder, struct str name)
{
	size_t before = encoder->prefix.size;

	if (before > 0)
		buf_append_char(&encoder->prefix, '.');
	buf_append(&encoder->prefix, name);
	return before;
}

static void write_parameter(struct encoder *encoder, struct str value)
{
	if (encoder->out->size > 0)
		buf_append_char(encoder->out, '&');
	form_encode(encoder->out, buf_str(&encoder->prefix), false);
	buf_append_char(encoder->out, '=');
	form_encode(encoder->out, value, false);
}

static void encode_named(struct encoder *encoder, struct str name, struct str value)
{
	size_t before = enter(encoder, name);

	write_parameter(encoder, value);
	encoder->prefix.size = before;
}

static void encode_scalar(struct encoder *encoder, enum shape_kind kind, enum shape_time time,
			  const void *place)
{
	buf_reset(&encoder->text);
	scalar_format(&encoder->text, kind, time, place, encoder->has_ms);
	write_parameter(encoder, buf_str(&encoder->text));
}

static void encode_value(struct encoder *encoder, const struct shape_member *member,
			 const void *value)
{
	if (member->item_kind == SHAPE_STRUCTURE)
		encode_structure(encoder, member->shape, value);
	else if (member->item)
		encode_items(encoder, member->item, value);
	else
		encode_scalar(encoder, member->item_kind, member->time, value);
}

static void encode_items(struct encoder *encoder, const struct shape_member *member,
			 const void *value)
{
	size_t count = member_count(value, member);
	const char *item = member_items(value, member);

	if (member->query_item.size > 0)
		(void)enter(encoder, member->query_item); /* the caller goes back */
	for (size_t i = 0; i < count; i++, item += member->item_size) {
		size_t before = encoder->prefix.size;
		buf_format(&encoder->prefix, ".%zu", i + 1);
		if (member->kind == SHAPE_MAP) {
			encode_named(encoder, member->key_name,
				     *(const struct str *)(const void *)item);
			(void)enter(encoder, member->value_name);
		}
		encode_value(encoder, member, member_item_value(member, item));
		encoder->prefix.size = before;
	}
}

static void encode_structure(struct encoder *encoder, const struct shape *shape, const void *value)
{
	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		const void *place = member_in(value, member->offset);
		if (member_is_absent(value, member))
			continue;
		size_t before = enter(encoder, member->query_name);
		if (member->kind == SHAPE_LIST || member->kind == SHAPE_MAP)
			encode_items(encoder, member, value);
		else if (member->kind == SHAPE_STRUCTURE)
			encode_structure(encoder, member->shape, *(void *const *)place);
		else
			encode_scalar(encoder, member->kind, member->time, place);
		encoder->prefix.size = before;
	}
}

void wire_query_encode_request(struct buf *out, const struct operation *operation,
			       const void *value)
{
	struct encoder encoder = {
		.out = out,
		.has_ms = operation->service->query_style == QUERY_STYLE_EC2,
	};

	encode_named(&encoder, STR("Action"), operation->name);
	encode_named(&encoder, STR("Version"), operation->service->query_version);
	encode_structure(&encoder, operation->in, value);
	buf_done(&encoder.prefix);
	buf_done(&encoder.text);
}

/* ---- answers ---- */

/* "SendMessage" and "Response". */
static bool is_named(const struct xml_node *node, struct str name, struct str ending)
{
	return node->name.size == name.size + ending.size && str_starts(node->name, name) &&
	       str_ends(node->name, ending);
}

enum err wire_query_decode_answer(struct arena *arena, struct str text,
				  const struct operation *operation, void *out)
{
	const struct xml_node *root, *result;
	struct str unused;

	if (xml_parse(arena, text, &root) != ERR_OK ||
	    !is_named(root, operation->name, STR("Response")))
		return ERR_INVALID;
	if (operation->service->query_style == QUERY_STYLE_EC2)
		return wire_xml_decode(arena, root, operation->out, SIZE_MAX, out, &unused);
	for (result = root->children; result; result = result->next)
		if (is_named(result, operation->name, STR("Result")))
			return wire_xml_decode(arena, result, operation->out, SIZE_MAX, out,
					       &unused);
	return ERR_OK;
}

enum err wire_query_decode_fault(struct arena *arena, struct str text, struct wire_query_fault *out)
{
	const struct xml_node *root, *error;

	if (xml_parse(arena, text, &root) != ERR_OK)
		return ERR_INVALID;
	error = str_equal(root->name, STR("Error")) ? root : xml_child(root, STR("Error"));
	if (!error)
		error = xml_child(xml_child(root, STR("Errors")), STR("Error"));
	if (!error)
		return ERR_INVALID;
	out->code = xml_child_text(error, STR("Code"));
	out->message = xml_child_text(error, STR("Message"));
	out->request_id = xml_child_text(root, STR("RequestId"));
	if (!out->request_id.data)
		out->request_id = xml_child_text(root, STR("RequestID"));
	return ERR_OK;
}
