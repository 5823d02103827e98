/* SPDX-License-Identifier: MIT */
/* constraint: the automaton of a pattern takes one step a character, whatever the text. */
#include "wire/constraint.h"

/* Takes the first character off; false: it is not UTF-8. */
static bool take_character(struct str *text, uint32_t *out_character)
{
	const unsigned char *bytes = (const unsigned char *)text->data;
	size_t size = bytes[0] < 0x80 ? 1 : str_utf8_sequence(*text);
	static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};

	if (size == 0 || size > 4)
		return false;
	uint32_t character = bytes[0] & masks[size];
	for (size_t i = 1; i < size; i++)
		character = character << 6 | (bytes[i] & 0x3f);
	*text = str_slice(*text, size, SIZE_MAX);
	*out_character = character;
	return true;
}

static uint32_t interval_of(const struct shape_pattern *pattern, uint32_t character)
{
	uint32_t low = 0, high = pattern->interval_count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (pattern->starts[middle] <= character)
			low = middle;
		else
			high = middle;
	}
	return low;
}

bool shape_pattern_matches(const struct shape_pattern *pattern, struct str text)
{
	uint32_t state = 1;
	uint32_t character;

	while (text.size > 0 && state > 0) {
		if (!take_character(&text, &character))
			return false;
		state = pattern->next[(state - 1) * pattern->interval_count +
				      interval_of(pattern, character)];
	}
	return state > 0 && pattern->accepts[state - 1];
}

bool shape_constraint_allows_text(const struct shape_constraint *constraint, struct str text)
{
	for (uint32_t i = 0; i < constraint->value_count; i++)
		if (str_equal(constraint->values[i], text))
			return true;
	return constraint->value_count == 0;
}
