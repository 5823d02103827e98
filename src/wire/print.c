/* SPDX-License-Identifier: MIT */
/* print: a walk along the shapes. */
#include "wire/print.h"

#include "wire/member.h"
#include "wire/scalar.h"

#define REDACTED STR("*** Sensitive Data Redacted ***") /* as AWS's SDKs write it */

static void print_structure(struct buf *out, const struct shape *shape, const void *value);

void wire_print_name(struct buf *out, const struct shape_member *member)
{
	char first = member->name.data[0];

	buf_append_char(out, (char)(first >= 'A' && first <= 'Z' ? first - 'A' + 'a' : first));
	buf_append(out, str_slice(member->name, 1, SIZE_MAX));
}

static void print_scalar(struct buf *out, enum shape_kind kind, const struct shape_member *member,
			 const void *place)
{
	if (member->is_sensitive || kind == SHAPE_BLOB)
		buf_append(out, REDACTED);
	else
		scalar_format(out, kind, member->time, place, true);
}

static void print_item(struct buf *out, const struct shape_member *member, const void *value)
{
	if (member->item_kind == SHAPE_STRUCTURE)
		print_structure(out, member->shape, value);
	else if (member->item)
		wire_print_items(out, member->item, value);
	else
		print_scalar(out, member->item_kind, member, value);
}

void wire_print_items(struct buf *out, const struct shape_member *member, const void *value)
{
	bool is_map = member->kind == SHAPE_MAP;
	const char *item = member_items(value, member);

	buf_append_char(out, is_map ? '{' : '[');
	for (size_t i = 0; i < member_count(value, member); i++, item += member->item_size) {
		if (i > 0)
			buf_append(out, STR(", "));
		if (is_map) {
			buf_append(out, *(const struct str *)(const void *)item);
			buf_append_char(out, '=');
		}
		print_item(out, member, member_item_value(member, item));
	}
	buf_append_char(out, is_map ? '}' : ']');
}

static void print_member(struct buf *out, const struct shape_member *member, const void *value)
{
	const void *place = member_in(value, member->offset);
	bool is_list = member->kind == SHAPE_LIST || member->kind == SHAPE_MAP;

	wire_print_name(out, member);
	buf_append_char(out, '=');
	if (is_list ? !*(void *const *)place : member_is_absent(value, member))
		buf_append(out, STR("null"));
	else if (member->is_sensitive)
		buf_append(out, REDACTED);
	else if (is_list)
		wire_print_items(out, member, value);
	else if (member->kind == SHAPE_STRUCTURE)
		print_structure(out, member->shape, *(void *const *)place);
	else
		print_scalar(out, member->kind, member, place);
}

static void print_structure(struct buf *out, const struct shape *shape, const void *value)
{
	buf_append(out, shape->name);
	buf_append_char(out, '(');
	for (uint32_t i = 0; i < shape->member_count; i++) {
		if (i > 0)
			buf_append(out, STR(", "));
		print_member(out, &shape->members[i], value);
	}
	buf_append_char(out, ')');
}
