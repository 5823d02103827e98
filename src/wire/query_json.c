/* SPDX-License-Identifier: MIT */
/* query_json: answers of Query as JSON, for clients that accept that. */
#include "format/json.h"
#include "wire/json.h"
#include "wire/member.h"
#include "wire/query.h"
#include "wire/scalar.h"

void wire_query_encode_json(struct buf *out, const struct operation *operation, const void *value,
			    struct str request_id)
{
	static const struct str messages = STR_INIT("{\"Messages\"");
	struct str name = operation->name;

	buf_format(out, "{\"%.*sResponse\":{", STR_ARG(name));
	if (operation->out->member_count > 0) {
		buf_format(out, "\"%.*sResult\":", STR_ARG(name));
		size_t from = out->size;
		wire_json_encode_full(out, operation->out, value);
		/* AWS calls the one list of ReceiveMessage "messages" here. */
		if (str_starts(str_slice(buf_str(out), from, messages.size), messages))
			out->data[from + 2] = 'm';
		buf_append_char(out, ',');
	}
	buf_format(out, "\"ResponseMetadata\":{\"RequestId\":\"%.*s\"}}}", STR_ARG(request_id));
}

static void tree_structure(struct json_writer *json, const struct shape *shape, const void *value);
static void tree_items(struct json_writer *json, const struct shape_member *member,
		       const void *value);

static void tree_scalar(struct json_writer *json, enum shape_kind kind, enum shape_time time,
			const void *place)
{
	struct buf text = {0};

	scalar_format(&text, kind, time, place, false);
	json_str(json, buf_str(&text));
	buf_done(&text);
}

static void tree_value(struct json_writer *json, const struct shape_member *member,
		       const void *value)
{
	if (member->item_kind == SHAPE_STRUCTURE)
		tree_structure(json, member->shape, value);
	else if (member->item)
		tree_items(json, member->item, value);
	else
		tree_scalar(json, member->item_kind, member->time, value);
}

static void tree_items(struct json_writer *json, const struct shape_member *member,
		       const void *value)
{
	size_t count = member_count(value, member);
	const char *item = member_items(value, member);

	if (count > 1)
		json_open_array(json);
	for (size_t i = 0; i < count; i++, item += member->item_size) {
		if (member->kind == SHAPE_LIST) {
			tree_value(json, member, item);
			continue;
		}
		json_open_object(json);
		json_key(json, member->key_name);
		json_str(json, *(const struct str *)(const void *)item);
		json_key(json, member->value_name);
		tree_value(json, member, item + member->item_value_offset);
		json_close_object(json);
	}
	if (count > 1)
		json_close_array(json);
}

static void tree_structure(struct json_writer *json, const struct shape *shape, const void *value)
{
	json_open_object(json);
	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		if (member_is_absent(value, member))
			continue;
		json_key(json, member->xml_name);
		if (member->kind == SHAPE_LIST || member->kind == SHAPE_MAP)
			tree_items(json, member, value);
		else if (member->kind == SHAPE_STRUCTURE)
			tree_structure(json, member->shape,
				       *(void *const *)member_in(value, member->offset));
		else
			tree_scalar(json, member->kind, member->time,
				    member_in(value, member->offset));
	}
	json_close_object(json);
}

void wire_query_encode_tree(struct buf *out, const struct operation *operation, const void *value,
			    struct str request_id)
{
	struct str name = operation->name;
	struct json_writer json;

	buf_format(out, "{\"%.*sResponse\":{\"%.*sResult\":", STR_ARG(name), STR_ARG(name));
	size_t from = out->size;
	json_begin(&json, out);
	tree_structure(&json, operation->out, value);
	if (out->size == from + 2) {
		out->size = from;
		buf_append(out, STR("null"));
	}
	buf_format(out, ",\"ResponseMetadata\":{\"RequestId\":\"%.*s\"}}}", STR_ARG(request_id));
}
