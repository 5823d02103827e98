/* SPDX-License-Identifier: MIT */
/*
 * wire/query: a parameter's dotted key leads through the shapes.
 *
 * Decoding goes by member: for each list or map the numbers that occur are collected and sorted, so
 * gaps and order do not matter and a huge number costs nothing. Work is members times parameters,
 * both limited.
 */
#include "wire/query.h"

#include <stdlib.h>
#include <string.h>

#include "format/xml.h"
#include "wire/json.h"
#include "wire/member.h"

struct decoder {
	struct arena *arena;
	const struct form *form;
	struct str problem;
};

static enum err decode_structure(struct decoder *decoder, struct str prefix,
				 const struct shape *shape, void *out);

static struct str join(struct decoder *decoder, struct str prefix, struct str name)
{
	if (prefix.size == 0)
		return name;
	return arena_format(decoder->arena, "%.*s.%.*s", STR_ARG(prefix), STR_ARG(name));
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
					STR_ARG(text), STR_ARG(name));
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
	uint64_t *numbers = NULL;
	size_t count = 0, distinct = 0;

	for (size_t i = 0; i < decoder->form->count; i++) {
		struct str rest = decoder->form->pairs[i].key;
		if (!str_starts(rest, prefix) || rest.size <= prefix.size ||
		    rest.data[prefix.size] != '.')
			continue;
		rest = str_slice(rest, prefix.size + 1, rest.size);
		uint64_t number;
		if (!str_to_u64(str_cut(&rest, '.'), &number))
			continue;
		if (!numbers)
			numbers = arena_array(decoder->arena, uint64_t, decoder->form->count);
		numbers[count++] = number;
	}
	if (count > 0)
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
		if (!form_find(decoder->form, join(decoder, prefix, member->query_key),
			       (struct str *)(void *)item))
			*(struct str *)(void *)item = STR("");
		value_prefix = join(decoder, prefix, member->query_value);
		item += member->item_value_offset;
	}
	if (member->item_kind == SHAPE_STRUCTURE)
		return decode_structure(decoder, value_prefix, member->shape, item);
	if (!form_find(decoder->form, value_prefix, &text))
		text = STR("");
	return decode_scalar(decoder, text, member->item_kind, value_prefix, item);
}

static enum err decode_items(struct decoder *decoder, struct str prefix,
			     const struct shape_member *member, void *out)
{
	struct str unused;
	uint64_t *numbers;

	size_t count = collect_numbers(decoder, prefix, &numbers);
	if (count == 0 && !form_find(decoder->form, prefix, &unused))
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
		} else if (form_find(decoder->form, name, &text)) {
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
	struct decoder decoder = {.arena = arena, .form = form};

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
		wire_json_encode(out, operation->out, value);
		/* AWS calls the one list of ReceiveMessage "messages" here. */
		if (str_starts(str_slice(buf_str(out), from, messages.size), messages))
			out->data[from + 2] = 'm';
		buf_append_char(out, ',');
	}
	buf_format(out, "\"ResponseMetadata\":{\"RequestId\":\"%.*s\"}}}", STR_ARG(request_id));
}
