/* SPDX-License-Identifier: MIT */
/*
 * predicate: kind, then fixed fields or a size of two bytes and the text.
 *
 * A wildcard is matched greedily: each literal between two stars is taken at its first place, which
 * is never worse than a later one. So there is no backtracking.
 */
#include "match/predicate.h"

#include <assert.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "base/network.h"

/* ---- numbers ---- */

struct match_number match_number_of_integer(int64_t value)
{
	return (struct match_number){(double)value, value, true};
}

struct match_number match_number_of(double value)
{
	if (value >= -9223372036854775808.0 && value < 9223372036854775808.0 &&
	    value == (double)(int64_t)value)
		return (struct match_number){value, (int64_t)value, true};
	return (struct match_number){.value = value};
}

struct match_number match_number_parse(struct arena *arena, struct str text)
{
	int64_t integer;

	if (str_to_i64(text, &integer))
		return match_number_of_integer(integer);
	return match_number_of(strtod(arena_cstr(arena, text), NULL));
}

static bool number_equal(const struct match_number *a, const struct match_number *b)
{
	if (a->is_integer && b->is_integer)
		return a->integer == b->integer;
	return !a->is_integer && !b->is_integer && a->value == b->value;
}

static bool range_has(const struct predicate_range *range, double value)
{
	bool is_above = range->is_low_open ? value > range->low : value >= range->low;
	bool is_below = range->is_high_open ? value < range->high : value <= range->high;

	return is_above && is_below;
}

/* ---- text ---- */

static bool is_plain(struct str text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] & 0x80 || (text.data[i] >= 'A' && text.data[i] <= 'Z'))
			return false;
	return true;
}

static locale_t fold_locale(void)
{
	static locale_t locale;
	locale_t known = __atomic_load_n(&locale, __ATOMIC_ACQUIRE);

	if (known)
		return known;
	locale_t made = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	check(made != (locale_t)0);
	if (!__atomic_compare_exchange_n(&locale, &known, made, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE)) {
		freelocale(made);
		return known;
	}
	return made;
}

static wint_t decode_character(struct str sequence)
{
	static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
	wint_t c = (unsigned char)sequence.data[0] & masks[sequence.size];

	for (size_t i = 1; i < sequence.size; i++)
		c = c << 6 | ((unsigned char)sequence.data[i] & 0x3F);
	return c;
}

struct str match_fold(struct arena *arena, struct str text)
{
	size_t size = 0;

	if (is_plain(text))
		return text;
	locale_t locale = fold_locale();
	/* A letter of two bytes may have a partner of three (U+023A). */
	char *out = arena_bytes(arena, text.size * 2 + 1);
	for (size_t i = 0; i < text.size;) {
		struct str rest = str_slice(text, i, SIZE_MAX);
		size_t length = str_utf8_sequence(rest);
		if (length == 0) {
			out[size++] = text.data[i++];
			continue;
		}
		/* Twice, since some letters have several of the other case. */
		wint_t c = towlower_l(
			towupper_l(decode_character(str_slice(rest, 0, length)), locale), locale);
		size += str_utf8_encode(c, out + size);
		i += length;
	}
	return str_of(out, size);
}

static bool wildcard_matches(struct str pattern, struct str text)
{
	struct str literal = str_cut(&pattern, WILDCARD_ANY);

	if (!pattern.data)
		return str_equal(literal, text);
	if (!str_starts(text, literal))
		return false;
	text = str_slice(text, literal.size, SIZE_MAX);
	for (literal = str_cut(&pattern, WILDCARD_ANY); pattern.data;
	     literal = str_cut(&pattern, WILDCARD_ANY)) {
		size_t at = str_find(text, literal, 0);
		if (at == SIZE_MAX)
			return false;
		text = str_slice(text, at + literal.size, SIZE_MAX);
	}
	return str_ends(text, literal);
}

struct str match_value_fold(struct match_value *value, struct arena *arena)
{
	if (!value->folded.data)
		value->folded = match_fold(arena, value->text.data ? value->text : STR(""));
	return value->folded;
}

/* ---- addresses ---- */

static bool cidr_has(const struct predicate_cidr *cidr, struct str text)
{
	struct network network = {.prefix = cidr->bits};
	uint8_t address[NETWORK_ADDRESS_SIZE];
	bool is_v4;

	static_assert(sizeof(cidr->address) == NETWORK_ADDRESS_SIZE, "the same addresses");
	memcpy(network.address, cidr->address, sizeof(network.address));
	return network_parse_address(text, address, &is_v4) && network_has(&network, address);
}

/* ---- bytes ---- */

static bool has_text(enum predicate_kind kind)
{
	return kind <= PREDICATE_WILDCARD;
}

static void append(struct buf *out, const void *bytes, size_t size)
{
	buf_append(out, str_of(bytes, size));
}

void predicate_encode(struct buf *out, const struct predicate *predicate)
{
	buf_append_char(out, (char)predicate->kind);
	if (has_text(predicate->kind)) {
		uint16_t size = (uint16_t)predicate->text.size;
		check(predicate->text.size <= UINT16_MAX);
		append(out, &size, sizeof(size));
		buf_append(out, predicate->text);
	} else if (predicate->kind == PREDICATE_NUMBER) {
		append(out, &predicate->number, sizeof(predicate->number));
	} else if (predicate->kind == PREDICATE_RANGE) {
		append(out, &predicate->range, sizeof(predicate->range));
	} else if (predicate->kind == PREDICATE_CIDR) {
		append(out, &predicate->cidr, sizeof(predicate->cidr));
	} else if (predicate->kind == PREDICATE_ANYTHING_BUT) {
		uint32_t size = (uint32_t)predicate->list.size;
		check(predicate->list.size <= UINT32_MAX);
		append(out, &predicate->count, sizeof(predicate->count));
		append(out, &size, sizeof(size));
		buf_append(out, predicate->list);
	}
}

static struct str take(struct str *bytes, size_t size)
{
	struct str taken = str_slice(*bytes, 0, size);

	check(taken.size == size);
	*bytes = str_slice(*bytes, size, SIZE_MAX);
	return taken;
}

static void take_into(struct str *bytes, void *out, size_t size)
{
	memcpy(out, take(bytes, size).data, size);
}

struct predicate predicate_decode(struct str *bytes)
{
	struct predicate predicate = {.kind = (enum predicate_kind)take(bytes, 1).data[0]};
	uint16_t text_size;
	uint32_t list_size;

	if (has_text(predicate.kind)) {
		take_into(bytes, &text_size, sizeof(text_size));
		predicate.text = take(bytes, text_size);
	} else if (predicate.kind == PREDICATE_NUMBER) {
		take_into(bytes, &predicate.number, sizeof(predicate.number));
	} else if (predicate.kind == PREDICATE_RANGE) {
		take_into(bytes, &predicate.range, sizeof(predicate.range));
	} else if (predicate.kind == PREDICATE_CIDR) {
		take_into(bytes, &predicate.cidr, sizeof(predicate.cidr));
	} else if (predicate.kind == PREDICATE_ANYTHING_BUT) {
		take_into(bytes, &predicate.count, sizeof(predicate.count));
		take_into(bytes, &list_size, sizeof(list_size));
		predicate.list = take(bytes, list_size);
	}
	return predicate;
}

/* ---- evaluation ---- */

static bool text_matches(const struct predicate *predicate, struct match_value *value,
			 struct arena *arena)
{
	switch (predicate->kind) {
	case PREDICATE_STRING:
		return str_equal(predicate->text, value->text);
	case PREDICATE_PREFIX:
		return str_starts(value->text, predicate->text);
	case PREDICATE_SUFFIX:
		return str_ends(value->text, predicate->text);
	case PREDICATE_NOCASE:
		return str_equal(predicate->text, match_value_fold(value, arena));
	case PREDICATE_PREFIX_NOCASE:
		return str_starts(match_value_fold(value, arena), predicate->text);
	case PREDICATE_SUFFIX_NOCASE:
		return str_ends(match_value_fold(value, arena), predicate->text);
	case PREDICATE_WILDCARD:
		return wildcard_matches(predicate->text, value->text);
	case PREDICATE_CIDR:
		return cidr_has(&predicate->cidr, value->text);
	default:
		return false;
	}
}

static bool is_none_of(const struct predicate *predicate, struct match_value *value,
		       struct arena *arena)
{
	struct str rest = predicate->list;

	for (uint16_t i = 0; i < predicate->count; i++) {
		struct predicate inner = predicate_decode(&rest);
		check(inner.kind != PREDICATE_ANYTHING_BUT);
		if (predicate_matches(&inner, value, arena))
			return false;
	}
	return true;
}

bool predicate_matches(const struct predicate *predicate, struct match_value *value,
		       struct arena *arena)
{
	if (predicate->kind == PREDICATE_EXISTS)
		return true;
	if (value->kind == MATCH_OPAQUE)
		return false;
	if (predicate->kind == PREDICATE_ANYTHING_BUT)
		return is_none_of(predicate, value, arena);
	switch (value->kind) {
	case MATCH_STRING:
		return text_matches(predicate, value, arena);
	case MATCH_NUMBER:
		if (predicate->kind == PREDICATE_RANGE)
			return range_has(&predicate->range, value->number.value);
		return predicate->kind == PREDICATE_NUMBER &&
		       number_equal(&predicate->number, &value->number);
	case MATCH_TRUE:
		return predicate->kind == PREDICATE_TRUE;
	case MATCH_FALSE:
		return predicate->kind == PREDICATE_FALSE;
	case MATCH_NULL:
		return predicate->kind == PREDICATE_NULL;
	default:
		return false;
	}
}
