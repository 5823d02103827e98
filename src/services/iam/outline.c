/* SPDX-License-Identifier: MIT */
/*
 * outline: the text is valid JSON, so positions follow from counting brackets outside of strings;
 * context keys come from the JSON reader.
 */
#include "services/iam/outline.h"

#include <string.h>

#include "format/json.h"
#include "services/iam/names.h"

/* ---- places ---- */

struct scanner {
	struct str text;
	size_t at;
	/* The last position returned; the next one lies behind it. */
	size_t known_at;
	struct outline_position known;
};

static char peek(const struct scanner *scanner)
{
	return scanner->at < scanner->text.size ? scanner->text.data[scanner->at] : '\0';
}

static void skip_blanks(struct scanner *scanner)
{
	while (peek(scanner) != '\0' && strchr(" \t\r\n", peek(scanner)))
		scanner->at++;
}

static void skip_string(struct scanner *scanner)
{
	scanner->at++;
	while (scanner->at < scanner->text.size && peek(scanner) != '"')
		scanner->at += peek(scanner) == '\\' ? 2 : 1;
	scanner->at++;
}

static void skip_brackets(struct scanner *scanner)
{
	size_t depth = 0;

	do {
		char c = peek(scanner);
		if (c == '"') {
			skip_string(scanner);
			continue;
		}
		if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
		scanner->at++;
	} while (depth > 0 && scanner->at < scanner->text.size);
}

/* A string, an object or array with all that is in it, or a number or word. */
static void skip_value(struct scanner *scanner)
{
	skip_blanks(scanner);
	if (peek(scanner) == '"')
		skip_string(scanner);
	else if (peek(scanner) == '{' || peek(scanner) == '[')
		skip_brackets(scanner);
	else
		while (!strchr(",}] \t\r\n", peek(scanner))) /* the end is one of them too */
			scanner->at++;
}

/* `at` must not lie before the last position returned. */
static struct outline_position position_of(struct scanner *scanner, size_t at)
{
	struct outline_position *known = &scanner->known;

	check(at >= scanner->known_at);
	for (; scanner->known_at < at && scanner->known_at < scanner->text.size;
	     scanner->known_at++) {
		known->column++;
		if (scanner->text.data[scanner->known_at] == '\n')
			*known = (struct outline_position){known->line + 1, 1};
	}
	return *known;
}

static void take_statement(struct scanner *scanner, size_t from, struct outline_statement *out)
{
	skip_blanks(scanner);
	size_t start = scanner->at;
	skip_value(scanner);
	*out = (struct outline_statement){
		.text = str_slice(scanner->text, start, scanner->at - start),
		.start = position_of(scanner, from),
	};
	out->end = position_of(scanner, scanner->at);
}

/* To behind the colon of the member; false if there is none of that name. */
static bool find_member(struct scanner *scanner, struct str name)
{
	skip_blanks(scanner);
	for (scanner->at++; peek(scanner) != '}'; scanner->at++) {
		skip_blanks(scanner);
		size_t start = scanner->at + 1;
		skip_string(scanner);
		if (scanner->at > scanner->text.size)
			return false;
		struct str found = str_slice(scanner->text, start, scanner->at - 1 - start);
		skip_blanks(scanner);
		scanner->at++;
		if (str_equal(found, name))
			return true;
		skip_value(scanner);
		skip_blanks(scanner);
		if (peek(scanner) != ',')
			return false;
	}
	return false;
}

static size_t take_statements(struct str text, struct outline_statement *out, size_t count_max)
{
	struct scanner scanner = {.text = text, .known = {.line = 1, .column = 1}};
	size_t count = 0;

	if (!find_member(&scanner, STR("Statement")))
		return 0;
	skip_blanks(&scanner);
	/* AWS's positions are those behind the token that begins: "[", or here "{". */
	if (peek(&scanner) == '{') {
		take_statement(&scanner, scanner.at + 1, out);
		return 1;
	}
	size_t from = ++scanner.at;
	while (count < count_max) {
		take_statement(&scanner, from, &out[count++]);
		from = scanner.at;
		skip_blanks(&scanner);
		if (peek(&scanner) != ',')
			break;
		scanner.at++;
	}
	return count;
}

/* ---- keys ---- */

struct keys {
	struct arena *arena;
	struct name_set names;
	struct str *items;
	size_t count, room;
};

static void add_key(struct keys *keys, struct str key)
{
	if (!name_set_add(&keys->names, key))
		return;
	if (keys->count == keys->room) {
		size_t room = keys->room > 0 ? keys->room * 2 : 8;
		struct str *items = arena_array(keys->arena, struct str, room);
		if (keys->count > 0)
			memcpy(items, keys->items, keys->count * sizeof(*items));
		keys->items = items;
		keys->room = room;
	}
	keys->items[keys->count++] = key;
}

/* "${aws:username}", "${aws:username, 'anybody'}"; "${*}" is a star. */
static void add_variables(struct keys *keys, struct str text)
{
	size_t start = 0;

	while ((start = str_find(text, STR("${"), start)) != SIZE_MAX) {
		size_t end = str_find_char(text, '}', start);
		if (end == SIZE_MAX)
			return;
		struct str name = str_slice(text, start + 2, end - start - 2);
		name = str_trim(str_cut(&name, ','));
		if (name.size > 1)
			add_key(keys, name);
		start = end;
	}
}

static void add_variables_of(struct keys *keys, yyjson_val *value)
{
	size_t index, count;
	yyjson_val *item;

	if (yyjson_is_str(value))
		add_variables(keys, json_text(value));
	yyjson_arr_foreach(value, index, count, item)
		add_variables(keys, json_text(item));
}

static void add_comparisons(struct keys *keys, yyjson_val *comparisons, bool has_variables)
{
	size_t index, count;
	yyjson_val *key, *values;

	if (!yyjson_is_obj(comparisons))
		return;
	yyjson_obj_foreach(comparisons, index, count, key, values) {
		add_key(keys, json_text(key));
		if (has_variables)
			add_variables_of(keys, values);
	}
}

static void add_condition(struct keys *keys, yyjson_val *condition, bool has_variables)
{
	size_t index, count;
	yyjson_val *operator_name, *comparisons;

	if (!yyjson_is_obj(condition))
		return;
	yyjson_obj_foreach(condition, index, count, operator_name, comparisons) {
		(void)operator_name;
		add_comparisons(keys, comparisons, has_variables);
	}
}

static void add_statement(struct keys *keys, yyjson_val *statement, bool has_variables)
{
	if (has_variables) {
		add_variables_of(keys, json_member(statement, "Resource"));
		add_variables_of(keys, json_member(statement, "NotResource"));
	}
	add_condition(keys, json_member(statement, "Condition"), has_variables);
}

enum err outline_read(struct arena *arena, struct str text, struct outline *out_outline)
{
	struct keys keys = {.arena = arena, .names.arena = arena};
	size_t index, count;
	yyjson_val *root, *statement;

	enum err err = json_parse(arena, text, &root);
	if (err)
		return err;
	yyjson_val *statements = json_member(root, "Statement");
	struct str version = json_text(json_member(root, "Version"));
	bool has_variables = str_equal(version, STR("2012-10-17"));
	size_t room = yyjson_is_arr(statements) ? yyjson_arr_size(statements) : 1;
	if (room == 0 || !statements)
		return ERR_INVALID;
	struct outline_statement *items = arena_array(arena, struct outline_statement, room);
	if (yyjson_is_arr(statements))
		yyjson_arr_foreach(statements, index, count, statement)
			add_statement(&keys, statement, has_variables);
	else
		add_statement(&keys, statements, has_variables);
	name_set_done(&keys.names);
	*out_outline = (struct outline){
		.version = version,
		.statements = items,
		.statement_count = take_statements(text, items, room),
		.keys = keys.items,
		.key_count = keys.count,
	};
	return ERR_OK;
}
