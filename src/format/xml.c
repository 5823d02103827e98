/* SPDX-License-Identifier: MIT */
/* xml: copies stretches of plain bytes and replaces the few that are not plain. */
#include "format/xml.h"

void xml_open(struct buf *out, struct str name)
{
	buf_append_char(out, '<');
	buf_append(out, name);
	buf_append_char(out, '>');
}

void xml_close(struct buf *out, struct str name)
{
	buf_append(out, STR("</"));
	buf_append(out, name);
	buf_append_char(out, '>');
}

void xml_empty(struct buf *out, struct str name)
{
	buf_append_char(out, '<');
	buf_append(out, name);
	buf_append(out, STR("/>"));
}

/* The replacement of a byte that must be escaped; data NULL: none. */
static struct str replacement(unsigned char c)
{
	switch (c) {
	case '&':
		return STR("&amp;");
	case '<':
		return STR("&lt;");
	case '>':
		return STR("&gt;");
	case '"':
		return STR("&quot;");
	case '\r': /* a parser would turn it into a line feed (XML 1.0, 2.11) */
		return STR("&#xD;");
	case '\t':
	case '\n':
		return (struct str){0};
	default: /* control characters are none of XML's, even as references (XML 1.0, 2.2) */
		return c < ' ' ? STR("\xef\xbf\xbd") : (struct str){0};
	}
}

static void append_utf8(struct buf *out, struct str text)
{
	size_t from = 0;

	for (size_t i = 0; i < text.size; i++) {
		struct str other = replacement((unsigned char)text.data[i]);
		if (!other.data)
			continue;
		buf_append(out, str_slice(text, from, i - from));
		buf_append(out, other);
		from = i + 1;
	}
	buf_append(out, str_slice(text, from, text.size));
}

/* U+FFFE and U+FFFF, which are well-formed UTF-8 and still no characters (XML 1.0, 2.2). */
static size_t find_noncharacter(struct str text)
{
	size_t place = str_find(text, STR("\xef\xbf\xbe"), 0);

	return place != SIZE_MAX ? place : str_find(text, STR("\xef\xbf\xbf"), 0);
}

void xml_text(struct buf *out, struct str text)
{
	bool has_noncharacter = find_noncharacter(text) != SIZE_MAX;

	if (str_is_utf8(text) && !has_noncharacter) {
		append_utf8(out, text);
		return;
	}
	while (text.size > 0) {
		size_t size = str_utf8_sequence(text);
		struct str sequence = str_slice(text, 0, size);
		if (size > 0 && find_noncharacter(sequence) == SIZE_MAX)
			append_utf8(out, sequence);
		else
			buf_append(out, STR("\xef\xbf\xbd"));
		text = str_slice(text, size > 0 ? size : 1, SIZE_MAX);
	}
}

void xml_attribute_value(struct buf *out, struct str text)
{
	buf_append(out, STR("=\""));
	while (text.size > 0) {
		size_t size = 0;
		while (size < text.size && text.data[size] != '\n' && text.data[size] != '\t')
			size++;
		xml_text(out, str_slice(text, 0, size));
		if (size < text.size)
			buf_append(out, text.data[size] == '\n' ? STR("&#xA;") : STR("&#x9;"));
		text = str_slice(text, size + 1, SIZE_MAX);
	}
	buf_append_char(out, '"');
}

void xml_element(struct buf *out, struct str name, struct str text)
{
	xml_open(out, name);
	xml_text(out, text);
	xml_close(out, name);
}
