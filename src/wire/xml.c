/* SPDX-License-Identifier: MIT */
/*
 * wire/xml: a walk along the shapes in both directions. Prefixes of names are written as the model
 * has them and are not compared when an element or attribute is read.
 */
#include "wire/xml.h"

#include "format/xml.h"
#include "wire/member.h"
#include "wire/scalar.h"

/* ---- writing ---- */

struct encoder {
	struct buf *out;
	bool has_ms;
};

static void encode_members(struct encoder *encoder, const struct shape *shape, const void *value);
static void encode_container(struct encoder *encoder, struct str name,
			     const struct shape_member *member, const void *value);

static void write_namespace(struct buf *out, struct str prefix, struct str uri)
{
	if (uri.size == 0)
		return;
	buf_append(out, STR(" xmlns"));
	if (prefix.size > 0) {
		buf_append_char(out, ':');
		buf_append(out, prefix);
	}
	xml_attribute_value(out, uri);
}

static void open_element(struct encoder *encoder, struct str name,
			 const struct shape_member *member)
{
	buf_append_char(encoder->out, '<');
	buf_append(encoder->out, name);
	if (member)
		write_namespace(encoder->out, member->xml_prefix, member->xml_namespace);
	buf_append_char(encoder->out, '>');
}

static void write_attributes(struct encoder *encoder, const struct shape *shape, const void *value)
{
	struct buf text = {0};

	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		if (!member->is_attribute || member_is_absent(value, member))
			continue;
		buf_append_char(encoder->out, ' ');
		buf_append(encoder->out, member->xml_name);
		buf_reset(&text);
		scalar_format(&text, member->kind, member->time, member_in(value, member->offset),
			      encoder->has_ms);
		xml_attribute_value(encoder->out, buf_str(&text));
	}
	buf_done(&text);
}

static void encode_structure(struct encoder *encoder, struct str name,
			     const struct shape_member *member, const void *value)
{
	buf_append_char(encoder->out, '<');
	buf_append(encoder->out, name);
	write_namespace(encoder->out, member->xml_prefix, member->xml_namespace);
	write_attributes(encoder, member->shape, value);
	buf_append_char(encoder->out, '>');
	encode_members(encoder, member->shape, value);
	xml_close(encoder->out, name);
}

static void encode_scalar(struct encoder *encoder, struct str name, enum shape_kind kind,
			  const struct shape_member *member, const void *place)
{
	if (kind == SHAPE_STRING)
		xml_text(encoder->out, *(const struct str *)place);
	else
		scalar_format(encoder->out, kind, member->time, place, encoder->has_ms);
	xml_close(encoder->out, name);
}

static void encode_value(struct encoder *encoder, struct str name,
			 const struct shape_member *member, const void *value)
{
	if (member->item_kind == SHAPE_STRUCTURE) {
		encode_structure(encoder, name, member, value);
	} else if (member->item) {
		encode_container(encoder, name, member->item, value);
	} else {
		open_element(encoder, name, NULL);
		encode_scalar(encoder, name, member->item_kind, member, value);
	}
}

static void encode_items(struct encoder *encoder, struct str name,
			 const struct shape_member *member, const void *value)
{
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

/* A list or map as the element `name`; flattened, each item is one. */
static void encode_container(struct encoder *encoder, struct str name,
			     const struct shape_member *member, const void *value)
{
	if (member->xml_item.size == 0) {
		encode_items(encoder, name, member, value);
		return;
	}
	if (member_count(value, member) == 0) {
		xml_empty(encoder->out, name);
		return;
	}
	open_element(encoder, name, member);
	encode_items(encoder, member->xml_item, member, value);
	xml_close(encoder->out, name);
}

static void encode_members(struct encoder *encoder, const struct shape *shape, const void *value)
{
	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		const void *place = member_in(value, member->offset);
		if (!member_is_shown(value, member) || member->place != SHAPE_IN_BODY ||
		    member->is_attribute)
			continue;
		if (member->kind == SHAPE_LIST || member->kind == SHAPE_MAP) {
			encode_container(encoder, member->xml_name, member, value);
		} else if (member->kind == SHAPE_STRUCTURE) {
			encode_structure(encoder, member->xml_name, member, *(void *const *)place);
		} else {
			open_element(encoder, member->xml_name, member);
			encode_scalar(encoder, member->xml_name, member->kind, member, place);
		}
	}
}

void wire_xml_encode(struct buf *out, const struct shape *shape, const void *value, bool has_ms)
{
	struct encoder encoder = {out, has_ms};

	encode_members(&encoder, shape, value);
}

void wire_xml_encode_element(struct buf *out, struct str name, struct str namespace,
			     const struct shape *shape, const void *value, bool has_ms)
{
	struct encoder encoder = {out, has_ms};
	const struct shape_member member = {.shape = shape, .xml_namespace = namespace};

	encode_structure(&encoder, name, &member, value);
}

/* ---- reading ---- */

struct decoder {
	struct arena *arena;
	size_t items_max;
	struct str problem;
};

static enum err decode_structure(struct decoder *decoder, const struct xml_node *node,
				 const struct shape *shape, void *out);
static enum err decode_container(struct decoder *decoder, const struct xml_node *node,
				 const struct shape_member *member, void *out);

static struct str local_name(struct str name)
{
	size_t colon = str_find_char(name, ':', 0);

	return colon == SIZE_MAX ? name : str_slice(name, colon + 1, SIZE_MAX);
}

static enum err reject(struct decoder *decoder, struct str name, const char *reason)
{
	decoder->problem = arena_format(decoder->arena, "%.*s %s", STR_ARG(name), reason);
	return ERR_INVALID;
}

static enum err decode_scalar(struct decoder *decoder, struct str text, enum shape_kind kind,
			      const struct shape_member *member, void *out)
{
	if (scalar_parse(decoder->arena, text, kind, member->time, out))
		return ERR_OK;
	return reject(decoder, member->xml_name, "has a value that is none of its type.");
}

static enum err decode_value(struct decoder *decoder, const struct xml_node *node,
			     const struct shape_member *member, void *out)
{
	if (!node)
		return member->item_kind == SHAPE_STRUCTURE && member->shape->is_union
			       ? reject(decoder, member->xml_name, "has an entry without a value.")
			       : ERR_OK;
	if (member->item_kind == SHAPE_STRUCTURE)
		return decode_structure(decoder, node, member->shape, out);
	if (member->item)
		return decode_container(decoder, node, member->item, out);
	return decode_scalar(decoder, node->text, member->item_kind, member, out);
}

static enum err decode_item(struct decoder *decoder, const struct xml_node *node,
			    const struct shape_member *member, char *item)
{
	if (member->kind == SHAPE_LIST)
		return decode_value(decoder, node, member, item);
	struct str key = xml_child_text(node, member->key_name);
	*(struct str *)(void *)item = key.data ? key : STR("");
	return decode_value(decoder, xml_child(node, member->value_name), member,
			    item + member->item_value_offset);
}

/* The items are the elements of that name among `first` and those behind it. */
static enum err decode_items(struct decoder *decoder, const struct xml_node *first, struct str name,
			     const struct shape_member *member, void *out)
{
	size_t count = 0;

	for (const struct xml_node *node = first; node; node = node->next)
		count += str_equal(node->name, name);
	if (count > decoder->items_max && !member->is_counted)
		return reject(decoder, member->xml_name, "has too many items.");
	char *items = arena_alloc(decoder->arena, count * member->item_size);
	char *item = items;
	for (const struct xml_node *node = first; node; node = node->next) {
		if (!str_equal(node->name, name))
			continue;
		enum err err = decode_item(decoder, node, member, item);
		if (err)
			return err;
		item += member->item_size;
	}
	*(void **)member_at(out, member->offset) = items;
	*(size_t *)member_at(out, member->extra_offset) = count;
	return ERR_OK;
}

/* `node` is the element of the list or map; flattened, its first item. */
static enum err decode_container(struct decoder *decoder, const struct xml_node *node,
				 const struct shape_member *member, void *out)
{
	if (member->xml_item.size > 0)
		return decode_items(decoder, node->children, local_name(member->xml_item), member,
				    out);
	return decode_items(decoder, node, node->name, member, out);
}

static enum err decode_member(struct decoder *decoder, const struct xml_node *node,
			      const struct shape_member *member, void *out)
{
	void *place = member_at(out, member->offset);

	switch (member->kind) {
	case SHAPE_LIST:
	case SHAPE_MAP:
		return decode_container(decoder, node, member, out);
	case SHAPE_STRUCTURE: {
		void *structure = arena_alloc(decoder->arena, member->shape->size);
		*(void **)place = structure;
		return decode_structure(decoder, node, member->shape, structure);
	}
	default: {
		enum err err = decode_scalar(decoder, node->text, member->kind, member, place);
		if (!err && member->extra_offset)
			*(bool *)member_at(out, member->extra_offset) = true;
		return err;
	}
	}
}

static enum err decode_attribute(struct decoder *decoder, const struct xml_node *node,
				 const struct shape_member *member, void *out)
{
	struct str text = xml_attribute(node, local_name(member->xml_name));

	if (!text.data)
		return ERR_OK;
	enum err err =
		decode_scalar(decoder, text, member->kind, member, member_at(out, member->offset));
	if (!err && member->extra_offset)
		*(bool *)member_at(out, member->extra_offset) = true;
	return err;
}

static enum err decode_structure(struct decoder *decoder, const struct xml_node *node,
				 const struct shape *shape, void *out)
{
	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		enum err err = ERR_OK;
		if (member->place != SHAPE_IN_BODY)
			continue;
		if (member->is_attribute) {
			err = decode_attribute(decoder, node, member, out);
		} else {
			const struct xml_node *child =
				xml_child(node, local_name(member->xml_name));
			if (child)
				err = decode_member(decoder, child, member, out);
		}
		if (err)
			return err;
	}
	if (shape->is_union && member_count_present(shape, out) != 1)
		return reject(decoder, shape->name, "must have exactly one member.");
	return ERR_OK;
}

enum err wire_xml_decode(struct arena *arena, const struct xml_node *node,
			 const struct shape *shape, size_t items_max, void *out,
			 struct str *out_problem)
{
	struct decoder decoder = {.arena = arena, .items_max = items_max};

	enum err err = decode_structure(&decoder, node, shape, out);
	if (err)
		*out_problem = decoder.problem;
	return err;
}
