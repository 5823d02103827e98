/* SPDX-License-Identifier: MIT */
/*
 * audit_shape: inputs and outputs in CloudTrail's form: names begin with a small letter, secrets
 * are hidden, bytes are left out.
 */
#include "core/audit/audit.h"

#include <string.h>

#include "format/json.h"
#include "wire/member.h"

#define HIDDEN STR("HIDDEN_DUE_TO_SECURITY_REASONS")
enum { NAME_SIZE = 128 };

static void write_structure(struct json_writer *json, const struct shape *shape, const void *value);
static void write_items(struct json_writer *json, const struct shape_member *member,
			const void *value);

/* "aWSAccountIds" for AWSAccountIds: CloudTrail changes one letter and no more. */
static void write_key(struct json_writer *json, struct str name)
{
	char text[NAME_SIZE];

	check(name.size > 0 && name.size <= NAME_SIZE);
	memcpy(text, name.data, name.size);
	if (text[0] >= 'A' && text[0] <= 'Z')
		text[0] = (char)(text[0] - 'A' + 'a');
	json_key(json, str_of(text, name.size));
}

static void write_time(struct json_writer *json, int64_t time_ms)
{
	char text[CLOCK_TEXT_MAX];
	int size = clock_format_iso(time_ms, text);

	json_str(json, str_of(text, (size_t)size));
}

static void write_item(struct json_writer *json, const struct shape_member *member,
		       const void *value)
{
	switch (member->item_kind) {
	case SHAPE_STRING:
		json_str(json, *(const struct str *)value);
		return;
	case SHAPE_BLOB:
		json_str(json, HIDDEN);
		return;
	case SHAPE_STRUCTURE:
		write_structure(json, member->shape, value);
		return;
	case SHAPE_LIST:
	case SHAPE_MAP:
		write_items(json, member->item, value);
		return;
	case SHAPE_BOOLEAN:
		json_bool(json, *(const bool *)value);
		return;
	case SHAPE_DOUBLE:
		json_double(json, *(const double *)value);
		return;
	case SHAPE_TIMESTAMP:
		write_time(json, *(const int64_t *)value);
		return;
	default:
		json_i64(json, *(const int64_t *)value);
	}
}

static void write_items(struct json_writer *json, const struct shape_member *member,
			const void *value)
{
	size_t count = member_count(value, member);
	const char *item = member_items(value, member);
	bool is_map = member->kind == SHAPE_MAP;

	if (is_map)
		json_open_object(json);
	else
		json_open_array(json);
	for (size_t i = 0; i < count; i++, item += member->item_size) {
		if (is_map)
			json_key(json, *(const struct str *)(const void *)item);
		write_item(json, member, member_item_value(member, item));
	}
	if (is_map)
		json_close_object(json);
	else
		json_close_array(json);
}

static void write_member(struct json_writer *json, const struct shape_member *member,
			 const void *value)
{
	const void *place = member_in(value, member->offset);

	switch (member->kind) {
	case SHAPE_STRING:
		json_str(json, *(const struct str *)place);
		return;
	case SHAPE_BOOLEAN:
		json_bool(json, *(const bool *)place);
		return;
	case SHAPE_DOUBLE:
		json_double(json, *(const double *)place);
		return;
	case SHAPE_TIMESTAMP:
		write_time(json, *(const int64_t *)place);
		return;
	case SHAPE_STRUCTURE:
		write_structure(json, member->shape, *(void *const *)place);
		return;
	case SHAPE_LIST:
	case SHAPE_MAP:
		write_items(json, member, value);
		return;
	default:
		json_i64(json, *(const int64_t *)place);
	}
}

static void write_structure(struct json_writer *json, const struct shape *shape, const void *value)
{
	json_open_object(json);
	for (uint32_t i = 0; i < shape->member_count; i++) {
		const struct shape_member *member = &shape->members[i];
		if (member_is_absent(value, member))
			continue;
		if (member->kind == SHAPE_BLOB && !member->is_sensitive)
			continue;
		write_key(json, member->name);
		if (member->is_sensitive)
			json_str(json, HIDDEN);
		else
			write_member(json, member, value);
	}
	json_close_object(json);
}

void audit_write_shape(struct buf *out, const struct shape *shape, const void *value)
{
	struct json_writer json;
	size_t before = out->size;

	json_begin(&json, out);
	write_structure(&json, shape, value);
	if (out->size - before <= LIMIT_AUDIT_PARAMETERS_SIZE)
		return;
	out->size = before;
	buf_append(out, STR("{\"omitted\":true}"));
}
