/* SPDX-License-Identifier: MIT */
/* xml: copies runs of plain bytes and replaces the few that are not. */
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
	default:
		return (struct str){0};
	}
}

void xml_text(struct buf *out, struct str text)
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

void xml_element(struct buf *out, struct str name, struct str text)
{
	xml_open(out, name);
	xml_text(out, text);
	xml_close(out, name);
}
