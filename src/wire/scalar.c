/* SPDX-License-Identifier: MIT */
/* scalar: one switch each way. */
#include "wire/scalar.h"

#include <math.h>
#include <stdlib.h>

static bool parse_double(struct arena *arena, struct str text, double *out)
{
	const char *start = arena_cstr(arena, text);
	char *end;

	if (str_equal(text, STR("NaN")))
		*out = (double)NAN;
	else if (str_equal(text, STR("Infinity")))
		*out = (double)INFINITY;
	else if (str_equal(text, STR("-Infinity")))
		*out = -(double)INFINITY;
	else {
		/* No hexadecimal and no words, which strtod knows too. */
		for (size_t i = 0; i < text.size; i++)
			if (str_find_char(STR("0123456789+-.eE"), text.data[i], 0) == SIZE_MAX)
				return false;
		*out = strtod(start, &end);
		return text.size > 0 && end == start + text.size;
	}
	return true;
}

static bool parse_integer(struct str text, enum shape_kind kind, int64_t *out)
{
	int64_t number;

	if (!str_to_i64(text, &number))
		return false;
	if (kind == SHAPE_INTEGER && (number > INT32_MAX || number < INT32_MIN))
		return false;
	*out = number;
	return true;
}

bool scalar_parse(struct arena *arena, struct str text, enum shape_kind kind, void *out)
{
	size_t size;

	switch (kind) {
	case SHAPE_STRING:
		*(struct str *)out = text;
		return true;
	case SHAPE_BLOB: {
		char *bytes = arena_bytes(arena, text.size / 4 * 3 + 1);
		if (!base64_parse(text, (uint8_t *)bytes, &size))
			return false;
		*(struct str *)out = str_of(bytes, size);
		return true;
	}
	case SHAPE_BOOLEAN:
		if (!str_equal_nocase(text, STR("true")) && !str_equal_nocase(text, STR("false")))
			return false;
		*(bool *)out = str_equal_nocase(text, STR("true"));
		return true;
	case SHAPE_DOUBLE:
		return parse_double(arena, text, out);
	case SHAPE_TIMESTAMP:
		return clock_parse_iso(text, out);
	default:
		return parse_integer(text, kind, out);
	}
}

static void format_time(struct buf *out, int64_t ms, bool has_ms)
{
	char text[CLOCK_TEXT_MAX];
	struct str iso = str_of(text, (size_t)clock_format_iso(ms, text));

	if (has_ms) {
		buf_append(out, iso);
		return;
	}
	buf_append(out, str_slice(iso, 0, iso.size - sizeof(".000Z") + 1));
	buf_append_char(out, 'Z');
}

static void format_double(struct buf *out, double value)
{
	if (isfinite(value))
		buf_format(out, "%.17g", value);
	else
		buf_append(out, isnan(value) ? STR("NaN")
				: value > 0  ? STR("Infinity")
					     : STR("-Infinity"));
}

void scalar_format(struct buf *out, enum shape_kind kind, const void *place, bool has_ms)
{
	switch (kind) {
	case SHAPE_STRING:
		buf_append(out, *(const struct str *)place);
		return;
	case SHAPE_BLOB: {
		struct str bytes = *(const struct str *)place;
		base64_format(bytes, buf_extend(out, base64_size(bytes.size)));
		return;
	}
	case SHAPE_BOOLEAN:
		buf_append(out, *(const bool *)place ? STR("true") : STR("false"));
		return;
	case SHAPE_DOUBLE:
		format_double(out, *(const double *)place);
		return;
	case SHAPE_TIMESTAMP:
		format_time(out, *(const int64_t *)place, has_ms);
		return;
	default:
		buf_append_i64(out, *(const int64_t *)place);
	}
}
