/* SPDX-License-Identifier: MIT */
/* json_text: brackets are counted, strings are passed over; nothing else is looked at. */
#include "format/json_text.h"

#include "format/json.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

size_t json_text_blanks(struct str text, size_t at)
{
	while (at < text.size && is_blank(text.data[at]))
		at++;
	return at;
}

/* From a quote to behind the closing one. */
static size_t skip_string(struct str text, size_t at)
{
	for (at++; at < text.size; at++) {
		const char *quote = memchr(text.data + at, '"', text.size - at);
		if (!quote)
			return text.size;
		size_t end = (size_t)(quote - text.data), escapes = 0;
		while (end - escapes > at && text.data[end - escapes - 1] == '\\')
			escapes++;
		at = end;
		if (escapes % 2 == 0)
			return at + 1;
	}
	return text.size;
}

static bool ends_scalar(char c)
{
	return c == ',' || c == ']' || c == '}' || is_blank(c);
}

size_t json_text_skip(struct str text, size_t at)
{
	size_t depth = 0;

	while (at < text.size) {
		char c = text.data[at];
		if (c == '"') {
			at = skip_string(text, at);
		} else if (c == '{' || c == '[') {
			depth++;
			at++;
		} else if (c == '}' || c == ']') {
			if (depth > 0)
				depth--;
			at++;
		} else if (depth > 0) {
			at++;
		} else {
			while (at < text.size && !ends_scalar(text.data[at]))
				at++;
		}
		if (depth == 0)
			break;
	}
	return at;
}

struct str json_text_decode(struct arena *arena, struct str string)
{
	struct str inside = str_slice(string, 1, string.size > 1 ? string.size - 2 : 0);
	yyjson_val *value;

	if (str_find_char(inside, '\\', 0) == SIZE_MAX)
		return inside;
	if (json_parse(arena, string, &value) != ERR_OK)
		return inside;
	return json_text(value);
}

static bool has_name(struct str string, struct str name)
{
	struct str inside = str_slice(string, 1, string.size > 1 ? string.size - 2 : 0);
	struct arena arena;

	if (str_find_char(inside, '\\', 0) == SIZE_MAX)
		return str_equal(inside, name);
	arena_init(&arena);
	bool is_equal = str_equal(json_text_decode(&arena, string), name);
	arena_done(&arena);
	return is_equal;
}

struct str json_text_member(struct str value, struct str name)
{
	struct str found = {0};
	size_t at = 1;

	if (value.size < 2 || value.data[0] != '{')
		return found;
	while ((at = json_text_blanks(value, at)) < value.size && value.data[at] == '"') {
		size_t end = skip_string(value, at);
		struct str key = str_slice(value, at, end - at);
		at = json_text_blanks(value, end) + 1; /* the colon */
		at = json_text_blanks(value, at);
		end = json_text_skip(value, at);
		if (at < value.size && has_name(key, name))
			found = str_slice(value, at, end - at);
		at = json_text_blanks(value, end) + 1; /* a comma, or the end */
	}
	return found;
}

struct str json_text_item(struct str value, size_t index)
{
	size_t at = 1;

	if (value.size < 2 || value.data[0] != '[')
		return (struct str){0};
	while ((at = json_text_blanks(value, at)) < value.size && value.data[at] != ']') {
		size_t end = json_text_skip(value, at);
		if (index-- == 0)
			return str_slice(value, at, end - at);
		at = json_text_blanks(value, end) + 1;
	}
	return (struct str){0};
}

void json_text_compact(struct buf *out, struct str text)
{
	size_t at = 0;

	buf_reserve(out, text.size);
	while (at < text.size) {
		size_t from = at;
		while (at < text.size && !is_blank(text.data[at]))
			at = text.data[at] == '"' ? skip_string(text, at) : at + 1;
		buf_append(out, str_slice(text, from, at - from));
		at = json_text_blanks(text, at);
	}
}
