/* SPDX-License-Identifier: MIT */
/* header_value: quotes are those of Smithy's httpHeader trait: \" and \\ are the only escapes. */
#include "wire/header_value.h"

/* An item may be empty, so each comma may end one. */
size_t header_value_room(struct str value)
{
	size_t room = 1;

	for (size_t i = 0; i < value.size; i++)
		room += value.data[i] == ',';
	return room;
}

/* The place of the quote that ends an item, which begins with one; SIZE_MAX: none does. */
static size_t find_quote(struct str text)
{
	for (size_t i = 1; i < text.size; i++) {
		if (text.data[i] == '"')
			return i;
		i += text.data[i] == '\\';
	}
	return SIZE_MAX;
}

static bool cut_quoted(struct arena *arena, struct str *rest, struct str *out_item)
{
	size_t end = find_quote(*rest), size = 0;

	if (end == SIZE_MAX)
		return false;
	struct str behind = str_trim(str_slice(*rest, end + 1, SIZE_MAX));
	if (behind.size > 0 && behind.data[0] != ',')
		return false;
	char *text = arena_bytes(arena, end);
	for (size_t i = 1; i < end; i++) {
		i += rest->data[i] == '\\';
		text[size++] = rest->data[i];
	}
	*rest = str_slice(behind, 1, SIZE_MAX);
	*out_item = str_of(text, size);
	return true;
}

bool header_value_cut(struct arena *arena, struct str *rest, bool is_date, struct str *out_item)
{
	*rest = str_trim(*rest);
	if (rest->size == 0)
		return false;
	if (rest->data[0] == '"')
		return cut_quoted(arena, rest, out_item);
	size_t comma = str_find_char(*rest, ',', 0);
	if (is_date && comma != SIZE_MAX)
		comma = str_find_char(*rest, ',', comma + 1);
	*out_item = str_trim(str_slice(*rest, 0, comma));
	*rest = comma == SIZE_MAX ? STR("") : str_slice(*rest, comma + 1, SIZE_MAX);
	return true;
}

void header_value_append(struct buf *out, struct str item, bool is_date)
{
	bool is_plain = str_find_char(item, ',', 0) == SIZE_MAX &&
			str_find_char(item, '"', 0) == SIZE_MAX && item.size > 0 &&
			str_trim(item).size == item.size;

	if (out->size > 0)
		buf_append(out, STR(", "));
	if (is_date || is_plain) {
		buf_append(out, item);
		return;
	}
	buf_append_char(out, '"');
	for (size_t i = 0; i < item.size; i++) {
		if (item.data[i] == '"' || item.data[i] == '\\')
			buf_append_char(out, '\\');
		buf_append_char(out, item.data[i]);
	}
	buf_append_char(out, '"');
}

struct str header_value_clean(struct arena *arena, struct str text)
{
	struct str copy = arena_copy(arena, text);
	char *bytes = (char *)copy.data;

	for (size_t i = 0; i < copy.size; i++)
		if (bytes[i] == '\r' || bytes[i] == '\n' || bytes[i] == '\0')
			bytes[i] = ' ';
	return str_trim(copy);
}
