/* SPDX-License-Identifier: MIT */
/*
 * field_scan: field_set_scan walks the text where rules name paths, and passes over all other
 * values (scan.h). It meets the same values in the same order as field_set_read.
 */
#include <string.h>

#include "match/fields_private.h"
#include "match/scan.h"

struct text_walk {
	struct field_set *set;
	const struct path_tree *tree;
	struct str text;
	size_t at;
	size_t depth; /* of brackets that are open */
	enum err err;
};

static bool stop(struct text_walk *walk, enum err err)
{
	walk->err = err;
	return false;
}

static inline bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The next byte that is no blank; 0 at the end. */
static inline char peek(struct text_walk *walk)
{
	while (walk->at < walk->text.size && is_blank(walk->text.data[walk->at]))
		walk->at++;
	return walk->at < walk->text.size ? walk->text.data[walk->at] : '\0';
}

static bool expect(struct text_walk *walk, char c)
{
	if (peek(walk) != c)
		return stop(walk, ERR_INVALID);
	walk->at++;
	return true;
}

/* The text of the string that ends at `end`, or SIZE_MAX; behind it is walk->at. */
static bool take_string(struct text_walk *walk, size_t end, bool has_escapes, struct str *out_text)
{
	size_t from = walk->at;
	yyjson_val *value;

	if (end == SIZE_MAX)
		return stop(walk, ERR_INVALID);
	walk->at = end;
	*out_text = str_of(walk->text.data + from + 1, end - from - 2);
	if (!has_escapes)
		return true;
	if (json_parse(&walk->set->arena, str_slice(walk->text, from, end - from), &value) !=
	    ERR_OK)
		return stop(walk, ERR_INVALID);
	*out_text = json_text(value);
	return true;
}

static bool read_string(struct text_walk *walk, struct str *out_text)
{
	bool has_escapes;
	size_t end = scan_string(walk->text, walk->at, &has_escapes);

	return take_string(walk, end, has_escapes, out_text);
}

static size_t scalar_end(const struct text_walk *walk)
{
	size_t end = walk->at;

	while (end < walk->text.size) {
		char c = walk->text.data[end];
		if (c == ',' || c == '}' || c == ']' || is_blank(c))
			break;
		end++;
	}
	return end;
}

/* A number, true, false or null. Short integers are read here, all else as the parser does. */
static bool read_scalar(struct text_walk *walk, struct match_value *out_value)
{
	enum { DIGITS = 18 };
	size_t end = scalar_end(walk);
	struct str text = str_slice(walk->text, walk->at, end - walk->at);
	yyjson_val *value;
	int64_t number = 0;
	size_t digits = 0;

	walk->at = end;
	while (digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '9')
		number = digits < DIGITS ? number * 10 + (text.data[digits++] - '0')
					 : (int64_t)digits++;
	if (digits > 0 && digits == text.size && digits <= DIGITS &&
	    (text.data[0] != '0' || digits == 1)) {
		*out_value = (struct match_value){.kind = MATCH_NUMBER,
						  .number = match_number_of_integer(number)};
		return true;
	}
	if (json_parse(&walk->set->arena, text, &value) != ERR_OK)
		return stop(walk, ERR_INVALID);
	*out_value = match_value_of(value);
	return true;
}

static bool skip_value(struct text_walk *walk)
{
	char c = peek(walk);
	size_t end;
	bool has_escapes;

	if (c == '"')
		end = scan_string(walk->text, walk->at, &has_escapes);
	else if (c == '{' || c == '[')
		end = scan_brackets(walk->text, walk->at);
	else
		end = scalar_end(walk);
	if (end == SIZE_MAX || end == walk->at)
		return stop(walk, ERR_INVALID);
	walk->at = end;
	return true;
}

static bool walk_value(struct text_walk *walk, const struct path_node *node, uint32_t scope);

static bool walk_member(struct text_walk *walk, const struct path_node *node, uint32_t scope)
{
	bool has_escapes, has_points;
	struct str name;

	if (peek(walk) != '"')
		return stop(walk, ERR_INVALID);
	size_t end = scan_key(walk->text, walk->at, &has_escapes, &has_points);
	if (!take_string(walk, end, has_escapes, &name) || !expect(walk, ':'))
		return false;
	const struct path_node *child = has_points ? path_find_key(walk->tree, node, name)
						   : path_find_name(walk->tree, node, name);
	return child ? walk_value(walk, child, scope) : skip_value(walk);
}

static bool walk_object(struct text_walk *walk, const struct path_node *node, uint32_t scope)
{
	walk->at++;
	if (peek(walk) == '}') {
		walk->at++;
		return true;
	}
	for (;;) { /* ends with the text at the latest */
		if (!walk_member(walk, node, scope))
			return false;
		if (peek(walk) == '}') {
			walk->at++;
			return true;
		}
		if (!expect(walk, ','))
			return false;
	}
}

static bool walk_array(struct text_walk *walk, const struct path_node *node, uint32_t scope)
{
	struct field_set *set = walk->set;
	uint32_t number = (uint32_t)set->arrays.count;

	vec_push(&set->arrays, scope);
	walk->at++;
	if (peek(walk) == ']') {
		walk->at++;
		return true;
	}
	for (;;) { /* ends with the text at the latest */
		uint32_t inner = (uint32_t)set->scopes.count;
		vec_push(&set->scopes, (struct scope){.parent = scope, .array = number});
		if (!walk_value(walk, node, inner))
			return false;
		set->scopes.items[inner].end = (uint32_t)set->scopes.count;
		if (peek(walk) == ']') {
			walk->at++;
			return true;
		}
		if (!expect(walk, ','))
			return false;
	}
}

static bool walk_brackets(struct text_walk *walk, const struct path_node *node, uint32_t scope,
			  char c)
{
	if (c == '{' && node->children == 0)
		return skip_value(walk);
	if (walk->depth == LIMIT_JSON_DEPTH)
		return stop(walk, ERR_TOOLARGE);
	walk->depth++;
	bool is_good = c == '{' ? walk_object(walk, node, scope) : walk_array(walk, node, scope);
	walk->depth--;
	return is_good;
}

static bool walk_value(struct text_walk *walk, const struct path_node *node, uint32_t scope)
{
	struct match_value value = {.kind = MATCH_STRING};
	char c = peek(walk);

	if (c == '{' || c == '[')
		return walk_brackets(walk, node, scope, c);
	if (node->uses == 0)
		return skip_value(walk);
	if (c == '"' ? !read_string(walk, &value.text) : !read_scalar(walk, &value))
		return false;
	field_set_add(walk->set, node, scope, value);
	return true;
}

enum err field_set_scan(struct field_set *set, const struct path_tree *tree, struct str text)
{
	struct text_walk walk = {.set = set, .tree = tree, .text = text};

	field_set_begin(set, tree->nodes.count);
	vec_push(&set->scopes, (struct scope){0});
	if (walk_value(&walk, tree->root, 0) && peek(&walk) != '\0')
		walk.err = ERR_INVALID;
	set->scopes.items[0].end = (uint32_t)set->scopes.count;
	return walk.err;
}
