/* SPDX-License-Identifier: MIT */
/* query_client: the inverse of query.c, and of query_xml.c. */
#include "wire/query_client.h"

#include "format/form.h"
#include "format/xml_read.h"
#include "wire/member.h"
#include "wire/scalar.h"

/* ---- parameters ---- */

struct encoder {
	struct buf *out;
	struct buf prefix; /* what leads to the member that is being written, "A.member.1" */
	struct buf text;
	bool has_ms;
};

static void encode_structure(struct encoder *encoder, const struct shape *shape, const void *value);

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

static void encode_scalar(struct encoder *encoder, enum shape_kind kind, const void *place)
{
	buf_reset(&encoder->text);
	scalar_format(&encoder->text, kind, place, encoder->has_ms);
	write_parameter(encoder, buf_str(&encoder->text));
}

static void encode_value(struct encoder *encoder, const struct shape_member *member,
			 const void *value)
{
	if (member->item_kind == SHAPE_STRUCTURE)
		encode_structure(encoder, member->shape, value);
	else
		encode_scalar(encoder, member->item_kind, value);
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
			encode_scalar(encoder, member->kind, place);
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

static enum err decode_structure(struct arena *arena, const struct xml_node *node,
				 const struct shape *shape, void *out);

static enum err decode_value(struct arena *arena, const struct xml_node *node,
			     const struct shape_member *member, void *out)
{
	if (!node)
		return ERR_OK;
	if (member->item_kind == SHAPE_STRUCTURE)
		return decode_structure(arena, node, member->shape, out);
	return scalar_parse(arena, node->text, member->item_kind, out) ? ERR_OK : ERR_INVALID;
}

static enum err decode_item(struct arena *arena, const struct xml_node *node,
			    const struct shape_member *member, char *item)
{
	if (member->kind == SHAPE_LIST)
		return decode_value(arena, node, member, item);
	struct str key = xml_child_text(node, member->key_name);
	*(struct str *)(void *)item = key.data ? key : STR("");
	return decode_value(arena, xml_child(node, member->value_name), member,
			    item + member->item_value_offset);
}

/* The items are the elements of that name among `first` and those behind it. */
static enum err decode_items(struct arena *arena, const struct xml_node *first, struct str name,
			     const struct shape_member *member, void *out)
{
	size_t count = 0;

	for (const struct xml_node *node = first; node; node = node->next)
		count += str_equal(node->name, name);
	char *items = arena_alloc(arena, count * member->item_size);
	char *item = items;
	for (const struct xml_node *node = first; node; node = node->next) {
		if (!str_equal(node->name, name))
			continue;
		enum err err = decode_item(arena, node, member, item);
		if (err)
			return err;
		item += member->item_size;
	}
	*(void **)member_at(out, member->offset) = items;
	*(size_t *)member_at(out, member->extra_offset) = count;
	return ERR_OK;
}

static enum err decode_member(struct arena *arena, const struct xml_node *node,
			      const struct shape_member *member, void *out)
{
	void *place = member_at(out, member->offset);

	switch (member->kind) {
	case SHAPE_LIST:
	case SHAPE_MAP:
		if (member->xml_item.size > 0)
			return decode_items(arena, node->children, member->xml_item, member, out);
		return decode_items(arena, node, member->xml_name, member, out);
	case SHAPE_STRUCTURE: {
		void *structure = arena_alloc(arena, member->shape->size);
		*(void **)place = structure;
		return decode_structure(arena, node, member->shape, structure);
	}
	default:
		if (!scalar_parse(arena, node->text, member->kind, place))
			return ERR_INVALID;
		if (member->extra_offset)
			*(bool *)member_at(out, member->extra_offset) = true;
		return ERR_OK;
	}
}

static enum err decode_structure(struct arena *arena, const struct xml_node *node,
				 const struct shape *shape, void *out)
{
	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct xml_node *child = xml_child(node, shape->members[i].xml_name);
		if (!child)
			continue;
		enum err err = decode_member(arena, child, &shape->members[i], out);
		if (err)
			return err;
	}
	return ERR_OK;
}

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

	if (xml_parse(arena, text, &root) != ERR_OK ||
	    !is_named(root, operation->name, STR("Response")))
		return ERR_INVALID;
	if (operation->service->query_style == QUERY_STYLE_EC2)
		return decode_structure(arena, root, operation->out, out);
	for (result = root->children; result; result = result->next)
		if (is_named(result, operation->name, STR("Result")))
			return decode_structure(arena, result, operation->out, out);
	return ERR_OK;
}

enum err wire_query_decode_fault(struct arena *arena, struct str text, struct wire_query_fault *out)
{
	const struct xml_node *root, *error;

	if (xml_parse(arena, text, &root) != ERR_OK)
		return ERR_INVALID;
	error = xml_child(root, STR("Error"));
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
