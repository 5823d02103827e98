/* SPDX-License-Identifier: MIT */
/*
 * token: a state for each open object or array, no recursion. A field name reads the token of its
 * value ahead, and a string's text is read when it is asked for or passed: this gives the positions
 * that the header promises.
 */
#include "match/token.h"

#include <string.h>

enum { SOURCE_SHOWN = 500 };

#define EXPECTED_VALUES "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

void token_reader_init(struct token_reader *reader, struct arena *arena, struct str text)
{
	*reader = (struct token_reader){.arena = arena, .text = text};
}

/* ---- positions ---- */

static size_t utf16_units(unsigned char lead)
{
	if ((lead & 0xC0) == 0x80)
		return 0;
	return lead >= 0xF0 ? 2 : 1;
}

struct str token_location(const struct token_reader *reader, size_t offset)
{
	size_t line = 1, column = 1, shown = 0, all = 0;

	for (size_t i = 0; i < reader->text.size; i++) {
		unsigned char byte = (unsigned char)reader->text.data[i];
		all += utf16_units(byte);
		if (all <= SOURCE_SHOWN)
			shown = i + 1;
		if (i >= offset)
			continue;
		if (byte == '\n') {
			line++;
			column = 1;
		} else {
			column += utf16_units(byte);
		}
	}
	struct str source = str_slice(reader->text, 0, shown);
	struct str cut = all > SOURCE_SHOWN ? arena_format(reader->arena, "[truncated %zu chars]",
							   all - SOURCE_SHOWN)
					    : STR("");
	return arena_format(reader->arena,
			    "\n at [Source: (String)\"%.*s\"%.*s; line: %zu, column: %zu]",
			    STR_ARG(source), STR_ARG(cut), line, column);
}

static enum token bad(struct token_reader *reader, size_t offset, struct str problem)
{
	reader->problem = problem;
	reader->problem_offset = offset;
	return TOKEN_BAD;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct token_reader *reader)
{
	while (reader->at < reader->text.size && is_blank(reader->text.data[reader->at]))
		reader->at++;
}

static bool is_at_end(const struct token_reader *reader)
{
	return reader->at >= reader->text.size;
}

static enum token bad_end(struct token_reader *reader, const char *where)
{
	return bad(reader, reader->text.size,
		   arena_format(reader->arena, "Unexpected end-of-input%s", where));
}

/* Where the innermost object or array was opened. */
static struct str opened_at(const struct token_reader *reader)
{
	struct str location = token_location(reader, reader->opened[reader->depth - 1]);

	return str_slice(location, sizeof("\n at ") - 1, SIZE_MAX);
}

/* The text ends inside the innermost object or array. */
static enum token bad_end_of(struct token_reader *reader)
{
	struct str opened = opened_at(reader);

	return bad(reader, reader->text.size,
		   arena_format(reader->arena,
				"Unexpected end-of-input: expected close marker for %s (start "
				"marker at %.*s)",
				reader->is_object[reader->depth - 1] ? "Object" : "Array",
				STR_ARG(opened)));
}

static enum token bad_character(struct token_reader *reader, const char *expected)
{
	unsigned char c = (unsigned char)reader->text.data[reader->at];
	struct str shown =
		c < ' ' ? STR("(CTRL-CHAR, ") : arena_format(reader->arena, "('%c' (", c);

	return bad(reader, reader->at,
		   arena_format(reader->arena, "Unexpected character %.*scode %u)%s: %s",
				STR_ARG(shown), c, c < ' ' ? "" : ")", expected));
}

/* ---- values ---- */

/* Four hexadecimal digits at `at`; -1: there are not four. */
static long read_unit(struct str text, size_t at)
{
	struct str digits = str_slice(text, at, 4);
	uint8_t bytes[2];

	return digits.size == 4 && hex_parse(digits, bytes) ? bytes[0] << 8 | bytes[1] : -1;
}

/* The escape behind the backslash at reader->at - 1; returns bytes written, 0: it is none. */
static size_t read_escape(struct token_reader *reader, char *out)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	char c = reader->text.data[reader->at++];
	const char *name = strchr(names, c);

	if (c && name) {
		out[0] = values[name - names];
		return 1;
	}
	if (c != 'u') {
		(void)bad(reader, reader->at,
			  arena_format(reader->arena,
				       "Unrecognized character escape '%c' (code %u)", c,
				       (unsigned char)c));
		return 0;
	}
	long unit = read_unit(reader->text, reader->at);
	if (unit < 0) {
		(void)bad(reader, reader->at,
			  STR("Unexpected character: expected a hex-digit for character escape "
			      "sequence"));
		return 0;
	}
	reader->at += 4;
	uint32_t character = (uint32_t)unit;
	if (unit >= 0xD800 && unit < 0xDC00 && reader->at + 6 <= reader->text.size &&
	    memcmp(reader->text.data + reader->at, "\\u", 2) == 0) {
		long low = read_unit(reader->text, reader->at + 2);
		if (low >= 0xDC00 && low < 0xE000) {
			character =
				0x10000 + ((character - 0xD800) << 10) + (uint32_t)(low - 0xDC00);
			reader->at += 6;
		}
	}
	if (character >= 0xD800 && character < 0xE000)
		character = 0xFFFD; /* half of a pair has no UTF-8 */
	return str_utf8_encode(character, out);
}

/* Bytes up to the closing quote, or to the end if there is none. */
static size_t string_size(const struct token_reader *reader)
{
	size_t at = reader->at;

	while (at < reader->text.size && reader->text.data[at] != '"')
		at += reader->text.data[at] == '\\' ? 2 : 1;
	return (at < reader->text.size ? at : reader->text.size) - reader->at;
}

/* From behind the opening quote to behind the closing one. False: it is no string. No escape is
 * shorter than the UTF-8 that it stands for. */
static bool read_string(struct token_reader *reader, struct str *out_text)
{
	char *out = arena_bytes(reader->arena, string_size(reader) + 1);
	size_t size = 0;

	while (!is_at_end(reader)) {
		char c = reader->text.data[reader->at++];
		if (c == '"') {
			*out_text = str_of(out, size);
			return true;
		}
		if ((unsigned char)c < ' ') {
			(void)bad(reader, reader->at,
				  arena_format(reader->arena,
					       "Illegal unquoted character ((CTRL-CHAR, code %u)): "
					       "has to be escaped using backslash to be included "
					       "in string value",
					       (unsigned char)c));
			return false;
		}
		if (c != '\\') {
			out[size++] = c;
			continue;
		}
		if (is_at_end(reader))
			break;
		size_t written = read_escape(reader, out + size);
		if (written == 0)
			return false;
		size += written;
	}
	(void)bad_end(reader, " in VALUE_STRING");
	return false;
}

static bool is_digit(const struct token_reader *reader, size_t at)
{
	return at < reader->text.size && reader->text.data[at] >= '0' &&
	       reader->text.data[at] <= '9';
}

static enum token bad_number(struct token_reader *reader, size_t at, const char *expected)
{
	reader->at = at;
	if (is_at_end(reader))
		return bad_end(reader, " in numeric value");
	return bad_character(reader, expected);
}

static enum token read_number(struct token_reader *reader)
{
	size_t start = reader->at, at = start + (reader->text.data[start] == '-');
	bool is_float = false;

	if (!is_digit(reader, at))
		return bad_number(
			reader, at,
			"expected digit (0-9) to follow minus sign, for valid numeric value");
	if (reader->text.data[at] == '0' && is_digit(reader, at + 1))
		return bad(reader, at + 1,
			   STR("Invalid numeric value: Leading zeroes not allowed"));
	while (is_digit(reader, at))
		at++;
	if (at < reader->text.size && reader->text.data[at] == '.') {
		is_float = true;
		if (!is_digit(reader, ++at))
			return bad_number(reader, at, "Decimal point not followed by a digit");
		while (is_digit(reader, at))
			at++;
	}
	if (at < reader->text.size && (reader->text.data[at] | 0x20) == 'e') {
		is_float = true;
		at++;
		if (at < reader->text.size && memchr("+-", reader->text.data[at], 2))
			at++;
		if (!is_digit(reader, at))
			return bad_number(reader, at, "Exponent indicator not followed by a digit");
		while (is_digit(reader, at))
			at++;
	}
	reader->value = str_slice(reader->text, start, at - start);
	reader->at = at;
	return is_float ? TOKEN_FLOAT : TOKEN_INTEGER;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static enum token read_word(struct token_reader *reader)
{
	size_t start = reader->at, end = start;

	while (end < reader->text.size && is_word(reader->text.data[end]))
		end++;
	if (end == start)
		return bad_character(reader, "expected a valid value " EXPECTED_VALUES);
	reader->value = str_slice(reader->text, start, end - start);
	reader->at = end;
	if (str_equal(reader->value, STR("true")))
		return TOKEN_TRUE;
	if (str_equal(reader->value, STR("false")))
		return TOKEN_FALSE;
	if (str_equal(reader->value, STR("null")))
		return TOKEN_NULL;
	return bad(reader, end,
		   arena_format(reader->arena, "Unrecognized token '%.*s': was expecting %s",
				STR_ARG(reader->value), EXPECTED_VALUES));
}

static enum token open_container(struct token_reader *reader, bool is_object)
{
	if (reader->depth == TOKEN_DEPTH_MAX)
		return bad(reader, reader->at,
			   arena_format(reader->arena,
					"Document nesting depth (%u) exceeds the maximum allowed "
					"(%u)",
					TOKEN_DEPTH_MAX + 1, TOKEN_DEPTH_MAX));
	reader->is_object[reader->depth] = is_object;
	reader->has_entries[reader->depth] = false;
	reader->opened[reader->depth++] = reader->at++;
	return is_object ? TOKEN_OBJECT : TOKEN_ARRAY;
}

/* The token of the value at reader->at, which is not the end. */
static enum token read_value(struct token_reader *reader)
{
	char c = reader->text.data[reader->at];

	reader->value = (struct str){0};
	if (c == '"') {
		reader->at++;
		reader->is_unread = true;
		return TOKEN_STRING;
	}
	if (c == '{' || c == '[')
		return open_container(reader, c == '{');
	return c == '-' || is_digit(reader, reader->at) ? read_number(reader) : read_word(reader);
}

/* ---- structure ---- */

static enum token close_container(struct token_reader *reader)
{
	char c = reader->text.data[reader->at];

	if (reader->is_object[reader->depth - 1] != (c == '}')) {
		struct str opened = opened_at(reader);
		return bad(reader, reader->at,
			   arena_format(reader->arena,
					"Unexpected close marker '%c': expected '%c' (for %s "
					"starting at %.*s)",
					c, c == '}' ? ']' : '}', c == '}' ? "Array" : "Object",
					STR_ARG(opened)));
	}
	reader->at++;
	reader->depth--;
	return c == '}' ? TOKEN_OBJECT_END : TOKEN_ARRAY_END;
}

/* The name, its colon and the token of its value, which is returned by the next call. */
static enum token read_name(struct token_reader *reader)
{
	struct str name;

	if (reader->text.data[reader->at] != '"')
		return bad_character(reader, "was expecting double-quote to start field name");
	reader->at++;
	if (!read_string(reader, &name))
		return TOKEN_BAD;
	skip_blanks(reader);
	if (is_at_end(reader))
		return bad_end(reader, " within/between Object entries");
	if (reader->text.data[reader->at] != ':')
		return bad_character(reader,
				     "was expecting a colon to separate field name and value");
	reader->at++;
	skip_blanks(reader);
	if (is_at_end(reader))
		return bad_end(reader, " within/between Object entries");
	enum token value = read_value(reader);
	if (value == TOKEN_BAD)
		return value;
	reader->has_next = true;
	reader->next = value;
	/* The value's own text waits in `value`; the name is what token_text returns meanwhile. */
	reader->name = name;
	return TOKEN_NAME;
}

static enum token read_entry(struct token_reader *reader)
{
	size_t depth = reader->depth - 1;
	char c = reader->text.data[reader->at];

	if (c == '}' || c == ']')
		return close_container(reader);
	if (reader->has_entries[depth]) {
		if (c != ',')
			return bad_character(
				reader, reader->is_object[depth]
						? "was expecting comma to separate Object entries"
						: "was expecting comma to separate Array entries");
		reader->at++;
		skip_blanks(reader);
		if (is_at_end(reader))
			return bad_end_of(reader);
	}
	reader->has_entries[depth] = true;
	return reader->is_object[depth] ? read_name(reader) : read_value(reader);
}

static enum token next(struct token_reader *reader)
{
	struct str passed;

	if (reader->problem.data)
		return TOKEN_BAD;
	if (reader->has_next) {
		reader->has_next = false;
		return reader->next;
	}
	if (reader->is_unread) {
		reader->is_unread = false;
		if (!read_string(reader, &passed))
			return TOKEN_BAD;
	}
	skip_blanks(reader);
	if (is_at_end(reader))
		return reader->depth > 0 ? bad_end_of(reader) : TOKEN_END;
	return reader->depth > 0 ? read_entry(reader) : read_value(reader);
}

enum token token_next(struct token_reader *reader)
{
	return reader->token = next(reader);
}

struct str token_text(struct token_reader *reader)
{
	switch (reader->token) {
	case TOKEN_NAME:
		return reader->name;
	case TOKEN_STRING:
		if (reader->is_unread) {
			reader->is_unread = false;
			if (!read_string(reader, &reader->value))
				reader->value = (struct str){0};
		}
		return reader->value;
	case TOKEN_OBJECT:
		return STR("{");
	case TOKEN_OBJECT_END:
		return STR("}");
	case TOKEN_ARRAY:
		return STR("[");
	case TOKEN_ARRAY_END:
		return STR("]");
	default:
		return reader->value;
	}
}
