/* SPDX-License-Identifier: MIT */
/* scalar: one switch each way. */
#include "wire/scalar.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "format/real.h"

#define TIME_S_MAX 9000000000000 /* its milliseconds fit */

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

/* Seconds since 1970; digits behind the third of a fraction are cut off. */
static bool parse_epoch(struct str text, int64_t *out_ms)
{
	bool is_negative = str_starts(text, STR("-"));
	struct str fraction = str_slice(text, is_negative, SIZE_MAX);
	struct str whole = str_cut(&fraction, '.');
	uint64_t seconds, digits = 0;

	if (!str_to_u64(whole, &seconds) || seconds > TIME_S_MAX)
		return false;
	if (fraction.data && !str_to_u64(str_slice(fraction, 0, 18), &digits))
		return false;
	int64_t ms = (int64_t)seconds * 1000;
	for (size_t i = 0, unit = 100; i < 3 && i < fraction.size; i++, unit /= 10)
		ms += (fraction.data[i] - '0') * (int64_t)unit;
	*out_ms = is_negative ? -ms : ms;
	return true;
}

/* "Tue, 24 Nov 2026 00:00:00 GMT", perhaps with a fraction of the second. */
static bool parse_http(struct str text, int64_t *out_ms)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char iso[48];

	if (text.size < 29 || !str_ends(text, STR(" GMT")) || text.size > 39 ||
	    !str_equal(str_slice(text, 3, 2), STR(", ")))
		return false;
	size_t month = str_find(str_from(months), str_slice(text, 8, 3), 0);
	if (month == SIZE_MAX || month % 3 != 0 || text.data[7] != ' ' || text.data[11] != ' ' ||
	    text.data[16] != ' ')
		return false;
	struct str year = str_slice(text, 12, 4), day = str_slice(text, 5, 2);
	struct str time = str_slice(text, 17, text.size - 17 - 4);
	int size = snprintf(iso, sizeof(iso), "%.*s-%02zu-%.*sT%.*sZ", STR_ARG(year), month / 3 + 1,
			    STR_ARG(day), STR_ARG(time));
	return clock_parse_iso(str_of(iso, (size_t)size), out_ms);
}

static bool parse_time(struct str text, enum shape_time time, int64_t *out_ms)
{
	switch (time) {
	case SHAPE_TIME_EPOCH:
		return parse_epoch(text, out_ms);
	case SHAPE_TIME_HTTP:
		return parse_http(text, out_ms);
	default:
		return clock_parse_iso(text, out_ms);
	}
}

bool scalar_parse(struct arena *arena, struct str text, enum shape_kind kind, enum shape_time time,
		  void *out)
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
		return parse_time(text, time, out);
	default:
		return parse_integer(text, kind, out);
	}
}

static void format_iso(struct buf *out, int64_t ms, bool has_ms)
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

static void format_epoch(struct buf *out, int64_t ms)
{
	uint64_t size = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;

	if (ms < 0)
		buf_append_char(out, '-');
	buf_append_u64(out, size / 1000);
	if (size % 1000 > 0)
		buf_format(out, ".%03u", (unsigned)(size % 1000));
}

static void format_time(struct buf *out, enum shape_time time, int64_t ms, bool has_ms)
{
	char text[CLOCK_TEXT_MAX];

	if (time == SHAPE_TIME_EPOCH)
		format_epoch(out, ms);
	else if (time == SHAPE_TIME_HTTP)
		buf_append(out, str_of(text, (size_t)clock_format_http(ms, text)));
	else
		format_iso(out, ms, has_ms);
}

static void format_double(struct buf *out, double value)
{
	if (isfinite(value))
		real_format(out, value);
	else
		buf_append(out, isnan(value) ? STR("NaN")
				: value > 0  ? STR("Infinity")
					     : STR("-Infinity"));
}

void scalar_format(struct buf *out, enum shape_kind kind, enum shape_time time, const void *place,
		   bool has_ms)
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
		format_time(out, time, *(const int64_t *)place, has_ms);
		return;
	default:
		buf_append_i64(out, *(const int64_t *)place);
	}
}
