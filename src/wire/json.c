/* SPDX-License-Identifier: MIT */
/*
 * wire/json: walks a yyjson object once; each member is looked up in the shape, starting behind the
 * one found last, because SDKs send members in the model's order.
 */
#include "wire/json.h"

#include "format/json.h"
#include "wire/member.h"
#include "wire/scalar.h"

#define TIMESTAMP_S_MAX 9e12 /* a double holds the milliseconds of times before that exactly */

struct decoder {
	struct arena *arena;
	struct str problem;
};

static enum err reject(struct decoder *decoder, struct str problem)
{
	decoder->problem = problem;
	return ERR_INVALID;
}

static enum err reject_kind(struct decoder *decoder, yyjson_val *value, const char *wanted)
{
	if (yyjson_is_obj(value))
		return reject(decoder, STR("Start of structure or map found where not expected."));
	if (yyjson_is_arr(value))
		return reject(decoder, STR("Start of list found where not expected"));

	const char *found = yyjson_is_str(value) ? "STRING_VALUE"
			    : yyjson_is_bool(value)
				    ? (yyjson_get_bool(value) ? "TRUE_VALUE" : "FALSE_VALUE")
				    : "NUMBER_VALUE";
	return reject(decoder,
		      arena_format(decoder->arena, "%s can not be converted to %s", found, wanted));
}

static enum err reject_count(struct decoder *decoder, const struct shape_member *member)
{
	return reject(decoder, arena_format(decoder->arena, "%.*s has more than %d items",
					    STR_ARG(member->name), LIMIT_REQUEST_ITEMS));
}

static enum err decode_string(struct decoder *decoder, yyjson_val *value, struct str *out)
{
	if (yyjson_is_str(value)) {
		*out = json_text(value);
		return ERR_OK;
	}
	if (yyjson_is_bool(value)) {
		*out = yyjson_get_bool(value) ? STR("true") : STR("false");
		return ERR_OK;
	}
	if (yyjson_is_uint(value)) {
		*out = arena_format(decoder->arena, "%llu",
				    (unsigned long long)yyjson_get_uint(value));
		return ERR_OK;
	}
	if (yyjson_is_sint(value)) {
		*out = arena_format(decoder->arena, "%lld", (long long)yyjson_get_sint(value));
		return ERR_OK;
	}
	if (yyjson_is_real(value)) {
		*out = arena_format(decoder->arena, "%.17g", yyjson_get_real(value));
		return ERR_OK;
	}
	return reject_kind(decoder, value, "a String");
}

static enum err decode_blob(struct decoder *decoder, yyjson_val *value, struct str *out)
{
	if (!yyjson_is_str(value))
		return reject_kind(decoder, value, "a Blob");

	struct str text = json_text(value);
	char *bytes = arena_bytes(decoder->arena, text.size / 4 * 3 + 1);
	size_t size;
	if (!base64_parse(text, (uint8_t *)bytes, &size))
		return reject(decoder,
			      STR("Invalid base64 encoding found where a Blob was expected."));
	*out = str_of(bytes, size);
	return ERR_OK;
}

static enum err decode_number(struct decoder *decoder, yyjson_val *value, enum shape_kind kind,
			      int64_t *out)
{
	int64_t number;

	if (yyjson_is_sint(value))
		number = yyjson_get_sint(value);
	else if (yyjson_is_uint(value) && yyjson_get_uint(value) <= INT64_MAX)
		number = (int64_t)yyjson_get_uint(value);
	else if (yyjson_is_real(value) && yyjson_get_real(value) > -9e15 &&
		 yyjson_get_real(value) < 9e15)
		number = (int64_t)yyjson_get_real(value);
	else
		return reject_kind(decoder, value, kind == SHAPE_INTEGER ? "an Integer" : "a Long");
	if (kind == SHAPE_INTEGER && (number > INT32_MAX || number < INT32_MIN))
		return reject_kind(decoder, value, "an Integer");
	*out = number;
	return ERR_OK;
}

static enum err decode_boolean(struct decoder *decoder, yyjson_val *value, bool *out)
{
	if (!yyjson_is_bool(value))
		return reject_kind(decoder, value, "a Boolean");
	*out = yyjson_get_bool(value);
	return ERR_OK;
}

static enum err decode_double(struct decoder *decoder, yyjson_val *value, double *out)
{
	if (yyjson_is_num(value)) {
		*out = yyjson_get_num(value);
		return ERR_OK;
	}
	if (yyjson_is_str(value) &&
	    str_find_char(STR("NI-"), *yyjson_get_str(value), 0) != SIZE_MAX &&
	    scalar_parse(decoder->arena, json_text(value), SHAPE_DOUBLE, SHAPE_TIME_DEFAULT, out))
		return ERR_OK;
	return reject_kind(decoder, value, "a Double");
}

/* Seconds since 1970, with a fraction, unless the model says text. */
static enum err decode_timestamp(struct decoder *decoder, yyjson_val *value, enum shape_time time,
				 int64_t *out)
{
	double seconds = yyjson_get_num(value);

	if (time == SHAPE_TIME_ISO || time == SHAPE_TIME_HTTP) {
		if (yyjson_is_str(value) &&
		    scalar_parse(decoder->arena, json_text(value), SHAPE_TIMESTAMP, time, out))
			return ERR_OK;
		return reject_kind(decoder, value, "a Timestamp");
	}
	if (!yyjson_is_num(value) || !(seconds > -TIMESTAMP_S_MAX && seconds < TIMESTAMP_S_MAX))
		return reject_kind(decoder, value, "a Timestamp");
	*out = (int64_t)(seconds * 1000 + (seconds < 0 ? -0.5 : 0.5));
	return ERR_OK;
}

static enum err decode_structure(struct decoder *decoder, yyjson_val *value,
				 const struct shape *shape, void *out);
static enum err decode_member(struct decoder *decoder, yyjson_val *value,
			      const struct shape_member *member, void *out);

static enum err decode_scalar(struct decoder *decoder, yyjson_val *value, enum shape_kind kind,
			      enum shape_time time, void *out)
{
	switch (kind) {
	case SHAPE_STRING:
		return decode_string(decoder, value, out);
	case SHAPE_BLOB:
		return decode_blob(decoder, value, out);
	case SHAPE_BOOLEAN:
		return decode_boolean(decoder, value, out);
	case SHAPE_DOUBLE:
		return decode_double(decoder, value, out);
	case SHAPE_TIMESTAMP:
		return decode_timestamp(decoder, value, time, out);
	default:
		return decode_number(decoder, value, kind, out);
	}
}

static enum err decode_item(struct decoder *decoder, yyjson_val *value,
			    const struct shape_member *member, void *out)
{
	if (member->item_kind == SHAPE_STRUCTURE)
		return decode_structure(decoder, value, member->shape, out);
	if (member->item)
		return decode_member(decoder, value, member->item, out);
	return decode_scalar(decoder, value, member->item_kind, member->time, out);
}

static enum err decode_list(struct decoder *decoder, yyjson_val *value,
			    const struct shape_member *member, void *out)
{
	if (!yyjson_is_arr(value))
		return reject_kind(decoder, value, "a List");
	if (yyjson_arr_size(value) > LIMIT_REQUEST_ITEMS && !member->is_counted)
		return reject_count(decoder, member);

	char *items = arena_alloc(decoder->arena, yyjson_arr_size(value) * member->item_size);
	size_t index, count;
	yyjson_val *item;
	yyjson_arr_foreach(value, index, count, item) {
		enum err err =
			decode_item(decoder, item, member, items + index * member->item_size);
		if (err)
			return err;
	}
	*(void **)member_at(out, member->offset) = items;
	*(size_t *)member_at(out, member->extra_offset) = yyjson_arr_size(value);
	return ERR_OK;
}

static enum err decode_map(struct decoder *decoder, yyjson_val *value,
			   const struct shape_member *member, void *out)
{
	if (!yyjson_is_obj(value))
		return reject_kind(decoder, value, "a Map");
	if (yyjson_obj_size(value) > LIMIT_REQUEST_ITEMS)
		return reject_count(decoder, member);

	char *items = arena_alloc(decoder->arena, yyjson_obj_size(value) * member->item_size);
	size_t index, max, used = 0;
	yyjson_val *key, *item;
	yyjson_obj_foreach(value, index, max, key, item) {
		if (yyjson_is_null(item))
			continue;
		char *entry = items + used++ * member->item_size;
		*(struct str *)(void *)entry = json_text(key);
		enum err err =
			decode_item(decoder, item, member, entry + member->item_value_offset);
		if (err)
			return err;
	}
	*(void **)member_at(out, member->offset) = items;
	*(size_t *)member_at(out, member->extra_offset) = used;
	return ERR_OK;
}

static enum err decode_member(struct decoder *decoder, yyjson_val *value,
			      const struct shape_member *member, void *out)
{
	void *place = member_at(out, member->offset);

	switch (member->kind) {
	case SHAPE_LIST:
		return decode_list(decoder, value, member, out);
	case SHAPE_MAP:
		return decode_map(decoder, value, member, out);
	case SHAPE_STRUCTURE: {
		void *structure = arena_alloc(decoder->arena, member->shape->size);
		*(void **)place = structure;
		return decode_structure(decoder, value, member->shape, structure);
	}
	default: {
		enum err err = decode_scalar(decoder, value, member->kind, member->time, place);
		if (!err && member->extra_offset)
			*(bool *)member_at(out, member->extra_offset) = true;
		return err;
	}
	}
}

static enum err decode_structure(struct decoder *decoder, yyjson_val *value,
				 const struct shape *shape, void *out)
{
	uint32_t next = 0;
	size_t index, max;
	yyjson_val *key, *item;

	if (!yyjson_is_obj(value))
		return reject_kind(decoder, value, "a Structure");
	yyjson_obj_foreach(value, index, max, key, item) {
		struct str name = json_text(key);
		if (yyjson_is_null(item))
			continue;
		for (uint32_t tried = 0; tried < shape->member_count; tried++, next++) {
			const struct shape_member *member =
				&shape->members[next % shape->member_count];
			if (!str_equal(member->name, name) || member->place != SHAPE_IN_BODY)
				continue;
			enum err err = decode_member(decoder, item, member, out);
			if (err)
				return err;
			next++;
			break;
		}
	}
	if (shape->is_union && member_count_present(shape, out) != 1)
		return reject(decoder, STR("Exactly one member of a union must be set."));
	return ERR_OK;
}

enum err wire_json_decode(struct arena *arena, struct str text, const struct shape *shape,
			  void *out, struct str *out_problem)
{
	struct decoder decoder = {.arena = arena};
	yyjson_val *root;

	if (text.size == 0)
		return ERR_OK;
	enum err err = json_parse_limited(arena, text, LIMIT_JSON_VALUES, &root);
	if (err) {
		*out_problem = err == ERR_TOOLARGE
				       ? STR("The request body is nested too deeply or holds too "
					     "many values.")
				       : STR("The request body is not valid JSON.");
		return ERR_INVALID;
	}
	err = decode_structure(&decoder, root, shape, out);
	if (err)
		*out_problem = decoder.problem;
	return err;
}

enum err wire_json_decode_own(struct arena *arena, struct str text, const struct shape *shape,
			      void *out)
{
	struct decoder decoder = {.arena = arena};
	yyjson_val *root;

	enum err err = json_parse(arena, text, &root);
	return err ? err : decode_structure(&decoder, root, shape, out);
}

struct encoder {
	struct json_writer writer;
	bool is_of_query; /* absent members are null, flattened maps lists */
};

static void encode_structure(struct encoder *encoder, const struct shape *shape, const void *value);
static void encode_member(struct encoder *encoder, const struct shape_member *member,
			  const void *value);

static void encode_time(struct encoder *encoder, enum shape_time time, const int64_t *ms)
{
	struct buf text = {0};

	if (time != SHAPE_TIME_ISO && time != SHAPE_TIME_HTTP) {
		json_milliseconds(&encoder->writer, *ms);
		return;
	}
	scalar_format(&text, SHAPE_TIMESTAMP, time, ms, *ms % 1000 != 0);
	json_str(&encoder->writer, buf_str(&text));
	buf_done(&text);
}

static void encode_scalar(struct encoder *encoder, enum shape_kind kind, enum shape_time time,
			  const void *place)
{
	switch (kind) {
	case SHAPE_STRING:
		json_str(&encoder->writer, *(const struct str *)place);
		return;
	case SHAPE_BLOB:
		json_base64(&encoder->writer, *(const struct str *)place);
		return;
	case SHAPE_BOOLEAN:
		json_bool(&encoder->writer, *(const bool *)place);
		return;
	case SHAPE_DOUBLE:
		json_double(&encoder->writer, *(const double *)place);
		return;
	case SHAPE_TIMESTAMP:
		encode_time(encoder, time, place);
		return;
	default:
		json_i64(&encoder->writer, *(const int64_t *)place);
	}
}

static void encode_item(struct encoder *encoder, const struct shape_member *member,
			const void *value)
{
	if (member->item_kind == SHAPE_STRUCTURE)
		encode_structure(encoder, member->shape, value);
	else if (member->item)
		encode_member(encoder, member->item, value);
	else
		encode_scalar(encoder, member->item_kind, member->time, value);
}

/* In Query's JSON a flattened map is a list of entries, as in its XML. */
static void encode_entries(struct encoder *encoder, const struct shape_member *member,
			   const void *value)
{
	size_t count = member_count(value, member);
	const char *item = member_items(value, member);

	json_open_array(&encoder->writer);
	for (size_t i = 0; i < count; i++, item += member->item_size) {
		json_open_object(&encoder->writer);
		json_key(&encoder->writer, member->key_name);
		json_str(&encoder->writer, *(const struct str *)(const void *)item);
		json_key(&encoder->writer, member->value_name);
		encode_item(encoder, member, member_item_value(member, item));
		json_close_object(&encoder->writer);
	}
	json_close_array(&encoder->writer);
}

static void encode_items(struct encoder *encoder, const struct shape_member *member,
			 const void *value)
{
	size_t count = member_count(value, member);
	const char *item = member_items(value, member);

	if (member->kind == SHAPE_MAP)
		json_open_object(&encoder->writer);
	else
		json_open_array(&encoder->writer);
	for (size_t i = 0; i < count; i++, item += member->item_size) {
		if (member->kind == SHAPE_MAP)
			json_key(&encoder->writer, *(const struct str *)(const void *)item);
		encode_item(encoder, member, member_item_value(member, item));
	}
	if (member->kind == SHAPE_MAP)
		json_close_object(&encoder->writer);
	else
		json_close_array(&encoder->writer);
}

static void encode_member(struct encoder *encoder, const struct shape_member *member,
			  const void *value)
{
	const void *place = member_in(value, member->offset);

	switch (member->kind) {
	case SHAPE_STRUCTURE:
		encode_structure(encoder, member->shape, *(void *const *)place);
		return;
	case SHAPE_LIST:
	case SHAPE_MAP:
		if (member->kind == SHAPE_MAP && encoder->is_of_query && member->xml_item.size == 0)
			encode_entries(encoder, member, value);
		else
			encode_items(encoder, member, value);
		return;
	default:
		encode_scalar(encoder, member->kind, member->time, place);
	}
}

static void encode_structure(struct encoder *encoder, const struct shape *shape, const void *value)
{
	json_open_object(&encoder->writer);
	for (uint32_t i = 0; i < shape->member_count; i++) {
		bool is_absent = !member_is_shown(value, &shape->members[i]);
		if ((is_absent && !encoder->is_of_query) ||
		    shape->members[i].place != SHAPE_IN_BODY)
			continue;
		json_key(&encoder->writer, shape->members[i].name);
		if (is_absent)
			json_null(&encoder->writer);
		else
			encode_member(encoder, &shape->members[i], value);
	}
	json_close_object(&encoder->writer);
}

static void encode(struct buf *out, const struct shape *shape, const void *value, bool is_of_query)
{
	struct encoder encoder = {.is_of_query = is_of_query};

	json_begin(&encoder.writer, out);
	encode_structure(&encoder, shape, value);
}

void wire_json_encode(struct buf *out, const struct shape *shape, const void *value)
{
	encode(out, shape, value, false);
}

void wire_json_encode_full(struct buf *out, const struct shape *shape, const void *value)
{
	encode(out, shape, value, true);
}
