/* SPDX-License-Identifier: MIT */
/*
 * json: yyjson reads with the arena as its allocator, so nothing is freed piece by piece.
 *
 * yyjson parses without recursion, so depth cannot hurt it; that limit protects our own walks.
 */
#include "format/json.h"

#include <math.h>
#include <string.h>

#include "format/real.h"

/* Not zeroed: yyjson asks for far more than it uses. */
static void *arena_malloc(void *arena, size_t size)
{
	uintptr_t place = (uintptr_t)arena_bytes(arena, size + 15);

	return (void *)((place + 15) & ~(uintptr_t)15);
}

static void *arena_realloc(void *arena, void *memory, size_t old_size, size_t size)
{
	void *moved = arena_malloc(arena, size);

	if (memory)
		memcpy(moved, memory, old_size < size ? old_size : size);
	return moved;
}

static void arena_forget(void *arena, void *memory)
{
	(void)arena;
	(void)memory; /* goes with the arena */
}

/* The place behind the string whose opening quote is at `open`. */
static size_t skip_string(struct str text, size_t open)
{
	size_t quote = open;

	do {
		quote = str_find_char(text, '"', quote + 1);
		if (quote == SIZE_MAX)
			return text.size;
		size_t backslashes = 0;
		while (text.data[quote - 1 - backslashes] == '\\')
			backslashes++;
		if (backslashes % 2 == 0)
			return quote + 1;
	} while (true);
}

/*
 * Before yyjson sees it, because its memory grows with the values. Counted is what
 * values stand behind, so never fewer than there are; empty brackets count too.
 */
static bool is_too_large(struct str text, size_t values_max)
{
	size_t depth = 0, values = 0, i = 0;

	while (i < text.size) {
		char c = text.data[i];
		if (c == '"') {
			i = skip_string(text, i);
			continue;
		}
		if (c == '{' || c == '[') {
			depth++;
			values++;
		} else if (c == ',' || c == ':') {
			values++;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
		if (depth > LIMIT_JSON_DEPTH || values > values_max)
			return true;
		i++;
	}
	return false;
}

static enum err parse(struct arena *arena, struct str text, size_t values_max,
		      yyjson_val **out_root, yyjson_read_err *out_error)
{
	yyjson_alc allocator = {arena_malloc, arena_realloc, arena_forget, arena};

	if (is_too_large(text, values_max))
		return ERR_TOOLARGE;
	/* yyjson takes a non-const pointer only for its in-situ mode, which is not used here. */
	yyjson_doc *document =
		yyjson_read_opts((char *)(uintptr_t)text.data, text.size, 0, &allocator, out_error);
	if (!document)
		return ERR_INVALID;
	*out_root = yyjson_doc_get_root(document);
	return ERR_OK;
}

enum err json_parse_limited(struct arena *arena, struct str text, size_t values_max,
			    yyjson_val **out_root)
{
	return parse(arena, text, values_max, out_root, NULL);
}

enum err json_parse(struct arena *arena, struct str text, yyjson_val **out_root)
{
	return json_parse_limited(arena, text, SIZE_MAX, out_root);
}

static size_t line_at(struct str text, size_t place)
{
	size_t line = 1;

	for (size_t i = 0; i < place; i++)
		line += text.data[i] == '\n';
	return line;
}

enum err json_parse_explained(struct arena *arena, struct str text, yyjson_val **out_root,
			      struct json_problem *out_problem)
{
	yyjson_read_err error = {0};

	enum err err = parse(arena, text, SIZE_MAX, out_root, &error);
	if (err != ERR_INVALID)
		return err;
	size_t place = error.pos < text.size ? error.pos : text.size;
	size_t start = place;
	while (start > 0 && text.data[start - 1] != '\n')
		start--;
	*out_problem = (struct json_problem){line_at(text, place), place - start + 1, error.msg};
	return err;
}

size_t json_line_of_member(struct str text, struct str name)
{
	size_t depth = 0, i = 0;

	while (i < text.size) {
		char c = text.data[i];
		if (c == '"') {
			size_t end = skip_string(text, i);
			if (depth == 1 && end > i + 1 &&
			    str_equal(str_slice(text, i + 1, end - i - 2), name) &&
			    str_starts(str_trim(str_slice(text, end, SIZE_MAX)), STR(":")))
				return line_at(text, i);
			i = end;
			continue;
		}
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && depth > 0)
			depth--;
		i++;
	}
	return 0;
}

struct str json_text(yyjson_val *value)
{
	if (!yyjson_is_str(value))
		return (struct str){0};
	return str_of(yyjson_get_str(value), yyjson_get_len(value));
}

yyjson_val *json_member(yyjson_val *object, const char *name)
{
	return yyjson_obj_get(object, name);
}

void json_begin(struct json_writer *writer, struct buf *out)
{
	*writer = (struct json_writer){.out = out};
}

static void separate(struct json_writer *writer)
{
	if (writer->needs_comma)
		buf_append_char(writer->out, ',');
	writer->needs_comma = true;
}

static void open_with(struct json_writer *writer, char bracket)
{
	separate(writer);
	buf_append_char(writer->out, bracket);
	writer->needs_comma = false;
}

static void close_with(struct json_writer *writer, char bracket)
{
	buf_append_char(writer->out, bracket);
	writer->needs_comma = true;
}

void json_open_object(struct json_writer *writer)
{
	open_with(writer, '{');
}

void json_close_object(struct json_writer *writer)
{
	close_with(writer, '}');
}

void json_open_array(struct json_writer *writer)
{
	open_with(writer, '[');
}

void json_close_array(struct json_writer *writer)
{
	close_with(writer, ']');
}

/* True for bytes that stand for themselves in a JSON string. */
static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\' && c < 0x80;
}

static void append_escaped(struct buf *out, unsigned char c)
{
	static const char short_names[] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};

	if (c == '"' || c == '\\') {
		buf_append_char(out, '\\');
		buf_append_char(out, (char)c);
	} else if (c < sizeof(short_names) && short_names[c]) {
		buf_append_char(out, '\\');
		buf_append_char(out, short_names[c]);
	} else {
		buf_format(out, "\\u%04x", c);
	}
}

/* Compared all at once, on any processor that has vectors. */
struct sixteen {
	int8_t bytes __attribute__((vector_size(16)));
};

static bool is_plain_sixteen(const char *data)
{
	struct sixteen text;
	uint64_t found[2];

	memcpy(&text, data, sizeof(text));
	/* As signed numbers, the bytes that are not ASCII are below a blank, too. */
	text.bytes = (text.bytes < 0x20) | (text.bytes == '"') | (text.bytes == '\\');
	memcpy(found, &text, sizeof(found));
	return !(found[0] | found[1]);
}

/* How many bytes at the front stand for themselves. */
static size_t plain_size(const char *data, size_t size)
{
	const size_t step = sizeof(struct sixteen);
	size_t at = 0;

	while (size - at >= step && is_plain_sixteen(data + at))
		at += step;
	/* The rest together with some of what was seen. */
	if (size > step && size - at < step && is_plain_sixteen(data + size - step))
		return size;
	while (at < size && is_plain((unsigned char)data[at]))
		at++;
	return at;
}

static void append_quoted(struct buf *out, struct str text)
{
	size_t plain = plain_size(text.data, text.size);
	char *place = buf_extend(out, plain + 1);

	place[0] = '"';
	if (plain > 0)
		memcpy(place + 1, text.data, plain);
	for (size_t from = plain; from < text.size; from += plain) {
		unsigned char c = (unsigned char)text.data[from];
		if (c < 0x80) {
			append_escaped(out, c);
			from++;
		} else {
			size_t size = str_utf8_sequence(str_slice(text, from, 4));
			buf_append(out, size ? str_slice(text, from, size) : STR("\xef\xbf\xbd"));
			from += size ? size : 1;
		}
		plain = plain_size(text.data + from, text.size - from);
		buf_append(out, str_of(text.data + from, plain));
	}
	buf_append_char(out, '"');
}

void json_key(struct json_writer *writer, struct str key)
{
	separate(writer);
	append_quoted(writer->out, key);
	buf_append_char(writer->out, ':');
	writer->needs_comma = false;
}

void json_str(struct json_writer *writer, struct str text)
{
	separate(writer);
	append_quoted(writer->out, text);
}

void json_i64(struct json_writer *writer, int64_t value)
{
	separate(writer);
	buf_append_i64(writer->out, value);
}

void json_bool(struct json_writer *writer, bool value)
{
	separate(writer);
	buf_append(writer->out, value ? STR("true") : STR("false"));
}

void json_null(struct json_writer *writer)
{
	separate(writer);
	buf_append(writer->out, STR("null"));
}

void json_double(struct json_writer *writer, double value)
{
	separate(writer);
	if (isfinite(value))
		real_format(writer->out, value);
	else
		buf_append(writer->out, isnan(value) ? STR("\"NaN\"")
					: value > 0  ? STR("\"Infinity\"")
						     : STR("\"-Infinity\""));
}

void json_milliseconds(struct json_writer *writer, int64_t milliseconds)
{
	int64_t fraction = milliseconds % 1000;

	separate(writer);
	if (milliseconds < 0 && fraction != 0)
		buf_append_char(writer->out, '-');
	buf_append_i64(writer->out, fraction != 0 && milliseconds < 0 ? -(milliseconds / 1000)
								      : milliseconds / 1000);
	if (fraction != 0)
		buf_format(writer->out, ".%03lld",
			   (long long)(fraction < 0 ? -fraction : fraction));
}

void json_base64(struct json_writer *writer, struct str bytes)
{
	separate(writer);
	buf_append_char(writer->out, '"');
	base64_format(bytes, buf_extend(writer->out, base64_size(bytes.size)));
	buf_append_char(writer->out, '"');
}
