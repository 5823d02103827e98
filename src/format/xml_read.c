/* SPDX-License-Identifier: MIT */
/*
 * xml_read: a walk over the text with a stack of open elements. Unescaping never makes text longer.
 * Text that comes in pieces, between comments, is copied together; the pieces are few.
 */
#include "format/xml_read.h"

#include <string.h>

#define PIECES_MAX 64

struct frame {
	struct xml_node *node;
	struct xml_node **last; /* where the next child goes */
	size_t piece_count;	/* of its text */
};

struct reader {
	struct arena *arena;
	struct str rest;
	struct frame frames[LIMIT_XML_DEPTH];
	size_t depth, node_count;
	struct xml_node *root;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.' || c == ':' || (unsigned char)c >= 0x80;
}

static void skip(struct reader *reader, size_t size)
{
	reader->rest = str_slice(reader->rest, size, SIZE_MAX);
}

static void skip_blanks(struct reader *reader)
{
	while (reader->rest.size > 0 && is_blank(reader->rest.data[0]))
		skip(reader, 1);
}

/* Takes what stands before `end`, and `end`. */
static bool take_until(struct reader *reader, struct str end, struct str *out_text)
{
	size_t place = str_find(reader->rest, end, 0);

	if (place == SIZE_MAX)
		return false;
	*out_text = str_slice(reader->rest, 0, place);
	skip(reader, place + end.size);
	return true;
}

static struct str take_name(struct reader *reader)
{
	size_t size = 0;

	while (size < reader->rest.size && is_name_char(reader->rest.data[size]))
		size++;
	struct str name = str_slice(reader->rest, 0, size);
	skip(reader, size);
	return name;
}

static struct str local_name(struct str name)
{
	size_t colon = str_find_char(name, ':', 0);

	return colon == SIZE_MAX ? name : str_slice(name, colon + 1, SIZE_MAX);
}

/* ---- text ---- */

static size_t put_utf8(char *out, uint32_t code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* "#38" or "#x26". */
static bool parse_code(struct str text, uint32_t *out_code)
{
	bool is_hex = str_starts(text, STR("#x"));
	uint32_t base = is_hex ? 16 : 10, code = 0;
	struct str digits = str_slice(text, is_hex ? 2 : 1, SIZE_MAX);

	if (digits.size == 0 || digits.size > 7)
		return false;
	for (size_t i = 0; i < digits.size; i++) {
		size_t digit = str_find_char(STR("0123456789abcdef"), digits.data[i] | 0x20, 0);
		if (digit >= base) /* SIZE_MAX too */
			return false;
		code = code * base + (uint32_t)digit;
	}
	*out_code = code;
	return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

static bool parse_entity(struct str name, uint32_t *out_code)
{
	static const struct {
		struct str name;
		uint32_t code;
	} entities[] = {{STR_INIT("amp"), '&'},
			{STR_INIT("lt"), '<'},
			{STR_INIT("gt"), '>'},
			{STR_INIT("quot"), '"'},
			{STR_INIT("apos"), '\''}};

	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
		if (str_equal(name, entities[i].name)) {
			*out_code = entities[i].code;
			return true;
		}
	}
	return str_starts(name, STR("#")) && parse_code(name, out_code);
}

/* Appends to the text of the open element. */
static enum err add_text(struct reader *reader, struct str text)
{
	struct frame *frame = &reader->frames[reader->depth - 1];
	struct xml_node *node = frame->node;

	if (node->children || text.size == 0)
		return ERR_OK;
	if (++frame->piece_count > PIECES_MAX)
		return ERR_TOOLARGE;
	if (node->text.size == 0) {
		node->text = text;
		return ERR_OK;
	}
	char *both = arena_bytes(reader->arena, node->text.size + text.size);
	memcpy(both, node->text.data, node->text.size);
	memcpy(both + node->text.size, text.data, text.size);
	node->text = str_of(both, node->text.size + text.size);
	return ERR_OK;
}

static bool is_all_blank(struct str text)
{
	for (size_t i = 0; i < text.size; i++)
		if (!is_blank(text.data[i]))
			return false;
	return true;
}

static enum err read_text(struct reader *reader)
{
	size_t end = str_find_char(reader->rest, '<', 0);
	struct str raw = str_slice(reader->rest, 0, end);

	skip(reader, raw.size);
	if (reader->depth == 0)
		return is_all_blank(raw) ? ERR_OK : ERR_INVALID;
	char *text = arena_bytes(reader->arena, raw.size + 1);
	size_t size = 0;
	for (size_t i = 0; i < raw.size; i++) {
		uint32_t code;
		if (raw.data[i] != '&') {
			text[size++] = raw.data[i];
			continue;
		}
		size_t semicolon = str_find_char(raw, ';', i);
		if (semicolon == SIZE_MAX ||
		    !parse_entity(str_slice(raw, i + 1, semicolon - i - 1), &code))
			return ERR_INVALID;
		size += put_utf8(text + size, code);
		i = semicolon;
	}
	return add_text(reader, str_of(text, size));
}

/* ---- elements ---- */

/* Passes over attributes; true in *out_is_empty for "<name/>". */
static enum err skip_attributes(struct reader *reader, bool *out_is_empty)
{
	struct str unused;

	for (;;) {
		skip_blanks(reader);
		if (reader->rest.size == 0)
			return ERR_INVALID;
		if (reader->rest.data[0] == '>') {
			*out_is_empty = false;
			skip(reader, 1);
			return ERR_OK;
		}
		if (str_starts(reader->rest, STR("/>"))) {
			*out_is_empty = true;
			skip(reader, 2);
			return ERR_OK;
		}
		if (take_name(reader).size == 0)
			return ERR_INVALID;
		skip_blanks(reader);
		if (!str_starts(reader->rest, STR("=")))
			return ERR_INVALID;
		skip(reader, 1);
		skip_blanks(reader);
		bool is_single = str_starts(reader->rest, STR("'"));
		if (!is_single && !str_starts(reader->rest, STR("\"")))
			return ERR_INVALID;
		skip(reader, 1);
		if (!take_until(reader, is_single ? STR("'") : STR("\""), &unused))
			return ERR_INVALID;
	}
}

static enum err open_element(struct reader *reader)
{
	bool is_empty;

	skip(reader, 1);
	struct str name = take_name(reader);
	if (local_name(name).size == 0 || (reader->depth == 0 && reader->root))
		return ERR_INVALID;
	enum err err = skip_attributes(reader, &is_empty);
	if (err)
		return err;
	if (++reader->node_count > LIMIT_XML_NODES ||
	    (!is_empty && reader->depth == LIMIT_XML_DEPTH))
		return ERR_TOOLARGE;

	struct xml_node *node = arena_new(reader->arena, struct xml_node);
	node->name = name; /* with its prefix, until it is closed */
	node->text = STR("");
	if (reader->depth == 0) {
		reader->root = node;
	} else {
		struct frame *parent = &reader->frames[reader->depth - 1];
		*parent->last = node;
		parent->node->text = STR("");
		parent->last = &node->next;
	}
	if (is_empty)
		node->name = local_name(name);
	else
		reader->frames[reader->depth++] = (struct frame){node, &node->children, 0};
	return ERR_OK;
}

static enum err close_element(struct reader *reader)
{
	skip(reader, 2);
	struct str name = take_name(reader);
	skip_blanks(reader);
	if (reader->depth == 0 || !str_starts(reader->rest, STR(">")))
		return ERR_INVALID;
	struct xml_node *node = reader->frames[reader->depth - 1].node;
	if (!str_equal(node->name, name))
		return ERR_INVALID;
	node->name = local_name(name);
	reader->depth--;
	skip(reader, 1);
	return ERR_OK;
}

static enum err read_markup(struct reader *reader)
{
	struct str text;

	if (str_starts(reader->rest, STR("</")))
		return close_element(reader);
	if (str_starts(reader->rest, STR("<?")))
		return take_until(reader, STR("?>"), &text) ? ERR_OK : ERR_INVALID;
	if (str_starts(reader->rest, STR("<!--")))
		return take_until(reader, STR("-->"), &text) ? ERR_OK : ERR_INVALID;
	if (str_starts(reader->rest, STR("<![CDATA["))) {
		skip(reader, 9);
		if (reader->depth == 0 || !take_until(reader, STR("]]>"), &text))
			return ERR_INVALID;
		return add_text(reader, text);
	}
	return open_element(reader);
}

enum err xml_parse(struct arena *arena, struct str text, const struct xml_node **out_root)
{
	struct reader reader = {.arena = arena, .rest = text};
	enum err err = ERR_OK;

	if (!str_is_utf8(text))
		return ERR_INVALID;
	while (reader.rest.size > 0 && !err)
		err = reader.rest.data[0] == '<' ? read_markup(&reader) : read_text(&reader);
	if (!err && (reader.depth > 0 || !reader.root))
		err = ERR_INVALID;
	if (!err)
		*out_root = reader.root;
	return err;
}

const struct xml_node *xml_child(const struct xml_node *node, struct str name)
{
	const struct xml_node *child = node ? node->children : NULL;

	while (child && !str_equal(child->name, name))
		child = child->next;
	return child;
}

struct str xml_child_text(const struct xml_node *node, struct str name)
{
	const struct xml_node *child = xml_child(node, name);

	return child ? child->text : (struct str){0};
}
