/* SPDX-License-Identifier: MIT */
/* roff: a dot or a quote begins a request at the start of a line only. */
#include "format/roff.h"

void roff_append(struct buf *out, struct str line)
{
	if (line.size > 0 && (line.data[0] == '.' || line.data[0] == '\''))
		buf_append(out, STR("\\&"));
	for (size_t i = 0; i < line.size; i++) {
		if (line.data[i] == '\\')
			buf_append(out, STR("\\e"));
		else if (line.data[i] == '-')
			buf_append(out, STR("\\-"));
		else
			buf_append_char(out, line.data[i]);
	}
}
