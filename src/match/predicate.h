/* SPDX-License-Identifier: MIT */
/*
 * predicate: one condition of an event pattern or filter policy on one value, as bytes.
 *
 * A condition is what stands in the array of a pattern: "x", 5, {"prefix": "x"},
 * {"anything-but": [...]}. It is encoded once, when the pattern is parsed, and evaluated from the
 * bytes: they are memory's only copy in a matcher of many rules. Their order is the machine's; they
 * never reach a disk. Evaluation takes time linear in the value and in the condition, but for a
 * wildcard, which takes at most their product. Meaning:
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 * Pure functions, any thread.
 */
#ifndef TERN_MATCH_PREDICATE_H
#define TERN_MATCH_PREDICATE_H

#include "base/base.h"

enum predicate_kind {
	PREDICATE_STRING, /* text */
	PREDICATE_PREFIX,
	PREDICATE_SUFFIX,
	PREDICATE_NOCASE, /* texts of these are folded */
	PREDICATE_PREFIX_NOCASE,
	PREDICATE_SUFFIX_NOCASE,
	PREDICATE_WILDCARD, /* text in which WILDCARD_ANY stands for "*" */
	PREDICATE_NUMBER,
	PREDICATE_RANGE,
	PREDICATE_CIDR,
	PREDICATE_TRUE,
	PREDICATE_FALSE,
	PREDICATE_NULL,
	PREDICATE_EXISTS,
	PREDICATE_ABSENT,
	PREDICATE_ANYTHING_BUT /* none of the predicates that follow */
};

#define WILDCARD_ANY '\xFF' /* is in no UTF-8 */

/* A number of JSON. Integers that fit 64 bits compare exactly, all others as doubles. */
struct match_number {
	double value;
	int64_t integer; /* if is_integer: the same number */
	bool is_integer;
};
/* "300", "300.0" and "3.0e2" give the same. `text` is a number of JSON. */
struct match_number match_number_parse(struct arena *arena, struct str text);
struct match_number match_number_of(double value);
struct match_number match_number_of_integer(int64_t value);

struct predicate_range {
	double low, high; /* infinite: no bound */
	bool is_low_open, is_high_open;
};

struct predicate_cidr {
	uint8_t address[16]; /* IPv4 is mapped into IPv6 */
	uint8_t bits;	     /* of these 128 */
};

/* One decoded: texts are borrowed from the bytes. */
struct predicate {
	enum predicate_kind kind;
	struct str text;
	struct match_number number;
	struct predicate_range range;
	struct predicate_cidr cidr;
	uint16_t count; /* anything-but: of the predicates in `list` */
	struct str list;
};

enum match_kind { MATCH_STRING, MATCH_NUMBER, MATCH_TRUE, MATCH_FALSE, MATCH_NULL, MATCH_OPAQUE };

/* One value of an event. MATCH_OPAQUE (a binary attribute of SNS) only exists. */
struct match_value {
	enum match_kind kind;
	struct str text;
	struct match_number number;
	struct str folded; /* by match_value_fold; data NULL: not made yet */
};

/* Texts may have up to 65,535 bytes. */
void predicate_encode(struct buf *out, const struct predicate *predicate);
/* Takes the first predicate off `*bytes`, which predicate_encode made. */
struct predicate predicate_decode(struct str *bytes);

/* True if the value fulfils it. PREDICATE_ABSENT never does: it needs that there is no value. */
bool predicate_matches(const struct predicate *predicate, struct match_value *value,
		       struct arena *arena);

/* Text in which letters differ from those of another case no more: by the simple case mapping of
 * Unicode. In the arena, or the text itself if nothing changes. */
struct str match_fold(struct arena *arena, struct str text);
/* The value's text folded, which it keeps. */
struct str match_value_fold(struct match_value *value, struct arena *arena);

#endif
