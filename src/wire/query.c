/* SPDX-License-Identifier: MIT */
/*
 * wire/query: a parameter's dotted key leads through the shapes.
 *
 * The parameters are sorted by key once, so a member's is found quickly, and those of a list or map
 * stand together. The numbers that occur in them are collected and sorted, so gaps and order do not
 * matter and a huge number costs nothing.
 */
#include "wire/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/json.h"
#include "format/xml.h"
#include "wire/json.h"
#include "wire/member.h"

#define ECHO_SIZE 256 /* bytes of a bad value that its fault repeats */

struct decoder {
	struct arena *arena;
	const struct form_pair **pairs; /* by key; of one key the first sent first */
	size_t pair_count;
	struct str problem;
};

static enum err decode_structure(struct decoder *decoder, struct str prefix,
				 const struct shape *shape, void *out);

static int compare_pairs(const void *a, const void *b)
{
	const struct form_pair *left = *(const struct form_pair *const *)a;
	const struct form_pair *right = *(const struct form_pair *const *)b;
	int order = str_compare(left->key, right->key);

	return order ? order : (left > right) - (left < right);
}

static void sort_pairs(struct decoder *decoder, const struct form *form)
{
	decoder->pairs = arena_array(decoder->arena, const struct form_pair *, form->count);
	decoder->pair_count = form->count;
	for (size_t i = 0; i < form->count; i++)
		decoder->pairs[i] = &form->pairs[i];
	qsort(decoder->pairs, form->count, sizeof(*decoder->pairs), compare_pairs);
}

/* The place of the first pair whose key is not before `key`. */
static size_t place_of(const struct decoder *decoder, struct str key)
{
	size_t low = 0, high = decoder->pair_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (str_compare(decoder->pairs[middle]->key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool find(const struct decoder *decoder, struct str key, struct str *out_value)
{
	size_t place = place_of(decoder, key);

	if (place == decoder->pair_count || !str_equal(decoder->pairs[place]->key, key))
		return false;
	*out_value = decoder->pairs[place]->value;
	return true;
}

/* Not by a format: a form of thousands of parameters joins tens of thousands of names. */
static struct str join(struct decoder *decoder, struct str prefix, struct str name)
{
	if (prefix.size == 0)
		return name;
	char *text = arena_bytes(decoder->arena, prefix.size + 1 + name.size);
	memcpy(text, prefix.data, prefix.size);
	text[prefix.size] = '.';
	if (name.size > 0)
		memcpy(text + prefix.size + 1, name.data, name.size);
	return str_of(text, prefix.size + 1 + name.size);
}

static enum err decode_scalar(struct decoder *decoder, struct str text, enum shape_kind kind,
			      struct str name, void *out)
{
	size_t size;

	switch (kind) {
	case SHAPE_STRING:
		*(struct str *)out = text;
		return ERR_OK;
	case SHAPE_BLOB: {
		char *bytes = arena_bytes(decoder->arena, text.size / 4 * 3 + 1);
		if (!base64_parse(text, (uint8_t *)bytes, &size))
			break;
		*(struct str *)out = str_of(bytes, size);
		return ERR_OK;
	}
	case SHAPE_BOOLEAN:
		if (!str_equal_nocase(text, STR("true")) && !str_equal_nocase(text, STR("false")))
			break;
		*(bool *)out = str_equal_nocase(text, STR("true"));
		return ERR_OK;
	default:
		if (!str_to_i64(text, out) ||
		    (kind == SHAPE_INTEGER &&
		     (*(int64_t *)out > INT32_MAX || *(int64_t *)out < INT32_MIN)))
			break;
		return ERR_OK;
	}
	decoder->problem = arena_format(decoder->arena,
					"Value %.*s for parameter %.*s is invalid. Reason: "
					"it does not have the right type.",
					STR_ARG(str_slice(text, 0, ECHO_SIZE)), STR_ARG(name));
	return ERR_INVALID;
}

static int compare_numbers(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* The distinct N of all keys prefix.N or prefix.N.anything, ascending. */
static size_t collect_numbers(struct decoder *decoder, struct str prefix, uint64_t **out_numbers)
{
	struct str start = join(decoder, prefix, STR(""));
	size_t from = place_of(decoder, start), to = from;
	size_t count = 0, distinct = 0;

	while (to < decoder->pair_count && str_starts(decoder->pairs[to]->key, start))
		to++;
	uint64_t *numbers = arena_array(decoder->arena, uint64_t, to - from);
	for (size_t i = from; i < to; i++) {
		struct str rest = str_slice(decoder->pairs[i]->key, start.size, SIZE_MAX);
		if (str_to_u64(str_cut(&rest, '.'), &numbers[count]))
			count++;
	}
	qsort(numbers, count, sizeof(*numbers), compare_numbers);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || numbers[i] != numbers[i - 1])
			numbers[distinct++] = numbers[i];
	*out_numbers = numbers;
	return distinct;
}

static enum err decode_entry(struct decoder *decoder, struct str prefix,
			     const struct shape_member *member, char *item)
{
	struct str text, value_prefix = prefix;

	if (member->kind == SHAPE_MAP) {
		if (!find(decoder, join(decoder, prefix, member->query_key),
			  (struct str *)(void *)item))
			*(struct str *)(void *)item = STR("");
		value_prefix = join(decoder, prefix, member->query_value);
		item += member->item_value_offset;
	}
	if (member->item_kind == SHAPE_STRUCTURE)
		return decode_structure(decoder, value_prefix, member->shape, item);
	if (!find(decoder, value_prefix, &text))
		text = STR("");
	return decode_scalar(decoder, text, member->item_kind, value_prefix, item);
}

static enum err decode_items(struct decoder *decoder, struct str prefix,
			     const struct shape_member *member, void *out)
{
	struct str unused;
	uint64_t *numbers;

	size_t count = collect_numbers(decoder, prefix, &numbers);
	if (count == 0 && !find(decoder, prefix, &unused))
		return ERR_OK;

	char *items = arena_alloc(decoder->arena, count * member->item_size);
	for (size_t i = 0; i < count; i++) {
		struct str name = arena_format(decoder->arena, "%.*s.%llu", STR_ARG(prefix),
					       (unsigned long long)numbers[i]);
		enum err err = decode_entry(decoder, name, member, items + i * member->item_size);
		if (err)
			return err;
	}
	*(void **)member_at(out, member->offset) = items;
	*(size_t *)member_at(out, member->extra_offset) = count;
	return ERR_OK;
}

static enum err decode_structure(struct decoder *decoder, struct str prefix,
				 const struct shape *shape, void *out)
{
	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		struct str name = join(decoder, prefix, member->query_name), text;
		enum err err = ERR_OK;

		if (member->kind == SHAPE_LIST || member->kind == SHAPE_MAP) {
			err = decode_items(decoder, name, member, out);
		} else if (find(decoder, name, &text)) {
			err = decode_scalar(decoder, text, member->kind, name,
					    member_at(out, member->offset));
			if (!err && member->extra_offset)
				*(bool *)member_at(out, member->extra_offset) = true;
		}
		if (err)
			return err;
	}
	return ERR_OK;
}

enum err wire_query_decode(struct arena *arena, const struct form *form, const struct shape *shape,
			   void *out, struct str *out_problem)
{
	struct decoder decoder = {.arena = arena};

	sort_pairs(&decoder, form);
	enum err err = decode_structure(&decoder, STR(""), shape, out);
	if (err)
		*out_problem = decoder.problem;
	return err;
}

static void encode_structure(struct buf *out, const struct shape *shape, const void *value);

static void encode_scalar(struct buf *out, struct str name, enum shape_kind kind, const void *place)
{
	xml_open(out, name);
	switch (kind) {
	case SHAPE_STRING:
		xml_text(out, *(const struct str *)place);
		break;
	case SHAPE_BLOB: {
		struct str bytes = *(const struct str *)place;
		base64_format(bytes, buf_extend(out, base64_size(bytes.size)));
		break;
	}
	case SHAPE_BOOLEAN:
		buf_append(out, *(const bool *)place ? STR("true") : STR("false"));
		break;
	default:
		buf_append_i64(out, *(const int64_t *)place);
	}
	xml_close(out, name);
}

static void encode_value(struct buf *out, struct str name, const struct shape_member *member,
			 const void *value)
{
	if (member->item_kind != SHAPE_STRUCTURE) {
		encode_scalar(out, name, member->item_kind, value);
		return;
	}
	xml_open(out, name);
	encode_structure(out, member->shape, value);
	xml_close(out, name);
}

static void encode_items(struct buf *out, const struct shape_member *member, const void *value)
{
	size_t count = member_count(value, member);
	const char *item = member_items(value, member);

	for (size_t i = 0; i < count; i++, item += member->item_size) {
		if (member->kind == SHAPE_LIST) {
			encode_value(out, member->query_name, member, item);
			continue;
		}
		xml_open(out, member->query_name);
		xml_element(out, member->query_key, *(const struct str *)(const void *)item);
		encode_value(out, member->query_value, member, item + member->item_value_offset);
		xml_close(out, member->query_name);
	}
}

static void encode_structure(struct buf *out, const struct shape *shape, const void *value)
{
	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		if (member_is_absent(value, member))
			continue;
		if (member->kind == SHAPE_LIST || member->kind == SHAPE_MAP)
			encode_items(out, member, value);
		else
			encode_scalar(out, member->query_name, member->kind,
				      member_in(value, member->offset));
	}
}

void wire_query_encode(struct buf *out, const struct operation *operation, const void *value,
		       struct str request_id)
{
	struct str name = operation->name;

	buf_append(out, STR("<?xml version=\"1.0\"?>"));
	buf_format(out, "<%.*sResponse xmlns=\"%.*s\">", STR_ARG(name),
		   STR_ARG(operation->service->xml_namespace));
	if (operation->out->member_count > 0) {
		size_t before = out->size;
		buf_format(out, "<%.*sResult>", STR_ARG(name));
		size_t inside = out->size;
		encode_structure(out, operation->out, value);
		if (out->size == inside) {
			out->size = before;
			buf_format(out, "<%.*sResult/>", STR_ARG(name));
		} else {
			buf_format(out, "</%.*sResult>", STR_ARG(name));
		}
	}
	buf_append(out, STR("<ResponseMetadata>"));
	xml_element(out, STR("RequestId"), request_id);
	buf_format(out, "</ResponseMetadata></%.*sResponse>", STR_ARG(name));
}

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

static void tree_scalar(struct json_writer *json, enum shape_kind kind, const void *place)
{
	char text[24];

	switch (kind) {
	case SHAPE_STRING:
		json_str(json, *(const struct str *)place);
		break;
	case SHAPE_BLOB:
		json_base64(json, *(const struct str *)place);
		break;
	case SHAPE_BOOLEAN:
		json_str(json, *(const bool *)place ? STR("true") : STR("false"));
		break;
	default:
		snprintf(text, sizeof(text), "%lld", (long long)*(const int64_t *)place);
		json_str(json, str_from(text));
	}
}

static void tree_value(struct json_writer *json, const struct shape_member *member,
		       const void *value)
{
	if (member->item_kind == SHAPE_STRUCTURE)
		tree_structure(json, member->shape, value);
	else
		tree_scalar(json, member->item_kind, value);
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
		json_key(json, member->query_key);
		json_str(json, *(const struct str *)(const void *)item);
		json_key(json, member->query_value);
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
		json_key(json, member->query_name);
		if (member->kind == SHAPE_LIST || member->kind == SHAPE_MAP)
			tree_items(json, member, value);
		else
			tree_scalar(json, member->kind, member_in(value, member->offset));
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
