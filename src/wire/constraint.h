/* SPDX-License-Identifier: MIT */
/*
 * constraint: the values that a model allows a member. Generated from model/ into src/api; static.
 * core/constraint.h checks requests against them, and `tern help api` shows them.
 */
#ifndef TERN_WIRE_CONSTRAINT_H
#define TERN_WIRE_CONSTRAINT_H

#include "wire/shape.h"

/*
 * A regular expression of AWS's models, compiled. Characters are in intervals: one begins at each
 * of `starts`, of which the first is 0. next[(state - 1) * interval_count + interval] is the state
 * that follows; 0: the text does not match. State 1 is the first.
 */
struct shape_pattern {
	struct str text; /* as AWS writes it */
	const uint32_t *starts;
	const uint8_t *next;
	const bool *accepts; /* by state - 1 */
	uint32_t interval_count;
};

struct shape_constraint {
	int64_t least, most;		     /* of numbers; else of characters, bytes or items */
	const struct shape_pattern *pattern; /* of texts; or NULL */
	const struct str *values;	     /* the only ones that a text may be */
	uint32_t value_count;		     /* 0: any */
	uint32_t shown_count;		     /* how many of them AWS's texts show */
	const struct shape_constraint *item; /* of each text in a list or map; or NULL */
	const struct shape_constraint *key;  /* of each key of a map; or NULL */
	/* In place of AWS's common words: the fault, and its text with {name}, {Name}, {value},
	 * {least} and {most}. */
	const struct fault_type *fault;
	struct str text;
};

/* True if the pattern matches the whole text. Bytes that are not UTF-8 match nothing. */
bool shape_pattern_matches(const struct shape_pattern *pattern, struct str text);
bool shape_constraint_allows_text(const struct shape_constraint *constraint, struct str text);

#endif
