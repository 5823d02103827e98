/* SPDX-License-Identifier: MIT */
/*
 * pattern_match: does a text match a pattern?
 *
 * Runs divide the parts into segments. The first segment stands at the text's beginning, the last
 * one at its end, and those between are looked for from the left: where one occurs first leaves the
 * most for the next. A literal is looked for by memmem, a segment with `?` by the Shift-And
 * algorithm (Baeza-Yates and Gonnet, 1992), which follows all places where an occurrence may have
 * begun at once. So nothing is ever read again: a match takes steps for the bytes of the text, and
 * for a segment of more than 64 bytes and wildcards at most for the product of both.
 */
#include <string.h>

#include "access/pattern.h"

/* Value of a variable in this request; data NULL: none, which no text is equal to or like. */
static struct str resolve(const struct pattern_variable *variable,
			  const struct policy_request *request, struct context_values *values)
{
	if (!context_find(request, &variable->name, values) || values->count != 1)
		return variable->fallback;
	return context_value(values, 0);
}

static size_t character_size(struct str text, size_t at)
{
	size_t size = str_utf8_sequence(str_slice(text, at, 4));

	return size > 0 ? size : 1;
}

struct matcher {
	const struct pattern *pattern;
	struct str text;
	struct policy_steps *steps;
	struct str variables[LIMIT_POLICY_VARIABLES]; /* their values, in order */
	size_t variable_count;
};

/* Parts without runs. */
struct segment {
	size_t from, to; /* of the pattern's parts */
	size_t variable; /* number of the first variable behind `from` */
};

static bool is_equal(const struct matcher *matcher, struct str there, struct str literal)
{
	return matcher->pattern->ignores_case ? str_equal_nocase(there, literal)
					      : str_equal(there, literal);
}

/* The text of a part that is no wildcard; counts variables on. */
static struct str literal_of(const struct matcher *matcher, size_t part, size_t *variable)
{
	const struct pattern_part *parts = matcher->pattern->parts;

	return parts[part].kind == PATTERN_VARIABLE ? matcher->variables[(*variable)++]
						    : parts[part].text;
}

/* Matches the segment at *at, and leaves *at behind it. */
static bool match_forward(const struct matcher *matcher, struct segment segment, size_t *at)
{
	for (size_t i = segment.from; i < segment.to; i++) {
		if (matcher->pattern->parts[i].kind == PATTERN_CHARACTER) {
			if (!steps_take(matcher->steps, 1) || *at == matcher->text.size)
				return false;
			*at += character_size(matcher->text, *at);
			continue;
		}
		struct str literal = literal_of(matcher, i, &segment.variable);
		if (!steps_take(matcher->steps, steps_of_bytes(literal.size)) ||
		    !is_equal(matcher, str_slice(matcher->text, *at, literal.size), literal))
			return false;
		*at += literal.size;
	}
	return true;
}

/* Size of the character that ends at `end`, as character_size reads it from its beginning. */
static size_t last_character_size(struct str text, size_t end)
{
	for (size_t size = 2; size <= 4 && size <= end; size++)
		if (str_utf8_sequence(str_slice(text, end - size, size)) == size)
			return size;
	return 1;
}

/* Matches the last segment, so that it ends with the text; *out_at is where it begins. */
static bool match_backward(const struct matcher *matcher, struct segment segment, size_t *out_at)
{
	size_t at = matcher->text.size;
	size_t variable = matcher->variable_count;

	for (size_t i = segment.to; i > segment.from; i--) {
		enum pattern_part_kind kind = matcher->pattern->parts[i - 1].kind;
		if (kind == PATTERN_CHARACTER) {
			if (!steps_take(matcher->steps, 1) || at == 0)
				return false;
			at -= last_character_size(matcher->text, at);
			continue;
		}
		variable -= kind == PATTERN_VARIABLE;
		size_t number = variable;
		struct str literal = literal_of(matcher, i - 1, &number);
		if (!steps_take(matcher->steps, steps_of_bytes(literal.size)) || literal.size > at)
			return false;
		at -= literal.size;
		if (!is_equal(matcher, str_slice(matcher->text, at, literal.size), literal))
			return false;
	}
	*out_at = at;
	return true;
}

/* ---- looking for a segment ---- */

enum { PLACES = 64 };

/* The first bytes and wildcards of a segment, a bit each. */
struct shift_and {
	uint64_t bytes[256]; /* positions of that byte, wildcards left out */
	uint64_t wildcards;
	uint64_t last;	     /* the bit of the last place; 0: there is none */
	struct str cut;	     /* end of a literal that does not fit, */
	struct segment rest; /* and the parts behind it */
};

static void shift_and_init(struct shift_and *machine, const struct matcher *matcher,
			   struct segment segment)
{
	size_t count = 0;

	memset(machine, 0, sizeof(*machine));
	for (; segment.from < segment.to && count < PLACES; segment.from++) {
		if (matcher->pattern->parts[segment.from].kind == PATTERN_CHARACTER) {
			machine->wildcards |= UINT64_C(1) << count++;
			continue;
		}
		struct str literal = literal_of(matcher, segment.from, &segment.variable);
		size_t taken = 0;
		for (; taken < literal.size && count < PLACES; taken++, count++)
			machine->bytes[(uint8_t)literal.data[taken]] |= UINT64_C(1) << count;
		machine->cut = str_slice(literal, taken, SIZE_MAX);
	}
	machine->last = count > 0 ? UINT64_C(1) << (count - 1) : 0;
	machine->rest = segment;
}

/* The places at which an occurrence may be after the character at `at`. */
static uint64_t shift_and_step(const struct shift_and *machine, uint64_t places, struct str text,
			       size_t at, size_t size)
{
	uint8_t c = (uint8_t)text.data[at];

	places = ((places << 1) | 1) & (machine->bytes[c] | machine->wildcards);
	/* A wildcard takes the other bytes of its character too. */
	for (size_t i = 1; i < size; i++) {
		c = (uint8_t)text.data[at + i];
		places = ((places << 1) & machine->bytes[c]) | (places & machine->wildcards);
	}
	return places;
}

static bool match_rest(const struct matcher *matcher, const struct shift_and *machine, size_t *at)
{
	struct str cut = machine->cut;

	if (!steps_take(matcher->steps, steps_of_bytes(cut.size)) ||
	    !str_equal(str_slice(matcher->text, *at, cut.size), cut))
		return false;
	*at += cut.size;
	return match_forward(matcher, machine->rest, at);
}

static bool find_parts(const struct matcher *matcher, struct segment segment, size_t *at,
		       size_t end)
{
	struct shift_and machine;
	uint64_t places = 0;
	bool is_found;

	if (!steps_take(matcher->steps, 16 + (end - *at) / 4))
		return false;
	shift_and_init(&machine, matcher, segment);
	is_found = machine.last == 0;
	for (size_t i = *at; i < end && !is_found;) {
		size_t size = character_size(matcher->text, i);
		if (size > end - i)
			size = 1;
		places = shift_and_step(&machine, places, matcher->text, i, size);
		i += size;
		if (!(places & machine.last))
			continue;
		*at = i;
		is_found = match_rest(matcher, &machine, at);
	}
	return is_found && *at <= end;
}

static bool find_literal(const struct matcher *matcher, struct str literal, size_t *at, size_t end)
{
	size_t from = *at;
	size_t found = str_find(str_slice(matcher->text, 0, end), literal, from);
	size_t scanned = (found == SIZE_MAX ? end : found + literal.size) - from;

	if (!steps_take(matcher->steps, steps_of_bytes(scanned)) || found == SIZE_MAX)
		return false;
	*at = found + literal.size;
	return true;
}

/* Finds the first occurrence between *at and `end`, and leaves *at behind it. */
static bool find_segment(const struct matcher *matcher, struct segment segment, size_t *at,
			 size_t end)
{
	bool is_one = segment.to - segment.from == 1;

	if (!is_one || matcher->pattern->parts[segment.from].kind == PATTERN_CHARACTER)
		return find_parts(matcher, segment, at, end);
	return find_literal(matcher, literal_of(matcher, segment.from, &segment.variable), at, end);
}

static struct segment segment_at(const struct pattern *pattern, size_t from, size_t variable)
{
	struct segment segment = {.from = from, .to = from, .variable = variable};

	while (segment.to < pattern->part_count && pattern->parts[segment.to].kind != PATTERN_RUN)
		segment.to++;
	return segment;
}

/* Between this one's run and the next. */
static struct segment segment_after(const struct pattern *pattern, struct segment segment)
{
	for (; segment.from < segment.to; segment.from++)
		segment.variable += pattern->parts[segment.from].kind == PATTERN_VARIABLE;
	return segment_at(pattern, segment.to + 1, segment.variable);
}

static bool match_parts(const struct matcher *matcher)
{
	const struct pattern *pattern = matcher->pattern;
	struct segment segment = segment_at(pattern, 0, 0);
	struct segment tail = {.from = pattern->part_count, .to = pattern->part_count};
	size_t at = 0, end = 0;

	if (!match_forward(matcher, segment, &at))
		return false;
	if (segment.to == pattern->part_count)
		return at == matcher->text.size;
	while (pattern->parts[tail.from - 1].kind != PATTERN_RUN)
		tail.from--;
	if (!match_backward(matcher, tail, &end) || end < at)
		return false;
	segment = segment_after(pattern, segment);
	for (; segment.to < pattern->part_count; segment = segment_after(pattern, segment))
		if (!find_segment(matcher, segment, &at, end))
			return false;
	return true;
}

static bool match_with_variables(const struct pattern *pattern, struct str text,
				 const struct policy_request *request)
{
	struct context_values values[LIMIT_POLICY_VARIABLES];
	struct matcher matcher = {.pattern = pattern, .text = text, .steps = request->steps};

	if (text.size > LIMIT_POLICY_TEXT_SIZE)
		return steps_give_up(request->steps);
	for (size_t i = 0; i < pattern->part_count; i++) {
		if (pattern->parts[i].kind != PATTERN_VARIABLE)
			continue;
		struct str value = resolve(pattern->parts[i].variable, request,
					   &values[matcher.variable_count]);
		if (!value.data)
			return false;
		matcher.variables[matcher.variable_count++] = value;
	}
	return match_parts(&matcher);
}

bool pattern_matches(const struct pattern *pattern, struct str text,
		     const struct policy_request *request)
{
	if (!steps_take(request->steps, steps_of_bytes(pattern->text.size)))
		return false;
	switch (pattern->form) {
	case PATTERN_EXACT:
		return pattern->ignores_case ? str_equal_nocase(pattern->text, text)
					     : str_equal(pattern->text, text);
	case PATTERN_PREFIX:
		text = str_slice(text, 0, pattern->text.size);
		return pattern->ignores_case ? str_equal_nocase(pattern->text, text)
					     : str_equal(pattern->text, text);
	case PATTERN_PARTS:
		break;
	}
	return match_with_variables(pattern, text, request);
}
