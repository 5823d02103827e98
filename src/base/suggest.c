/* SPDX-License-Identifier: MIT */
/* suggest: the least edit distance; names are short, so all are compared. */
#include "base/suggest.h"

enum { NAME_SIZE_MAX = 128, SUGGESTION_DISTANCE = 2 };

static char lower(char c)
{
	return 'A' <= c && c <= 'Z' ? (char)(c + 32) : c;
}

static size_t least_of(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein's distance, with one row of the table in memory. */
static size_t distance(struct str a, struct str b)
{
	size_t row[NAME_SIZE_MAX + 1];

	if (a.size > NAME_SIZE_MAX || b.size > NAME_SIZE_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= b.size; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.size; i++) {
		size_t corner = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b.size; j++) {
			size_t above = row[j];
			row[j] = least_of(row[j] + 1, row[j - 1] + 1,
					  corner + (lower(a.data[i - 1]) != lower(b.data[j - 1])));
			corner = above;
		}
	}
	return row[b.size];
}

const char *suggest_name(struct str given, const char *const *names, size_t count)
{
	const char *best = NULL;
	size_t best_distance = SUGGESTION_DISTANCE + 1;

	if (given.size == 0)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		struct str name = str_from(names[i]);
		size_t away = str_starts(name, given) ? 0 : distance(given, name);
		if (away < best_distance && away < name.size) {
			best = names[i];
			best_distance = away;
		}
	}
	return best;
}
