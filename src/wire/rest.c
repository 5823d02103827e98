/* SPDX-License-Identifier: MIT */
/*
 * wire/rest: reading. Each member is looked for at its place; what is left is the body's. A string
 * in a header or path is the text itself, other kinds are as in XML, but for timestamps, which have
 * HTTP's form in headers.
 */
#include "wire/rest.h"

#include "format/xml_read.h"
#include "http/url.h"
#include "wire/header_value.h"
#include "wire/json.h"
#include "wire/member.h"
#include "wire/path.h"
#include "wire/scalar.h"
#include "wire/xml.h"

struct decoder {
	struct arena *arena;
	const struct operation *operation;
	const struct rest_source *source;
	struct str problem;
};

static enum err reject(struct decoder *decoder, struct str name, const char *reason)
{
	decoder->problem = arena_format(decoder->arena, "%.*s %s", STR_ARG(name), reason);
	return ERR_INVALID;
}

static enum err parse(struct decoder *decoder, struct str text, enum shape_kind kind,
		      const struct shape_member *member, void *out)
{
	bool is_header = member->place == SHAPE_IN_HEADER;
	enum shape_time time =
		member->time == SHAPE_TIME_DEFAULT && is_header ? SHAPE_TIME_HTTP : member->time;

	if (scalar_parse(decoder->arena, text, kind, time, out))
		return ERR_OK;
	return reject(decoder, member->name, "has a value that is none of its type.");
}

static enum err put_scalar(struct decoder *decoder, struct str text,
			   const struct shape_member *member, void *out)
{
	enum err err = parse(decoder, text, member->kind, member, member_at(out, member->offset));

	if (!err && member->extra_offset)
		*(bool *)member_at(out, member->extra_offset) = true;
	return err;
}

/* ---- lists and maps ---- */

static enum err put_items(struct decoder *decoder, const struct str *texts, size_t count,
			  const struct shape_member *member, void *out)
{
	if (count > decoder->source->items_max && !member->is_counted)
		return reject(decoder, member->name, "has too many items.");
	char *items = arena_alloc(decoder->arena, count * member->item_size);
	for (size_t i = 0; i < count; i++) {
		enum err err = parse(decoder, texts[i], member->item_kind, member,
				     items + i * member->item_size);
		if (err)
			return err;
	}
	*(void **)member_at(out, member->offset) = items;
	*(size_t *)member_at(out, member->extra_offset) = count;
	return ERR_OK;
}

/* The items of all headers of that name, as of one. */
static enum err decode_header_list(struct decoder *decoder, const struct shape_member *member,
				   void *out)
{
	const struct rest_source *source = decoder->source;
	bool is_date = member->item_kind == SHAPE_TIMESTAMP &&
		       (member->time == SHAPE_TIME_DEFAULT || member->time == SHAPE_TIME_HTTP);
	struct str item;
	size_t count = 0, room = 0;

	for (size_t i = 0; i < source->header_count; i++)
		if (str_equal_nocase(source->headers[i].name, member->http_name))
			room += header_value_room(source->headers[i].value);
	if (room == 0)
		return ERR_OK;
	struct str *texts = arena_array(decoder->arena, struct str, room);
	for (size_t i = 0; i < source->header_count; i++) {
		struct str rest = source->headers[i].value;
		if (!str_equal_nocase(source->headers[i].name, member->http_name))
			continue;
		while (header_value_cut(decoder->arena, &rest, is_date, &item))
			texts[count++] = item;
		if (rest.size > 0)
			return reject(decoder, member->name, "has a header that is no list.");
	}
	return put_items(decoder, texts, count, member, out);
}

static enum err decode_header(struct decoder *decoder, const struct shape_member *member, void *out)
{
	const struct rest_source *source = decoder->source;

	if (member->kind == SHAPE_LIST)
		return decode_header_list(decoder, member, out);
	for (size_t i = 0; i < source->header_count; i++)
		if (str_equal_nocase(source->headers[i].name, member->http_name))
			return put_scalar(decoder, source->headers[i].value, member, out);
	return ERR_OK;
}

/* "x-amz-meta-": the keys are the rest of the names. */
static enum err decode_headers(struct decoder *decoder, const struct shape_member *member,
			       void *out)
{
	const struct rest_source *source = decoder->source;
	struct shape_pair *pairs =
		arena_array(decoder->arena, struct shape_pair, source->header_count);
	size_t count = 0, prefix_size = member->http_name.size;

	for (size_t i = 0; i < source->header_count; i++) {
		struct str name = source->headers[i].name;
		if (name.size < prefix_size ||
		    !str_equal_nocase(str_slice(name, 0, prefix_size), member->http_name))
			continue;
		pairs[count].key = str_slice(name, prefix_size, SIZE_MAX);
		pairs[count++].value = source->headers[i].value;
	}
	if (count == 0)
		return ERR_OK;
	*(void **)member_at(out, member->offset) = pairs;
	*(size_t *)member_at(out, member->extra_offset) = count;
	return ERR_OK;
}

static enum err decode_parameter(struct decoder *decoder, const struct shape_member *member,
				 void *out)
{
	const struct form *form = decoder->source->form;
	struct str *texts = arena_array(decoder->arena, struct str, form->count);
	size_t count = 0;

	for (size_t i = 0; i < form->count; i++)
		if (str_equal(form->pairs[i].key, member->http_name))
			texts[count++] = form->pairs[i].value;
	if (count == 0)
		return ERR_OK;
	if (member->kind == SHAPE_LIST)
		return put_items(decoder, texts, count, member, out);
	return put_scalar(decoder, texts[0], member, out);
}

/* True if an earlier parameter has the key. */
static bool is_repeated(const struct form *form, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (str_equal(form->pairs[i].key, form->pairs[index].key))
			return true;
	return false;
}

/* Signatures in the query string are no parameters of an operation. */
static bool is_of_signature(struct str key)
{
	return str_equal_nocase(str_slice(key, 0, 6), STR("X-Amz-"));
}

static enum err put_values(struct decoder *decoder, struct str key,
			   const struct shape_member *member, char *entry)
{
	const struct form *form = decoder->source->form;
	void *value = entry + member->item_value_offset;
	size_t count = 0, room = 0;

	*(struct str *)(void *)entry = key;
	for (size_t i = 0; i < form->count; i++)
		room += str_equal(form->pairs[i].key, key);
	struct str *texts = arena_array(decoder->arena, struct str, room);
	for (size_t i = 0; i < form->count; i++)
		if (str_equal(form->pairs[i].key, key))
			texts[count++] = form->pairs[i].value;
	if (member->item)
		return put_items(decoder, texts, count, member->item, value);
	*(struct str *)value = texts[0];
	return ERR_OK;
}

/* All parameters, those that other members take too (Smithy's httpQueryParams). */
static enum err decode_parameters(struct decoder *decoder, const struct shape_member *member,
				  void *out)
{
	const struct form *form = decoder->source->form;
	size_t count = 0;

	if (form->count > decoder->source->items_max)
		return reject(decoder, member->name, "has too many items.");
	char *entries = arena_alloc(decoder->arena, form->count * member->item_size);
	for (size_t i = 0; i < form->count; i++) {
		if (is_of_signature(form->pairs[i].key) || is_repeated(form, i))
			continue;
		enum err err = put_values(decoder, form->pairs[i].key, member,
					  entries + count++ * member->item_size);
		if (err)
			return err;
	}
	if (count == 0)
		return ERR_OK;
	*(void **)member_at(out, member->offset) = entries;
	*(size_t *)member_at(out, member->extra_offset) = count;
	return ERR_OK;
}

static enum err decode_label(struct decoder *decoder, const struct shape_member *member, void *out)
{
	struct str raw, text;

	if (!path_label(decoder->operation->http_path, decoder->source->path, member->name, &raw))
		return reject(decoder, member->name, "is not in the path.");
	if (http_url_decode(decoder->arena, raw, &text) != ERR_OK || !str_is_utf8(text))
		return reject(decoder, member->name, "cannot be decoded.");
	return put_scalar(decoder, text, member, out);
}

/* ---- bodies ---- */

static bool is_xml(const struct operation *operation)
{
	return operation->service->rest != REST_JSON;
}

static enum err decode_text(struct decoder *decoder, const struct shape *shape, void *out)
{
	struct str body = decoder->source->body;
	const struct xml_node *root;

	if (!is_xml(decoder->operation))
		return wire_json_decode(decoder->arena, body, shape, out, &decoder->problem);
	enum err err = xml_parse(decoder->arena, body, &root);
	if (err) {
		decoder->problem = err == ERR_TOOLARGE
					   ? STR("The request body is nested too deeply or holds "
						 "too many elements.")
					   : STR("The request body is not well-formed XML.");
		return ERR_INVALID;
	}
	return wire_xml_decode(decoder->arena, root, shape, decoder->source->items_max, out,
			       &decoder->problem);
}

static bool has_body_members(const struct shape *shape)
{
	for (uint32_t i = 0; i < shape->member_count; i++)
		if (shape->members[i].place == SHAPE_IN_BODY)
			return true;
	return false;
}

static enum err decode_body(struct decoder *decoder, const struct shape *shape, void *out)
{
	const struct shape_member *payload = shape->payload;
	struct str body = decoder->source->body;

	if (body.size == 0)
		return ERR_OK;
	if (!payload)
		return has_body_members(shape) ? decode_text(decoder, shape, out) : ERR_OK;
	void *place = member_at(out, payload->offset);
	if (payload->kind != SHAPE_STRUCTURE) {
		if (payload->kind == SHAPE_STRING && !str_is_utf8(body))
			return reject(decoder, payload->name, "is not UTF-8.");
		*(struct str *)place = body;
		return ERR_OK;
	}
	void *structure = arena_alloc(decoder->arena, payload->shape->size);
	*(void **)place = structure;
	return decode_text(decoder, payload->shape, structure);
}

static enum err decode(struct decoder *decoder, const struct shape *shape, void *out)
{
	enum err err = ERR_OK;

	for (uint32_t i = 0; i < shape->member_count && !err; i++) {
		const struct shape_member *member = &shape->members[i];
		switch (member->place) {
		case SHAPE_IN_LABEL:
			err = decode_label(decoder, member, out);
			break;
		case SHAPE_IN_QUERY:
			err = decode_parameter(decoder, member, out);
			break;
		case SHAPE_IN_QUERIES:
			err = decode_parameters(decoder, member, out);
			break;
		case SHAPE_IN_HEADER:
			err = decode_header(decoder, member, out);
			break;
		case SHAPE_IN_HEADERS:
			err = decode_headers(decoder, member, out);
			break;
		case SHAPE_IN_STATUS:
			*(int64_t *)member_at(out, member->offset) = decoder->source->status;
			*(bool *)member_at(out, member->extra_offset) = true;
			break;
		case SHAPE_IN_BODY:
		case SHAPE_IN_PAYLOAD:
			break;
		}
	}
	return err ? err : decode_body(decoder, shape, out);
}

static enum err decode_shape(struct arena *arena, const struct operation *operation,
			     const struct shape *shape, const struct rest_source *source, void *out,
			     struct str *out_problem)
{
	struct decoder decoder = {.arena = arena, .operation = operation, .source = source};

	enum err err = decode(&decoder, shape, out);
	if (err)
		*out_problem = decoder.problem;
	return err;
}

enum err wire_rest_decode(struct arena *arena, const struct operation *operation,
			  const struct rest_source *source, void *out, struct str *out_problem)
{
	return decode_shape(arena, operation, operation->in, source, out, out_problem);
}

enum err wire_rest_decode_answer(struct arena *arena, const struct operation *operation,
				 const struct rest_source *source, void *out,
				 struct str *out_problem)
{
	return decode_shape(arena, operation, operation->out, source, out, out_problem);
}
